#' ---
#' title: Images, in memory or streamed
#' korean: 고양이와 개 이미지, 메모리와 제너레이터
#' shows: A folder of small pictures made here; all of them in memory, or read batch by batch: the
#'   same tensors either way, and the same network learned from them.
#' api: dataset(.getitem, .getbatch), dataloader, torch_fit, cnn
#' rows: S3-3
#' ---

library(torchbridge)
library(ggplot2)

#' ## A folder
#' Forty pictures of 16 x 16 grey pixels: "cats" are round, "dogs" are square. The label is in the
#' name of the file.

set.seed(1)
draw <- function(kind) {
  centre <- runif(2, 6, 11)
  away <- expand.grid(row = 1:16 - centre[1], column = 1:16 - centre[2])
  round <- sqrt(rowSums(away^2)) < 4
  square <- pmax(abs(away$row), abs(away$column)) < 3.5
  inside <- if (kind == "cat") round else square
  as.raw(floor(255 * pmin(pmax(0.7 * inside + runif(256, 0, 0.3), 0), 1)))
}
folder <- tempfile("pets")
dir.create(folder)
for (i in 1:20) {
  for (kind in c("cat", "dog")) {
    writeBin(draw(kind), file.path(folder, sprintf("%s.%02d.grey", kind, i)))
  }
}
files <- list.files(folder, full.names = TRUE)
labels <- as.integer(grepl("^dog", basename(files)))
table(labels)

#' ## Two data sets
#' One reads every file when it is made, the other when a picture is asked for.

read <- function(file) {
  pixels <- as.integer(readBin(file, "raw", 256)) / 255
  torch_tensor(matrix(pixels, 16))$unsqueeze(1)
}
in_memory <- dataset(
  "in_memory",
  initialize = function(files, labels) {
    self$x <- torch_stack(lapply(files, read))
    self$y <- torch_tensor(labels, dtype = torch_float())
  },
  .getbatch = function(i) list(x = self$x[i, ..], y = self$y[i]),
  .length = function() self$x$size(1)
)(files, labels)
streamed <- dataset(
  "streamed",
  initialize = function(files, labels) {
    self$files <- files
    self$labels <- labels
  },
  .getitem = function(i) {
    list(x = read(self$files[i]), y = torch_tensor(self$labels[i], dtype = torch_float()))
  },
  .length = function() length(self$files)
)(files, labels)

batches <- function(data) {
  found <- list()
  iter <- dataloader_make_iter(dataloader(data, batch_size = 16))
  while (!is.null(batch <- dataloader_next(iter))) {
    found <- c(found, list(list(as.array(batch$x), as.numeric(batch$y))))
  }
  found
}
same <- identical(batches(in_memory), batches(streamed))
same

#' ## Which one?
#' What the tensors take: in memory it grows with the folder, streamed it is one batch's.

bytes <- function(tensor) tensor$numel() * tensor$element_size()
largest <- 0
iter <- dataloader_make_iter(dataloader(streamed, batch_size = 16))
while (!is.null(batch <- dataloader_next(iter))) {
  largest <- max(largest, bytes(batch$x))
}
held <- c(in_memory = bytes(in_memory$x), streamed = largest)
held

#' For 25,000 colour pictures of 224 x 224 that is, in GB, and for a batch of 32 in MB:

pixels <- 224 * 224 * 3
memory <- c(
  bytes_gb = 25000 * pixels / 1e9, float_gb = 25000 * pixels * 4 / 1e9,
  batch_mb = 32 * pixels * 4 / 1e6
)
round(memory, 3)

#+ grid, fig.alt = "Eight of the pictures: four round cats, four square dogs"
shown <- do.call(rbind, lapply(c(1:4, 21:24), function(i) {
  data.frame(
    expand.grid(row = 1:16, column = 1:16),
    grey = as.numeric(as.array(in_memory$x[i, 1, , ])),
    file = basename(files[i])
  )
}))
ggplot(shown, aes(column, row, fill = grey)) +
  geom_raster() +
  facet_wrap(~file, nrow = 2) +
  scale_fill_gradient(low = "black", high = "white", guide = "none") +
  coord_equal() +
  theme_void()

#' ## A small network that tells them apart
#' `torch_fit()` takes either: an array of pictures, or batches as they come.

learner <- function() {
  torch_manual_seed(1)
  nn_sequential(
    nn_conv2d(1, 8, 3, padding = 1), nn_relu(), nn_max_pool2d(4), nn_flatten(), nn_linear(128, 1),
    nn_flatten(start_dim = 1)
  )
}
train <- function(data) {
  torch_fit(
    dataloader(data, batch_size = 16, shuffle = TRUE), learner(),
    loss = "binary_cross_entropy_with_logits", epochs = 20, lr = 0.02, seed = 1
  )
}
from_memory <- train(in_memory)
from_stream <- train(streamed)
identical(from_memory$history, from_stream$history)
predicted <- as.integer(predict(from_stream, in_memory$x) > 0.5)
table(predicted, labels)

#' Where the pictures fit into memory, `cnn()` is the network by name, and a factor the response.

kind <- factor(labels, labels = c("cat", "dog"))
named <- torch_fit(in_memory$x, kind, cnn(8), epochs = 30, lr = 0.02, seed = 1)
table(predict(named, type = "class"), kind)
