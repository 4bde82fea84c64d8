# What a checkpoint is to know of R's side of a fit: the names of columns, the source of functions,
# what a dataloader reads. Python compares it where a fit resumes, and digests what is long.
# Tests: test-fit-provenance.R.

# Sources and data are looked at only where there is a checkpoint.
has_checkpoint <- function(options) {
  !is.null(options$task$fit_options$resume) ||
    "model_checkpoint" %in% names(options$task$callbacks)
}

table_origin <- function(columns, model, options) {
  list(
    columns = as.list(if (is.data.frame(columns) || !is.list(columns)) {
      colnames(columns)
    } else {
      names(columns)
    }),
    module = if (has_checkpoint(options)) module_source(model$module)
  )
}

# Of a module and those in it: the R code and the fields of each that is written in R.
module_source <- function(module) {
  if (is.null(module)) return(NULL)
  half <- environment(module)
  own <- if (!is.null(half$definition)) {
    values <- half_values(half)
    list(
      methods = lapply(module_lineage(half$definition), function(level) {
        origin_parts(c(level$methods, level$private, level$active))
      }),
      fields = origin_parts(values$fields), private = origin_parts(values$private)
    )
  }
  children <- lapply(module$children, module_source)
  children <- children[!vapply(children, is.null, NA)]
  if (is.null(own) && length(children) == 0L) return(NULL)
  c(own, list(children = children))
}

loader_origin <- function(loader) {
  if (is.null(loader)) return(NULL)
  names <- c("dataset", "batch_size", "shuffle", "sampler", "batch_sampler", "collate_fn",
    "drop_last")
  given <- loader$.arguments()
  origin_parts(lapply(stats::setNames(names, names), function(name) given[[name]]))
}

function_source <- function(f) paste(deparse(f), collapse = "\n")

# Any value as lists of vectors, text and tensors; what has no value to tell is its class.
origin_parts <- function(x, depth = 5L) {
  if (is.null(x) || is_tensor(x)) return(x)
  if (is.function(x) && is.null(attr(x, "torchbridge_handle"))) return(function_source(x))
  if (is.function(x) || typeof(x) == "externalptr") return(x) # Python's, which describes it
  if (depth == 0L) return(class(x))
  if (is.environment(x)) return(environment_parts(x, depth))
  if (is.language(x)) return(deparse(x))
  if (!is.list(x)) return(vector_parts(x))
  parts <- lapply(unclass(x), origin_parts, depth = depth - 1L)
  attributes(parts) <- list(names = names(x))
  parts
}

# R6 objects, such as datasets: their fields, methods and private ones.
environment_parts <- function(x, depth) {
  names <- setdiff(
    ls(x, all.names = TRUE), c(".__enclos_env__", "clone", names(Dataset$public_methods))
  )
  names <- names[!vapply(names, bindingIsActive, NA, env = x)]
  private <- if (inherits(x, "R6")) x$.__enclos_env__$private
  list(
    class = class(x), private = if (!is.null(private)) environment_parts(private, depth - 1L),
    fields = lapply(mget(names, envir = x), origin_parts, depth = depth - 1L)
  )
}

vector_parts <- function(x) {
  if (is.null(attributes(x))) return(x)
  about <- attributes(x)[setdiff(names(attributes(x)), "dim")]
  values <- plain_vector(x)
  if (length(about) == 0L) values else list(values = values, attributes = lapply(about, unclass))
}
