# Colours for code: R and Python source to HTML, each token in a span of its kind.

keywords <- list(
  r = c(
    "function", "if", "else", "for", "while", "repeat", "in", "next", "break",
    "TRUE", "FALSE", "NULL", "NA", "Inf", "NaN"
  ),
  python = c(
    "def", "class", "return", "if", "elif", "else", "for", "while", "in", "not", "and", "or",
    "is", "import", "from", "as", "with", "try", "except", "raise", "lambda", "pass",
    "True", "False", "None", "self"
  )
)

# Tried from the left at every place: a comment hides a string, a string hides a keyword.
tokens <- function(language) {
  c(
    comment = "#[^\n]*",
    string = "[fr]?\"\"\"(?s:.*?)\"\"\"|[fr]?\"(?:\\\\.|[^\"\\\\])*\"|[fr]?'(?:\\\\.|[^'\\\\])*'",
    keyword = sprintf("(?<![\\w.])(?:%s)(?![\\w.])", paste(keywords[[language]], collapse = "|")),
    number = "(?<![\\w.])(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][-+]?\\d+)?L?",
    call = "[A-Za-z][\\w.]*(?=\\()"
  )
}

escape <- function(text) {
  text <- gsub("&", "&amp;", text, fixed = TRUE)
  gsub(">", "&gt;", gsub("<", "&lt;", text, fixed = TRUE), fixed = TRUE)
}

# code: one string; language: "r" or "python". Returns HTML for the inside of <code>.
highlight <- function(code, language) {
  kinds <- tokens(language)
  pattern <- paste(sprintf("(%s)", kinds), collapse = "|")
  found <- gregexpr(pattern, code, perl = TRUE)[[1]]
  if (found[1] < 0) return(escape(code))
  group <- max.col(attr(found, "capture.start") > 0, ties.method = "first")
  pieces <- regmatches(code, list(found))[[1]]
  between <- regmatches(code, list(found), invert = TRUE)[[1]]
  spans <- sprintf('<span class="%s">%s</span>', names(kinds)[group], escape(pieces))
  paste(c(rbind(escape(between), c(spans, ""))), collapse = "")
}

# One block of a page: code, what it printed, or a figure.
code_block <- function(code, language) {
  sprintf(
    '\n<pre class="code" data-language="%s"><code>%s</code></pre>\n', language,
    highlight(code, language)
  )
}

output_block <- function(text) {
  if (!nzchar(trimws(text))) return("")
  sprintf('\n<pre class="output"><samp>%s</samp></pre>\n', escape(sub("\n+$", "", text)))
}

# is_picture: its colours mean something (a photograph, a map of values), so that a dark page must
# not turn them over.
figure_block <- function(file, alt, is_picture = FALSE) {
  sprintf(
    '\n<figure><img%s src="%s" alt="%s" loading="lazy"></figure>\n',
    if (is_picture) ' class="picture"' else "", file, escape(alt)
  )
}
