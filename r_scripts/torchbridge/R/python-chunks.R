# Documents: Python chunks that share their objects with R's, and data frames as tables.

#' Python chunks in R Markdown and Quarto
#'
#' After `use_python_chunks()` in a document's first R chunk, its Python chunks run in this
#' session's Python, and both languages see each other's variables: `py$x` in R chunks, `r.x` in
#' Python chunks.
#' What crosses does so as it does everywhere in this package: tensors stay tensors, data frames
#' cross through Arrow, and positions count from 1 in R and from 0 in Python.
#'
#' It takes the place of reticulate's engine for the chunks `{python}` of this document. A chunk
#' shows what it prints, the values of its expressions (not those that end in a semicolon) and, at
#' its end, matplotlib's figures, by the chunk's `fig.width`, `fig.height` and `dpi`.
#'
#' Data frames of Python's that an R chunk shows are tables.
#'
#' @param env The environment whose variables are `r.x`, and where `py` is put: by default the
#'   document's.
#' @return `NULL`, invisibly.
#' @examplesIf nzchar(Sys.getenv("TORCHBRIDGE_PYTHON")) && requireNamespace("knitr", quietly = TRUE)
#' document <- c(
#'   "```{r}", "use_python_chunks()", "cars <- head(mtcars, 3)", "```",
#'   "```{python}", "wide = r.cars.shape[1]", "```",
#'   "```{r}", "py$wide", "```"
#' )
#' cat(knitr::knit(text = document, quiet = TRUE))
#' @export
use_python_chunks <- function(env = knitr::knit_global()) {
  if (!is.environment(env)) abort(sys.call(), "`env` must be an environment.")
  knitr::knit_engines$set(python = python_chunk)
  call_python(
    "chunks.share", function(name) get(name, envir = env),
    function(name, value) assign(name, value, envir = env)
  )
  assign("py", py_run(""), envir = env)
  invisible()
}

# knitr's engine: the options of a chunk -> its text in the document.
python_chunk <- function(options) {
  code <- paste(options$code, collapse = "\n")
  if (!isTRUE(options$eval)) return(knitr::engine_output(options, code, ""))
  stem <- knitr::fig_path("", options)
  dir.create(dirname(stem), showWarnings = FALSE, recursive = TRUE)
  size <- list(options$fig.width, options$fig.height)
  blocks <- if (isTRUE(options$error)) {
    tryCatch(call_python("chunks.run", code, stem, size, options$dpi), error = function(condition) {
      source <- list(kind = "source", text = code)
      list(source, list(kind = "output", text = conditionMessage(condition)))
    })
  } else {
    call_python("chunks.run", code, stem, size, options$dpi)
  }
  shown <- lapply(blocks, function(block) {
    switch(block$kind,
      source = structure(list(src = block$text), class = "source"),
      output = block$text,
      figure = knitr::include_graphics(block$text)
    )
  })
  knitr::engine_output(options, out = shown)
}

# The first rows of a data frame of Python's as a table; what else Python has as it prints itself.
#' @exportS3Method knitr::knit_print python_object
knit_print.python_object <- function(x, ...) { # nolint: object_name_linter.
  if (!is_live(x) || !api("objects.is_frame", x)) return(knitr::normal_print(x))
  frame <- as.data.frame(x)
  more <- if (nrow(frame) > 10L) paste0("\n\n10 of ", nrow(frame), " rows")
  table <- knitr::kable(utils::head(frame, 10L))
  knitr::asis_output(paste(c("", "", table, more, "", ""), collapse = "\n"))
}
#' @exportS3Method knitr::knit_print torch_tensor
knit_print.torch_tensor <- function(x, ...) knitr::normal_print(x) # nolint: object_name_linter.
