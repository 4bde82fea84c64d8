#' Fit a model
#'
#' Fits a model to a formula and a data frame, to predictors and responses, to a recipe or to the
#' batches of a [dataloader()]. What comes back is a plain R value: it prints, predicts and plots,
#' has `coef()`, `summary()`, `vcov()`, `residuals()`, `logLik()` and the rest, and survives
#' `saveRDS()` and a new session.
#'
#' @section Data:
#' A **formula** is read as `lm()` reads it: functions, interactions, `I()`, `offset()`, `subset`,
#' contrasts; text is a factor, dates and times are numbers. `weights` and `offset` are looked up in
#' `data` first. A term `(x | g)` is one of random effects: see [torch_mixed]. A response `Surv()`
#' of package survival, of times that may be censored, is for `cox()`, `aft()` and networks, and
#' `strata()` in its formula. A response that is a factor, character or logical has classes (TRUE
#' counts as 1 for `linear()`); a two-column matrix `cbind(successes, failures)` is for `logistic()`
#' and `binomial()`; any other matrix is several responses of a network or of `linear()`.
#'
#' **x and y**: a data frame of such columns, or a numeric matrix; arrays
#' (n, channels, height, width) for `cnn()` and (n, time, features) for `rnn()`. A **recipe**
#' (package recipes) is prepared here, with `data`, and applied again to new data.
#'
#' New data must have the same columns, of the same types and levels: package hardhat checks, and
#' says which is at fault. Rows with NA are left out or refused as `na.action` says; NULL is
#' `getOption("na.action")`.
#'
#' **Data beyond memory**: `data` may also be the path of a Parquet, CSV or Arrow (Feather) file,
#' of a folder of such files of one kind (with those of `key=value` folders below it) or of several
#' by a pattern with `*`; a query of SQL, which needs Python's package duckdb; a Python data set,
#' reader or relation (`pyarrow.dataset`, DuckDB, polars); [frame_batches()]; or a table, data set
#' or reader of the package arrow. It is read once to learn levels, means and how many rows have
#' NA, and then again in every epoch, in bounded memory: decoded ahead by threads, and shuffled by
#' permuting files and row groups and then in a buffer (`shuffle_buffer`). What can be read only
#' once (a stream, a query) is kept in a temporary file. Rows of a process of several are those of
#' its own part. Such a formula has columns, `offset()`, interactions, `log`, `log10`, `log2`,
#' `log1p`, `exp`, `sqrt`, `abs`, `I()` of arithmetic, and numbers that are variables; other
#' functions are for the query. The columns of all files must be there in one kind, and a level
#' that training has not seen is an error. Without a shuffle the fit is that of the same rows in
#' memory. It keeps no rows: predictions take `newdata`. Text in the files may be factors of any
#' order: levels are sorted as R sorts them, those of Arrow's dictionaries (factors) keep their
#' order.
#'
#' A **dataloader** gives batches of x and y (and weights) to a module of the caller's; R is called
#' for each. Everything else crosses into Python once a fit.
#'
#' `autoencoder()`, [gaussian_mixture()], [k_means()] and [pca()] have no response: `~ a + b`, or
#' `x` alone.
#'
#' @section Options of training:
#' These are for networks; exact models take `device` alone.
#' \describe{
#' \item{`validation`}{The share of the rows to draw for validation, such as 0.2; or a data frame
#'   like `data`; or `list(x, y)`. Its loss is in the history, and never trained on. Of data beyond
#'   memory each row is drawn by itself, so that the share is about that.}
#' \item{`loss`}{Name of a loss of `torch.nn.functional`: `"mse_loss"` (the default for numbers),
#'   `"l1_loss"`, `"smooth_l1_loss"`, `"huber_loss"`, `"poisson_nll_loss"` (of log means),
#'   `"gamma_nll_loss"` (likewise), `"cross_entropy"` (the default for classes),
#'   `"binary_cross_entropy_with_logits"`; `"cox_loss"` (the default for `Surv(time, event)`), the
#'   partial likelihood of log hazards, in which each batch is a sample of its own: a `batch_size`
#'   of all rows is the whole sample's. Or a function of output and y that returns a loss for
#'   each row, or one number for all, as a tensor. y comes to it in the shape of the output: (n, 1)
#'   for a vector and one output. R is then called in every step, unless it comes from
#'   [torch_compile()].}
#' \item{`epochs`, `batch_size`, `shuffle`}{Passes over the data (100), rows in a step (32 up to
#'   6,400 rows, and beyond the power of two that makes at most 200 steps an epoch, at most 1,024),
#'   and whether rows come in a new random order every epoch (`TRUE`). A single row that is left
#'   joins the batch before where the model has batch normalisation.}
#' \item{`shuffle_buffer`}{Of data beyond memory, how many rows wait in the buffer that they are
#'   shuffled in: 262,144, or as many as 64 MB hold. As many as there are rows is a full shuffle;
#'   more than half of the free memory is an error.}
#' \item{`optimizer`, `optimizer_options`, `lr`, `weight_decay`}{`"adam"`, `"adamw"`, `"sgd"`,
#'   `"rmsprop"`, `"adagrad"`, `"adadelta"`, `"adamax"`, `"nadam"`, `"radam"`, `"rprop"` or
#'   `"lbfgs"`; a list of more of its own arguments; the learning rate (0.001); L2 penalty, or decay
#'   of `"adamw"` (0).}
#' \item{`lr_schedule`}{Name of a schedule (`"cosine_annealing"`, `"one_cycle"`, `"step"`,
#'   `"exponential"`, `"reduce_on_plateau"`, ...), or a list of a name and its options:
#'   `list("step", step_size = 10)`.}
#' \item{`early_stopping`}{`TRUE`, or for how many epochs to wait for a better one, or a list of
#'   `patience`, `monitor`, `mode`, `min_delta`, `restore_best`. The weights of the best epoch are
#'   put back.}
#' \item{`checkpoint`, `resume`}{A file (or a list of `path`, `every`, `best_only`) to write the
#'   whole state to as training goes on; and such a file to go on from. The same fit goes on, and
#'   equals one that was not interrupted, bit for bit. Of data beyond memory `every_batches` in the
#'   list also writes within epochs, after so many batches. `epochs` may be more,
#'   unless `lr_schedule` depends on it; `device`, `strategy`, `verbose`, logs and paths may be
#'   others, and functions in `callbacks` that added nothing to the history may be left out. Other
#'   data (values, order, columns, weights), another model, seed, option or function is an error
#'   that names the first.
#'   For a new fit from the weights alone, load them into an `nn_module`: [torch_load()] of the file
#'   gives a list with the names `"module.0.weight"` and so on, and `$load_state_dict()` takes them
#'   without `"module."`.}
#' \item{`metrics`}{Names of what else is measured, in the history (and in `glance()`) as
#'   `train_accuracy` and `valid_accuracy`: for classes `"accuracy"`, `"balanced_accuracy"` and, of
#'   two, `"roc_auc"`; for numbers `"mse"`, `"rmse"`, `"mae"` and `"r_squared"`. Of all rows of an
#'   epoch together, weighted as the loss is; those of training each at its own step, as
#'   `train_loss`.}
#' \item{`callbacks`}{A list of functions, each called at the end of an epoch with a list of
#'   `epoch`, `train_loss`, ...: `FALSE` stops training, a list of numbers such as `list(score = 2)`
#'   is added to the history, where `early_stopping` can monitor it. Of [torch_callback()]s, for
#'   other events (batches, gradients, validation). And of options by name:
#'   `gradient_clipping = list(max_norm = 1)`, `lr_finder = list()`, `csv_log = list(path =
#'   "log.csv")`, `tensorboard = list(log_dir = "runs")`.}
#' \item{`seed`}{Decides initial weights, the order of rows, dropout and the validation rows. NULL
#'   draws one from R's generator, so that `set.seed()` decides everything.}
#' \item{`device`, `precision`, `devices`, `strategy`}{`"cpu"`, `"cuda"`, ... (NULL takes the GPU
#'   when there is one); `"32-true"`, `"bf16-mixed"`, `"16-mixed"`, `"bf16-true"`, `"64-true"`; how
#'   many devices train together, and how: see below.}
#' \item{`accumulate`}{In how many parts each process works through its rows of a batch (1):
#'   gradients add up to the batch's, in less memory. Batch normalisation sees one part at a time.}
#' \item{`compile`}{`TRUE` and `"xla"` make one program of an epoch, by PyTorch's compiler or by
#'   JAX's: see below.}
#' \item{`standardize`}{`TRUE`: the network sees numeric columns, and gives numeric responses, on
#'   the scale of mean 0 and standard deviation 1; losses stay in units of the response. NULL does
#'   for `mlp()`, `tabular()` and `autoencoder()`; but a loss that is a function gets the network's
#'   own output then (which may be a logit, or a log mean), and only `TRUE` scales it.}
#' \item{`verbose`}{`TRUE` shows a progress bar; by default in interactive sessions. A script hears
#'   how far a fit is in messages, once it has taken ten seconds; `FALSE` shows nothing.}
#' }
#'
#' @section Compiled fits:
#' A step of a small network costs more in calls than in arithmetic. Compiled, an epoch is one
#' program: the order of the rows, batches, loss, gradients, clipping, the optimizer and its
#' schedule, dropout and batch normalisation; where no callback and no validation looks between,
#' many epochs are one call of it. A batch of a small network then takes a fifth to a tenth of the
#' time. Random numbers are PyTorch's, so the fit is that of `compile = FALSE` up to rounding. It is
#' for the optimizers `"adam"`, `"adamw"`, `"sgd"`, `"rmsprop"` and `"adagrad"`.
#'
#' `compile = TRUE` needs a C++ compiler and takes some ten seconds the first time; later fits of
#' such sizes in this session start at once. A last batch of another size stays an eager step. On a
#' GPU, for data that are read in pieces, and with a callback that listens to each batch, it
#' compiles the step alone, and says why.
#'
#' `compile = "xla"` is compiled in a second or two, which suits small fits. It runs on the CPU, for
#' data in memory, and needs JAX: `pip install "torchbridge[xla]"` (Python 3.11 or later). An
#' operator that it does not know, or a callback that listens to each batch, is an error that names
#' it; a process that was forked from one in which XLA runs (`parallel::mclapply()`) fits without
#' it, and says so. What it has compiled is kept in your own cache (`~/.cache/torchbridge`) for
#' later sessions, unless others could write there; the environment variable `TORCHBRIDGE_CACHE`
#' names another folder, or `off`.
#'
#' The default compiles nothing: what a seed gives does not depend on what is installed.
#' `fit$engine` says what ran.
#'
#' @section Several devices:
#' With `devices = 2` two processes train, each on its share of every batch: `batch_size` is the
#' whole's, and the fit is that of one device. `"all"` is one process for every GPU that PyTorch
#' sees (a CPU is one device, on whose cores its threads are). They start anew, which takes some
#' seconds, and see the data in memory that they share. This R stays what it is: it calls the
#' functions in `callbacks`, shows progress, and gets weights and history at the end. A network or a
#' loss that is written in R starts R in each process, with the variables and packages that its code
#' names; what it changes there does not come back. A [torch_callback()] and a dataloader belong to
#' this R, and are an error. On a CPU the processes share the threads ([torch_set_num_threads()]).
#' An interrupt ends all of them; one that dies is an error that shows what it has written last.
#'
#' `strategy = "ddp"` (the default) has the whole network in each process; `"fsdp"` has a part of
#' every weight in each, for networks that one GPU cannot hold.
#'
#' A script that **torchrun** or Slurm's srun has started in several processes, on one machine or
#' many, needs no change: each finds its rank in its environment, and `devices` is all of them (1
#' lets each train by itself). The first process alone writes, shows progress and calls functions
#' at the ends of epochs, and its seed is everybody's; each returns the whole fit. With `checkpoint`
#' a job that was started anew goes on where it was. An error in one process is an error in each;
#' none waits for another longer than the environment variable `TORCHBRIDGE_DEADLINE` says (600
#' seconds). `docs/guides/cluster.Rmd` has the commands.
#'
#' @section What a fit holds:
#' `saveRDS()` writes what is in the fit: the call, the parameters, the responses, the fitted
#' values, and of the predictors what new rows are checked by, and for an exact model of a formula
#' its model frame, as `lm()` does. Other fits have a digest of the data: a verb that reads these
#' again stops where they have changed. Of the environment of the formula,
#' such as the function that called `torch_fit()`, it holds the variables and functions that the
#' formula, `data`, `weights`, `offset` and `subset` name, and plain values that are arguments by
#' name (`epochs = n`), and nothing else: what a formula of `update()` names in addition must be in
#' the data or in the global environment. An `nn_module` keeps its R code with
#' all that this can see. Of callbacks and losses nothing is kept but what the call says.
#'
#' @section Sparse predictors:
#' A sparse `x` (a `dgCMatrix`, or any other class of package Matrix) is never made dense:
#' `linear()`,
#' `logistic()` and the families multiply its entries, and hold a square of its number of columns
#' beside them; [mlp()] and an `nn_module` get sparse batches, which the first layer multiplies (it
#' must be linear), and `mlp()` standardizes within that layer. Results are those of
#' `as.matrix(x)`. Other models are an error. [torch_tune()] takes a sparse matrix likewise.
#'
#' @section Interrupts:
#' An interrupt (Ctrl-C, Esc) ends training after the epoch at hand and returns the fit so far, with
#' the best weights where there is validation data or early stopping; `$status` says so.
#'
#' @param x A data frame, matrix, array or tensor of predictors, one row an observation; a matrix of
#'   package Matrix (see Sparse predictors); a recipe; or a dataloader.
#' @param formula A formula: response and predictors.
#' @param data A data frame, or what is read batch by batch: see below.
#' @param y The responses: a vector, factor or matrix.
#' @param model What to fit: [mlp()], [linear()] and the like, the name of one, a family such as
#'   `poisson()`, or an `nn_module`.
#' @param weights What each row counts, not negative: in the likelihood for exact models (numbers of
#'   trials for shares), in the mean of the loss for networks.
#' @param offset Added to the linear predictor, or the network's output.
#' @param subset Which rows to use, as of `lm()`.
#' @param contrasts A list of contrasts by the names of factors, as of `lm()`.
#' @param na.action What to do with rows that have NA: `na.omit`, `na.exclude` or `na.fail`.
#' @param ... Options of training, see below. Unknown ones are an error.
#' @return An object of class `torch_fit`: a list with, among others, `history` (a data frame, a row
#'   an epoch), `lr_finder` (the rates that such a callback tried, and their losses), `status`,
#'   `best_epoch`, `device`, `engine` (`"eager"`, `"compiled epochs"`, `"compiled steps"` or
#'   `"xla"`), `seed`, `weights` (the parameters, as the bytes of a safetensors file),
#'   `fitted.values` and `call`.
#' @seealso [predict.torch_fit()], [summary.torch_fit()], [tidy.torch_fit()], [plot.torch_fit()],
#'   [torch_importance()], [torch_tune()], [torch_export()].
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' fit <- torch_fit(mpg ~ wt + hp, data = mtcars, model = linear())
#' summary(fit)
#' set.seed(1)
#' net <- torch_fit(mpg ~ ., data = mtcars, model = mlp(16), epochs = 20)
#' predict(net, head(mtcars))
#' @export
torch_fit <- function(x, ...) UseMethod("torch_fit")

#' @rdname torch_fit
#' @export
torch_fit.formula <- function(formula, data = NULL, model = mlp(), ..., weights = NULL,
                              offset = NULL, subset = NULL, na.action = NULL, # nolint
                              contrasts = NULL) {
  call <- user_call(match.call(expand.dots = TRUE))
  asked <- match.call(expand.dots = FALSE)
  if (has_bars(formula)) {
    return(fit_mixed(
      formula, data, model, list(...), asked, na.action, contrasts, parent.frame(), call
    ))
  }
  model <- as_model(model, call)
  options <- training_options(list(...), model, call)
  if (is_streamed(data)) {
    return(fit_streamed(formula, data, model, options, asked, na.action, parent.frame(), call))
  }
  read <- formula_frame(formula, data, asked, parent.frame(), call, model)
  prepared <- prepare_formula(read, data, model, na.action, call, contrasts)
  fit_prepared(prepared, model, options, call)
}

#' @rdname torch_fit
#' @export
torch_fit.character <- function(x, ...) {
  formula <- tryCatch(stats::as.formula(x, parent.frame()), error = function(condition) {
    abort(sys.call(-4L), "`x`: ", conditionMessage(condition))
  })
  eval(as.call(c(quote(torch_fit), formula, as.list(sys.call())[-(1:2)])), parent.frame())
}

#' @rdname torch_fit
#' @export
torch_fit.data.frame <- function(x, y = NULL, model = mlp(), ..., weights = NULL, offset = NULL,
                                 na.action = NULL) { # nolint: object_name_linter.
  # torch_fit(formula = y ~ a, data) has its data where x is.
  if ("formula" %in% ...names()) {
    call <- user_call(match.call())
    names(call)[names(call) == "x"] <- "data"
    names(call)[names(call) == "y"] <- "model"
    first <- which(names(call) == "formula")
    return(eval(call[c(1L, first, setdiff(seq_along(call)[-1L], first))], parent.frame()))
  }
  call <- user_call(match.call(expand.dots = TRUE))
  model <- as_model(model, call)
  options <- training_options(list(...), model, call)
  prepared <- prepare_xy(x, y, weights, offset, model, na.action, call)
  prepared$env <- kept_scope(place_of_argument(match.call()$x, parent.frame()), list(call$x))
  fit_prepared(prepared, model, options, call)
}

#' @rdname torch_fit
#' @export
torch_fit.matrix <- torch_fit.data.frame

#' @rdname torch_fit
#' @export
torch_fit.array <- torch_fit.data.frame

#' @rdname torch_fit
#' @export
torch_fit.Matrix <- torch_fit.data.frame

#' @rdname torch_fit
#' @export
torch_fit.torch_tensor <- torch_fit.data.frame

#' @rdname torch_fit
#' @export
torch_fit.recipe <- function(x, data, model = mlp(), ..., weights = NULL, offset = NULL,
                             na.action = NULL) { # nolint: object_name_linter.
  call <- user_call(match.call(expand.dots = TRUE))
  model <- as_model(model, call)
  options <- training_options(list(...), model, call)
  prepared <- prepare_recipe(x, data, weights, offset, model, na.action, call)
  prepared$env <- kept_scope(place_of_argument(match.call()$data, parent.frame()), list(call$data))
  fit_prepared(prepared, model, options, call)
}

#' @rdname torch_fit
#' @export
torch_fit.dataloader <- function(x, model, ...) {
  call <- user_call(match.call(expand.dots = TRUE))
  model <- as_model(model, call)
  if (is.null(model$module)) {
    abort(call, "`model` must be an nn_module for a dataloader, not ", model_label(model), ".")
  }
  fit_batches(x, model, training_options(list(...), model, call), call)
}

#' @rdname torch_fit
#' @export
torch_fit.default <- function(x, ...) {
  abort(
    sys.call(-1L), "`x` must be a formula, a data frame, a matrix, an array, a recipe or a ",
    "dataloader, not ", friendly_type(x), ".",
    if (inherits(x, "dataset")) "\nMake batches of it: dataloader(x, batch_size = 32)."
  )
}

# With the name that users know, whatever method it was.
user_call <- function(call) {
  call[[1L]] <- quote(torch_fit)
  for (i in seq_along(call)[-1L]) if (is_looked_up(call[[i]])) call[[i]] <- call[[i]][[2L]]
  call
}

# ---- one fit ----

fit_prepared <- function(prepared, model, options, call) {
  if (is_unsupervised(model)) check_unsupervised(prepared, model, call)
  response <- as_response(prepared$response, model, options, prepared$weights, call)
  check_columns(prepared$columns, call)
  options$loss_name <- loss_name_of(options, response)
  if (!is_exact_model(model) && options$loss_name == "cox_loss") {
    options$task$fit_options$loss <- "cox_loss"
  }
  task <- fit_task(prepared, model, response, options, call)
  result <- run_fit("fit.fit", task, options, call = call)
  for (note in unlist(result$notes)) warning(warningCondition(note, call = call))
  finish_fit(made_of(prepared, model, response, call), result, options)
}

# What crosses.
fit_task <- function(prepared, model, response, options, call) {
  if (isFALSE(prepared$preparation$intercept) && "intercept" %in% model_row(model)$options) {
    model$options$intercept <- FALSE
  }
  c(
    list(model = if (is.null(model$module)) model$name else model$module),
    if (is.null(prepared$terms)) crossing(prepared$columns) else crossing_terms(prepared),
    list(
      response = response$tensor, n_classes = response$n_classes,
      weights = as_tensor(response$weights), offset = as_tensor(prepared$offset),
      strata = if (!is.null(prepared$strata)) as_tensor(as.integer(prepared$strata) - 1L),
      validation = crossing_validation(options$validation, prepared, response, call),
      model_options = if (length(model$options) > 0L) model$options,
      standardize = options$standardize,
      origin = if (!is_exact_model(model)) table_origin(prepared$columns, model, options)
    ),
    options$task
  )
}

loss_name_of <- function(options, response) {
  if (!is.null(options$loss_name)) return(options$loss_name)
  if (inherits(response$values, "Surv")) return("cox_loss")
  if (is.null(response$levels)) "mse_loss" else "cross_entropy"
}

# What stays in R.
made_of <- function(prepared, model, response, call) {
  list(
    call = as.call(kept_list(as.list(call))),
    model = model[c("name", "options")], module = model$module,
    terms = prepared$preparation$terms, preparation = prepared$preparation,
    levels = response$levels, response = response$values, prior.weights = response$weights,
    strata = prepared$strata,
    offset = prepared$offset, na.action = prepared$na.action, nobs = prepared$n,
    frame = prepared$frame, digest = prepared$digest,
    env = prepared$env, # where the call finds x, as a formula knows it
    row_names = prepared$row_names
  )
}

# The R value of what Python gave.
finish_fit <- function(made, result, options) {
  history <- if (!is_exact_model(made$model)) {
    history <- lapply(result$history, as.numeric)
    names(history) <- make.names(names(history), unique = TRUE) # of the user's metrics
    list2DF(history)
  }
  unsupervised <- is_unsupervised(made$model)
  fitted <- with_rows(result$fitted, made)
  fit <- c(made, list(
    history = history, status = result$status, best_epoch = result$best_epoch,
    device = result$device, engine = result$engine, seed = options$seed, loss = options$loss_name,
    n_parameters = result$n_parameters, spec = result$spec, weights = result$weights,
    parameter_names = as.character(unlist(result$parameter_names)), id = result$id,
    fitted.values = fitted,
    lr_finder = if (!is.null(result$lr_finder)) {
      as.data.frame(lapply(result$lr_finder, as.numeric))
    },
    exact = if (!unsupervised) as_exact(result$exact, made, fitted),
    result = if (unsupervised) as_result(result$exact, made)
  ))
  fit$row_names <- NULL
  if (!is.null(result$handle) && is.null(made$module)) remember_model(result$id, result$handle)
  structure(fit, class = c(if (unsupervised) "torch_unsupervised", "torch_fit"))
}

# A vector, or a matrix whose columns are classes or responses.
with_rows <- function(values, made) {
  if (is.null(values)) return(NULL)
  labels <- made$row_names
  if (length(dim(values)) > 1L) {
    names <- if (is.null(made$levels)) colnames(made$response) else made$levels
    if (is_rebuilding(made$model)) names <- made$preparation$column_names
    if (length(dim(values)) == 2L && ncol(values) == length(names)) colnames(values) <- names
    if (length(dim(values)) == 2L) rownames(values) <- labels
    # Of two classes, the second: as of glm().
    if (length(made$levels) == 2L) return(values[, 2L])
    return(values)
  }
  values <- as.vector(values)
  names(values) <- labels
  values
}

#' @export
print.torch_fit <- function(x, digits = max(3L, getOption("digits") - 3L), ...) {
  check_no_dots(...)
  cat("Call:\n", paste(deparse(x$call), collapse = "\n"), "\n\n", sep = "")
  if (!is.null(x$exact)) {
    cat("Coefficients:\n")
    print(format(coef(x), digits = digits), print.gap = 2L, quote = FALSE)
    cat("\n")
    if (length(x$exact$extra) > 0L) {
      cat(if (x$exact$family == "ordinal") "Thresholds:\n" else "Scale:\n")
      print(format(x$exact$extra, digits = digits), print.gap = 2L, quote = FALSE)
      cat("\n")
    }
  } else {
    cat(model_label(new_model(x$model$name, x$model$options, x$module)), ", ", sep = "")
    cat(x$n_parameters, " parameters, ", sep = "")
    if (!is.null(x$nobs)) cat(x$nobs, "rows, ")
    by <- if (!is.null(x$engine) && x$engine != "eager") paste(", by", x$engine)
    cat("on ", x$device, by, "\n", sep = "")
  }
  cat(fit_status(x, digits), sep = "\n")
  invisible(x)
}

# How it went, in lines.
fit_status <- function(x, digits) {
  if (!is.null(x$exact)) {
    found <- c("Log-likelihood" = x$exact$log_likelihood, "Deviance" = x$exact$deviance)
    if (has_responses(x$exact)) {
      names(found) <- paste("Deviance of", response_names(x$exact$coefficients))
    }
    shown <- paste0(names(found), ": ", format(found, digits = digits, trim = TRUE))
    failed <- if (!isTRUE(x$exact$converged)) "The fit did not converge"
    return(c(paste(shown, collapse = ", "), failed))
  }
  history <- x$history
  last <- history[nrow(history), setdiff(names(history), "epoch"), drop = FALSE]
  losses <- paste(names(last), vapply(last, format, "", digits = digits), collapse = ", ")
  c(
    paste0(nrow(history), " epochs (", x$loss, "): ", losses),
    if (!is.null(x$best_epoch)) paste("Best epoch:", x$best_epoch),
    if (x$status != "completed") paste("Training", x$status)
  )
}
