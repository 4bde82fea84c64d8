# The HTML around lessons: a page for each, and the index with its thumbnails.

chapters <- c(
  S0 = "Torch from R", S1 = "Deep learning, the basics", S2 = "Regression and classification",
  S3 = "Networks from scratch", S4 = "Models, training and classical learning"
)

# root: the way from the page to the documentation's site that it belongs to (docs/site/build.R),
# which has style and script once for all; NULL for lessons alone, whose pages have them inside.
document <- function(title, body, class, root = NULL) {
  part <- function(file) readLines(file.path(site, file), encoding = "UTF-8")
  head <- if (is.null(root)) c("<style>", part("style.css"), "</style>") else site_head(root)
  c(
    "<!doctype html>", '<html lang="en">', "<head>", '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    sprintf("<title>%s</title>", escape(title)), head, "</head>",
    sprintf('<body class="%s">', class), if (!is.null(root)) site_header(root), body,
    if (is.null(root)) c("<script>", part("page.js"), "</script>"), "</body>", "</html>"
  )
}

# name: the file without its ending; header: of lesson_header(); body: HTML.
page <- function(name, header, body, root = NULL) {
  all <- lesson_names()
  at <- match(name, all)
  has_python <- file.exists(file.path(lessons, paste0(name, ".py")))
  top <- c(
    '<nav><a href="index.html">All lessons</a>',
    if (has_python) '<a href="#python">The same from Python</a>',
    "</nav>", "<header>",
    sprintf("<h1>%s</h1>", escape(header$title)),
    sprintf('<p class="korean" lang="ko">%s</p>', escape(header$korean)),
    sprintf("<p>%s</p>", escape(header$shows)),
    sprintf(
      '<p class="run"><code>R_LIBS=.r-library Rscript %s/%s.R</code></p>', lessons, name
    ),
    "</header>"
  )
  bottom <- c(
    "<nav>",
    if (at > 1) neighbour(all[at - 1], "&larr; ", ""),
    if (at < length(all)) neighbour(all[at + 1], "", " &rarr;"),
    "</nav>"
  )
  document(header$title, c(top, "<main>", body, "</main>", bottom), "lesson", root)
}

neighbour <- function(name, before, after) {
  sprintf(
    '<a href="%s.html">%s%s%s</a>', name, before, escape(lesson_header(name)$title), after
  )
}

# Writes index.html beside the pages that are there.
write_index <- function(to, root = NULL) {
  names <- lesson_names()
  headers <- lapply(names, lesson_header)
  cards <- mapply(card, names, headers, MoreArgs = list(to = to))
  chapter <- vapply(headers, function(header) substr(header$rows[1], 1, 2), "")
  sections <- lapply(intersect(names(chapters), chapter), function(key) {
    c(sprintf("<h2>%s</h2>", chapters[[key]]), '<div class="cards">', cards[chapter == key],
      "</div>")
  })
  body <- c(
    "<header><h1>Lessons</h1>",
    '<p class="korean" lang="ko">R과 파이토치로 배우는 딥러닝</p>',
    "<p>Plots and documents in R, computation in PyTorch: each lesson is a short script to read",
    "in five minutes and to run with one command.</p></header>",
    "<main>", unlist(sections), "</main>"
  )
  writeLines(document("Lessons", body, "index", root), file.path(to, "index.html"), useBytes = TRUE)
}

card <- function(name, header, to) {
  figure <- list.files(file.path(to, "figures"), pattern = paste0("^", name, "-.*[.]png$"))
  html <- readLines(file.path(to, paste0(name, ".html")), encoding = "UTF-8")
  first <- regmatches(html, regexpr('<img[^>]* src="figures/[^"]+[.]png"', html))[1]
  if (length(figure) == 0 || is.na(first)) stop(name, " has no figure", call. = FALSE)
  c(sprintf(
    paste0(
      '<a class="card" href="%s.html">%s alt="" loading="lazy">',
      '<span class="number">%s</span><h3>%s</h3><p class="korean" lang="ko">%s</p>',
      '<p>%s</p><p class="api"><code>%s</code></p></a>'
    ),
    name, first, substr(name, 1, 2), escape(header$title), escape(header$korean),
    escape(header$shows), gsub(", *", "</code> <code>", escape(header$api))
  ))
}
