# The documentation's site: guides, lessons, references and the project's own pages as HTML.
#
#   Rscript docs/site/build.R output/docs
#
# Run by `make docs`, after the Python parts (reference.py, and spin.py of lessons and guides) have
# left their JSON there; finish.py then joins the pages: links, contents, search. Every chunk and
# every example is run here, and an error in one stops the build.

source("r_scripts/lessons/site/render.R")
source("docs/site/layout.R")
source("docs/site/guides.R")
source("docs/site/reference.R")

to <- commandArgs(trailingOnly = TRUE)[1]
timed <- function(what, code) {
  cat(sprintf("%-20s %6.1f s\n", what, system.time(code)[["elapsed"]]))
}

dir.create(file.path(to, "assets"), recursive = TRUE, showWarnings = FALSE)
write_assets(to)
timed("guides", write_guides(to))
timed("lessons", {
  for (name in lesson_names()) render_lesson(name, file.path(to, "lessons"), root = "../")
  write_index(file.path(to, "lessons"), root = "../")
})
timed("R reference", write_r_reference(file.path(to, "r")))
timed("Python reference", write_python_reference(to))
timed("project pages", write_project_pages(to))
