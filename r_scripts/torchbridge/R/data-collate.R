# Items that R made, as a batch of tensors.
# Tests: test-data-dataloader.R.

# The batch of a list of items.
collate <- function(items) {
  first <- items[[1L]]
  if (is_tensor(first)) return(call_python("data.stack", items, call = NULL))
  if (is.list(first)) return(collate_lists(items, first))
  if (is.character(first)) return(unlist(items))
  if (is_number_item(first)) return(collate_numbers(items, first))
  abort_as(
    "value_error", NULL, "An item of a dataset must be a tensor, numbers, text or a list of such, ",
    "not ", friendly_type(first), ".\nOther items need a `collate_fn` for dataloader()."
  )
}

collate_lists <- function(items, first) {
  same <- all(lengths(items) == length(first)) && length(unique(lapply(items, names))) == 1L
  for (i in if (!same) seq_along(items)) { # an error names the item
    if (!identical(names(items[[i]]), names(first)) || length(items[[i]]) != length(first)) {
      abort(NULL, "The items of a batch must have the same elements: item ", i, " has others.")
    }
  }
  batch <- lapply(seq_along(first), function(k) collate(lapply(items, `[[`, k)))
  names(batch) <- names(first)
  batch
}

# All at once: a conversion costs more than its numbers.
collate_numbers <- function(items, first) {
  shape <- item_shape(first)
  for (i in if (!are_plain(items, first)) seq_along(items)) {
    if (!is_number_item(items[[i]]) || !identical(item_shape(items[[i]]), shape)) {
      abort(
        NULL, "The items of a batch must have the same shape: item 1 has ", shape_text(first),
        ", item ", i, " ", shape_text(items[[i]]), "."
      )
    }
  }
  if (!is.object(first)) {
    return(api("batch_of_numbers", unlist(items, use.names = FALSE), length(items), as.list(shape)))
  }
  values <- do.call(c, items)
  if (length(shape) == 0L) return(as_batch_tensor(values))
  x <- as_batch_tensor(with_shape(values, c(shape, length(items))))
  call_python("data.last_dim_first", x)
}

# Numbers without attributes, as many each: known at once, where others are looked at one by one.
are_plain <- function(items, first) {
  is.null(attributes(first)) && all(lengths(items) == length(first)) &&
    all(vapply(items, is.numeric, NA)) && is.null(unlist(lapply(items, dim)))
}

# A batch that .getbatch() gave, its numbers as tensors.
as_batch <- function(x) {
  if (is_tensor(x) || is.character(x)) return(x)
  if (is.list(x)) return(lapply(x, as_batch))
  if (is_number_item(x)) return(as_batch_tensor(x))
  x
}

# Text alone, as a batch of n items, must be a text for each.
check_text <- function(x, n) {
  if (is.character(x) && length(x) != n) {
    abort_as(
      "value_error", NULL, "Can't convert data of class: 'character'. A batch of ", n,
      " items has as many texts, not ", length(x), "."
    )
  }
}

as_batch_tensor <- function(x) {
  dtype <- if (!is.object(x)) {
    switch(typeof(x), double = "float32", integer = "int64", complex = "complex64")
  }
  as_torch_tensor(x, dtype = dtype)
}

is_number_item <- function(x) {
  is.atomic(x) && !is.null(x) && !is.character(x)
}

# A single number has no dims.
item_shape <- function(x) {
  if (!is.null(dim(x))) return(dim(x))
  if (length(x) == 1L) integer() else length(x)
}

with_shape <- function(x, shape) {
  dim(x) <- shape
  x
}

shape_text <- function(x) {
  if (!is_number_item(x)) return("no numbers")
  shape <- item_shape(x)
  if (length(shape) == 0L) "a single number" else paste0("shape ", paste(shape, collapse = " x "))
}
