# The reference of the R package: its help pages, by topic, with what their examples print; and
# the one of Python, which reference.py has read.

package <- "r_scripts/torchbridge"

# Prefix of the source file -> topic, in the order of the index.
topics <- c(
  fit = "Fit models", mle = "Likelihoods", tensor = "Tensors", nn = "Modules", optim = "Optimizers",
  data = "Data", autodiff = "Derivatives", save = "Saving", python = "Python from R",
  stand = "Packages on R's torch", other = "More"
)

write_r_reference <- function(to) {
  dir.create(file.path(to, "figures"), recursive = TRUE, showWarnings = FALSE)
  files <- list.files(file.path(package, "man"), "[.]Rd$", full.names = TRUE)
  pages <- lapply(files, help_page)
  links <- unlist(lapply(pages, function(page) {
    stats::setNames(rep(paste0(page$name, ".html"), length(page$aliases)), page$aliases)
  }))
  # Examples begin where R CMD check's do: with the package attached.
  library(torchbridge)
  for (page in pages) write_help_page(page, links, to)
  write_reference_index(pages, to)
  aliases <- lapply(pages, function(page) page$aliases)
  names(aliases) <- vapply(pages, function(page) page$name, "")
  jsonlite::write_json(aliases, file.path(to, "aliases.json"))
}

# A help page: file, name, aliases, title, topic.
help_page <- function(file) {
  rd <- tools::parse_Rd(file)
  tags <- vapply(rd, function(part) attr(part, "Rd_tag"), "")
  text <- function(tag) {
    vapply(rd[tags == tag], function(part) trimws(paste(unlist(part), collapse = "")), "")
  }
  lines <- readLines(file, encoding = "UTF-8")
  list(
    file = file, rd = rd, name = text("\\name"), aliases = text("\\alias"), title = text("\\title"),
    topic = topic_of(lines, text("\\name")), has_examples = "\\examples" %in% tags
  )
}

# By the source's prefix; PyTorch's functions by their family.
topic_of <- function(lines, name) {
  source <- regmatches(lines[2], regexec("R/(gen-)?([a-z]+)[-.]", lines[2]))[[1]]
  if (length(source) == 0) return(families()[[name]])
  generated <- c(layers = "nn", optimizers = "optim", densities = "autodiff")
  prefix <- if (source[2] == "gen-") generated[[source[3]]] else source[3]
  if (prefix %in% names(topics)) topics[[prefix]] else topics[["other"]]
}

# Function of PyTorch's -> its family, as the help pages' own source groups them.
families <- function() {
  if (is.null(the_site$families)) {
    lines <- readLines("r_scripts/generators/operators.txt", encoding = "UTF-8")
    head <- grepl("^## ", lines)
    title <- ifelse(head, sub("^## \\w+ [|] (.*?) [|].*", "\\1", lines, perl = TRUE), NA)
    title <- title[head][cumsum(head)[cumsum(head) > 0]]
    rows <- lines[cumsum(head) > 0]
    names(title) <- sub(" .*", "", rows)
    the_site$families <- c(as.list(title[grepl("^[a-z]\\w+$", names(title))]),
      torch_internals = "PyTorch's building blocks")
  }
  the_site$families
}
the_site <- new.env()

write_help_page <- function(page, links, to) {
  html <- utils::capture.output(tools::Rd2HTML(page$rd, Links = links, Links2 = character()))
  html <- paste(html, collapse = "\n")
  title <- sub("(?s).*?<h2[^>]*>(.*?)</h2>.*", "\\1", html, perl = TRUE)
  html <- sub("(?s).*?</h2>", "", html, perl = TRUE)
  html <- sub("(?s)<hr ?/?><div style=\"text-align: center;\">.*", "", html, perl = TRUE)
  html <- sub("(?s)</div>\\s*</body>.*|</body>.*", "", html, perl = TRUE)
  html <- gsub("<(/?)h3", "<\\1h2", html)
  html <- gsub('<a href="\\.\\./\\.\\./[^"]*">(.*?)</a>', "\\1", html)
  html <- gsub('<p style="text-align: right;">.*?</p>', "", html)
  # Usage is code: R's own colours.
  html <- sub("(?s)<h2>Examples</h2>.*", "", html, perl = TRUE)
  if (page$has_examples) html <- c(html, "<h2>Examples</h2>", examples_html(page, to))
  body <- c(
    '<nav><a href="index.html">R reference</a></nav>',
    sprintf("<header><h1>%s</h1><p><code>%s</code></p></header>", title, escape(page$name)),
    "<main>", html, "</main>"
  )
  writeLines(document(gsub("<[^>]*>", "", title), body, "lesson help", "../"),
    file.path(to, paste0(page$name, ".html")), useBytes = TRUE)
}

# The examples run, with what they print; what is hidden or not to be run is left out.
examples_html <- function(page, to) {
  file <- tempfile(fileext = ".R")
  on.exit(unlink(file))
  tools::Rd2ex(page$rd, file, commentDontrun = TRUE)
  code <- paste(readLines(file, encoding = "UTF-8"), collapse = "\n")
  condition <- regmatches(code, regexec("if \\((.*)\\) \\(if \\(getRversion", code))[[1]]
  if (length(condition) == 2 && !isTRUE(eval(parse(text = condition[2])))) {
    message(page$name, ": its examples need ", condition[2])
    return(character())
  }
  code <- sub("(?s).*?### [*]+ Examples\n", "", code, perl = TRUE)
  code <- gsub("(?s)## Don't show:.*?## End\\(Don't show\\)", "", code, perl = TRUE)
  code <- trimws(gsub("(?s)## Not run:.*?## End\\(Not run\\)", "", code, perl = TRUE))
  if (!nzchar(code)) return(character())
  env <- new.env(parent = globalenv())
  chunk <- c("```{r}", strsplit(code, "\n")[[1]], "```")
  tryCatch(
    suppressMessages(knit_html(chunk, page$name, to, env, alt = page$title)),
    error = function(condition) {
      stop("Example of ", page$name, ": ", conditionMessage(condition), call. = FALSE)
    }
  )
}

write_reference_index <- function(pages, to) {
  topic <- vapply(pages, function(page) page$topic, "")
  order <- unique(c(topics[topics %in% topic], unlist(families())))
  sections <- lapply(order[order %in% topic], function(key) {
    rows <- vapply(pages[topic == key], function(page) {
      sprintf('<dt><a href="%s.html"><code>%s</code></a></dt><dd>%s</dd>', page$name,
        escape(page$name), escape(page$title))
    }, "")
    c(sprintf("<h2>%s</h2>", escape(key)), "<dl class=\"index\">", rows, "</dl>")
  })
  write_page(file.path(to, "index.html"), "R reference", unlist(sections), "../")
}

# ---- Python ----

write_python_reference <- function(to) {
  modules <- jsonlite::fromJSON(file.path(to, "python.json"), simplifyDataFrame = FALSE)
  folder <- file.path(to, "python")
  for (module in modules) {
    entries <- vapply(module$entries, function(entry) {
      sprintf('<h2 id="%s"><code>%s</code></h2>\n<pre class="code"><code>%s</code></pre>\n%s',
        entry$name, escape(entry$name), highlight(entry$signature, "python"),
        commonmark::markdown_html(entry$text, extensions = TRUE))
    }, "")
    intro <- commonmark::markdown_html(module$text, extensions = TRUE)
    file <- file.path(folder, paste0(module$name, ".html"))
    write_page(file, module$name, c(intro, entries), "../")
  }
  names <- vapply(modules, function(module) module$name, "")
  about <- vapply(modules, function(module) sub("\n.*", "", module$text), "")
  rows <- sprintf('<dt><a href="%s.html"><code>%s</code></a></dt><dd>%s</dd>', names, names,
    vapply(about, function(text) commonmark::markdown_html(text), ""))
  write_page(file.path(folder, "index.html"), "Python reference",
    c('<dl class="index">', rows, "</dl>"), "../", contents = FALSE)
  unlink(file.path(to, "python.json"))
}
