# What torch_fit() fits: descriptions of models, plain R values.

#' Models for torch_fit()
#'
#' Descriptions of models: which, and with which options. What follows from the data (the number of
#' inputs, outputs, levels and classes) is left to [torch_fit()].
#'
#' `linear()`, `logistic()`, `multinomial()` and R's [families][stats::family], such as `poisson()`,
#' `Gamma("log")`, `quasi(variance = "mu^2")`, `MASS::negative.binomial(2)`, are fitted exactly, in
#' float64: least squares, iteratively reweighted least squares, or Newton's method, as `lm()`,
#' `glm()` and `nnet::multinom()` have them. The others are networks, trained in float32.
#'
#' `ordinal()` is the proportional odds model of a factor's levels in their order, and with other
#' links its likes, as of `MASS::polr()`; `quantile_regression()` is as of `quantreg::rq()`, with
#' the standard errors of `se = "nid"`. Of times that may be censored, a response
#' `Surv(time, event)` of package survival: `cox()` is as of `coxph()`, also of
#' `Surv(start, stop, event)`, and `aft()` as of `survreg()`, also of times censored on the left or
#' in an interval. In their formulas `strata(g)` gives each level of g a baseline, or a scale, of
#' its own. All four are fitted exactly, too.
#'
#' `linear()` takes a response of several columns, as `lm()` does: each has its coefficients, a
#' column of `coef()`.
#'
#' `gaussian_mixture()`, `k_means()` and `pca()` have no response, as in `torch_fit(~ ., data,
#' k_means(3))`. They too are fitted exactly, in float64; see [predict.torch_unsupervised()].
#'
#' A string, such as `"linear"` or `"mlp"`, means the model of that name with its defaults. Any
#' `nn_module`, in R or Python, is a model too: its initial weights are where training starts, and
#' it is left as it was. (Lazy layers such as [nn_lazy_linear()] get theirs from the first row,
#' drawn by the fit's seed, and keep them.)
#'
#' @param hidden Units of each hidden layer, first to last, or `NULL` for none; of `cnn()`, of
#'   linear layers after the convolutions; of `rnn()`, of the state; of `autoencoder()`, on either
#'   side of the code.
#' @param activation Name of the activation after each hidden layer: `"relu"`, `"tanh"`, `"gelu"`,
#'   `"silu"`, `"elu"`, `"selu"`, `"celu"`, `"leaky_relu"`, `"mish"`, `"softplus"`, `"softsign"`,
#'   `"hardtanh"`, `"sigmoid"` or `"identity"`.
#' @param dropout Probability, from 0 and below 1, with which a hidden unit is dropped in training.
#' @param normalization `"batch"` or `"layer"`: between each hidden layer and its activation; `NULL`
#'   for none.
#' @param residual `TRUE` adds the input of each hidden layer to its output.
#' @param embedding_dims Length of the vectors that stand for the levels of each factor: a number
#'   for all or one each. `NULL`: half the number of levels, rounded up, at most 50.
#' @param embedding_dropout Probability with which an element of such a vector is dropped.
#' @param channels Channels of each convolution of an image network; each is followed by pooling
#'   that halves the image.
#' @param kernel_size Width and height of the convolutions, odd.
#' @param batch_norm `TRUE` normalises after each convolution.
#' @param cell `"lstm"`, `"gru"` or `"rnn"`.
#' @param layers Number of recurrent layers.
#' @param bidirectional `TRUE` reads sequences backwards as well.
#' @param code Units of the code, the narrowest layer.
#' @param tol,max_iter When the iterations of an exact fit end; `NULL` for the defaults.
#' @param k Number of components or clusters; of `pca()`, `NULL` takes all.
#' @param covariance `"full"`, `"diagonal"` or `"spherical"`, each component its own.
#' @param method `"em"` (Dempster, Laird and Rubin, 1977), or `"gradient"`: L-BFGS on the same
#'   likelihood.
#' @param n_init Starts, of which the best result is kept. k-means draws them by k-means++ (Arthur
#'   and Vassilvitskii, 2007); a mixture begins with k-means.
#' @param center,scale Of `pca()`, `TRUE` subtracts the columns' means, and divides by their
#'   standard deviations, as `prcomp()` does. Of `aft()`, a number holds the scale there, and `NULL`
#'   estimates it (but `"exponential"` has 1 and `"rayleigh"` 1/2).
#' @param link Link of `logistic()`: `"logit"`, `"probit"`, `"cloglog"`, `"cauchit"` or `"log"`; of
#'   `ordinal()`: `"logit"`, `"probit"`, `"cloglog"`, `"loglog"` or `"cauchit"`.
#' @param ties Of events at one time: `"efron"` or `"breslow"`.
#' @param distribution Of the times: `"weibull"`, `"exponential"`, `"rayleigh"`, `"lognormal"`,
#'   `"loglogistic"`; of times as they are: `"gaussian"`, `"logistic"`, `"extreme"`.
#' @param tau Which quantile, above 0 and below 1; 0.5 is the median.
#' @return A `model_description`.
#' @section Factors as predictors:
#' `tabular()` learns a vector for each level, an embedding (Guo and Berkhahn, 2016, Entity
#' embeddings of categorical variables). Other networks see 0/1 columns, one a level but the first.
#' The exact models see what `lm()` sees: R's contrasts.
#' @examples
#' mlp(c(64, 32), dropout = 0.1)
#' tabular(32, embedding_dims = 3)
#' logistic(link = "probit")
#' gaussian_mixture(3, covariance = "diagonal")
#' @name torch_models
NULL

#' @rdname torch_models
#' @export
mlp <- function(hidden = c(64, 32), activation = "relu", dropout = 0, normalization = NULL,
                residual = FALSE) {
  new_model("mlp", as.list(environment()))
}

#' @rdname torch_models
#' @export
tabular <- function(hidden = c(64, 32), activation = "relu", dropout = 0, normalization = NULL,
                    residual = FALSE, embedding_dims = NULL, embedding_dropout = 0) {
  new_model("tabular", as.list(environment()))
}

#' @rdname torch_models
#' @export
cnn <- function(channels = c(16, 32), hidden = NULL, kernel_size = 3, activation = "relu",
                dropout = 0, batch_norm = FALSE) {
  new_model("cnn", as.list(environment()))
}

#' @rdname torch_models
#' @export
rnn <- function(hidden = 32, cell = "lstm", layers = 1, bidirectional = FALSE, dropout = 0) {
  new_model("rnn", as.list(environment()))
}

#' @rdname torch_models
#' @export
autoencoder <- function(hidden = 32, code = 2, activation = "relu", dropout = 0,
                        normalization = NULL) {
  new_model("autoencoder", as.list(environment()))
}

#' @rdname torch_models
#' @export
linear <- function() new_model("linear", list())

#' @rdname torch_models
#' @export
logistic <- function(link = "logit", tol = NULL, max_iter = NULL) {
  new_model("logistic", as.list(environment()))
}

#' @rdname torch_models
#' @export
multinomial <- function(tol = NULL, max_iter = NULL) {
  new_model("multinomial", as.list(environment()))
}

#' @rdname torch_models
#' @export
ordinal <- function(link = "logit", tol = NULL, max_iter = NULL) {
  new_model("ordinal", as.list(environment()))
}

#' @rdname torch_models
#' @export
quantile_regression <- function(tau = 0.5, tol = NULL, max_iter = NULL) {
  if (!is_number(tau) || tau <= 0 || tau >= 1) {
    shown <- if (is_number(tau)) tau else friendly_type(tau)
    abort(sys.call(), "`tau` must be a number above 0 and below 1, not ", shown, ".")
  }
  new_model("quantile_regression", as.list(environment()))
}

#' @rdname torch_models
#' @export
cox <- function(ties = "efron", tol = NULL, max_iter = NULL) {
  new_model("cox", as.list(environment()))
}

#' @rdname torch_models
#' @export
aft <- function(distribution = "weibull", scale = NULL, tol = NULL, max_iter = NULL) {
  new_model("aft", as.list(environment()))
}

#' @rdname torch_models
#' @export
gaussian_mixture <- function(k, covariance = "full", method = "em", n_init = 1, tol = NULL,
                             max_iter = NULL) {
  check_count(k, "k", 1)
  new_model("gaussian_mixture", as.list(environment()))
}

#' @rdname torch_models
#' @export
k_means <- function(k, n_init = 10, max_iter = NULL) {
  check_count(k, "k", 1)
  new_model("k_means", as.list(environment()))
}

#' @rdname torch_models
#' @export
pca <- function(k = NULL, center = TRUE, scale = FALSE) {
  if (!is.null(k)) check_count(k, "k", 1)
  new_model("pca", as.list(environment()))
}

new_model <- function(name, options, module = NULL) {
  # No hidden layers, rather than the default.
  if (is.null(options$hidden) && "hidden" %in% names(options)) options$hidden <- list()
  options <- options[!vapply(options, is.null, NA)]
  model <- list(name = name, options = options, module = module)
  class(model) <- "model_description"
  model
}

#' @export
print.model_description <- function(x, ...) {
  check_no_dots(..., except = names(formals(print.default)))
  cat(model_label(x), "\n", sep = "")
  invisible(x)
}

# As a call: mlp(hidden = c(64, 32), dropout = 0.1).
model_label <- function(model) {
  if (!is.null(model$module)) return(paste0("<", class(model$module)[1L], ">"))
  if (!is.null(model$options$family)) {
    family <- model$options$family
    more <- if (grepl("(", family, fixed = TRUE)) paste0(family_parameter(family), ", ")
    return(paste0(base_family(family), "(", more, "link = \"", model$options$link, "\")"))
  }
  described <- model_function(model$name)
  defaults <- if (is.null(described)) list() else formals(described)
  # An argument without a default is never equal to it.
  defaults <- lapply(defaults, function(x) if (is.name(x)) x else eval(x))
  changed <- !mapply(identical, model$options, defaults[names(model$options)])
  arguments <- vapply(model$options[changed | names(model$options) == "hidden"], deparse1, "")
  named <- paste(names(arguments), "=", arguments, recycle0 = TRUE)
  paste0(model$name, "(", paste(named, collapse = ", "), ")")
}

# What a user gives as `model`.
as_model <- function(x, call) {
  if (inherits(x, "model_description")) return(x)
  if (is.function(x) && !inherits(x, "python_object") && !is_nn_module(x)) {
    if (inherits(x, "nn_module_generator")) {
      abort(call, "`model` must be a module, not what makes one: call it, `model = net(...)`.")
    }
    # glm() takes a function of a family too.
    x <- tryCatch(x(), error = function(condition) x)
    if (inherits(x, "model_description")) return(x)
    if (is.function(x) && is.name(formals(x)$k)) {
      abort(call, "`model` must be called with its number, such as k_means(3).")
    }
  }
  if (inherits(x, "family")) return(family_model(x, call))
  if (inherits(x, "python_object") || is_nn_module(x)) {
    if (!call_python("registry.is_module", x)) {
      abort(call, "`model` must be a module of PyTorch, not ", format(x), ".")
    }
    return(new_model("module", list(), x))
  }
  if (!is_string(x)) {
    abort(
      call, "`model` must be a model such as mlp(c(64, 32)), its name, a family or an nn_module, ",
      "not ", friendly_type(x), "."
    )
  }
  row <- model_row(x)
  if (isTRUE(row$offered)) {
    if (length(row$required) > 0L) {
      abort(call, "`model`: ", x, "() needs a number, model = ", x, "(3).")
    }
    described <- model_function(x)
    return(if (is.null(described)) new_model(x, list()) else described())
  }
  families <- c(
    "poisson", "binomial", "gaussian", "Gamma", "inverse.gaussian", "quasi", "quasibinomial",
    "quasipoisson"
  )
  if (x %in% families) return(family_model(get(x, asNamespace("stats"))(), call))
  refuse_name(x, c(offered_models(), families), "model", call)
}

family_model <- function(family, call) {
  name <- tolower(sub(".", "_", family$family, fixed = TRUE))
  # These have a parameter, which is part of the name.
  if (name == "quasi") name <- paste0("quasi(", family$varfun, ")")
  if (startsWith(name, "negative binomial")) {
    theta <- environment(family$variance)$.Theta
    name <- paste0("negative_binomial(", format(theta, digits = 17L), ")")
  }
  if (!base_family(name) %in% names(model_registry()$families)) {
    abort(call, "`model`: the family \"", family$family, "\" is not known here.")
  }
  link <- family$link
  # power() rounds the name of its link.
  if (startsWith(link, "mu^")) {
    link <- paste0("mu^", format(environment(family$linkfun)$lambda, digits = 17L))
  }
  new_model("glm", list(family = name, link = link))
}

# Without its parameter.
base_family <- function(name) if (endsWith(name, ")")) sub("\\(.*", "", name) else name

family_parameter <- function(name) sub("\\)$", "", sub("^[a-z_]*\\(", "", name))

# An error that lists the names there are.
refuse_name <- function(x, known, name, call) {
  abort(
    call, "`", name, "`: \"", x, "\" is not known; it can be ",
    paste0("\"", known, "\"", collapse = ", "), ".", hint_of(x, known)
  )
}

# The nearest of the names there are, if it is near.
hint_of <- function(x, known) {
  distance <- utils::adist(x, known, ignore.case = TRUE)[1L, ]
  if (min(distance) <= max(2, nchar(x) %/% 3)) {
    paste0("\nDid you mean `", known[which.min(distance)], "`?")
  }
}
