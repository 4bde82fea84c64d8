# Datasets whose items are rows of tensors, whose batches are gathered in Python without a call
# of R, and datasets of some items of another.
# Tests: test-data-dataloader.R.

#' @rdname dataset
#' @export
tensor_dataset <- dataset(
  "tensor_dataset",
  initialize = function(...) {
    self$tensors <- rlang::list2(...)
    check_rows(self$tensors, quote(tensor_dataset()))
  },
  .getitem = function(i) {
    if (length(i) != 1L) return(self$.getbatch(i))
    renamed(call_python("data.item", unname(self$tensors), i), self$tensors)
  },
  .getbatch = function(i) {
    rows <- call_python("data.rows_of", as.list(i), NULL)
    renamed(call_python("data.gather", unname(self$tensors), rows), self$tensors)
  },
  .length = function() dim(self$tensors[[1L]])[1L]
)

check_rows <- function(tensors, call) {
  if (length(tensors) == 0L) abort(call, "`...` must have at least one tensor.")
  names <- names(tensors)
  unnamed <- if (is.null(names)) rep(TRUE, length(tensors)) else !nzchar(names)
  labels <- ifelse(unnamed, paste0("..", seq_along(tensors)), names)
  rows <- integer(length(tensors))
  for (i in seq_along(tensors)) {
    x <- tensors[[i]]
    if (!is_tensor(x)) {
      abort(call, "`", labels[i], "` must be a tensor, not ", friendly_type(x), ".")
    }
    if (length(dim(x)) == 0L) abort(call, "`", labels[i], "` must have rows: it has no dims.")
    rows[i] <- dim(x)[1L]
  }
  other <- which(rows != rows[1L])
  if (length(other) > 0L) {
    warning(simpleWarning(paste0(
      "`", labels[other[1L]], "` has ", rows[other[1L]], " rows, and `", labels[1L], "` ", rows[1L],
      ": the first tensor says how many items there are."
    ), call))
  }
}

renamed <- function(x, like) {
  names(x) <- names(like)
  x
}

#' @rdname dataset
#' @param dataset A dataset.
#' @param indices Numbers of the items, counted from 1.
#' @export
dataset_subset <- dataset(
  initialize = function(dataset, indices) {
    check_dataset(dataset, "dataset", quote(dataset_subset()))
    if (is.list(indices) || is_tensor(indices)) indices <- as.integer(unlist(to_r(indices)))
    check_indices(indices, "indices", known_size(dataset), quote(dataset_subset()))
    self$dataset <- dataset
    self$indices <- as.integer(indices)
    if (is.function(dataset$.getbatch)) {
      self$.getbatch <- function(i) self$dataset$.getbatch(self$indices[i])
    }
    class(self) <- c(subset_classes(dataset), class(self))
  },
  .getitem = function(i) one_item(self$dataset, self$indices[i]),
  .length = function() length(self$indices)
)

subset_classes <- function(dataset) paste0(setdiff(class(dataset), "R6"), "_subset")

# The tensors behind a dataset and which of their rows are its items (NULL: all, a tensor
# otherwise), or NULL where its items are something else. A class that inherits from these
# may do anything.
tensor_rows <- function(dataset) {
  class <- class(dataset)
  if (identical(class, c("tensor_dataset", "dataset", "R6"))) {
    return(list(tensors = dataset$tensors, rows = NULL))
  }
  if (!inherits(dataset, "dataset_subset")) return(NULL)
  if (!identical(class, c(subset_classes(dataset$dataset), "dataset", "R6"))) return(NULL)
  of <- tensor_rows(dataset$dataset)
  if (is.null(of)) return(NULL)
  rows <- call_python("data.rows_of", as_torch_tensor(dataset$indices), of$rows)
  list(tensors = of$tensors, rows = rows)
}
