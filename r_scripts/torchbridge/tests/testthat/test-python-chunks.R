knitted <- function(...) {
  skip_if_not_installed("knitr")
  folder <- tempfile()
  dir.create(folder)
  before <- setwd(folder)
  engines <- knitr::knit_engines$get()
  on.exit({
    setwd(before)
    knitr::knit_engines$restore(engines)
  })
  text <- knitr::knit(text = c(...), quiet = TRUE, envir = new.env())
  # Later versions of knitr have a space before the language.
  text <- gsub("``` ", "```", text, fixed = TRUE)
  list(text = text, files = list.files(folder, recursive = TRUE))
}

chunk <- function(language, ...) c(paste0("```{", language, "}"), ..., "```")

first <- chunk(
  "r", "use_python_chunks(environment())", "m <- matrix(1:6, 2)", "cars <- mtcars[1:2, ]"
)

test_that("chunks of both languages see each other's variables", {
  text <- knitted(
    first,
    chunk("python", "import torchbridge as tb", "total = int(r.m.sum())", "r.back = r.cars"),
    chunk("r", "py$total", "identical(back, cars)", "py$total <- 5L"),
    chunk("python", "total + 1")
  )$text
  expect_match(text, "## \\[1\\] 21", fixed = FALSE)
  expect_match(text, "## \\[1\\] TRUE")
  expect_match(text, "```python\ntotal + 1\n```\n\n```\n## 6\n```", fixed = TRUE)
})

test_that("a chunk shows output behind the lines that print it, and figures at its end", {
  skip_if_not_installed("knitr")
  done <- knitted(
    first,
    chunk("python", "x = 1", "print('one')", "x + 1;", "y = 2"),
    chunk("python, fig.width = 3", "import matplotlib", "matplotlib.use('Agg')",
      "import matplotlib.pyplot as plt", "plt.plot([1, 2])", "plt.title('a')")
  )
  expect_match(
    done$text,
    "x = 1\nprint('one')\n```\n\n```\n## one\n```\n\n```python\nx + 1;\ny = 2\n```",
    fixed = TRUE
  )
  expect_length(grep("[.]png$", done$files), 1L)
})

test_that("an error stops the document, or is shown where the chunk says so", {
  expect_error(knitted(first, chunk("python, error = FALSE", "1 / 0")), "division by zero")
  expect_match(knitted(first, chunk("python, error = TRUE", "1 / 0"))$text, "division by zero")
  expect_no_match(knitted(first, chunk("python, eval = FALSE", "1 / 0"))$text, "division by zero")
})

test_that("where errors are shown, so is what was printed before, and the chunk goes on", {
  code <- chunk("python, error = TRUE", "print('one')", "1 / 0", "print('two')")
  text <- knitted(first, code)$text
  said <- c("## one", "## Error: ZeroDivisionError: division by zero", "## two")
  expect_identical(grep("^## ", strsplit(text, "\n")[[1L]], value = TRUE), said)
})

test_that("Python's warnings are the chunk's, as R's are", {
  careful <- c("import warnings", "warnings.warn('careful')")
  shown <- knitted(first, chunk("python, warning = TRUE", careful))$text
  expect_match(shown, "## Warning: .*careful")
  expect_no_match(knitted(first, chunk("python, warning = FALSE", careful))$text, "## ")
})

test_that("a value is shown whatever was drawn before it, but for what the drawing gives", {
  drawn <- c(
    "import matplotlib", "matplotlib.use('Agg')", "import matplotlib.pyplot as plt",
    "plt.plot([1, 2])", "plt.hist([1, 2])", "plt.boxplot([1, 2])", "plt.subplots(2)", "1 + 1", "[]"
  )
  text <- knitted(first, chunk("python", drawn))$text
  shown <- grep("^## ", strsplit(text, "\n")[[1L]], value = TRUE)
  expect_identical(shown, c("## 2", "## []"))
})

test_that("an expression on the line of another has its source once", {
  text <- knitted(first, chunk("python", "print(1); print(2)"))$text
  expect_match(text, "\nprint(1); print(2)\n```\n\n```\n## 1\n```\n\n```\n## 2\n```", fixed = TRUE)
})

test_that("Python chunks show R's objects as R does, and frames as tables", {
  text <- knitted(
    chunk("r", "use_python_chunks(globalenv())"), chunk("python", "r.lm('dist ~ speed', r.cars)"),
    chunk("python", "r.cars.head(1)")
  )$text
  expect_match(text, "##     -17.579        3.932", fixed = TRUE)
  expect_match(text, "|     4|    2|", fixed = TRUE)
})

test_that("what notebooks show as Markdown or HTML is shown so where the document can", {
  rich <- c(
    "class Rich:", "    def _repr_html_(self): return '<i>rich</i>'",
    "    def __repr__(self): return 'plain'", "Rich()"
  )
  expect_match(knitted(first, chunk("python", rich))$text, "## plain", fixed = TRUE)
  old <- knitr::opts_knit$get("rmarkdown.pandoc.to")
  on.exit(knitr::opts_knit$set(rmarkdown.pandoc.to = old))
  knitr::opts_knit$set(rmarkdown.pandoc.to = "html")
  expect_match(
    knitted(first, chunk("python", rich))$text, "\n```{=html}\n<i>rich</i>\n```", fixed = TRUE
  )
  fenced <- sub("rich</i>", "rich````</i>", rich, fixed = TRUE)
  expect_match(
    knitted(first, chunk("python", fenced))$text,
    "\n`````{=html}\n<i>rich````</i>\n`````", fixed = TRUE
  )
})

test_that("signs of Markdown in a frame's text stay text", {
  frame <- "as_py_frame(data.frame(a_b = c('<b>x</b>', '*y*', NA), n = 1:3))"
  text <- knitted(chunk("r", frame))$text
  expect_match(text, "|a\\_b", fixed = TRUE)
  expect_match(text, "\\<b\\>x\\</b\\>", fixed = TRUE)
  expect_match(text, "\\*y\\*", fixed = TRUE)
})

test_that("tensors print as they do, and frames of Python's are tables", {
  text <- knitted(chunk("r", "torch_tensor(1:2)"), chunk("r", "as_py_frame(mtcars[1:2, 1:2])"))$text
  expect_match(text, "[ CPULongType{2} ]", fixed = TRUE)
  expect_match(text, "|Mazda RX4     |  21|   6|", fixed = TRUE)
  long <- knitted(chunk("r", "as_py_frame(mtcars)"))$text
  expect_match(long, "10 of 32 rows", fixed = TRUE)
})
