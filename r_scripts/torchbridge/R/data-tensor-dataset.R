# Datasets whose items are rows of tensors. Their batches are gathered in Python, without a
# call of R.
# Tests: test-data-dataloader.R.

#' @rdname dataset
#' @export
tensor_dataset <- dataset(
  "tensor_dataset",
  initialize = function(...) {
    tensors <- list(...)
    check_rows(tensors, quote(tensor_dataset()))
    self$tensors <- tensors
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
    abort(
      call, "`", labels[other[1L]], "` must have as many rows as `", labels[1L], "`, ",
      rows[1L], ", not ", rows[other[1L]], "."
    )
  }
}

renamed <- function(x, like) {
  names(x) <- names(like)
  x
}

# The tensors behind a dataset and which of their rows are its items (NULL: all, a tensor
# otherwise), or NULL where its items are something else. A class that inherits from these
# may do anything.
tensor_rows <- function(dataset) {
  switch(class(dataset)[1L],
    tensor_dataset = list(tensors = dataset$tensors, rows = NULL),
    dataset_subset = {
      of <- tensor_rows(dataset$dataset)
      if (!is.null(of)) {
        rows <- call_python("data.rows_of", as_torch_tensor(dataset$indices), of$rows)
        list(tensors = of$tensors, rows = rows)
      }
    }
  )
}
