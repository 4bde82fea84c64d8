# R in a Python notebook (notebook.py): figures go to files, a page each, and cells run as R's
# console would run them. These functions stand among those of host.R.

# The sizes and the format of figures are options by the names that Jupyter's own R kernel has.
figure_options <- c(
  width = "repr.plot.width", height = "repr.plot.height", res = "repr.plot.res",
  pointsize = "repr.plot.pointsize", bg = "repr.plot.bg", format = "jupyter.plot_mimetypes"
)
figure_defaults <- list(
  width = 7, height = 5, res = 144, pointsize = 12, bg = "white", format = "image/png"
)

figure_folder <- NULL
figure_files <- character() # of devices that were opened since pages were taken last
figure_sizes <- list()      # in inches, beside them

watch_figures <- function() {
  figure_folder <<- tempfile("figures-")
  dir.create(figure_folder)
  options(device = figure_device)
  NULL
}

# What R opens where something draws and no device is there: options(device =).
figure_device <- function(width = NULL, height = NULL, pointsize = NULL, bg = NULL, ...) {
  wanted <- figure_setting(list(width = width, height = height, pointsize = pointsize, bg = bg))
  svg <- wanted$format == "image/svg+xml"
  if (!capabilities("cairo")) {
    stop(
      "this R can't draw in a notebook: it was built without cairo ",
      "(capabilities(\"cairo\") is FALSE). Draw into a file: pdf(\"figure.pdf\")",
      call. = FALSE
    )
  }
  name <- sprintf("%04d-%%03d.%s", length(figure_files) + 1L, if (svg) "svg" else "png")
  file <- file.path(figure_folder, name)
  if (svg) {
    grDevices::svg(
      file, wanted$width, wanted$height, wanted$pointsize,
      onefile = FALSE, bg = wanted$bg
    )
  } else {
    grDevices::png(
      file, round(wanted$width * wanted$res), round(wanted$height * wanted$res), "px",
      wanted$pointsize, wanted$bg, wanted$res,
      type = "cairo"
    )
  }
  figure_files <<- c(figure_files, file)
  figure_sizes <<- c(figure_sizes, list(c(wanted$width, wanted$height)))
}

# What is given, else the option, else the default.
figure_setting <- function(given) {
  wanted <- figure_defaults
  for (name in names(figure_options)) {
    value <- given[[name]]
    if (is.null(value)) value <- getOption(figure_options[[name]], figure_defaults[[name]])
    if (name == "format") {
      value <- intersect(value, c("image/svg+xml", "image/png"))
      if (length(value) == 0L) {
        stop(
          "options(jupyter.plot_mimetypes = ) must be \"image/png\" or \"image/svg+xml\"",
          call. = FALSE
        )
      }
    } else if (name != "bg" && !(is.numeric(value) && length(value) == 1L && isTRUE(value > 0))) {
      stop("options(", figure_options[[name]], " = ) must be one number above 0", call. = FALSE)
    }
    wanted[[name]] <- value[1L]
  }
  wanted
}

# Closes what was drawn on. Gives, page by page, the file and its size in inches.
take_figures <- function() {
  if (length(figure_files) == 0L) return(NULL)
  files <- figure_files
  sizes <- figure_sizes
  figure_files <<- character()
  figure_sizes <<- list()
  # A number may be another device's by now: the user has closed ours and opened one.
  for (number in grDevices::dev.list()) {
    if (any(attr(.Devices[[number]], "filepath") %in% files)) grDevices::dev.off(number)
  }
  pages <- list()
  for (i in seq_along(files)) {
    pattern <- sub("%03d", "[0-9]+", basename(files[i]), fixed = TRUE)
    for (page in sort(list.files(figure_folder, pattern, full.names = TRUE))) {
      pages[[length(pages) + 1L]] <- list(page, sizes[[i]][1L], sizes[[i]][2L])
    }
  }
  pages
}

# What R's console shows of a value; drawing is done beside it.
shown <- function(x) readable(paste(utils::capture.output(x), collapse = "\n"))

# ---- cells ----

# Runs code in the workspace; gives the value of its last expression.
run_cell <- function(code, printing, settings) {
  figures <- unlist(settings[lengths(settings) > 0L])
  old <- options(stats::setNames(settings[names(figures)], figure_options[names(figures)]))
  on.exit(options(old))
  value <- NULL
  for (expression in in_cell(parse(text = code, keep.source = TRUE, encoding = "UTF-8"))) {
    result <- in_cell(withVisible(eval(expression, globalenv())))
    value <- result$value
    if (printing && result$visible) print(value)
  }
  if (!printing) value
}

# Tracebacks begin after the last call of this.
in_cell <- function(value) value

set_variable <- function(name, value) {
  assign(name, value, envir = globalenv())
  NULL
}
has_variable <- function(name) exists(name, envir = globalenv())
get_variable <- function(name) get(name, envir = globalenv())
