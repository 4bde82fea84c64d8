# The guides: R Markdown whose chunks R runs, Python scripts in cells that spin.py has run, or both
# side by side; and the project's Markdown files.

guides <- "docs/guides"
vignettes <- "r_scripts/torchbridge/vignettes"

# In the order of the index: file without its ending -> what it is for.
guide_names <- c(
  start = "Get started", tensors = "Tensors", frames = "Data frames", torch_fit = "Fit a model",
  survival = "Times that may be censored, ordered classes, quantiles",
  likelihoods = "Likelihoods", `own-models` = "Models of one's own", functions = "R functions in Python",
  transformers = "Any PyTorch model from R",
  saving = "Saving", gpus = "GPUs", cluster = "From a laptop to a cluster",
  documents = "Documents, notebooks and editors",
  `from-r-torch` = "From R's torch", `from-luz` = "From luz, brulee and keras",
  `from-reticulate` = "From reticulate", `from-rpy2` = "From rpy2"
)

# The R Markdown of a guide: of docs/guides, or a vignette of the package.
guide_file <- function(name) {
  files <- file.path(c(guides, vignettes), paste0(name, ".Rmd"))
  files[file.exists(files)][1]
}

write_guides <- function(to) {
  folder <- file.path(to, "guides")
  dir.create(file.path(folder, "figures"), recursive = TRUE, showWarnings = FALSE)
  there <- Filter(function(name) {
    !is.na(guide_file(name)) || file.exists(file.path(folder, paste0(name, ".json")))
  }, names(guide_names))
  for (name in there) write_guide(name, there, folder)
  items <- sprintf('<li><a href="%s.html">%s</a></li>', there, guide_names[there])
  write_page(
    file.path(folder, "index.html"), "Guides", c("<ul>", items, "</ul>"), "../", contents = FALSE
  )
  write_home(to)
}

write_guide <- function(name, all, folder) {
  body <- c(
    if (!is.na(guide_file(name))) {
      c('<section id="r">', rmd_html(guide_file(name), name, folder), "</section>")
    },
    if (file.exists(file.path(folder, paste0(name, ".json")))) {
      python <- python_body(name, folder)
      # Alone it is the guide; beside R's it is the same from Python.
      alone <- is.na(guide_file(name))
      if (alone) sub("<section id=\"python\"><h2>.*?</h2>", "<section>", python) else python
    }
  )
  at <- match(name, all)
  link <- function(i, before, after) {
    sprintf('<a href="%s.html">%s%s%s</a>', all[i], before, guide_names[[all[i]]], after)
  }
  body <- c(body, "</main><nav>", if (at > 1) link(at - 1, "&larr; ", ""),
    if (at < length(all)) link(at + 1, "", " &rarr;"), "</nav><main hidden>")
  write_page(file.path(folder, paste0(name, ".html")), guide_names[[name]], body, "../",
    class = "lesson")
}

# HTML of an R Markdown file without its header and its chunk of settings.
rmd_html <- function(file, name, folder) {
  text <- paste(readLines(file, encoding = "UTF-8"), collapse = "\n")
  text <- sub("(?s)^---\n.*?\n---\n", "", text, perl = TRUE)
  setup <- regmatches(text, regexpr("(?s)```\\{r setup.*?\n```\n", text, perl = TRUE))
  text <- sub("(?s)```\\{r setup.*?\n```\n", "", text, perl = TRUE)
  text <- sub("{r tune, eval = FALSE}", "{r tune}", text, fixed = TRUE)
  env <- new.env(parent = globalenv())
  if (length(setup) == 1) {
    before <- knitr::opts_chunk$get()
    eval(parse(text = gsub("```[^\n]*\n", "", setup)), env)
    knitr::opts_chunk$restore(before)
  }
  suppressMessages(
    knit_html(strsplit(text, "\n")[[1]], name, folder, env, alt = guide_names[[name]])
  )
}

write_home <- function(to) {
  body <- rmd_html(file.path(guides, "home.Rmd"), "start", to)
  figure <- '<figure class="wide"><img src="assets/demo.png" alt="%s"></figure>'
  body <- sub("<p>DEMO</p>", sprintf(figure, paste(
    "A network's training in R's own graphics: its loss by epoch, and its predictions against what",
    "was observed, beside those of lm()"
  )), body, fixed = TRUE)
  file.copy("docs/demo.png", file.path(to, "assets", "demo.png"))
  write_page(file.path(to, "index.html"), "torchbridge", body, "", contents = FALSE)
}

# ---- the project's own pages ----

# File -> page and title; those that are not there (yet) have no page.
project_files <- list(
  list("docs/ARCHITECTURE.md", "architecture", "Architecture"),
  list("docs/DESIGN.md", "design", "Decisions and facts"),
  list("docs/BENCHMARKS.md", "benchmarks", "Benchmarks"),
  list("docs/PACKAGES.md", "packages", "Packages on R's torch"),
  list("docs/BOOK.md", "book", "The book's examples"),
  list("docs/R-TORCH.md", "r-torch", "What of R's torch does not run"),
  list("docs/SYSTEMS.md", "systems", "Systems"),
  list("CONTRIBUTING.md", "contributing", "Contributing"),
  list("NEWS.md", "news", "News")
)

write_project_pages <- function(to) {
  there <- Filter(function(entry) file.exists(entry[[1]]), project_files)
  pages <- vapply(there, `[[`, "", 2)
  names(pages) <- vapply(there, `[[`, "", 1)
  for (entry in there) {
    text <- paste(readLines(entry[[1]], encoding = "UTF-8"), collapse = "\n")
    text <- sub("^# [^\n]*\n", "", text)
    html <- plain_links(commonmark::markdown_html(enc2utf8(text), extensions = TRUE), pages)
    write_page(file.path(to, "project", paste0(entry[[2]], ".html")), entry[[3]], html, "../")
  }
  items <- sprintf('<li><a href="%s.html">%s</a></li>', pages, vapply(there, `[[`, "", 3))
  write_page(file.path(to, "project", "index.html"), "How it works", c("<ul>", items, "</ul>"),
    "../", contents = FALSE)
}

# Links to other files of the repository: to their pages, or no links.
plain_links <- function(html, pages) {
  for (file in names(pages)) {
    name <- sub("[.]", "[.]", basename(file))
    html <- gsub(sprintf('href="(?:[./]*|docs/)%s(#[^"]*)?"', name),
      sprintf('href="%s.html\\1"', pages[[file]]), html, perl = TRUE)
  }
  gsub('<a href="(?!https?:|#|[a-z-]+[.]html)[^"]*">(.*?)</a>', "\\1", html, perl = TRUE)
}
