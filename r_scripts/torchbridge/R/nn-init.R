# Initial values, in place: torch.nn.init.

#' Initialise parameters
#'
#' These set the values of a tensor in place, outside of autograd. What is random follows
#' [torch_manual_seed()].
#'
#' * `nn_init_uniform_()`: uniform between `a` and `b`.
#' * `nn_init_normal_()`: normal.
#' * `nn_init_trunc_normal_()`: normal, drawn again outside `a` to `b`.
#' * `nn_init_constant_()`, `nn_init_ones_()`, `nn_init_zeros_()`: one value.
#' * `nn_init_eye_()`: the identity matrix.
#' * `nn_init_dirac_()`: convolution weights that pass as many channels through as they can.
#' * `nn_init_xavier_uniform_()`, `nn_init_xavier_normal_()`: variance
#'   2 `gain`^2 / (fan in + fan out) (Glorot and Bengio, 2010).
#' * `nn_init_kaiming_uniform_()`, `nn_init_kaiming_normal_()`: variance gain^2 / fan, with the
#'   gain of `nonlinearity` (He and others, 2015).
#' * `nn_init_orthogonal_()`: rows or columns orthonormal, times `gain` (Saxe and others, 2013).
#' * `nn_init_sparse_()`: a normal matrix with a share of zeros in each column (Martens, 2010).
#' * `nn_init_calculate_gain()`: the gain that goes with an activation.
#'
#' A weight of a linear layer is outputs x inputs: its fan in is the number of inputs (times
#' the size of the window for convolutions), its fan out the number of outputs.
#'
#' @param tensor A tensor: a parameter of a module, mostly.
#' @param a,b Bounds; for `nn_init_kaiming_*()` `a` is the negative slope of the leaky ReLU.
#' @param mean,std Mean and standard deviation.
#' @param val The value.
#' @param groups Groups of channels of the convolution.
#' @param gain A factor.
#' @param mode `"fan_in"` keeps the variance of values in the forward pass, `"fan_out"` that
#'   of gradients in the backward pass.
#' @param nonlinearity The activation that follows: `"linear"`, `"sigmoid"`, `"tanh"`,
#'   `"relu"`, `"leaky_relu"`, `"selu"`, `"conv1d"`, ...
#' @param sparsity Share of zeros in each column.
#' @param param Negative slope of the leaky ReLU.
#' @param generator A random number generator of Python's. `NULL`: the default one.
#' @return `tensor`, invisibly; `nn_init_calculate_gain()` a number.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' layer <- nn_linear(3, 2)
#' nn_init_xavier_uniform_(layer$weight)
#' nn_init_zeros_(layer$bias)
#' @name nn_init
NULL

#' @rdname nn_init
#' @export
nn_init_uniform_ <- function(tensor, a = 0, b = 1, generator = NULL) {
  set_values("uniform_", tensor, a = a, b = b, generator = generator)
}

#' @rdname nn_init
#' @export
nn_init_normal_ <- function(tensor, mean = 0, std = 1, generator = NULL) {
  set_values("normal_", tensor, mean = mean, std = std, generator = generator)
}

#' @rdname nn_init
#' @export
nn_init_trunc_normal_ <- function(tensor, mean = 0, std = 1, a = -2, b = 2, generator = NULL) {
  set_values("trunc_normal_", tensor, mean = mean, std = std, a = a, b = b, generator = generator)
}

#' @rdname nn_init
#' @export
nn_init_constant_ <- function(tensor, val) set_values("constant_", tensor, val = val)

#' @rdname nn_init
#' @export
nn_init_ones_ <- function(tensor) set_values("ones_", tensor)

#' @rdname nn_init
#' @export
nn_init_zeros_ <- function(tensor) set_values("zeros_", tensor)

#' @rdname nn_init
#' @export
nn_init_eye_ <- function(tensor) set_values("eye_", tensor)

#' @rdname nn_init
#' @export
nn_init_dirac_ <- function(tensor, groups = 1) set_values("dirac_", tensor, groups = groups)

#' @rdname nn_init
#' @export
nn_init_xavier_uniform_ <- function(tensor, gain = 1, generator = NULL) {
  set_values("xavier_uniform_", tensor, gain = gain, generator = generator)
}

#' @rdname nn_init
#' @export
nn_init_xavier_normal_ <- function(tensor, gain = 1, generator = NULL) {
  set_values("xavier_normal_", tensor, gain = gain, generator = generator)
}

#' @rdname nn_init
#' @export
nn_init_kaiming_uniform_ <- function(tensor, a = 0, mode = "fan_in", nonlinearity = "leaky_relu",
                                     generator = NULL) {
  set_values(
    "kaiming_uniform_", tensor,
    a = a, mode = mode, nonlinearity = nonlinearity, generator = generator
  )
}

#' @rdname nn_init
#' @export
nn_init_kaiming_normal_ <- function(tensor, a = 0, mode = "fan_in", nonlinearity = "leaky_relu",
                                    generator = NULL) {
  set_values(
    "kaiming_normal_", tensor,
    a = a, mode = mode, nonlinearity = nonlinearity, generator = generator
  )
}

#' @rdname nn_init
#' @export
nn_init_orthogonal_ <- function(tensor, gain = 1, generator = NULL) {
  set_values("orthogonal_", tensor, gain = gain, generator = generator)
}

#' @rdname nn_init
#' @export
nn_init_sparse_ <- function(tensor, sparsity, std = 0.01, generator = NULL) {
  set_values("sparse_", tensor, sparsity = sparsity, std = std, generator = generator)
}

#' @rdname nn_init
#' @export
nn_init_calculate_gain <- function(nonlinearity, param = NULL) {
  check_string(nonlinearity, "nonlinearity")
  call_python("nn_utils.gain", nonlinearity, param)
}

set_values <- function(name, tensor, ..., call = sys.call(-1L)) {
  check_tensor(tensor, "tensor", call)
  arguments <- list(...)
  arguments <- arguments[!vapply(arguments, is.null, NA)]
  call_python("nn_utils.set_values", name, tensor, arguments, call = call)
  invisible(tensor)
}
