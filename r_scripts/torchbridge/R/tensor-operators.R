# PyTorch's functions: torch_*, nnf_*, linalg_*, fft_*, special_*. gen-operators.R lists
# their names, generated from PyTorch itself (`make document`); what each argument is, the
# native core learns from PyTorch's schemas at the first call.

# arguments: their names as R's torch has them, in one string; those in brackets may be left out.
operator_function <- function(name, arguments = "...") {
  words <- strsplit(arguments, " ", fixed = TRUE)[[1L]]
  optional <- startsWith(words, "[")
  names <- gsub("[][]", "", words)
  values <- lapply(names, as.name)
  values[optional] <- lapply(values[optional], function(value) {
    bquote(if (missing(.(value))) absent else .(value))
  })
  # Behind `...` nothing has a place.
  names(values) <- ifelse(seq_along(names) > match("...", names, length(names)), names, "")
  # The name stands in the code as a constant: the core finds an operator by its address.
  code <- as.call(c(quote(.External), quote(op), name, values))
  formals <- rep(alist(argument = ), length(names)) # nolint: spaces_inside_linter.
  names(formals) <- names
  as.function(c(formals, code), entries)
}

for (name in names(operator_arguments)) {
  assign(name, operator_function(name, operator_arguments[[name]]))
}
rm(name)
