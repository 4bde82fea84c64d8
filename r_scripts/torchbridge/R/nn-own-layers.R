# Layers, losses and a parametrization that R torch has and PyTorch has not.

#' Sparsemax
#'
#' The projection onto the simplex: like softmax, but small inputs get a probability of 0.
#'
#' @param input A tensor.
#' @param dim The dim along which the result sums to 1, counted from 1; -1 is the last.
#' @return `nnf_contrib_sparsemax()`: a tensor like `input`. `nn_contrib_sparsemax()`: a module.
#' @references Martins and Astudillo (2016), From Softmax to Sparsemax, algorithm 1.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' nnf_contrib_sparsemax(torch_tensor(c(0.1, 0.5, 2)))
#' @export
nnf_contrib_sparsemax <- function(input, dim = -1) {
  check_tensor(input, "input")
  call_python("own_functions.sparsemax", input, dim)
}

#' @rdname nnf_contrib_sparsemax
#' @export
nn_contrib_sparsemax <- nn_module(
  "nn_contrib_sparsemax",
  initialize = function(dim = -1) self$dim <- dim,
  forward = function(input) nnf_contrib_sparsemax(input, self$dim)
)

#' Area under the smaller error rate
#'
#' For each threshold a prediction has a rate of false positives and one of false negatives; the
#' loss is the area under the smaller of the two. It is 0 where the order is right, as the area
#' under the ROC curve is then 1, and it has a gradient.
#'
#' @param input Predictions, one for each element of `target`.
#' @param target Classes: positive is the largest value, such as 2 of 1 and 2.
#' @return `nnf_area_under_min_fpr_fnr()`: a tensor without dims. `nn_aum_loss()`: a module.
#' @references Hillman and Hocking (2023), Optimizing ROC curves with a sort-based surrogate loss
#'   for binary classification and changepoint detection, JMLR 24.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' nnf_area_under_min_fpr_fnr(torch_tensor(c(0.3, 0.1, 0.8)), torch_tensor(c(1L, 2L, 2L)))
#' @export
nnf_area_under_min_fpr_fnr <- function(input, target) { # nolint: object_length_linter.
  check_tensor(input, "input")
  check_tensor(target, "target")
  call_python("own_functions.area_under_min_fpr_fnr", input, target)
}

#' @rdname nnf_area_under_min_fpr_fnr
#' @export
nn_aum_loss <- nn_module(
  "nn_aum_loss", inherit = nn_module("nn_loss"),
  forward = function(input, target) nnf_area_under_min_fpr_fnr(input, target)
)

#' Weight normalization
#'
#' `nn_utils_weight_norm$new(name, dim)` splits a parameter of a module into its direction
#' (`<name>_v`) and its length (`<name>_g`): the weight is `g * v / norm(v)`. `$apply(module)` does
#' so, `$recompute(module)`, which belongs into the module's forward, computes the weight from the
#' two again, and `$remove(module)` makes it one parameter again.
#'
#' @format An R6 class.
#' @section Arguments:
#' * `name`: the parameter's name, such as `"weight"`.
#' * `dim`: the dim along which there is a length for each place, counted from 1; `NULL` for one
#'   length of the whole.
#' @references Salimans and Kingma (2016), Weight Normalization.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' layer <- nn_linear(3, 2)
#' norm <- nn_utils_weight_norm$new("weight", dim = 1)
#' norm$apply(layer)
#' layer$weight_g
#' @export
nn_utils_weight_norm <- R6::R6Class("nn_utils_weight_norm", # nolint: object_name_linter.
  public = list(
    name = NULL,
    dim = NULL,
    initialize = function(name, dim) {
      check_string(name, "name")
      if (!is.null(dim)) check_count(dim, "dim", 1L)
      self$name <- name
      self$dim <- dim
    },
    compute_weight = function(module, name = self$name, dim = self$dim) {
      call_python("nn_utils.normed_weight", module, name, dim)
    },
    apply = function(module, name = self$name, dim = self$dim) {
      check_module(module, "module")
      call_python("nn_utils.split_weight", module, name, dim)
      invisible(module)
    },
    call = function(module) {
      call_python("nn_utils.recompute_weight", module, self$name, self$dim)
      invisible(module)
    },
    recompute = function(module) self$call(module),
    remove = function(module, name = self$name) {
      call_python("nn_utils.join_weight", module, name, self$dim)
      invisible(module)
    }
  )
)
