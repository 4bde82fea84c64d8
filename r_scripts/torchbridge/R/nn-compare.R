# Comparisons of modules by what they are, not by where: their handles always differ.

#' @rdname all.equal.torch_tensor
#' @method all.equal nn_module
#' @export
all.equal.nn_module <- function(target, current, ...,
                                check.environment = TRUE) { # nolint: object_name_linter.
  if (!inherits(current, "nn_module")) return(not_one_class(target, current))
  if (!is_described(target) || !is_described(current)) return(NextMethod())
  target <- with_code_as_text(described(target))
  current <- with_code_as_text(described(current))
  # Of a function this compares the code alone, and in R a module is a function.
  kept <- if (check.environment) names(target) else c("class", "code")
  all.equal(target[kept], current[kept], ..., check.environment = check.environment)
}

#' @rdname compare_proxy.torch_tensor
#' @exportS3Method waldo::compare_proxy
compare_proxy.nn_module <- function(x, path = "x") { # nolint: object_name_linter.
  if (!is_described(x)) return(list(object = x, path = path))
  list(object = described(x), path = paste0("plain(", path, ")"))
}

is_described <- function(x) !inherits(x, "nn_module_generator") && is_live(x)

described <- function(x) {
  half <- environment(x)
  fields <- as.list(half$fields, sorted = TRUE)
  code <- lapply(module_lineage(half$definition), function(level) {
    lapply(level$methods, function(method) list(formals(method), body(method)))
  })
  list(
    class = class(x), options = call_python("module_members.options", x),
    fields = fields[!vapply(fields, is.function, NA)], code = code,
    parameters = call_python("module_members.own_part", x, "parameters"),
    buffers = call_python("module_members.own_part", x, "buffers"), children = x$children
  )
}

# all.equal() knows no arguments without a default.
with_code_as_text <- function(description) {
  description$code <- lapply(description$code, lapply, deparse, control = NULL)
  description
}
