# Written by tools/optim.py from PyTorch 2.13.0: do not edit by hand.
# nolint start: object_name_linter, object_length_linter. The names are PyTorch's.

# R function -> class of torch.optim.
optimizers <- c(
  optim_asgd = "ASGD",
  optim_adadelta = "Adadelta",
  optim_adafactor = "Adafactor",
  optim_adagrad = "Adagrad",
  optim_adam = "Adam",
  optim_adamw = "AdamW",
  optim_adamax = "Adamax",
  optim_lbfgs = "LBFGS",
  optim_muon = "Muon",
  optim_nadam = "NAdam",
  optim_radam = "RAdam",
  optim_rmsprop = "RMSprop",
  optim_rprop = "Rprop",
  optim_sgd = "SGD",
  optim_sparse_adam = "SparseAdam"
)

# R function -> class of torch.optim.lr_scheduler.
schedulers <- c(
  lr_chained = "ChainedScheduler",
  lr_constant = "ConstantLR",
  lr_cosine_annealing = "CosineAnnealingLR",
  lr_cosine_annealing_warm_restarts = "CosineAnnealingWarmRestarts",
  lr_cyclic = "CyclicLR",
  lr_exponential = "ExponentialLR",
  lr_lambda = "LambdaLR",
  lr_linear = "LinearLR",
  lr_multi_step = "MultiStepLR",
  lr_multiplicative = "MultiplicativeLR",
  lr_one_cycle = "OneCycleLR",
  lr_polynomial = "PolynomialLR",
  lr_reduce_on_plateau = "ReduceLROnPlateau",
  lr_sequential = "SequentialLR",
  lr_step = "StepLR"
)

# What each argument must be: see optim-arguments.R.
argument_kinds <- c(
  T_0 = "whole",
  T_max = "whole",
  T_mult = "whole",
  adjust_lr_fn = "string?",
  alpha = "number",
  amsgrad = "flag",
  anneal_strategy = "string",
  base_lr = "numbers",
  base_momentum = "numbers",
  beta2_decay = "number",
  betas = "numbers2",
  capturable = "flag",
  centered = "flag",
  cooldown = "whole",
  cycle_momentum = "flag",
  d = "number",
  dampening = "number",
  decoupled_weight_decay = "flag",
  differentiable = "flag",
  div_factor = "number",
  end_factor = "number",
  epochs = "whole?",
  eps = "numbers",
  eta_min = "number",
  etas = "numbers2",
  factor = "number",
  final_div_factor = "number",
  foreach = "flag?",
  fused = "flag?",
  gamma = "number",
  history_size = "whole",
  initial_accumulator_value = "number",
  lambd = "number",
  last_epoch = "whole",
  line_search_fn = "string?",
  lr = "number",
  lr_decay = "number",
  lr_lambda = "functions",
  max_eval = "whole?",
  max_iter = "whole",
  max_lr = "numbers",
  max_momentum = "numbers",
  maximize = "flag",
  milestones = "wholes",
  min_lr = "numbers",
  mode = "string",
  momentum = "number",
  momentum_decay = "number",
  nesterov = "flag",
  ns_coefficients = "numbers3",
  ns_steps = "whole",
  optimizer = "optimizer",
  params = "params",
  patience = "whole",
  pct_start = "number",
  power = "number",
  rho = "number",
  scale_fn = "function?",
  scale_mode = "string",
  schedulers = "schedulers",
  start_factor = "number",
  step_size = "whole",
  step_size_down = "whole?",
  step_size_up = "whole",
  step_sizes = "numbers2",
  steps_per_epoch = "whole?",
  t0 = "number",
  three_phase = "flag",
  threshold = "number",
  threshold_mode = "string",
  tolerance_change = "number",
  tolerance_grad = "number",
  total_iters = "whole",
  total_steps = "whole?",
  weight_decay = "number"
)

#' Averaged stochastic gradient descent
#'
#' Stochastic gradient descent whose iterates are averaged from step `t0` on (Polyak and
#' Juditsky, 1992).
#'
#' @param params A list of tensors, such as `model$parameters`, or a list of groups, each a
#'   list of `params` and the options that are its own.
#' @param lr Learning rate.
#' @param lambd Decay of the learning rate and the parameters.
#' @param alpha How much of a running mean (or, in `optim_asgd()`, power) is kept.
#' @param t0 The step from which the iterates are averaged.
#' @param weight_decay Factor of the L2 penalty.
#' @param foreach Update all tensors together, faster on a GPU? `NULL` lets PyTorch choose.
#' @param maximize Go up the gradient, not down?
#' @param differentiable Record the step itself for gradients?
#' @param capturable May the step be part of a CUDA graph? Slower where it is not.
#' @inherit optimizers return
#' @family optimizers
#' @export
optim_asgd <- function(params, lr = 0.01, lambd = 0.0001, alpha = 0.75, t0 = 1e+06,
                       weight_decay = 0, foreach = NULL, maximize = FALSE, differentiable = FALSE,
                       capturable = FALSE) {
  new_optimizer("optim_asgd", match.call(), environment())
}

#' Adadelta
#'
#' Scales each step by the ratio of running averages of past steps and of past gradients, both
#' squared (Zeiler, 2012).
#'
#' @param params A list of tensors, such as `model$parameters`, or a list of groups, each a
#'   list of `params` and the options that are its own.
#' @param lr Learning rate.
#' @param rho How much of the running means is kept.
#' @param eps Added to a divisor so that it is not zero.
#' @param weight_decay Factor of the L2 penalty.
#' @param foreach Update all tensors together, faster on a GPU? `NULL` lets PyTorch choose.
#' @param capturable May the step be part of a CUDA graph? Slower where it is not.
#' @param maximize Go up the gradient, not down?
#' @param differentiable Record the step itself for gradients?
#' @inherit optimizers return
#' @family optimizers
#' @export
optim_adadelta <- function(params, lr = 1, rho = 0.9, eps = 1e-06, weight_decay = 0, foreach = NULL,
                           capturable = FALSE, maximize = FALSE, differentiable = FALSE) {
  new_optimizer("optim_adadelta", match.call(), environment())
}

#' Adafactor
#'
#' Adaptive steps whose second moments of a matrix are kept as row and column sums: little
#' memory for large models (Shazeer and Stern, 2018).
#'
#' @param params A list of tensors, such as `model$parameters`, or a list of groups, each a
#'   list of `params` and the options that are its own.
#' @param lr Learning rate.
#' @param beta2_decay The power of the step by which the second moment's memory grows.
#' @param eps Added to a divisor so that it is not zero.
#' @param d The largest root mean square that an update may have.
#' @param weight_decay Factor of the L2 penalty.
#' @param foreach Update all tensors together, faster on a GPU? `NULL` lets PyTorch choose.
#' @param maximize Go up the gradient, not down?
#' @inherit optimizers return
#' @family optimizers
#' @export
optim_adafactor <- function(params, lr = 0.01, beta2_decay = -0.8, eps = list(NULL, 0.001), d = 1,
                            weight_decay = 0, foreach = NULL, maximize = FALSE) {
  new_optimizer("optim_adafactor", match.call(), environment())
}

#' Adagrad
#'
#' Divides each step by the root of the sum of all squared gradients so far (Duchi, Hazan and
#' Singer, 2011).
#'
#' @param params A list of tensors, such as `model$parameters`, or a list of groups, each a
#'   list of `params` and the options that are its own.
#' @param lr Learning rate.
#' @param lr_decay Decay of the learning rate.
#' @param weight_decay Factor of the L2 penalty.
#' @param initial_accumulator_value What the sum of squares starts from.
#' @param eps Added to a divisor so that it is not zero.
#' @param foreach Update all tensors together, faster on a GPU? `NULL` lets PyTorch choose.
#' @param maximize Go up the gradient, not down?
#' @param differentiable Record the step itself for gradients?
#' @param fused Do a whole step in one kernel, which is fastest? `NULL` lets PyTorch choose.
#' @inherit optimizers return
#' @family optimizers
#' @export
optim_adagrad <- function(params, lr = 0.01, lr_decay = 0, weight_decay = 0,
                          initial_accumulator_value = 0, eps = 1e-10, foreach = NULL,
                          maximize = FALSE, differentiable = FALSE, fused = NULL) {
  new_optimizer("optim_adagrad", match.call(), environment())
}

#' Adam
#'
#' Steps along a running mean of the gradients, divided by the root of a running mean of their
#' squares (Kingma and Ba, 2015).
#'
#' @param params A list of tensors, such as `model$parameters`, or a list of groups, each a
#'   list of `params` and the options that are its own.
#' @param lr Learning rate.
#' @param betas How much of the running means of the gradient and its square is kept.
#' @param eps Added to a divisor so that it is not zero.
#' @param weight_decay Factor of the L2 penalty.
#' @param amsgrad Divide by the largest second moment so far (Reddi and others, 2018)?
#' @param foreach Update all tensors together, faster on a GPU? `NULL` lets PyTorch choose.
#' @param maximize Go up the gradient, not down?
#' @param capturable May the step be part of a CUDA graph? Slower where it is not.
#' @param differentiable Record the step itself for gradients?
#' @param fused Do a whole step in one kernel, which is fastest? `NULL` lets PyTorch choose.
#' @param decoupled_weight_decay Decay the parameters themselves, as AdamW does?
#' @inherit optimizers return
#' @family optimizers
#' @export
optim_adam <- function(params, lr = 0.001, betas = c(0.9, 0.999), eps = 1e-08, weight_decay = 0,
                       amsgrad = FALSE, foreach = NULL, maximize = FALSE, capturable = FALSE,
                       differentiable = FALSE, fused = NULL, decoupled_weight_decay = FALSE) {
  new_optimizer("optim_adam", match.call(), environment())
}

#' AdamW
#'
#' Adam with weight decay taken from the parameters themselves, apart from the gradient
#' (Loshchilov and Hutter, 2019).
#'
#' @param params A list of tensors, such as `model$parameters`, or a list of groups, each a
#'   list of `params` and the options that are its own.
#' @param lr Learning rate.
#' @param betas How much of the running means of the gradient and its square is kept.
#' @param eps Added to a divisor so that it is not zero.
#' @param weight_decay Factor of the L2 penalty.
#' @param amsgrad Divide by the largest second moment so far (Reddi and others, 2018)?
#' @param maximize Go up the gradient, not down?
#' @param foreach Update all tensors together, faster on a GPU? `NULL` lets PyTorch choose.
#' @param capturable May the step be part of a CUDA graph? Slower where it is not.
#' @param differentiable Record the step itself for gradients?
#' @param fused Do a whole step in one kernel, which is fastest? `NULL` lets PyTorch choose.
#' @inherit optimizers return
#' @family optimizers
#' @export
optim_adamw <- function(params, lr = 0.001, betas = c(0.9, 0.999), eps = 1e-08, weight_decay = 0.01,
                        amsgrad = FALSE, maximize = FALSE, foreach = NULL, capturable = FALSE,
                        differentiable = FALSE, fused = NULL) {
  new_optimizer("optim_adamw", match.call(), environment())
}

#' Adamax
#'
#' Adam with a running maximum of absolute gradients in place of the mean of squares (Kingma
#' and Ba, 2015).
#'
#' @param params A list of tensors, such as `model$parameters`, or a list of groups, each a
#'   list of `params` and the options that are its own.
#' @param lr Learning rate.
#' @param betas How much of the running means of the gradient and its square is kept.
#' @param eps Added to a divisor so that it is not zero.
#' @param weight_decay Factor of the L2 penalty.
#' @param foreach Update all tensors together, faster on a GPU? `NULL` lets PyTorch choose.
#' @param maximize Go up the gradient, not down?
#' @param differentiable Record the step itself for gradients?
#' @param capturable May the step be part of a CUDA graph? Slower where it is not.
#' @inherit optimizers return
#' @family optimizers
#' @export
optim_adamax <- function(params, lr = 0.002, betas = c(0.9, 0.999), eps = 1e-08, weight_decay = 0,
                         foreach = NULL, maximize = FALSE, differentiable = FALSE,
                         capturable = FALSE) {
  new_optimizer("optim_adamax", match.call(), environment())
}

#' L-BFGS
#'
#' The quasi-Newton method with limited memory (Liu and Nocedal, 1989). It evaluates the loss
#' several times a step, so `$step(closure)` needs a function that clears the gradients,
#' computes the loss, calls `$backward()` on it and gives it.
#'
#' @param params A list of tensors, such as `model$parameters`, or a list of groups, each a
#'   list of `params` and the options that are its own.
#' @param lr Learning rate.
#' @param max_iter The most iterations a step.
#' @param max_eval The most evaluations of the loss a step; `NULL`: `max_iter * 5 / 4`.
#' @param tolerance_grad Stop when no gradient is larger.
#' @param tolerance_change Stop when loss and parameters change by less.
#' @param history_size How many past steps the approximation of the Hessian uses.
#' @param line_search_fn `"strong_wolfe"` looks for a good step length along the direction;
#'   `NULL` takes `lr`.
#' @inherit optimizers return
#' @family optimizers
#' @export
optim_lbfgs <- function(params, lr = 1, max_iter = 20, max_eval = NULL, tolerance_grad = 1e-07,
                        tolerance_change = 1e-09, history_size = 100, line_search_fn = NULL) {
  new_optimizer("optim_lbfgs", match.call(), environment())
}

#' Muon
#'
#' Momentum whose update of each matrix is made nearly orthogonal by Newton-Schulz iterations
#' (Jordan, 2024). For matrices only: hidden layers' weights.
#'
#' @param params A list of tensors, such as `model$parameters`, or a list of groups, each a
#'   list of `params` and the options that are its own.
#' @param lr Learning rate.
#' @param weight_decay Factor of the L2 penalty.
#' @param momentum How much of the last step is kept in the next.
#' @param nesterov Nesterov's momentum, which looks ahead?
#' @param ns_coefficients Coefficients of the Newton-Schulz polynomial.
#' @param eps Added to a divisor so that it is not zero.
#' @param ns_steps Newton-Schulz iterations.
#' @param adjust_lr_fn How the step is scaled by the shape of a matrix: `"original"` (the
#'   default) or `"match_rms_adamw"`, which suits learning rates tuned for AdamW.
#' @inherit optimizers return
#' @family optimizers
#' @export
optim_muon <- function(params, lr = 0.001, weight_decay = 0.1, momentum = 0.95, nesterov = TRUE,
                       ns_coefficients = c(3.4445, -4.775, 2.0315), eps = 1e-07, ns_steps = 5,
                       adjust_lr_fn = NULL) {
  new_optimizer("optim_muon", match.call(), environment())
}

#' NAdam
#'
#' Adam with Nesterov momentum (Dozat, 2016).
#'
#' @param params A list of tensors, such as `model$parameters`, or a list of groups, each a
#'   list of `params` and the options that are its own.
#' @param lr Learning rate.
#' @param betas How much of the running means of the gradient and its square is kept.
#' @param eps Added to a divisor so that it is not zero.
#' @param weight_decay Factor of the L2 penalty.
#' @param momentum_decay Decay of the momentum.
#' @param decoupled_weight_decay Decay the parameters themselves, as AdamW does?
#' @param foreach Update all tensors together, faster on a GPU? `NULL` lets PyTorch choose.
#' @param maximize Go up the gradient, not down?
#' @param capturable May the step be part of a CUDA graph? Slower where it is not.
#' @param differentiable Record the step itself for gradients?
#' @inherit optimizers return
#' @family optimizers
#' @export
optim_nadam <- function(params, lr = 0.002, betas = c(0.9, 0.999), eps = 1e-08, weight_decay = 0,
                        momentum_decay = 0.004, decoupled_weight_decay = FALSE, foreach = NULL,
                        maximize = FALSE, capturable = FALSE, differentiable = FALSE) {
  new_optimizer("optim_nadam", match.call(), environment())
}

#' RAdam
#'
#' Adam that leaves out the division while the variance of its running mean is not yet known
#' well (Liu and others, 2020).
#'
#' @param params A list of tensors, such as `model$parameters`, or a list of groups, each a
#'   list of `params` and the options that are its own.
#' @param lr Learning rate.
#' @param betas How much of the running means of the gradient and its square is kept.
#' @param eps Added to a divisor so that it is not zero.
#' @param weight_decay Factor of the L2 penalty.
#' @param decoupled_weight_decay Decay the parameters themselves, as AdamW does?
#' @param foreach Update all tensors together, faster on a GPU? `NULL` lets PyTorch choose.
#' @param maximize Go up the gradient, not down?
#' @param capturable May the step be part of a CUDA graph? Slower where it is not.
#' @param differentiable Record the step itself for gradients?
#' @inherit optimizers return
#' @family optimizers
#' @export
optim_radam <- function(params, lr = 0.001, betas = c(0.9, 0.999), eps = 1e-08, weight_decay = 0,
                        decoupled_weight_decay = FALSE, foreach = NULL, maximize = FALSE,
                        capturable = FALSE, differentiable = FALSE) {
  new_optimizer("optim_radam", match.call(), environment())
}

#' RMSprop
#'
#' Divides each step by the root of a running mean of squared gradients (Hinton's lecture,
#' 2012).
#'
#' @param params A list of tensors, such as `model$parameters`, or a list of groups, each a
#'   list of `params` and the options that are its own.
#' @param lr Learning rate.
#' @param alpha How much of a running mean (or, in `optim_asgd()`, power) is kept.
#' @param eps Added to a divisor so that it is not zero.
#' @param weight_decay Factor of the L2 penalty.
#' @param momentum How much of the last step is kept in the next.
#' @param centered Divide by the standard deviation of the gradient, not its root square?
#' @param capturable May the step be part of a CUDA graph? Slower where it is not.
#' @param foreach Update all tensors together, faster on a GPU? `NULL` lets PyTorch choose.
#' @param maximize Go up the gradient, not down?
#' @param differentiable Record the step itself for gradients?
#' @inherit optimizers return
#' @family optimizers
#' @export
optim_rmsprop <- function(params, lr = 0.01, alpha = 0.99, eps = 1e-08, weight_decay = 0,
                          momentum = 0, centered = FALSE, capturable = FALSE, foreach = NULL,
                          maximize = FALSE, differentiable = FALSE) {
  new_optimizer("optim_rmsprop", match.call(), environment())
}

#' Resilient backpropagation
#'
#' Steps by the sign of the gradient, with a step size of its own for each value (Riedmiller
#' and Braun, 1993). For full batches.
#'
#' @param params A list of tensors, such as `model$parameters`, or a list of groups, each a
#'   list of `params` and the options that are its own.
#' @param lr Learning rate.
#' @param etas Factors by which a step size shrinks and grows.
#' @param step_sizes The smallest and the largest step size.
#' @param capturable May the step be part of a CUDA graph? Slower where it is not.
#' @param foreach Update all tensors together, faster on a GPU? `NULL` lets PyTorch choose.
#' @param maximize Go up the gradient, not down?
#' @param differentiable Record the step itself for gradients?
#' @inherit optimizers return
#' @family optimizers
#' @export
optim_rprop <- function(params, lr = 0.01, etas = c(0.5, 1.2), step_sizes = c(1e-06, 50),
                        capturable = FALSE, foreach = NULL, maximize = FALSE,
                        differentiable = FALSE) {
  new_optimizer("optim_rprop", match.call(), environment())
}

#' Stochastic gradient descent
#'
#' Steps against the gradient, with momentum if wanted (Sutskever and others, 2013).
#'
#' @param params A list of tensors, such as `model$parameters`, or a list of groups, each a
#'   list of `params` and the options that are its own.
#' @param lr Learning rate.
#' @param momentum How much of the last step is kept in the next.
#' @param dampening How much of the new gradient is left out of the momentum.
#' @param weight_decay Factor of the L2 penalty.
#' @param nesterov Nesterov's momentum, which looks ahead?
#' @param maximize Go up the gradient, not down?
#' @param foreach Update all tensors together, faster on a GPU? `NULL` lets PyTorch choose.
#' @param differentiable Record the step itself for gradients?
#' @param fused Do a whole step in one kernel, which is fastest? `NULL` lets PyTorch choose.
#' @inherit optimizers return
#' @family optimizers
#' @export
optim_sgd <- function(params, lr = 0.001, momentum = 0, dampening = 0, weight_decay = 0,
                      nesterov = FALSE, maximize = FALSE, foreach = NULL, differentiable = FALSE,
                      fused = NULL) {
  new_optimizer("optim_sgd", match.call(), environment())
}

#' Adam for sparse gradients
#'
#' Adam that changes only the moments and values whose gradient is stored, as those of an
#' embedding with `sparse = TRUE` are.
#'
#' @param params A list of tensors, such as `model$parameters`, or a list of groups, each a
#'   list of `params` and the options that are its own.
#' @param lr Learning rate.
#' @param betas How much of the running means of the gradient and its square is kept.
#' @param eps Added to a divisor so that it is not zero.
#' @param maximize Go up the gradient, not down?
#' @inherit optimizers return
#' @family optimizers
#' @export
optim_sparse_adam <- function(params, lr = 0.001, betas = c(0.9, 0.999), eps = 1e-08,
                              maximize = FALSE) {
  new_optimizer("optim_sparse_adam", match.call(), environment())
}

#' Several schedules at once
#'
#' Each step takes a step of all `schedulers`, whose factors multiply.
#'
#' @param schedulers A list of schedulers of the same optimizer.
#' @param optimizer The optimizer whose learning rate is set.
#' @inherit lr_schedulers return
#' @family learning-rate schedules
#' @export
lr_chained <- function(schedulers, optimizer = NULL) {
  new_scheduler("lr_chained", match.call(), environment())
}

#' Constant factor for some steps
#'
#' The learning rate times `factor` for the first `total_iters` steps, then as it was.
#'
#' @param optimizer The optimizer whose learning rate is set.
#' @param factor What the learning rate is multiplied by.
#' @param total_iters The number of steps that it takes.
#' @param last_epoch The epoch to go on from; -1 starts anew.
#' @inherit lr_schedulers return
#' @family learning-rate schedules
#' @export
lr_constant <- function(optimizer, factor = 1 / 3, total_iters = 5, last_epoch = -1) {
  new_scheduler("lr_constant", match.call(), environment())
}

#' Cosine annealing
#'
#' Half a cosine wave from the learning rate down to `eta_min` in `T_max` steps (Loshchilov and
#' Hutter, 2017, without restarts).
#'
#' @param optimizer The optimizer whose learning rate is set.
#' @param T_max Steps from the highest learning rate to the lowest.
#' @param eta_min The lowest learning rate.
#' @param last_epoch The epoch to go on from; -1 starts anew.
#' @inherit lr_schedulers return
#' @family learning-rate schedules
#' @export
lr_cosine_annealing <- function(optimizer, T_max, eta_min = 0, last_epoch = -1) {
  new_scheduler("lr_cosine_annealing", match.call(), environment())
}

#' Cosine annealing with warm restarts
#'
#' Cosine annealing that starts again after `T_0` steps, each time `T_mult` times as long
#' (Loshchilov and Hutter, 2017).
#'
#' @param optimizer The optimizer whose learning rate is set.
#' @param T_0 Steps until the first restart.
#' @param T_mult How many times longer each cycle is than the one before.
#' @param eta_min The lowest learning rate.
#' @param last_epoch The epoch to go on from; -1 starts anew.
#' @inherit lr_schedulers return
#' @family learning-rate schedules
#' @export
lr_cosine_annealing_warm_restarts <- function(optimizer, T_0, T_mult = 1, eta_min = 0,
                                              last_epoch = -1) {
  new_scheduler("lr_cosine_annealing_warm_restarts", match.call(), environment())
}

#' Cycles between two learning rates
#'
#' Goes up from `base_lr` to `max_lr` and down again, over and over (Smith, 2017). One step a
#' batch.
#'
#' @param optimizer The optimizer whose learning rate is set.
#' @param base_lr The lower learning rate: one, or one for each parameter group.
#' @param max_lr The highest learning rate: one, or one for each parameter group.
#' @param step_size_up Steps on the way up.
#' @param step_size_down Steps on the way down; `NULL`: as many as up.
#' @param mode `"min"` if smaller metrics are better, `"max"` if larger are. Of a cycle:
#'   `"triangular"`, `"triangular2"` (each half as high) or `"exp_range"` (shrinking by
#'   `gamma`).
#' @param gamma What the learning rate is multiplied by.
#' @param scale_fn A function of the cycle or the iteration (`scale_mode`) that scales the
#'   height of a cycle, in place of `mode`.
#' @param scale_mode What `scale_fn` is a function of: `"cycle"` or `"iterations"`.
#' @param cycle_momentum Let momentum go down as the learning rate goes up?
#' @param base_momentum Lower momentum of the cycle, held when the learning rate is highest.
#' @param max_momentum Upper momentum of the cycle.
#' @param last_epoch The epoch to go on from; -1 starts anew.
#' @inherit lr_schedulers return
#' @family learning-rate schedules
#' @export
lr_cyclic <- function(optimizer, base_lr, max_lr, step_size_up = 2000, step_size_down = NULL,
                      mode = "triangular", gamma = 1, scale_fn = NULL, scale_mode = "cycle",
                      cycle_momentum = TRUE, base_momentum = 0.8, max_momentum = 0.9,
                      last_epoch = -1) {
  new_scheduler("lr_cyclic", match.call(), environment())
}

#' Exponential decay
#'
#' Multiplies the learning rate by `gamma` at every step.
#'
#' @param optimizer The optimizer whose learning rate is set.
#' @param gamma What the learning rate is multiplied by.
#' @param last_epoch The epoch to go on from; -1 starts anew.
#' @inherit lr_schedulers return
#' @family learning-rate schedules
#' @export
lr_exponential <- function(optimizer, gamma, last_epoch = -1) {
  new_scheduler("lr_exponential", match.call(), environment())
}

#' Learning rate by a function
#'
#' The learning rate is the first one times `lr_lambda(epoch)`, `epoch` counting from 0.
#'
#' @param optimizer The optimizer whose learning rate is set.
#' @param lr_lambda A function of the epoch that gives a factor, or a list with one for each
#'   parameter group.
#' @param last_epoch The epoch to go on from; -1 starts anew.
#' @inherit lr_schedulers return
#' @family learning-rate schedules
#' @export
lr_lambda <- function(optimizer, lr_lambda, last_epoch = -1) {
  new_scheduler("lr_lambda", match.call(), environment())
}

#' Linear warm-up or decay
#'
#' A factor that goes from `start_factor` to `end_factor` in `total_iters` equal steps.
#'
#' @param optimizer The optimizer whose learning rate is set.
#' @param start_factor The factor at the start.
#' @param end_factor The factor at the end.
#' @param total_iters The number of steps that it takes.
#' @param last_epoch The epoch to go on from; -1 starts anew.
#' @inherit lr_schedulers return
#' @family learning-rate schedules
#' @export
lr_linear <- function(optimizer, start_factor = 1 / 3, end_factor = 1, total_iters = 5,
                      last_epoch = -1) {
  new_scheduler("lr_linear", match.call(), environment())
}

#' Decay at given steps
#'
#' Multiplies the learning rate by `gamma` after each number of steps in `milestones`.
#'
#' @param optimizer The optimizer whose learning rate is set.
#' @param milestones Numbers of steps, increasing.
#' @param gamma What the learning rate is multiplied by.
#' @param last_epoch The epoch to go on from; -1 starts anew.
#' @inherit lr_schedulers return
#' @family learning-rate schedules
#' @export
lr_multi_step <- function(optimizer, milestones, gamma = 0.1, last_epoch = -1) {
  new_scheduler("lr_multi_step", match.call(), environment())
}

#' Learning rate multiplied by a function
#'
#' Every step multiplies the learning rate by `lr_lambda(epoch)`, `epoch` counting from 1.
#'
#' @param optimizer The optimizer whose learning rate is set.
#' @param lr_lambda A function of the epoch that gives a factor, or a list with one for each
#'   parameter group.
#' @param last_epoch The epoch to go on from; -1 starts anew.
#' @inherit lr_schedulers return
#' @family learning-rate schedules
#' @export
lr_multiplicative <- function(optimizer, lr_lambda, last_epoch = -1) {
  new_scheduler("lr_multiplicative", match.call(), environment())
}

#' One cycle
#'
#' Up to `max_lr`, and down to far below the start, once in the whole training (Smith and
#' Topin, 2018). One step a batch; its length is `total_steps`, or `epochs` times
#' `steps_per_epoch`.
#'
#' @param optimizer The optimizer whose learning rate is set.
#' @param max_lr The highest learning rate: one, or one for each parameter group.
#' @param total_steps The number of all steps.
#' @param epochs Number of epochs; with `steps_per_epoch`, in place of `total_steps`.
#' @param steps_per_epoch Steps in each of `epochs`.
#' @param pct_start The part of the cycle in which the learning rate goes up.
#' @param anneal_strategy The shape of the way down: `"cos"` or `"linear"`.
#' @param cycle_momentum Let momentum go down as the learning rate goes up?
#' @param base_momentum Lower momentum of the cycle, held when the learning rate is highest.
#' @param max_momentum Upper momentum of the cycle.
#' @param div_factor `max_lr` over the first learning rate.
#' @param final_div_factor The first learning rate over the last.
#' @param three_phase Go down in two phases, first to where it started?
#' @param last_epoch The epoch to go on from; -1 starts anew.
#' @inherit lr_schedulers return
#' @family learning-rate schedules
#' @export
lr_one_cycle <- function(optimizer, max_lr, total_steps = NULL, epochs = NULL,
                         steps_per_epoch = NULL, pct_start = 0.3, anneal_strategy = "cos",
                         cycle_momentum = TRUE, base_momentum = 0.85, max_momentum = 0.95,
                         div_factor = 25, final_div_factor = 10000, three_phase = FALSE,
                         last_epoch = -1) {
  new_scheduler("lr_one_cycle", match.call(), environment())
}

#' Polynomial decay
#'
#' Goes to 0 in `total_iters` steps, as `(1 - step / total_iters)^power`.
#'
#' @param optimizer The optimizer whose learning rate is set.
#' @param total_iters The number of steps that it takes.
#' @param power The power of the polynomial.
#' @param last_epoch The epoch to go on from; -1 starts anew.
#' @inherit lr_schedulers return
#' @family learning-rate schedules
#' @export
lr_polynomial <- function(optimizer, total_iters = 5, power = 1, last_epoch = -1) {
  new_scheduler("lr_polynomial", match.call(), environment())
}

#' Decay when a metric stops to improve
#'
#' `$step(metrics)` multiplies the learning rate by `factor` once `metrics` has not improved
#' for more than `patience` steps.
#'
#' @param optimizer The optimizer whose learning rate is set.
#' @param mode `"min"` if smaller metrics are better, `"max"` if larger are. Of a cycle:
#'   `"triangular"`, `"triangular2"` (each half as high) or `"exp_range"` (shrinking by
#'   `gamma`).
#' @param factor What the learning rate is multiplied by.
#' @param patience Steps without improvement that are let pass.
#' @param threshold The least change that counts as an improvement.
#' @param threshold_mode Is `threshold` relative to the best metric (`"rel"`) or a difference
#'   (`"abs"`)?
#' @param cooldown Steps to wait after a decay before looking at the metric again.
#' @param min_lr The lowest learning rate: one, or one for each parameter group.
#' @param eps Added to a divisor so that it is not zero.
#' @inherit lr_schedulers return
#' @family learning-rate schedules
#' @export
lr_reduce_on_plateau <- function(optimizer, mode = "min", factor = 0.1, patience = 10,
                                 threshold = 0.0001, threshold_mode = "rel", cooldown = 0,
                                 min_lr = 0, eps = 1e-08) {
  new_scheduler("lr_reduce_on_plateau", match.call(), environment())
}

#' One schedule after the other
#'
#' Follows the first of `schedulers` up to the first of `milestones`, and so on.
#'
#' @param optimizer The optimizer whose learning rate is set.
#' @param schedulers A list of schedulers of the same optimizer.
#' @param milestones Numbers of steps, increasing.
#' @param last_epoch The epoch to go on from; -1 starts anew.
#' @inherit lr_schedulers return
#' @family learning-rate schedules
#' @export
lr_sequential <- function(optimizer, schedulers, milestones, last_epoch = -1) {
  new_scheduler("lr_sequential", match.call(), environment())
}

#' Decay at equal distances
#'
#' Multiplies the learning rate by `gamma` every `step_size` steps.
#'
#' @param optimizer The optimizer whose learning rate is set.
#' @param step_size Steps from one decay to the next.
#' @param gamma What the learning rate is multiplied by.
#' @param last_epoch The epoch to go on from; -1 starts anew.
#' @inherit lr_schedulers return
#' @family learning-rate schedules
#' @export
lr_step <- function(optimizer, step_size, gamma = 0.1, last_epoch = -1) {
  new_scheduler("lr_step", match.call(), environment())
}

# nolint end
