# Modules printed as R users of torch know them: how many parameters, and where they are.

#' @export
print.nn_module <- function(x, ...) {
  if (inherits(x, "nn_module_generator")) return(print.nn_module_generator(x, ...))
  check_no_dots(..., except = names(formals(print.default)))
  cat(format(x), sep = "\n")
  invisible(x)
}

#' @export
format.nn_module <- function(x, ...) {
  check_no_dots(...)
  if (inherits(x, "nn_module_generator")) return(generator_text(x))
  if (!is_live(x)) return("<nn_module from another R session>")
  about <- call_python("module_members.summary", x)
  c(
    paste0("An `nn_module` containing ", parameter_count(about$total), "."),
    section("Modules", vapply(about$modules, module_line, "")),
    section("Parameters", vapply(about$parameters, tensor_line, "")),
    section("Buffers", vapply(about$buffers, tensor_line, ""))
  )
}

#' @importFrom utils str
#' @export
str.nn_module <- function(object, ...) {
  if (inherits(object, "nn_module_generator")) {
    return(cat(" ", generator_text(object), "\n", sep = ""))
  }
  if (is_asleep()) return(cat(" ", asleep_text(object), "\n", sep = ""))
  if (!is_live(object)) return(cat(" <nn_module from another R session>\n"))
  total <- call_python("module_members.summary", object)$total
  cat(" <", class(object)[1L], "> module with ", parameter_count(total), "\n", sep = "")
}

section <- function(title, lines) {
  if (length(lines) == 0L) return(character())
  utf8 <- l10n_info()[["UTF-8"]]
  dash <- if (utf8) "\u2500" else "-"
  bullet <- if (utf8) "\u2022" else "*"
  start <- paste0(strrep(dash, 2L), " ", title, " ")
  rule <- strrep(dash, max(getOption("width") - nchar(start), 2L))
  c("", paste0(start, rule), paste(bullet, lines))
}

module_line <- function(about) {
  paste0(about$name, ": <", about$class, "> #", parameter_count(about$parameters))
}

tensor_line <- function(about) {
  name <- if (is.null(type_names[[about$dtype]])) about$dtype else type_names[[about$dtype]]
  shape <- unlist(about$shape)
  size <- if (is.null(about$shape)) {
    " [not known yet]"
  } else if (length(shape) > 0L) {
    paste0(" [", paste0("1:", shape, collapse = ", "), "]")
  }
  paste0(about$name, ": ", name, size)
}

parameter_count <- function(n) {
  paste(format(n, big.mark = ",", scientific = FALSE), if (n == 1) "parameter" else "parameters")
}

# libtorch's names of the dtypes that parameters and buffers have.
type_names <- list(
  float16 = "Half", bfloat16 = "BFloat16", float32 = "Float", float64 = "Double",
  uint8 = "Byte", int8 = "Char", int16 = "Short", int32 = "Int", int64 = "Long", bool = "Bool"
)
