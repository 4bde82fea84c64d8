# What all pages of the site have in common.

# Where a page stands -> the way to the root.
root_of <- function(folder) if (folder == "") "" else "../"

site_head <- function(root) {
  c(
    sprintf('<link rel="stylesheet" href="%sassets/style.css">', root),
    sprintf('<script src="%sassets/page.js" defer></script>', root),
    sprintf('<script src="%sassets/search.js" data-root="%s" defer></script>', root, root)
  )
}

# Title -> page.
parts_of_site <- c(
  "Guides" = "guides/index.html", "Lessons" = "lessons/index.html", "R" = "r/index.html",
  "Python" = "python/index.html", "How it works" = "project/index.html",
  "News" = "project/news.html"
)

site_header <- function(root) {
  links <- sprintf('<a href="%s%s">%s</a>', root, parts_of_site, names(parts_of_site))
  c(
    '<div class="site">', sprintf('<a class="brand" href="%sindex.html">torchbridge</a>', root),
    links,
    '<div class="search"><input id="search" type="search" placeholder="Search"',
    ' aria-label="Search all pages" autocomplete="off">',
    '<ol id="found" hidden></ol></div>', "</div>"
  )
}

# A page of prose; finish.py puts its contents where the mark is.
write_page <- function(file, title, body, root, contents = TRUE, class = "page") {
  html <- c(
    sprintf("<header><h1>%s</h1></header>", escape(title)), "<main>",
    if (contents) "<!--contents-->", body, "</main>"
  )
  dir.create(dirname(file), recursive = TRUE, showWarnings = FALSE)
  writeLines(document(title, html, class, root), file, useBytes = TRUE)
}

write_assets <- function(to) {
  style <- c(file.path(site, "style.css"), "docs/site/style.css")
  text <- unlist(lapply(style, readLines, encoding = "UTF-8"))
  writeLines(text, file.path(to, "assets", "style.css"), useBytes = TRUE)
  file.copy(file.path(site, "page.js"), file.path(to, "assets"))
  file.copy("docs/site/search.js", file.path(to, "assets"))
}
