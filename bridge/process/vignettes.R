# Rscript vignettes.R <a copy of the R package's source>: makes vignette() find what R CMD build,
# which runs their code, has not built: text and code as pages, without what the code gives.

page_of <- function(file) {
  text <- paste(readLines(file, encoding = "UTF-8"), collapse = "\n")
  title <- sub('(?s).*?\ntitle: "(.*?)"\n.*', "\\1", text, perl = TRUE)
  text <- sub("(?s)^---\n.*?\n---\n", "", text, perl = TRUE)
  text <- sub("(?s)```\\{r setup.*?\n```\n", "", text, perl = TRUE)
  text <- gsub("```\\{([a-z]+)[^\n]*\\}", "```\\1", text)
  body <- if (requireNamespace("commonmark", quietly = TRUE)) {
    commonmark::markdown_html(text, extensions = TRUE)
  } else {
    text <- gsub("<", "&lt;", gsub("&", "&amp;", text, fixed = TRUE), fixed = TRUE)
    paste0("<pre>", text, "</pre>")
  }
  list(title = title, html = c(
    "<!doctype html>", '<html lang="en">', '<meta charset="utf-8">',
    sprintf("<title>%s</title>", title),
    "<style>body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem;",
    "font: 1.05rem/1.6 system-ui, sans-serif } pre { overflow-x: auto; padding: 0.75rem;",
    "background: #f4f5f7 }</style>", sprintf("<h1>%s</h1>", title), body, "</html>"
  ))
}

package <- commandArgs(trailingOnly = TRUE)[1]
index <- file.path(package, "build", "vignette.rds")
files <- list.files(file.path(package, "vignettes"), "[.]Rmd$", full.names = TRUE)
if (!file.exists(index) && length(files) > 0L) {
  folder <- file.path(package, "inst", "doc")
  for (path in c(folder, dirname(index))) dir.create(path, FALSE, TRUE)
  pages <- lapply(files, page_of)
  names <- sub("[.]Rmd$", "", basename(files))
  for (i in seq_along(files)) {
    writeLines(pages[[i]]$html, file.path(folder, paste0(names[i], ".html")), useBytes = TRUE)
  }
  invisible(file.copy(files, folder))
  none <- I(rep(list(character()), length(files)))
  saveRDS(data.frame(
    File = basename(files), Title = vapply(pages, `[[`, "", "title"), PDF = paste0(names, ".html"),
    R = "", Depends = none, Keywords = none
  ), index)
}
