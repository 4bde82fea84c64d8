# Mathematics in prose: $...$ and $$...$$ as TeX writes it become MathML, which browsers set
# without a script. It knows what the pages use; what it does not know is an error.

greek <- c(
  alpha = "\u03b1", beta = "\u03b2", gamma = "\u03b3", delta = "\u03b4", epsilon = "\u03b5",
  eta = "\u03b7", theta = "\u03b8", lambda = "\u03bb", mu = "\u03bc", pi = "\u03c0",
  rho = "\u03c1", sigma = "\u03c3", tau = "\u03c4", phi = "\u03c6", omega = "\u03c9",
  Sigma = "\u03a3"
)
symbols <- c(
  sum = "\u2211", prod = "\u220f", cdot = "\u22c5", times = "\u00d7", le = "\u2264",
  ge = "\u2265", ne = "\u2260", approx = "\u2248", sim = "\u223c", partial = "\u2202",
  nabla = "\u2207", to = "\u2192", "in" = "\u2208", mid = "|", dots = "\u2026", infty = "\u221e",
  ell = "\u2113", "," = "\u2009", quad = "\u2003", "{" = "{", "}" = "}"
)
functions <- c("log", "exp", "max", "min", "tanh", "cos", "sin", "arg")
accents <- c(hat = "^", bar = "\u00af", tilde = "~")

# HTML of Markdown whose formulas are set. Code keeps its dollars.
with_math <- function(markdown, to_html) {
  code <- "(?s)```.*?```|<pre.*?</pre>|`[^`]*`"
  formula <- "(?s)\\$\\$.+?\\$\\$|(?<![\\w$\\\\])\\$[^$\\s](?:[^$\n]*[^$\\s])?\\$(?!\\w)"
  pieces <- gregexpr(paste0(code, "|", formula), markdown, perl = TRUE)
  found <- regmatches(markdown, pieces)[[1]]
  set <- startsWith(found, "$")
  marks <- sprintf("formula%dformula", seq_along(found))
  regmatches(markdown, pieces)[[1]] <- ifelse(set, marks, found)
  html <- to_html(markdown)
  for (i in which(set)) {
    html <- sub(marks[i], mathml(found[i]), html, fixed = TRUE)
  }
  html
}

# One formula with its dollars.
mathml <- function(tex) {
  display <- startsWith(tex, "$$")
  parsed <- row_of(tokens_of(gsub("^\\$+|\\$+$", "", tex)))
  sprintf(
    "<math%s>%s</math>", if (display) ' display="block"' else "", parsed$html
  )
}

tokens_of <- function(tex) {
  # Brackets stretch by themselves.
  tex <- gsub("\\\\(left|right)(?![A-Za-z])", "", tex, perl = TRUE)
  regmatches(tex, gregexpr("\\\\[A-Za-z]+|\\\\.|[0-9]+(?:[.][0-9]+)?|\\S", tex, perl = TRUE))[[1]]
}

# All tokens up to the end or a closing brace: the HTML and what is left.
row_of <- function(tokens) {
  html <- character()
  while (length(tokens) > 0 && tokens[1] != "}") {
    atom <- scripted(atom_of(tokens))
    html <- c(html, atom$html)
    tokens <- atom$rest
  }
  list(html = paste0("<mrow>", paste(html, collapse = ""), "</mrow>"), rest = tokens)
}

# An atom with what stands below and above it.
scripted <- function(atom) {
  below <- above <- NULL
  rest <- atom$rest
  while (length(rest) > 0 && rest[1] %in% c("_", "^")) {
    script <- atom_of(rest[-1])
    if (rest[1] == "_") below <- script$html else above <- script$html
    rest <- script$rest
  }
  kind <- paste0(if (is.null(below)) "" else "sub", if (is.null(above)) "" else "sup")
  html <- if (kind == "") atom$html else sprintf("<m%1$s>%2$s</m%1$s>", kind,
    paste0(atom$html, below, above))
  list(html = html, rest = rest)
}

atom_of <- function(tokens) {
  token <- tokens[1]
  rest <- tokens[-1]
  name <- sub("^\\\\", "", token)
  if (token == "{") {
    inner <- row_of(rest)
    return(list(html = inner$html, rest = inner$rest[-1]))
  }
  if (grepl("^\\\\", token) && name %in% c("frac", "sqrt", "mathrm", "mathbf", names(accents))) {
    return(command_of(name, rest))
  }
  html <- if (grepl("^[0-9]", token)) {
    sprintf("<mn>%s</mn>", token)
  } else if (grepl("^[A-Za-z]$", token)) {
    sprintf("<mi>%s</mi>", token)
  } else if (!startsWith(token, "\\")) {
    sprintf("<mo>%s</mo>", escape(sub("-", "\u2212", token, fixed = TRUE)))
  } else if (name %in% names(greek)) {
    sprintf("<mi>%s</mi>", greek[[name]])
  } else if (name %in% functions) {
    sprintf("<mi>%s</mi><mo>\u2061</mo>", name)
  } else if (name %in% names(symbols)) {
    sprintf("<mo>%s</mo>", symbols[[name]])
  } else {
    stop("math.R does not know ", token, call. = FALSE)
  }
  list(html = html, rest = rest)
}

# A command with its arguments.
command_of <- function(name, tokens) {
  first <- atom_of(tokens)
  second <- if (name == "frac") atom_of(first$rest)
  text <- gsub("<[^>]*>", "", first$html)
  html <- switch(name,
    frac = sprintf("<mfrac>%s%s</mfrac>", first$html, second$html),
    sqrt = sprintf("<msqrt>%s</msqrt>", first$html),
    mathrm = sprintf("<mtext>%s</mtext>", text),
    mathbf = sprintf('<mi style="font-weight: bold">%s</mi>', text),
    sprintf('<mover accent="true">%s<mo>%s</mo></mover>', first$html, accents[[name]])
  )
  list(html = html, rest = (if (name == "frac") second else first)$rest)
}
