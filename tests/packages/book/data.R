# What stands for the downloads of the book and the vignettes, and what makes their runs short.
#
# Sourced by chapter.R into an environment under that of the document: these names are found before
# those of the packages.

# An expression that names one of these is skipped.
downloads <- c("download.file", "install_torch", "install.packages", "install_github")

# --- shorter runs ---------------------------------------------------------------------------------

# The same expression with few epochs and steps, small sizes and untrained weights.
#
# Loaders go in order, and nothing is dropped out: a loader draws its order and a seed from
# PyTorch's generator, as Python's does, and what is drawn after it is another than on R's torch.
smaller <- function(expression) {
  if (!is.call(expression) && !is.pairlist(expression)) return(expression)
  if (identical(expression, quote(2^13))) return(quote(2^8))
  if (identical(expression, quote(ds[2000]))) return(quote(ds[20]))
  for (i in seq_along(expression)) {
    # No variable holds a part: it may be empty, as in x[1, ].
    if (is.call(expression[[i]]) || length(expression[[i]]) > 1L) {
      expression[[i]] <- smaller(expression[[i]])
    }
  }
  if (!is.call(expression)) return(as.pairlist(fixed_arguments(expression)))
  if (is_call_of(expression, "<-") && is.symbol(expression[[2L]])) {
    named <- stats::setNames(list(expression[[3L]]), as.character(expression[[2L]]))
    expression[[3L]] <- fixed_arguments(named)[[1L]]
  }
  drops <- is_call_of(expression, c("nn_dropout", "nn_dropout2d")) && length(expression) == 2L
  if (drops) names(expression)[2L] <- "dropout"
  expression <- fixed_arguments(expression)
  if (drops) names(expression)[2L] <- "p"
  if (is_call_of(expression, "lr_finder") && is.null(expression$steps)) expression$steps <- 2
  expression
}

# Arguments, defaults and variables of these names have these values where they are constants.
fixed <- list(
  epochs = 2, num_epochs = 2, iterations = 2, min_iterations = 2, dropout = 0, rec_dropout = 0,
  pretrained = FALSE, shuffle = FALSE
)

fixed_arguments <- function(x) {
  for (name in intersect(names(x), names(fixed))) {
    if (is.numeric(x[[name]]) || is.logical(x[[name]])) x[[name]] <- fixed[[name]]
  }
  x
}

is_call_of <- function(x, names) is.symbol(x[[1L]]) && as.character(x[[1L]]) %in% names

# --- data of the same shape -----------------------------------------------------------------------

# Images as the packages' own data sets give them: numbers of 0 to 255, drawn once.
images <- function(n, dim, classes) {
  set.seed(1)
  list(
    x = lapply(seq_len(n), function(i) array(sample(0:255, prod(dim), TRUE), dim)),
    y = sample(classes, n, TRUE)
  )
}

image_dataset <- function(name, n, dim, classes) {
  torch::dataset(
    name = name,
    initialize = function(root, train = TRUE, transform = NULL, target_transform = NULL,
                          split = "train", download = FALSE, ...) {
      self$images <- images(n, dim, classes)
      self$transform <- transform
      self$target_transform <- target_transform
    },
    .getitem = function(i) {
      x <- self$images$x[[i]]
      y <- self$images$y[i]
      if (!is.null(self$transform)) x <- self$transform(x)
      if (!is.null(self$target_transform)) y <- self$target_transform(y)
      list(x = x, y = y)
    },
    .length = function() length(self$images$y)
  )
}

mnist_dataset <- image_dataset("mnist", 256L, c(28L, 28L), 1:10)
tiny_imagenet_dataset <- image_dataset("tiny_imagenet", 4L, c(64L, 64L, 3L), 1:200)

# Its target is a mask of three classes.
oxford_pet_dataset <- torch::dataset(
  name = "oxford_pet_dataset",
  initialize = function(root, split = "train", transform = NULL, target_transform = NULL,
                        download = FALSE, ...) {
    self$images <- images(8L, c(80L, 100L, 3L), 1L)
    self$transform <- transform
    self$target_transform <- target_transform
  },
  .getitem = function(i) {
    x <- self$images$x[[i]] / 255
    y <- matrix(rep(1:3, length.out = 8000L), 80L, 100L)
    if (!is.null(self$transform)) x <- self$transform(x)
    if (!is.null(self$target_transform)) y <- self$target_transform(y)
    list(x = x, y = y)
  },
  .length = function() 8L
)

# Words of a second each.
speechcommand_dataset <- torch::dataset(
  name = "speechcommand_dataset",
  initialize = function(root, url = NULL, download = FALSE, ...) {
    self$classes <- sprintf("word%02d", 1:30)
  },
  .getitem = function(i) {
    label <- (i %% 30L) + 1L
    seconds <- seq(0, 1, length.out = 16000L)
    wave <- sin(2 * pi * 100 * label * seconds) * exp(-3 * seconds)
    list(
      waveform = torch::torch_tensor(matrix(wave, 1L)), sample_rate = 16000L,
      label = self$classes[label], label_index = label
    )
  },
  .length = function() 40L
)

# torchaudio had it under this name.
tuneR_loader <- function(filepath) tuneR::readWave(filepath)

# Of each year the first days, and of the last its December, which is drawn.
delayedAssign("vic_elec", {
  all <- tsibbledata::vic_elec
  day <- as.integer(format(all$Date, "%j"))
  all[day <= 20L | all$Date >= as.Date("2014-12-01"), ]
})

# Files that a document reads, in its folder.
prepare <- function(name) {
  if (name == "wavelets") birdsong("resources/chaffinch.wav")
}

birdsong <- function(file) {
  if (!requireNamespace("tuneR", quietly = TRUE)) return(invisible())
  seconds <- seq(0, 4, by = 1 / 44100)
  song <- round(8000 * sin(2 * pi * (3000 + 500 * sin(9 * seconds)) * seconds))
  tuneR::writeWave(tuneR::Wave(song, song, samp.rate = 44100, bit = 16), file)
}
