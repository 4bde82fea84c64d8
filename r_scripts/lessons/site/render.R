# Runs lessons and writes their pages.
#
# A lesson is a script that knitr::spin() understands: prose behind #', a header of title, korean,
# shows, api and rows (those of the table of lessons). A file of the same name ending in .py is the
# same lesson from Python; its cells begin with "# %%", and prose behind "# %% [markdown]".

# Where this file lies, and so the lessons.
site <- "r_scripts/lessons/site"
lessons <- dirname(site)

source(file.path(site, "highlight.R"))
source(file.path(site, "math.R"))
source(file.path(site, "page.R"))

lesson_names <- function() {
  sub("[.]R$", "", list.files(lessons, pattern = "^[0-9]{2}-.*[.]R$"))
}

# The header of a lesson as a named list; rows is a vector.
lesson_header <- function(name) {
  lines <- readLines(file.path(lessons, paste0(name, ".R")), encoding = "UTF-8")
  ends <- grep("^#' ---$", lines)
  if (length(ends) < 2) stop(name, ".R has no header between two lines of #' ---", call. = FALSE)
  header <- sub("^#' ", "", lines[(ends[1] + 1):(ends[2] - 1)])
  # A line that begins with blanks goes on with the one before.
  header <- strsplit(gsub("\n +", " ", paste(header, collapse = "\n")), "\n")[[1]]
  values <- as.list(sub("^[a-z]+: *", "", header))
  names(values) <- sub(":.*", "", header)
  missing <- setdiff(c("title", "korean", "shows", "api", "rows"), names(values))
  if (length(missing) > 0) {
    stop(name, ".R has no ", paste(missing, collapse = ", "), " in its header", call. = FALSE)
  }
  values$rows <- strsplit(values$rows, ", *")[[1]]
  values
}

# Runs one lesson in the environment `env` and writes its page into the folder `to`. See document()
# for `root`.
render_lesson <- function(name, to, env = new.env(parent = globalenv()), root = NULL) {
  dir.create(file.path(to, "figures"), showWarnings = FALSE, recursive = TRUE)
  header <- lesson_header(name)
  body <- c('<section id="r">', run_r(name, to, env), "</section>")
  if (file.exists(file.path(lessons, paste0(name, ".py")))) {
    body <- c(body, python_body(name, to))
  }
  writeLines(page(name, header, body, root), file.path(to, paste0(name, ".html")), useBytes = TRUE)
  invisible(env)
}

# The lesson in R: knitr runs it, our hooks write the HTML.
run_r <- function(name, to, env) {
  lines <- readLines(file.path(lessons, paste0(name, ".R")), encoding = "UTF-8")
  lines <- lines[-seq_len(grep("^#' ---$", lines)[2])]
  knit_html(knitr::spin(text = lines, knit = FALSE, report = FALSE, format = "Rmd"), name, to, env)
}

# HTML of R Markdown: its chunks are run in `env`, their figures go to the folder figures of `to`.
# alt: what is said of a figure without a fig.alt; NULL makes that an error.
knit_html <- function(text, name, to, env, alt = NULL) {
  attached <- search()
  on.exit(for (package in setdiff(search(), attached)) detach(package, character.only = TRUE))
  before <- options(width = 80, digits = 7, knitr.duplicate.label = "allow")
  on.exit(options(before), add = TRUE)
  theme_of_lessons()

  old_hooks <- knitr::knit_hooks$get()
  old_chunks <- knitr::opts_chunk$get()
  on.exit({
    knitr::knit_hooks$restore(old_hooks)
    knitr::opts_chunk$restore(old_chunks)
  }, add = TRUE)
  knitr::opts_chunk$set(
    comment = NA, error = FALSE, message = FALSE, dev = "png", dpi = 150, fig.width = 7,
    fig.height = 4.2, fig.path = file.path(to, "figures", paste0(name, "-"))
  )
  knitr::knit_hooks$set(
    source = function(x, options) {
      block <- code_block(paste(x, collapse = "\n"), "r")
      if (isFALSE(options$eval)) sub("<pre", '<pre title="Not run here"', block) else block
    },
    output = function(x, options) output_block(x),
    warning = function(x, options) output_block(paste(x, collapse = "")),
    error = function(x, options) output_block(paste(x, collapse = "")),
    plot = function(x, options) {
      shown <- if (is.null(options$fig.alt)) alt else options$fig.alt
      if (is.null(shown)) stop("A plot of ", name, " has no fig.alt", call. = FALSE)
      figure_block(file.path("figures", basename(x)), shown, was_picture())
    },
    chunk = function(x, options) x
  )
  text <- knitr::knit(text = text, envir = env, quiet = TRUE, encoding = "UTF-8")
  prose(text)
}

# Was the ggplot just drawn one of filled cells?
was_picture <- function() {
  plot <- ggplot2::last_plot()
  ggplot2::set_last_plot(NULL)
  cells <- c("GeomRaster", "GeomTile")
  any(vapply(plot$layers, function(layer) inherits(layer$geom, cells), NA))
}

# The lesson in Python: spin.py has run it and left its blocks as JSON.
python_body <- function(name, to) {
  blocks <- file.path(to, paste0(name, ".json"))
  if (!file.exists(blocks)) stop("Run spin.py on ", name, ".py first", call. = FALSE)
  blocks <- jsonlite::fromJSON(blocks, simplifyDataFrame = FALSE)
  html <- vapply(blocks, function(block) {
    switch(block$kind,
      prose = prose(block$text),
      code = code_block(block$text, "python"),
      output = output_block(block$text),
      figure = figure_block(block$text, block$alt, block$picture)
    )
  }, "")
  c('<section id="python"><h2>The same from Python</h2>', html, "</section>")
}

prose <- function(text) {
  with_math(enc2utf8(text), function(markdown) {
    commonmark::markdown_html(markdown, extensions = TRUE, smart = FALSE)
  })
}

# One look for all plots. Okabe and Ito's colours: colour-blind readers can tell them apart.
theme_of_lessons <- function() {
  colours <- c("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999999")
  options(ggplot2.discrete.colour = colours, ggplot2.discrete.fill = colours)
  ggplot2::theme_set(
    ggplot2::theme_minimal(base_size = 12) +
      ggplot2::theme(
        panel.grid.minor = ggplot2::element_blank(), legend.position = "top",
        panel.spacing = grid::unit(0.8, "cm"), plot.margin = ggplot2::margin(5, 14, 5, 5),
        legend.key.width = grid::unit(0.9, "cm"),
        plot.background = ggplot2::element_rect(fill = "white", colour = NA)
      )
  )
}

# Rscript render.R <folder> [lesson ...]: those lessons' pages, or all of them and the index.
if (sys.nframe() == 0) {
  arguments <- commandArgs(trailingOnly = TRUE)
  names <- arguments[-1]
  for (name in if (length(names) > 0) names else lesson_names()) {
    seconds <- system.time(render_lesson(name, arguments[1]))[["elapsed"]]
    cat(sprintf("%-32s %5.1f s\n", name, seconds))
  }
  if (length(names) == 0) write_index(arguments[1])
}
