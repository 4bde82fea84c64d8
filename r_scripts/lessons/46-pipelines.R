#' ---
#' title: Batch, shuffle, repeat: the order matters
#' korean: batch, shuffle, repeat 파이프라인
#' shows: Loaders in order and shuffled, an epoch's last batch, and how splitting after a reshuffle
#'   leaks test rows into training.
#' api: dataloader, tensor_dataset, dataset_subset, drop_last
#' rows: S4-1
#' ---

library(torchbridge)
library(ggplot2)

x <- torch_tensor(matrix(c(1.2, 3.4, 7.5, 4.1, 5.0, 1.0)))
loader <- dataloader(tensor_dataset(x), batch_size = 3)
batches <- list()
iter <- dataloader_make_iter(loader)
while (!is.null(batch <- dataloader_next(iter))) batches <- c(batches, list(as.numeric(batch[[1]])))
batches

#' ## Batch, then repeat; repeat, then batch
#' Four rows in batches of three, twice: each epoch ends with its own short batch. Eight rows (the
#' four, twice over) in batches of three have one short batch, at the end.

sizes <- function(rows, epochs, drop_last = FALSE) {
  loader <- dataloader(tensor_dataset(torch_zeros(rows, 1)), batch_size = 3, drop_last = drop_last)
  found <- integer()
  for (epoch in seq_len(epochs)) {
    iter <- dataloader_make_iter(loader)
    while (!is.null(batch <- dataloader_next(iter))) found <- c(found, nrow(batch[[1]]))
  }
  found
}
batch_then_repeat <- sizes(4, 2)
repeat_then_batch <- sizes(8, 1)
list(batch_then_repeat, repeat_then_batch, dropped = sizes(4, 2, drop_last = TRUE))

#' ## Shuffle once, then split
#' If "the first ten" are taken from an order that is shuffled anew each epoch, sooner or later
#' every row has been trained on, and the test says nothing.

torch_manual_seed(1)
leaky <- integer()
for (epoch in 1:20) leaky <- union(leaky, as.integer(torch_randperm(15))[1:10])
all <- tensor_dataset(torch_tensor(matrix(1:15)))
rows <- sample(15)
train <- dataloader(dataset_subset(all, rows[1:10]), batch_size = 4, shuffle = TRUE)
seen <- integer()
for (epoch in 1:20) {
  iter <- dataloader_make_iter(train)
  while (!is.null(batch <- dataloader_next(iter))) seen <- union(seen, as.integer(batch[[1]]))
}
overlap <- intersect(seen, rows[11:15])
c(rows_seen_by_leaky = length(leaky), seen_by_fixed = length(seen), overlap = length(overlap))

#+ order, fig.alt = "Which row comes at which place in five epochs: another order each time"
torch_manual_seed(2)
order <- do.call(rbind, lapply(1:5, function(epoch) {
  places <- integer()
  loader <- dataloader(all, batch_size = 4, shuffle = TRUE)
  iter <- dataloader_make_iter(loader)
  while (!is.null(batch <- dataloader_next(iter))) places <- c(places, as.integer(batch[[1]]))
  data.frame(epoch, place = 1:15, row = places)
}))
ggplot(order, aes(place, factor(epoch), fill = row, label = row)) +
  geom_tile(colour = "white") +
  geom_text(colour = "white") +
  scale_fill_viridis_c(guide = "none", end = 0.8) +
  labs(title = "Shuffled anew each epoch", x = "Place", y = "Epoch")
