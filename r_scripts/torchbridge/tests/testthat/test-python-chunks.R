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

test_that("tensors print as they do, and frames of Python's are tables", {
  text <- knitted(chunk("r", "torch_tensor(1:2)"), chunk("r", "as_py_frame(mtcars[1:2, 1:2])"))$text
  expect_match(text, "[ CPULongType{2} ]", fixed = TRUE)
  expect_match(text, "|Mazda RX4     |  21|   6|", fixed = TRUE)
  long <- knitted(chunk("r", "as_py_frame(mtcars)"))$text
  expect_match(long, "10 of 32 rows", fixed = TRUE)
})
