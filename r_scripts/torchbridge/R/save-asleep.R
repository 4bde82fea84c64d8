# What str(), and with it an editor's list of variables, says of what readRDS() has read before
# anything has started Python: shapes and types stand in the bytes, which R can look at.

# Above that many bytes a look would take too long.
most_looked_at <- 5e7

# Has nothing asked for Python yet? Then what holds an object of Python's holds its bytes.
is_asleep <- function() is.null(the$native)

# The line of str(): class, type and shape of a tensor, or the number of a module's parameters.
asleep_text <- function(x) {
  tensors <- saved_tensors(x)
  class <- class(x)[1L]
  if (inherits(x, "nn_module")) {
    sizes <- vapply(tensors, function(tensor) prod(tensor$shape), 0)
    about <- if (length(sizes) > 0L) paste0(" with ", parameter_count(sum(sizes)), " and buffers")
    return(paste0("<", class, "> module", about, ", not loaded yet"))
  }
  about <- if (inherits(x, "torch_tensor") && length(tensors) == 1L) {
    paste0(" [ ", tensors[[1L]]$type, "{", paste(tensors[[1L]]$shape, collapse = ","), "} ]")
  }
  paste0(class, about, ", not loaded yet")
}

# Type and shape of each tensor in the bytes (safetensors: a header that is JSON).
saved_tensors <- function(x) {
  if (inherits(x, "nn_module")) x <- environment(x)$handle
  if (as.numeric(utils::object.size(x)) > most_looked_at) return(list())
  entry <- "\"dtype\":\"[A-Z0-9_]+\",\"shape\":\\[[0-9,]*\\]"
  bytes <- serialize(x, NULL)
  found <- vapply(grepRaw(entry, bytes, all = TRUE, value = TRUE), rawToChar, "")
  shapes <- strsplit(sub(".*\\[(.*)\\]", "\\1", found), ",", fixed = TRUE)
  types <- saved_types[sub("\"dtype\":\"([A-Z0-9_]+)\".*", "\\1", found)]
  Map(function(type, shape) list(type = type, shape = as.numeric(shape)), unname(types), shapes)
}

# Of safetensors -> as a tensor is printed.
saved_types <- c(
  F64 = "Double", F32 = "Float", F16 = "Half", BF16 = "BFloat16", I64 = "Long", I32 = "Int",
  I16 = "Short", I8 = "Char", U8 = "Byte", BOOL = "Bool", C64 = "ComplexFloat",
  C128 = "ComplexDouble"
)
