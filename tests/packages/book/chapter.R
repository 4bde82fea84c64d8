# One document's code, expression by expression, in the process that is R's torch or ours.
#
# run_document() writes a file for each expression: what it printed, what its value is in plain
# numbers and words, or its error. It stands alone: run.R sources it in a new process.

run_document <- function(name, file, data, to) {
  options(width = 80, cli.num_colors = 1L, cli.progress_show_after = 1e6, torch.warn = FALSE)
  grDevices::pdf(NULL)
  library(torch)
  library(magrittr, include.only = "%>%")
  substitutes <- new.env(parent = globalenv())
  sys.source(data, substitutes)
  substitutes$prepare(name)
  chapter <- new.env(parent = substitutes)
  expressions <- expressions_of(file)
  for (i in seq_along(expressions)) {
    place <- file.path(to, sprintf("%04d.rds", i))
    if (file.exists(place)) next
    saveRDS(list(state = "ended"), place)
    saveRDS(run_expression(expressions[[i]], chapter, i, substitutes), place)
  }
}

# --- code out of a document -----------------------------------------------------------------------

# A list of expressions. A chunk that is not R stands there as an error of parse().
expressions_of <- function(file) {
  lines <- readLines(file, encoding = "UTF-8", warn = FALSE)
  if (grepl("[.]R$", file)) return(as.list(parse(text = lines, keep.source = FALSE)))
  opens <- grepl("^ *```+ *[{][rR][ ,}]", lines)
  closes <- grepl("^ *```+ *$", lines)
  chunks <- lapply(which(opens), function(from) {
    to <- which(closes & seq_along(lines) > from)[1L]
    text <- lines[seq_len(to - from - 1L) + from]
    tryCatch(
      as.list(parse(text = text, keep.source = FALSE, encoding = "UTF-8")),
      error = function(e) list(bquote(stop(.(conditionMessage(e)))))
    )
  })
  unlist(chunks, recursive = FALSE)
}

# --- running --------------------------------------------------------------------------------------

# Each expression starts from its own seeds: one that draws more than its twin leaves the next as
# it is.
run_expression <- function(expression, envir, seed, substitutes) {
  downloads <- intersect(all.names(expression), substitutes$downloads)
  if (length(downloads) > 0L) return(list(state = "download", message = downloads[1L]))
  expression <- substitutes$smaller(expression)
  set.seed(seed)
  torch::torch_manual_seed(seed)
  warned <- character()
  result <- list(state = "ok")
  printed <- utils::capture.output(
    tryCatch(
      withCallingHandlers(
        {
          value <- withVisible(eval(expression, envir))
          if (value$visible) print(value$value)
          result$value <- describe(value$value)
        },
        warning = function(w) {
          warned <<- c(warned, conditionMessage(w))
          invokeRestart("muffleWarning")
        },
        message = function(m) invokeRestart("muffleMessage")
      ),
      error = function(e) result <<- list(state = "error", message = conditionMessage(e))
    )
  )
  result$printed <- printed
  result$warned <- warned
  result$code <- deparse(expression)
  result
}

# --- values ---------------------------------------------------------------------------------------

# What two processes can compare: plain vectors and lists of them.
describe <- function(x, depth = 0L) {
  if (depth > 6L) return(class(x))
  deeper <- function(x) if (length(x) > 0L) lapply(x, describe, depth + 1L)
  if (inherits(x, "torch_tensor")) return(describe_tensor(x))
  if (inherits(x, c("luz_module_fitted", "luz_module_evaluation"))) {
    return(list(class = class(x), metrics = describe(luz::get_metrics(x))))
  }
  if (inherits(x, "nn_module_generator")) return("nn_module_generator")
  if (inherits(x, "nn_module")) {
    return(list(class = kind(x), state = deeper(x$state_dict())))
  }
  if (isS4(x)) return(list(class = class(x)[1L], slots = deeper(attributes(x))))
  if (is.function(x) && !is.object(x)) return(list("function", names(formals(x))))
  if (is.function(x) || is.environment(x) || typeof(x) == "externalptr") return(kind(x))
  if (is.language(x)) return(deparse(x))
  # A benchmark of bench: its times, and what it saw of R's memory, are never the same.
  if (is.data.frame(x) && all(c("memory", "gc") %in% names(x))) return(names(x))
  if (is.list(x)) {
    parts <- unclass(x)
    attributes(parts) <- list(names = names(x))
    return(list(class = class(x), parts = deeper(parts)))
  }
  first <- seq_len(min(length(x), 2000L))
  list(class = class(x), dim = dim(x), length = length(x), values = plain(x)[first])
}

# Its class, without what says how it is made.
kind <- function(x) setdiff(class(x), c("R6", "R7", "function", "python_object", "python_callable"))

plain <- function(x) if (is.factor(x)) as.character(x) else as.vector(unclass(x))

describe_tensor <- function(x) {
  kind <- utils::capture.output(print(x$dtype))
  values <- tryCatch(
    {
      x <- x$detach()$cpu()
      if (grepl("Half|BFloat16|Float8", kind)) x <- x$to(dtype = torch::torch_float())
      as.vector(as.array(x$flatten()[1:min(x$numel(), 2000)]))
    },
    error = function(e) NULL
  )
  list(dtype = kind, shape = as.integer(dim(x)), values = values)
}
