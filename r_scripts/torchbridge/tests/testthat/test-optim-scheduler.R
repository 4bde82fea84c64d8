skip_without_python()

optimizer_at <- function(lr, ...) optim_sgd(list(tensor(1, requires_grad = TRUE)), lr = lr, ...)

# The learning rate before each of n steps.
rates <- function(scheduler, n, step = function() scheduler$step()) {
  optimizer <- scheduler$optimizer
  vapply(seq_len(n), function(i) {
    rate <- optimizer$param_groups[[1L]]$lr
    optimizer$step()
    step()
    rate
  }, 0)
}

python_rates <- function() {
  python_names(
    "import torch",
    "def rates(name, lr, options, n):",
    "    w = torch.ones(1, requires_grad=True)",
    "    optimizer = torch.optim.SGD([w], lr=lr, momentum=0.9)",
    "    scheduler = getattr(torch.optim.lr_scheduler, name)(optimizer, **dict(options))",
    "    found = []",
    "    for _ in range(int(n)):",
    "        found.append(optimizer.param_groups[0]['lr'])",
    "        optimizer.step()",
    "        scheduler.step()",
    "    return found"
  )$rates
}

# Of each schedule its options in R and, where they differ, in Python.
schedules <- list(
  lr_constant = list(list(factor = 0.25, total_iters = 4)),
  lr_cosine_annealing = list(list(T_max = 10, eta_min = 0.01)),
  lr_cosine_annealing_warm_restarts = list(list(T_0 = 3, T_mult = 2)),
  lr_cyclic = list(list(base_lr = 0.01, max_lr = 0.1, step_size_up = 4, mode = "triangular2")),
  lr_exponential = list(list(gamma = 0.9)),
  lr_linear = list(list(start_factor = 0.5, total_iters = 6)),
  lr_multi_step = list(list(milestones = c(3, 7), gamma = 0.5)),
  lr_one_cycle = list(list(max_lr = 0.5, epochs = 5, steps_per_epoch = 5)),
  lr_polynomial = list(list(total_iters = 8, power = 2)),
  lr_step = list(list(step_size = 4, gamma = 0.5))
)

as_python <- function(options) {
  lapply(options, function(x) if (is.numeric(x) && all(x == trunc(x))) as.integer(x) else x)
}

test_that("20 steps of every schedule equal Python's", {
  python <- python_rates()
  for (name in names(schedules)) {
    options <- schedules[[name]][[1L]]
    make <- getExportedValue("torchbridge", name)
    ours <- rates(do.call(make, c(list(optimizer_at(0.1, momentum = 0.9)), options)), 20)
    theirs <- python(torchbridge:::schedulers[[name]], 0.1, as_python(options), 20)
    expect_identical(ours, theirs, label = name)
    expect_gt(length(unique(ours)), 1L)
  }
})

test_that("schedules are their closed forms", {
  steps <- rates(lr_step(optimizer_at(1), step_size = 3, gamma = 0.1), 7)
  expect_equal(steps, 0.1^c(0, 0, 0, 1, 1, 1, 2))
  expect_equal(rates(lr_exponential(optimizer_at(1), gamma = 0.5), 5), 0.5^(0:4))
  cosine <- rates(lr_cosine_annealing(optimizer_at(1), T_max = 8), 9)
  expect_equal(cosine, (1 + cos(pi * 0:8 / 8)) / 2)
  expect_equal(
    rates(lr_multi_step(optimizer_at(1), milestones = 2, gamma = 0.5), 4), c(1, 1, 0.5, 0.5)
  )
})

test_that("R functions give the learning rate; their epochs are PyTorch's", {
  epochs <- integer()
  scheduler <- lr_lambda(optimizer_at(2), function(epoch) {
    epochs <<- c(epochs, epoch)
    0.9^epoch
  })
  expect_equal(rates(scheduler, 4), 2 * 0.9^(0:3))
  expect_identical(epochs, 0:4)
  shrinking <- lr_multiplicative(optimizer_at(1), function(epoch) 1 / epoch)
  expect_equal(rates(shrinking, 4), 1 / factorial(0:3))
  expect_equal(scheduler$get_last_lr(), 2 * 0.9^4)
})

test_that("one R function a parameter group", {
  a <- tensor(1, requires_grad = TRUE)
  b <- tensor(1, requires_grad = TRUE)
  optimizer <- optim_sgd(list(list(params = a), list(params = b, lr = 1)), lr = 0.1)
  scheduler <- lr_lambda(optimizer, list(function(e) 1 / (e + 1), function(e) 0.5^e))
  optimizer$step()
  scheduler$step()
  expect_equal(scheduler$get_last_lr(), c(0.05, 0.5))
})

test_that("an R error in a schedule arrives as it was", {
  scheduler <- lr_lambda(optimizer_at(1), function(epoch) if (epoch > 0) stop("too late") else 1)
  scheduler$optimizer$step()
  expect_identical(message_of(scheduler$step()), "too late")
})

test_that("lr_reduce_on_plateau() goes by a metric, number or tensor", {
  scheduler <- lr_reduce_on_plateau(optimizer_at(1), factor = 0.5, patience = 1)
  metrics <- list(1, 0.9, tensor(0.9), 0.95, 0.95, 0.95, 0.1)
  found <- vapply(metrics, function(metric) {
    scheduler$step(metric)
    scheduler$get_last_lr()
  }, 0)
  expect_equal(found, c(1, 1, 1, 0.5, 0.5, 0.25, 0.25))
  expect_match(message_of(scheduler$step()), "^`metrics` must be given")
  expect_match(message_of(lr_step(optimizer_at(1), 2)$step(3)), "unused argument")
  # luz asks the arguments whether to give the loss.
  expect_named(formals(scheduler$step), "metrics")
  expect_null(formals(lr_step(optimizer_at(1), 2)$step))
})

test_that("schedules follow each other and multiply", {
  optimizer <- optimizer_at(1)
  warm <- lr_constant(optimizer, factor = 0.1, total_iters = 2)
  decay <- lr_exponential(optimizer, gamma = 0.5)
  sequence <- lr_sequential(optimizer, list(warm, decay), milestones = 2)
  expect_equal(suppressWarnings(rates(sequence, 5)), c(0.1, 0.1, 1, 0.5, 0.25))
  optimizer <- optimizer_at(1)
  parts <- list(
    lr_constant(optimizer, factor = 0.1, total_iters = 2), lr_exponential(optimizer, gamma = 0.5)
  )
  expect_equal(rates(lr_chained(parts, optimizer = optimizer), 4), c(0.1, 0.05, 0.25, 0.125))
})

test_that("a saved state goes on as if nothing had happened", {
  for (name in names(schedules)) {
    make <- function() {
      options <- c(list(optimizer_at(0.1, momentum = 0.9)), schedules[[name]][[1L]])
      do.call(getExportedValue("torchbridge", name), options)
    }
    straight <- rates(make(), 16)
    first <- make()
    rates(first, 8)
    second <- make()
    second$load_state_dict(first$state_dict())
    second$optimizer$load_state_dict(first$optimizer$state_dict())
    expect_identical(rates(second, 8), straight[9:16], label = name)
  }
  scheduler <- lr_lambda(optimizer_at(1), function(epoch) 0.5^epoch)
  rates(scheduler, 2)
  other <- lr_lambda(optimizer_at(1), function(epoch) 0.5^epoch)
  other$load_state_dict(scheduler$state_dict())
  expect_identical(other$last_epoch, 2L)
})

test_that("wrong arguments are named, with the call of the user", {
  optimizer <- optimizer_at(1)
  expect_identical(
    message_of(lr_step(3, 2)), "`optimizer` must be an optimizer, not 3."
  )
  expect_identical(message_of(lr_step(optimizer)), "`step_size` is missing, with no default.")
  expect_identical(
    message_of(lr_step(optimizer, 2.5)), "`step_size` must be a whole number, not 2.5."
  )
  expect_identical(
    message_of(lr_lambda(optimizer, 3)),
    "`lr_lambda` must be a function or a list of functions, not 3."
  )
  expect_match(message_of(lr_step(optimizer, step_sise = 2)), "unused argument")
  expect_match(message_of(lr_one_cycle(optimizer, max_lr = 1)), "total_steps")
  call <- conditionCall(error_of(lr_one_cycle(optimizer, max_lr = 1)))
  expect_identical(as.character(call)[1L], "lr_one_cycle")
})

test_that("a scheduler prints where it is", {
  scheduler <- lr_step(optimizer_at(0.25), 2)
  expect_output(print(scheduler), "<lr_step> at step 0: lr = 0.25", fixed = TRUE)
  expect_s3_class(scheduler$optimizer, c("optim_sgd", "torch_optimizer"), exact = FALSE)
})
