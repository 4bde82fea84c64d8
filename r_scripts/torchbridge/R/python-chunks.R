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
#' its end, matplotlib's figures, by the chunk's `fig.width`, `fig.height` and `dpi`. Warnings stand
#' below the chunk, as R's do; with `error = TRUE` so do exceptions, and the chunk goes on.
#'
#' Data frames of Python's are tables in chunks of both languages, R objects in Python chunks are
#' shown as R prints them, and what notebooks show as Markdown or (in HTML documents) as HTML is
#' shown so.
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
  warned <- list()
  blocks <- withCallingHandlers(
    call_python("chunks.run", code, stem, size, options$dpi, isTRUE(options$error)),
    warning = function(condition) {
      condition["call"] <- list(NULL)
      warned[[length(warned) + 1L]] <<- condition
      invokeRestart("muffleWarning")
    }
  )
  if (isFALSE(options$warning)) warned <- list()
  knitr::engine_output(options, out = c(lapply(blocks, shown_block), warned))
}

shown_block <- function(block) {
  switch(block$kind,
    source = structure(list(src = block$text), class = "source"),
    output = block$text,
    error = simpleError(block$text),
    figure = knitr::include_graphics(block$text),
    markdown = knitr::asis_output(paste0("\n\n", block$text, "\n\n")),
    html = if (is_html_page()) raw_html(block$text) else block$plain,
    value = shown_value(block$value)
  )
}

# What knitr writes for others to read as Markdown newer versions of it count as HTML, too.
is_html_page <- function() !is.null(knitr::pandoc_to()) && knitr::is_html_output()

# As knitr::raw_html() writes it, which asks package rmarkdown about Pandoc, where that is installed
# or not. The fence is longer than any within.
raw_html <- function(text) {
  fences <- unlist(regmatches(text, gregexpr("`+", text)))
  fence <- strrep("`", max(3L, nchar(fences) + 1L))
  knitr::asis_output(paste0("\n", fence, "{=html}\n", text, "\n", fence, "\n"))
}

# A data frame as a table, an R object as R prints it.
shown_value <- function(x) {
  if (is.data.frame(x) || inherits(x, "python_object")) return(frame_table(as.data.frame(x)))
  paste(utils::capture.output(print(x)), collapse = "\n")
}

# The first rows of a data frame of Python's as a table; what else Python has as it prints itself.
#' @exportS3Method knitr::knit_print python_object
knit_print.python_object <- function(x, ...) { # nolint: object_name_linter.
  if (!is_live(x) || !api("objects.is_frame", x)) return(knitr::normal_print(x))
  frame_table(as.data.frame(x))
}

frame_table <- function(frame) {
  more <- if (nrow(frame) > 10L) paste0("\n\n10 of ", nrow(frame), " rows")
  first <- utils::head(frame, 10L)
  table <- knitr::kable(first)
  if (identical(attr(table, "format"), "pipe")) table <- knitr::kable(as_markdown(first))
  knitr::asis_output(paste(c("", "", table, more, "", ""), collapse = "\n"))
}

# Text as it stands, whatever Markdown makes of its signs.
as_markdown <- function(frame) {
  escape <- function(text) gsub("([\\\\`*_{}<>#$~^\\[\\]])", "\\\\\\1", text, perl = TRUE)
  is_text <- vapply(frame, function(column) is.character(column) || is.factor(column), NA)
  frame[is_text] <- lapply(frame[is_text], function(column) escape(as.character(column)))
  names(frame) <- escape(names(frame))
  if (.row_names_info(frame) > 0L) rownames(frame) <- escape(rownames(frame))
  frame
}

#' @exportS3Method knitr::knit_print torch_tensor
knit_print.torch_tensor <- function(x, ...) knitr::normal_print(x) # nolint: object_name_linter.
