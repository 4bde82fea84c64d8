skip_without_python()

every_type <- local({
  x <- data.frame(
    double = c(1.5, NaN, NA), integer = c(1L, NA, -3L), logical = c(TRUE, NA, FALSE),
    character = c("a", NA, "\u00e9"), factor = factor(c("b", NA, "a"), levels = c("b", "a", "z")),
    ordered = factor(c("hi", "lo", NA), levels = c("lo", "hi"), ordered = TRUE),
    date = as.Date(c("2024-02-29", NA, "1899-12-31")),
    time = as.POSIXct(c("2024-07-01", NA, "1969-12-31"), tz = "Asia/Seoul"),
    span = as.difftime(c(90, NA, -2), units = "secs"), raw = as.raw(c(0, 1, 255))
  )
  x$complex <- c(1 + 2i, NA, 3)
  x$list <- list(1:2, NULL, 5L)
  x$frame <- data.frame(p = c(1, NA, 3), q = c("x", NA, "z"))
  x
})

test_that("every type comes back identical from pyarrow, with its metadata", {
  x <- every_type
  x$hours <- as.difftime(c(1.5, NA, -2), units = "hours")
  x$day <- structure(c(1L, NA, 3L), class = "Date")
  x$local <- structure(c(0.5, NA, 3), class = c("POSIXct", "POSIXt"))
  expect_identical(as.data.frame(as_py_frame(x, "arrow")), x)
  expect_identical(as.data.frame(as_py_frame(mtcars, "arrow")), mtcars)
  expect_identical(as.data.frame(as_py_frame(iris[0, ], "arrow")), iris[0, ])
})

test_that("every type comes back identical from pandas", {
  x <- every_type
  expect_identical(as.data.frame(as_py_frame(x)), x)
  subset <- mtcars[c(5, 2), ]
  expect_identical(as.data.frame(as_py_frame(subset)), subset)
  subset <- airquality[c(7, 3), ]
  expect_identical(as.data.frame(as_py_frame(subset)), subset)
})

test_that("to_r() is the data frame of a frame, and the vector of a column, of every library", {
  x <- data.frame(a = c(1.5, NA), b = c("u", NA))
  for (kind in c("arrow", "pandas", if (can_import("polars")) "polars")) {
    frame <- as_py_frame(x, kind)
    expect_identical(to_r(frame), x, label = kind)
    column <- frame[["b"]]
    expect_identical(if (is_python(column)) to_r(column) else column, x$b, label = kind)
  }
})

test_that("every type comes back identical from polars", {
  skip_if_not(can_import("polars"), "polars")
  x <- every_type
  y <- as.data.frame(as_py_frame(x, "polars"))
  x$ordered <- factor(x$ordered, ordered = FALSE) # polars does not order
  expect_identical(y, x)
  expect_identical(as.data.frame(as_py_frame(mtcars, "polars")), mtcars)
})

test_that("integer64 stays integer64 where it must", {
  skip_if_not_installed("bit64")
  x <- data.frame(x = bit64::as.integer64(c("4611686018427387905", NA, "-1")))
  for (kind in c("arrow", "pandas")) {
    expect_identical(as.data.frame(as_py_frame(x, kind)), x)
  }
  small <- data.frame(x = bit64::as.integer64(c(1, NA)))
  expect_identical(as.data.frame(as_py_frame(small)), data.frame(x = c(1L, NA)))
})

test_that("a Python frame becomes one of every other kind by the rules of a data frame", {
  kinds <- c("arrow", "pandas", if (can_import("polars")) "polars")
  x <- every_type[!names(every_type) %in% c("list", "frame")]
  x$double[2L] <- 4 # pandas has one NaN for NA and NaN
  x$complex[2L] <- 4i
  x$wide <- structure(c(4.9e-324, NA, 1.5), class = "integer64")
  for (source in kinds) {
    for (kind in kinds) {
      made <- as_py_frame(as_py_frame(x, source), kind)
      wanted <- x
      if ("polars" %in% c(source, kind)) wanted$ordered <- factor(x$ordered, ordered = FALSE)
      # What pandas calls NaN is missing where it goes on to Arrow.
      found <- as.data.frame(made)
      found$double[3L] <- wanted$double[3L] <- NA
      expect_identical(found, wanted, info = paste(source, kind))
      back <- as.data.frame(as_py_frame(as_py_frame(mtcars, source), kind))
      expect_identical(back, mtcars, info = paste(source, kind))
    }
  }
})

test_that("as_tibble() and tibbles", {
  skip_if_not_installed("tibble")
  x <- tibble::tibble(a = 1:2, b = c("x", NA))
  expect_identical(as.data.frame(as_py_frame(x, "arrow")), x)
  expect_identical(tibble::as_tibble(as_py_frame(data.frame(x))), x)
})

test_that("matrices and nested data frames come back identical", {
  x <- data.frame(a = 1:3)
  x$m <- matrix(c(1, NA, 3, 4, NaN, 6), 3)
  x$nested <- lapply(1:3, function(i) data.frame(u = seq_len(i), v = letters[seq_len(i)]))
  for (kind in c("arrow", "pandas", "polars")) {
    if (kind == "polars" && !can_import("polars")) next
    expect_identical(as.data.frame(as_py_frame(x, kind)), x)
  }
  skip_if_not_installed("tibble")
  x <- tibble::tibble(g = 1:2, data = list(tibble::tibble(u = 1), tibble::tibble(u = c(2, 3))))
  expect_identical(as.data.frame(as_py_frame(x, "arrow")), x)
})

test_that("what is lost is a classed warning that names the column", {
  x <- data.frame(good = 1, day = structure(0.5, class = "Date"))
  expect_warning(as_py_frame(x), "column 'day'.*part of a day", class = "torchbridge_lossy")
  nano <- python_names(
    "import pyarrow as pa", "t = pa.table({'t': pa.array([10**18 + 1], 'timestamp[ns]')})"
  )$t
  expect_warning(as.data.frame(nano), "column 't'", class = "torchbridge_lossy")
  expect_warning(to_r(nano), "column 't'", class = "torchbridge_lossy")
})

test_that("bad input is an error that names the argument", {
  expect_error(as_py_frame(1:3), "`df` must be a data frame, not an integer vector.", fixed = TRUE)
  expect_error(as_py_frame(iris, "dplyr"), "`kind` must be")
  expect_error(as_py_frame(iris, kind = 1), "`kind` must be a single string")
  expect_error(as.data.frame(py_import("sys")), "`x`: expected a Python data frame")
  expect_error(as.data.frame(as_py_frame(iris), nrows = 3), "Unknown argument: `nrows`")
  x <- data.frame(a = 1:2)
  x$m <- array(1:8, c(2, 2, 2))
  expect_error(as_py_frame(x), "column 'm': an array")
  x$m <- list(1, "a")
  expect_error(as_py_frame(x, "arrow"), "column 'm'.*of one type")
})

test_that("a frame of numbers is a tensor", {
  x <- data.frame(a = c(1, 2, NA), b = 1:3, c = c(TRUE, FALSE, TRUE))
  expect_identical(to_r(as_torch_tensor(x)), unname(as.matrix(x) + 0))
  expect_match(as_torch_tensor(data.frame(1:2, 3:4))$dtype$`__repr__`(), "torch.int32")
  expect_identical(dim(as_torch_tensor(data.frame(a = 1:3)[0])), c(3L, 0L))
  masked <- as_torch_tensor(x, na = "mask")
  expect_identical(to_r(masked$mask), unname(!is.na(x)))
  expect_error(as_torch_tensor(iris), "column 'Species'.*frame_tensors")
  expect_error(as_torch_tensor(x, dtype = "int64"), "column 'a'")
})

test_that("frame_tensors() encodes and decodes", {
  x <- every_type[c("double", "integer", "logical", "character", "factor", "date", "time", "span")]
  x$double <- c(1.5, 2, NA)
  encoded <- frame_tensors(x)
  expect_identical(as.data.frame(encoded), x)
  expect_identical(encoded$levels, list(character = c("a", "\u00e9"), factor = c("b", "a", "z")))
  expect_equal(to_r(encoded$codes)[, 2], c(1, 0, 2))
  expect_identical(to_r(encoded$codes_mask)[, 1], !is.na(x$character))
  expect_equal(to_r(encoded$numeric)[, 1], c(1.5, 2, 0))
  again <- frame_tensors(x[3:1, ], like = encoded)
  expect_equal(to_r(again$codes), to_r(encoded$codes)[3:1, ])
  x$character[1] <- "new"
  expect_error(frame_tensors(x, like = encoded), "column 'character': 'new'")
  expect_error(frame_tensors(x, like = 1), "`like` must be")
  expect_error(frame_tensors(every_type), "column '(raw|complex|list|frame)'")
})

test_that("frame_batches() reads files piece by piece", {
  file <- tempfile(fileext = ".csv")
  on.exit(unlink(file))
  utils::write.csv(iris, file, row.names = FALSE)
  next_batch <- frame_batches(file, batch_size = 60)
  rows <- integer()
  while (!is.null(batch <- next_batch())) rows <- c(rows, nrow(as.data.frame(batch)))
  expect_identical(rows, c(60L, 60L, 30L))
  all <- frame_batches(file, columns = c("Species", "Sepal.Length"), like = NULL)()
  expect_identical(all$levels, list(Species = levels(iris$Species)))
  expect_equal(as.vector(to_r(all$numeric)), iris$Sepal.Length)
  expect_equal(as.vector(to_r(all$codes)), as.integer(iris$Species))
  expect_error(frame_batches(file, batch_size = 0), "`batch_size` must be")
  expect_error(frame_batches("no/such.csv"), "no file or folder")
  expect_error(frame_batches(file, columns = "nothing"), "no column 'nothing'")
})

test_that("Arrow streams change hands by address, as the packages arrow and nanoarrow do it", {
  room <- api("new_stream", NULL)
  api("put_stream", as_py_frame(iris, "arrow"), room$address)
  stream <- api("stream_at", room, room$address)
  expect_identical(as.data.frame(stream), iris)
})

test_that("frames leave nothing behind", {
  go <- function() as.data.frame(as_py_frame(every_type, "arrow"))
  go()
  before <- live_objects()
  for (i in 1:20) go()
  expect_identical(live_objects(), before)
})

test_that("every table and array of the package arrow is a data frame here", {
  skip_if_not_installed("arrow")
  of <- function(name) getExportedValue("arrow", name)
  d <- data.frame(a = c(1L, NA, 3L), b = c("x", NA, "z"), z = c(1.5, NA, NaN))
  table <- of("arrow_table")(d)
  tables <- list(
    table, of("record_batch")(d), of("as_record_batch_reader")(table),
    of("InMemoryDataset")$create(table)
  )
  for (x in tables) expect_identical(as.data.frame(as_py_frame(x, "arrow")), d)
  expect_identical(as.data.frame(frame_tensors(table)), d)
  expect_identical(as.numeric(as_torch_tensor(of("Array")$create(c(1.5, 2)))), c(1.5, 2))
  expect_identical(as.integer(torch_tensor(of("chunked_array")(1:2, 3L))), 1:3)
  # polars has views of text, and the package refuses those.
  back <- of("as_arrow_table")(of("as_record_batch_reader")(as_py_frame(d, "polars")))
  expect_identical(as.data.frame(back)$b, d$b)
})

test_that("queries of dplyr on the package arrow's tables are data frames here", {
  skip_if_not_installed("arrow")
  skip_if_not_installed("dplyr")
  table <- getExportedValue("arrow", "arrow_table")(mtcars)
  query <- getExportedValue("dplyr", "filter")(table, cyl == 4)
  expect_s3_class(query, "arrow_dplyr_query")
  expect_identical(nrow(as.data.frame(as_py_frame(query))), sum(mtcars$cyl == 4))
  fit <- torch_fit(mpg ~ wt, query, linear())
  wanted <- stats::lm(mpg ~ wt, mtcars[mtcars$cyl == 4, ])
  expect_equal(coef(fit), stats::coef(wanted), tolerance = 1e-8)
})

test_that("arrays and streams of the package nanoarrow are data frames here", {
  skip_if_not_installed("nanoarrow")
  of <- function(name) getExportedValue("nanoarrow", name)
  d <- data.frame(a = c(1L, NA, 3L), b = c("x", NA, "z"))
  array <- of("as_nanoarrow_array")(d)
  expect_identical(as.data.frame(as_py_frame(array)), d)
  expect_identical(as.data.frame(as_py_frame(array)), d) # it is still there
  expect_identical(as.data.frame(as_py_frame(of("as_nanoarrow_array_stream")(d))), d)
  expect_error(as_py_frame(of("as_nanoarrow_array")(1:3)), "`df` must be a data frame")
  expect_identical(as.integer(as_torch_tensor(of("as_nanoarrow_array")(1:3))), 1:3)
  stream <- of("as_nanoarrow_array_stream")(as_py_frame(d, "polars"))
  expect_identical(as.data.frame(stream)$b, d$b)
})
