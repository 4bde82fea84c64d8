#' Data frames in Python
#'
#' `as_py_frame()` gives the Python frame of an R data frame, `as.data.frame()` the R data
#' frame of a Python frame: pandas, polars, pyarrow, or anything else that has
#' `__arrow_c_stream__`, such as a DuckDB result. With the package tibble, `as_tibble()` works
#' too. Columns cross whole, at memory speed, through Arrow.
#'
#' | R | pandas | polars, pyarrow |
#' |---|---|---|
#' | double | float64 (NA is NaN) | float64 |
#' | integer, logical | int32, bool; with NA Int32, boolean | int32, bool |
#' | character | str | string |
#' | factor, ordered | category | Enum (comes back unordered); dictionary |
#' | Date | date32 | date |
#' | POSIXct | datetime64 in its time zone | timestamp in its time zone |
#' | difftime | timedelta64 | duration |
#' | `bit64::integer64` | int64; with NA Int64 | int64 |
#' | complex, raw | complex128, uint8 | struct of `re` and `im`, uint8 |
#' | list of like vectors | object | list |
#' | data frame | struct | struct |
#' | list of like data frames (as of `tidyr::nest()`) | object | list of structs |
#' | matrix | fixed-size list | Array; fixed-size list |
#' | row names that are text | the index | a column `row.names` |
#'
#' NA is a missing value there, and NaN stays NaN. A POSIXct without a time zone goes in that of
#' the session, so that its clock is the same (in UTC where the session's zone has no common name).
#' Times go in microseconds, or in nanoseconds where only these keep them exactly. Back, 64-bit
#' integers are integer if all fit, else double if exact, else integer64; a time without zone is
#' read in UTC, so that its clock is the same; a column of text named `row.names` gives the row
#' names.
#'
#' What is lost (nanoseconds, the part of a day of a Date, digits of a decimal, a level that is NA,
#' the names of a matrix's columns and of a list's elements, a class that is not in the table) is a
#' warning of class `torchbridge_lossy` that names the column. A type that R does not have is an
#' error. Groups of a grouped tibble are not kept.
#'
#' `as_py_frame()` also takes Python frames of any kind, reticulate's too, and tables, datasets,
#' queries, readers, arrays and streams of the packages arrow and nanoarrow, by the same rules (a
#' reader or stream is read once); types that R does not have are the
#' library's own. Their `as_record_batch_reader()` and `as_nanoarrow_array_stream()` take Python
#' frames.
#'
#' @section In reticulate's calls:
#' All this holds in this package's own calls (`py_import("m")$f(df)`, `as_py_frame(df)`). In
#' reticulate's (`r.df` and `py$df` in Python chunks, `py_run_string()`, `import("m")$f(df)`) data
#' frames are converted by reticulate: NA of an integer is then -2147483648, NA of a logical `True`
#' or `False`, NA of a Date an error (reticulate 1.28 and 1.41). To have a frame whole there, pass
#' `as_py_frame(df)`; to read one whole, `as.data.frame(as_py_frame(x))` of an object that
#' reticulate has not converted (`py_eval("df", convert = FALSE)`).
#'
#' @param df A data frame, a Python frame, or a table or stream of the package arrow or nanoarrow.
#' @param kind `"pandas"`, `"polars"` or `"arrow"` (a pyarrow Table).
#' @param x A Python frame, or what [frame_tensors()] gave.
#' @param row.names Row names for the result, or `NULL` for those of `x`.
#' @param optional,... Not used.
#' @return `as_py_frame()`: a Python frame (class `python_object`). `as.data.frame()`: a data
#'   frame.
#' @seealso [frame_tensors()] for tensors, [as_torch_tensor()] where all columns are numbers.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' frame <- as_py_frame(iris, "arrow")
#' frame$num_rows
#' identical(as.data.frame(frame), iris)
#' @export
as_py_frame <- function(df, kind = "pandas") {
  check_frame(df, "df")
  check_string(kind, "kind")
  if (!kind %in% c("pandas", "polars", "arrow")) {
    abort(
      sys.call(), "`kind` must be \"pandas\", \"polars\" or \"arrow\", not \"", kind, "\"."
    )
  }
  with_notes(api("as_py_frame", from_arrow(df), kind))
}

#' @rdname as_py_frame
#' @export
as.data.frame.python_object <- function(x, row.names = NULL, # nolint: object_name_linter.
                                        optional = FALSE, ...) {
  check_no_dots(..., except = "stringsAsFactors")
  result <- with_notes(api("frame_to_r", x))
  wide <- vapply(result, inherits, NA, "integer64")
  if (any(wide) && !requireNamespace("bit64", quietly = TRUE)) {
    abort(
      sys.call(), "Column `", names(result)[wide][1L], "` has integers beyond 2^53, for which R ",
      "needs the package bit64.\nInstall it with `install.packages(\"bit64\")`."
    )
  }
  if (!is.null(row.names)) rownames(result) <- row.names
  result
}

#' @rdname as_py_frame
#' @export
as.data.frame.torch_tensor <- function(x, row.names = NULL, # nolint: object_name_linter.
                                       optional = FALSE, ...) {
  as.data.frame(as.matrix(x), row.names = row.names, optional = optional, ...)
}

#' @rawNamespace S3method(tibble::as_tibble,python_object)
as_tibble.python_object <- function(x, ...) { # nolint: object_name_linter.
  tibble::as_tibble(as.data.frame(x), ...)
}

#' Data frames as tensors
#'
#' `frame_tensors()` encodes a data frame of any columns as tensors: a block of numbers, a block
#' of codes, and masks of what is missing. `frame_batches()` does so piece by piece for what
#' does not fit in memory: Parquet, CSV and Arrow files, folders of these, and Arrow streams.
#'
#' Numbers and logicals are themselves, dates days since 1970, times and spans seconds. Factors
#' and text are codes, counted from 1, of their levels. What each column was is kept:
#' `as.data.frame()` gives the data frame back, exactly where `dtype` is float64.
#'
#' @param x A data frame; a Python frame; a table or stream of the package arrow or nanoarrow.
#' @param source Path of a file (`.parquet`, `.csv`, `.arrow`, `.feather`) or of a folder of
#'   files of one kind; or an Arrow stream, as `x`.
#' @param batch_size Rows of a batch. The last has what is left.
#' @param columns Names of the columns to read, or `NULL` for all.
#' @param dtype Floating dtype of the numbers, such as `"float32"`.
#' @param device Where the tensors go, such as `"cuda"`, or `NULL` for the CPU.
#' @param like An earlier result of `frame_tensors()`, so that columns, levels and codes are the
#'   same (for new data, for the next batch); or `NULL`. Without it the levels of text are its
#'   different values, sorted by code point; a file is read once for them beforehand.
#' @return `frame_tensors()`: a Python object with the tensors `$numeric` (rows, columns of
#'   numbers) and `$codes` (rows, columns of codes; 0 where missing), `$numeric_mask` and
#'   `$codes_mask` (`TRUE` where there is a value), and `$levels`, a named list of the levels
#'   of each column of codes. `frame_batches()`: a function that gives the next batch at each
#'   call, and `NULL` after the last.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' x <- frame_tensors(iris)
#' x$codes
#' x$levels
#' all.equal(as.data.frame(x), iris)
#'
#' file <- tempfile(fileext = ".csv")
#' write.csv(iris, file, row.names = FALSE)
#' next_batch <- frame_batches(file, batch_size = 60)
#' while (!is.null(batch <- next_batch())) print(batch$numeric$mean(1))
#' unlink(file)
#' @export
frame_tensors <- function(x, dtype = "float64", device = NULL, like = NULL) {
  check_frame(x, "x")
  check_name(dtype, "dtype", "float32")
  check_name(device, "device", "cuda")
  check_frame_like(like)
  with_notes(api("frame_tensors", from_arrow(x), dtype, device, like))
}

#' @rdname frame_tensors
#' @export
frame_batches <- function(source, batch_size = 65536, columns = NULL, dtype = "float64",
                          device = NULL, like = NULL) {
  if (!is_string(source)) check_frame(source, "source")
  if (!is.numeric(batch_size) || length(batch_size) != 1L || is.na(batch_size) ||
    batch_size < 1 || batch_size != round(batch_size)) {
    abort(sys.call(), "`batch_size` must be a whole number of at least 1.")
  }
  if (!is.null(columns) && !(is.character(columns) && !anyNA(columns))) {
    abort(sys.call(), "`columns` must be names of columns, or NULL.")
  }
  check_name(dtype, "dtype", "float32")
  check_name(device, "device", "cuda")
  check_frame_like(like)
  batches <- api(
    "frame_batches", from_arrow(source), as.double(batch_size),
    if (!is.null(columns)) as.list(columns), dtype, device, like
  )
  structure(function() api("next_batch", batches), class = "frame_batches")
}

check_frame <- function(x, name, call = sys.call(-1L)) {
  if (!inherits(x, c("data.frame", arrow_classes)) && !is_python(x) || is_one_column(x)) {
    abort(call, "`", name, "` must be a data frame, not ", friendly_type(x), ".")
  }
}

check_frame_like <- function(like, call = sys.call(-1L)) {
  if (!is.null(like) && !inherits(like, "python_object")) {
    abort(call, "`like` must be a result of `frame_tensors()`, or NULL.")
  }
}

# What Python noted becomes warnings of a class of their own.
with_notes <- function(result, call = sys.call(-1L)) {
  for (note in result$notes) {
    warning(structure(
      class = c("torchbridge_lossy", "warning", "condition"),
      list(message = note, call = call)
    ))
  }
  result$value
}

# ---- the packages arrow and nanoarrow: streams are passed by address ----

arrow_classes <- c(
  "ArrowTabular", "RecordBatchReader", "Dataset", "arrow_dplyr_query", "nanoarrow_array_stream",
  "nanoarrow_array"
)

from_arrow <- function(x) {
  if (!inherits(x, arrow_classes)) return(x)
  if (inherits(x, "nanoarrow_array")) x <- nanoarrow_function("as_nanoarrow_array_stream")(x)
  if (inherits(x, "nanoarrow_array_stream")) return(api("stream_at", x, nanoarrow_address(x)))
  room <- api("new_stream", NULL)
  arrow_function("as_record_batch_reader")(x)$export_to_c(room$address)
  api("stream_at", room, room$address)
}

is_one_column <- function(x) {
  inherits(x, "nanoarrow_array") &&
    nanoarrow_function("infer_nanoarrow_schema")(x)$format != "+s"
}

# Columns of these packages, and their tables of numbers, as R's own vectors and matrices.
r_values <- function(x) {
  if (inherits(x, "ArrowDatum")) return(as.vector(x))
  if (is_one_column(x)) return(nanoarrow_function("convert_array")(x))
  if (inherits(x, arrow_classes)) as.data.frame(as_py_frame(x, "arrow")) else x
}

#' @rawNamespace S3method(arrow::as_record_batch_reader,python_object)
as_record_batch_reader.python_object <- function(x, ...) { # nolint.
  room <- api("new_stream", NULL)
  api("put_stream", x, room$address)
  arrow_function("RecordBatchReader")$import_from_c(room$address)
}

#' @rawNamespace S3method(nanoarrow::as_nanoarrow_array_stream,python_object)
as_nanoarrow_array_stream.python_object <- function(x, ..., schema = NULL) { # nolint.
  if (!is.null(schema)) abort(sys.call(), "`schema` must be NULL: the stream keeps its own.")
  stream <- nanoarrow_function("nanoarrow_allocate_array_stream")()
  api("put_stream", x, nanoarrow_address(stream))
  stream
}

# Neither package is needed, nor suggested: whoever has such an object has its package.
nanoarrow_address <- function(x) nanoarrow_function("nanoarrow_pointer_addr_dbl")(x)
nanoarrow_function <- function(name) getExportedValue("nanoarrow", name)
arrow_function <- function(name) getExportedValue("arrow", name)
