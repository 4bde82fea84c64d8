skip_without_python()

# A regression that R and Python train alike: x (8 x 3), y (8 x 1), weights (3 x 1), bias (1).
problem <- function() {
  set.seed(7)
  list(
    x = matrix(rnorm(24), 8), y = matrix(rnorm(8), 8), w = matrix(rnorm(3), 3), b = rnorm(1)
  )
}

start <- function(start = problem()) {
  list(
    x = tensor(start$x), y = tensor(start$y),
    w = tensor(start$w, requires_grad = TRUE), b = tensor(start$b, requires_grad = TRUE)
  )
}

loss_of <- function(at) at$x$matmul(at$w)$add(at$b)$sub(at$y)$pow(2)$mean()

# Trains in R; gives the parameters after each step.
train <- function(optimizer, at, steps, loss = loss_of) {
  lapply(seq_len(steps), function(step) {
    optimizer$step(function() {
      optimizer$zero_grad()
      value <- loss(at)
      value$backward()
      value
    })
    list(as.array(at$w), as.array(at$b))
  })
}

# The same in Python.
python_train <- function() {
  python_names(
    "import torch",
    "def train(name, x, y, w, b, options, steps, only_w):",
    "    w, b = w.detach().clone().requires_grad_(), b.detach().clone().requires_grad_()",
    "    params = [w] if only_w else [w, b]",
    "    optimizer = getattr(torch.optim, name)(params, **dict(options))",
    "    history = []",
    "    def closure():",
    "        optimizer.zero_grad()",
    "        loss = (x.matmul(w) + b - y).pow(2).mean()",
    "        loss.backward()",
    "        return loss",
    "    for _ in range(int(steps)):",
    "        optimizer.step(closure)",
    "        history.append([w.detach().clone(), b.detach().clone()])",
    "    return history"
  )$train
}

dense <- function() setdiff(names(torchbridge:::optimizers), c("optim_sparse_adam", "optim_muon"))

# ---- every optimizer ----

test_that("every optimizer takes 20 steps that equal Python's to the bit", {
  train_python <- python_train()
  muon <- if (py_import("builtins")$hasattr(py_import("torch.optim"), "Muon")) "optim_muon"
  for (name in c(dense(), muon)) {
    at <- start()
    only_w <- name == "optim_muon" # matrices only
    make <- getExportedValue("torchbridge", name)
    optimizer <- make(if (only_w) list(at$w) else list(at$w, at$b), lr = 0.05)
    first <- start()
    python <- train_python(
      torchbridge:::optimizers[[name]], first$x, first$y, first$w, first$b, list(lr = 0.05), 20,
      only_w
    )
    ours <- train(optimizer, at, 20)
    theirs <- lapply(python, lapply, as.array)
    expect_identical(ours, theirs, label = name)
    expect_false(identical(ours[[20L]][[1L]], problem()$w), label = name)
  }
})

test_that("options reach PyTorch: momentum, Nesterov, amsgrad, line search", {
  train_python <- python_train()
  runs <- list(
    list("optim_sgd", list(lr = 0.05, momentum = 0.9, nesterov = TRUE, weight_decay = 0.1)),
    list("optim_adam", list(lr = 0.05, betas = c(0.8, 0.9), amsgrad = TRUE, eps = 1e-4)),
    list("optim_rmsprop", list(lr = 0.01, alpha = 0.9, centered = TRUE, momentum = 0.5)),
    list("optim_lbfgs", list(max_iter = 3, history_size = 2, line_search_fn = "strong_wolfe")),
    list("optim_adafactor", list(lr = 0.05, eps = list(NULL, 0.01))),
    list("optim_rprop", list(lr = 0.01, etas = c(0.4, 1.3), step_sizes = c(1e-5, 10)))
  )
  for (run in runs) {
    at <- start()
    first <- start()
    make <- getExportedValue("torchbridge", run[[1L]])
    optimizer <- do.call(make, c(list(list(at$w, at$b)), run[[2L]]))
    options <- lapply(run[[2L]], function(value) {
      if (identical(value, 3) || identical(value, 2)) as.integer(value) else value
    })
    python <- train_python(
      torchbridge:::optimizers[[run[[1L]]]], first$x, first$y, first$w, first$b, options, 20, FALSE
    )
    expect_identical(train(optimizer, at, 20), lapply(python, lapply, as.array), label = run[[1L]])
  }
})

test_that("optim_sparse_adam() trains the rows of an embedding that were used", {
  embedding <- py_import("torch.nn")$Embedding(5L, 2L, sparse = TRUE)
  before <- as.array(embedding$weight)
  optimizer <- optim_sparse_adam(list(embedding$weight), lr = 0.1)
  index <- as_torch_tensor(c(1, 3), dtype = "int64")
  used <- py_import("torch.nn.functional")$embedding(index, embedding$weight, sparse = TRUE)
  used$sum()$backward()
  optimizer$step()
  moved <- rowSums(abs(as.array(embedding$weight) - before)) > 0
  expect_identical(moved, c(FALSE, TRUE, FALSE, TRUE, FALSE))
  expect_equal(before[2L, ] - as.array(embedding$weight)[2L, ], c(0.1, 0.1), tolerance = 1e-6)
})

test_that("a saved state goes on as if nothing had happened", {
  for (name in dense()) {
    make <- getExportedValue("torchbridge", name)
    straight <- start()
    all_steps <- train(make(list(straight$w, straight$b), lr = 0.05), straight, 12)
    at <- start()
    first <- make(list(at$w, at$b), lr = 0.05)
    train(first, at, 6)
    second <- make(list(at$w, at$b), lr = 1)
    second$load_state_dict(first$state_dict())
    if (name == "optim_nadam") {
      # PyTorch itself loads the float32 state of NAdam as float64.
      expect_equal(train(second, at, 6), all_steps[7:12], tolerance = 1e-10)
    } else {
      expect_identical(train(second, at, 6), all_steps[7:12], label = name)
    }
  }
})

# ---- closed forms and the lessons ----

test_that("SGD on a quadratic is the closed form", {
  w <- tensor(c(3, -2), requires_grad = TRUE)
  optimizer <- optim_sgd(list(w), lr = 0.1)
  for (step in 1:10) {
    optimizer$zero_grad()
    w$pow(2)$sum()$backward()
    optimizer$step()
  }
  expect_equal(as.numeric(w), c(3, -2) * 0.8^10, tolerance = 1e-14)
})

test_that("L-BFGS with a line search solves least squares", {
  at <- start()
  optimizer <- optim_lbfgs(
    list(at$w, at$b),
    max_iter = 100, line_search_fn = "strong_wolfe",
    tolerance_grad = 1e-10, tolerance_change = 1e-14
  )
  evaluations <- 0
  closure <- function() {
    evaluations <<- evaluations + 1
    optimizer$zero_grad()
    loss <- loss_of(at)
    loss$backward()
    loss
  }
  value <- optimizer$step(closure)
  p <- problem()
  expect_equal(c(at$b$item(), as.numeric(at$w)), unname(coef(lm(p$y ~ p$x))), tolerance = 1e-7)
  expect_gt(evaluations, 3)
  # The loss before the first iteration, as in PyTorch.
  expect_equal(value$item(), mean((p$x %*% p$w + p$b - p$y)^2), tolerance = 1e-12)
})

test_that("descent on H = Wx is the table of S2-7", {
  x <- tensor(c(1, 2, 3))
  # By hand: gradient sum((W x - y) x), learning rate 0.1.
  w_hand <- 0
  hand <- numeric(10)
  cost <- numeric(10)
  for (step in 1:10) {
    hand[step] <- w_hand
    cost[step] <- mean((w_hand * 1:3 - 1:3)^2)
    w_hand <- w_hand - 0.1 * sum((w_hand * 1:3 - 1:3) * 1:3)
  }
  table <- c(0, 1.4, 0.840, 1.064, 0.974, 1.010, 0.996, 1.002, 0.999, 1.000)
  expect_equal(round(hand, 3), table)
  expect_equal(round(cost[1:5], 6), c(4.666667, 0.746667, 0.119467, 0.019115, 0.003058))
  # By autograd: the gradient of the mean, learning rate 0.15.
  w <- tensor(0, requires_grad = TRUE)
  optimizer <- optim_sgd(list(w), lr = 0.15)
  found <- vapply(1:10, function(step) {
    before <- w$item()
    optimizer$zero_grad()
    x$mul(w)$sub(x)$pow(2)$mean()$backward()
    optimizer$step()
    before
  }, 0)
  expect_equal(found, hand, tolerance = 1e-14)
})

test_that("linear regression from zero is that of S2-8", {
  run <- function(y, steps) {
    x <- tensor(c(1, 2, 3))
    y <- tensor(y)
    w <- tensor(0, requires_grad = TRUE)
    b <- tensor(0, requires_grad = TRUE)
    optimizer <- optim_sgd(list(w, b), lr = 0.01)
    cost <- NULL
    for (step in seq_len(steps + 1)) {
      loss <- x$mul(w)$add(b)$sub(y)$pow(2)$mean()
      cost <- loss$item()
      optimizer$zero_grad()
      loss$backward()
      optimizer$step()
    }
    c(w = w$item(), b = b$item(), cost = cost)
  }
  one <- run(1:3, 0)
  expect_equal(round(one[["cost"]], 6), 4.666667)
  expect_equal(round(one[c("w", "b")], 4), c(w = 0.0933, b = 0.04))
  expect_equal(round(run(1:3, 100)[["cost"]], 6), 0.012043)
  many <- run(1:3, 1000)
  expect_equal(round(many, c(3, 3, 6)), c(w = 0.985, b = 0.033, cost = 0.000158))
  doubled <- run(c(2, 4, 6), 1000)
  expect_equal(round(doubled[c("w", "b")], 4), c(w = 1.9709, b = 0.0663), tolerance = 1e-4)
  seed <- run(4:6, 1000)
  expect_equal(round(seed[c("w", "b")], 4), c(w = 1.0848, b = 2.8072), tolerance = 2e-4)
})

# ---- the object ----

test_that("param_groups can be read and set", {
  w <- tensor(c(1, 2), requires_grad = TRUE)
  optimizer <- optim_adam(list(w), lr = 0.1)
  group <- optimizer$param_groups[[1L]]
  expect_identical(group$lr, 0.1)
  expect_identical(group$betas, c(0.9, 0.999))
  expect_null(group$foreach)
  expect_identical(as.numeric(group$params[[1L]]), c(1, 2))
  optimizer$param_groups[[1L]]$lr <- 0.25
  optimizer$param_groups[[1L]]$betas <- c(0.5, 0.75)
  expect_identical(optimizer$param_groups[[1L]]$lr, 0.25)
  expect_identical(optimizer$param_groups[[1L]]$betas, c(0.5, 0.75))
  w$sum()$backward()
  optimizer$step()
  expect_equal(as.numeric(w), c(0.75, 1.75), tolerance = 1e-7)
  for (i in seq_along(optimizer$param_groups)) {
    optimizer$param_groups[[i]]$lr <- optimizer$param_groups[[i]]$lr / 2
  }
  expect_identical(optimizer$param_groups[[1L]]$lr, 0.125)
})

test_that("what cannot be set is said, and nothing changes", {
  w <- tensor(1, requires_grad = TRUE)
  optimizer <- optim_adam(list(w), lr = 0.1)
  expect_identical(
    message_of(optimizer$param_groups[[1L]]$lr <- "a"), "`param_groups[[1]]$lr` must be a number"
  )
  expect_match(message_of(optimizer$param_groups[[1L]]$eps <- NULL), "must include names 'params'")
  expect_identical(
    message_of(optimizer$param_groups[[1L]]$betas <- 0.9),
    "`param_groups[[1]]$betas` must be 2 numbers"
  )
  expect_identical(
    message_of(optimizer$param_groups[[1L]]$amsgrad <- 1),
    "`param_groups[[1]]$amsgrad` must be TRUE or FALSE"
  )
  expect_match(message_of(optimizer$param_groups[[1L]]$params <- list()), "stay the same")
  expect_match(message_of(optimizer$param_groups <- list()), "must have 1 groups, not 0")
  expect_match(message_of(optimizer$lr <- 1), "`lr` can't be set")
  expect_identical(optimizer$param_groups[[1L]]$lr, 0.1)
})

test_that("groups have options of their own", {
  a <- tensor(1, requires_grad = TRUE)
  b <- tensor(1, requires_grad = TRUE)
  optimizer <- optim_sgd(list(list(params = a), list(params = list(b), lr = 0.5)), lr = 0.1)
  a$add(b)$sum()$backward()
  optimizer$step()
  expect_equal(c(a$item(), b$item()), c(0.9, 0.5))
  added <- tensor(1, requires_grad = TRUE)
  optimizer$add_param_group(list(params = list(added), lr = 0.25))
  expect_identical(vapply(optimizer$param_groups, `[[`, 0, "lr"), c(0.1, 0.5, 0.25))
})

test_that("parameters are a list of tensors, with names or without, or one tensor", {
  w <- tensor(1, requires_grad = TRUE)
  for (params in list(list(w), list(weight = w), w)) {
    expect_length(optim_sgd(params)$param_groups[[1L]]$params, 1L)
  }
})

test_that("zero_grad() clears gradients, or sets them to zero", {
  w <- tensor(c(1, 2), requires_grad = TRUE)
  optimizer <- optim_sgd(list(w))
  w$sum()$backward()
  optimizer$zero_grad()
  expect_identical(as.numeric(w$grad), c(0, 0))
  optimizer$zero_grad(set_to_none = TRUE)
  expect_null(w$grad)
  # A gradient of a sparse embedding, one that was differentiated itself, and none.
  rows <- nn_embedding(5, 2, sparse = TRUE)
  others <- list(rows$weight, w, tensor(3, requires_grad = TRUE))
  optimizer <- optim_sgd(others)
  rows(torch_tensor(c(1L, 3L)))$sum()$backward()
  suppressWarnings((w^3)$sum()$backward(create_graph = TRUE))
  optimizer$zero_grad()
  expect_identical(as.numeric(rows$weight$grad$to_dense()), numeric(10))
  expect_identical(as.numeric(w$grad), c(0, 0))
  expect_false(w$grad$requires_grad)
  expect_null(others[[3L]]$grad)
})

test_that("the state counts parameters from 1", {
  a <- tensor(1, requires_grad = TRUE)
  b <- tensor(2, requires_grad = TRUE)
  optimizer <- optim_adam(list(a, b))
  a$add(b)$sum()$backward()
  optimizer$step()
  state <- optimizer$state_dict()
  expect_named(state, c("param_groups", "state"))
  expect_named(state$state, c("1", "2"))
  expect_identical(state$param_groups[[1L]]$params, 1:2)
  expect_equal(as.numeric(state$state$`1`$exp_avg), 0.1)
  expect_match(message_of(optimizer$load_state_dict(list(a = 1))), "must be a list with")
})

test_that("a step gives what its closure gave", {
  w <- tensor(1, requires_grad = TRUE)
  optimizer <- optim_sgd(list(w), lr = 0.1)
  expect_null(optimizer$step())
  expect_invisible(optimizer$step())
  loss <- optimizer$step(function() {
    loss <- w$pow(2)$sum()
    loss$backward()
    loss
  })
  expect_equal(loss$item(), 1)
  expect_identical(optim_lbfgs(list(w))$step(function() 3), 3)
})

test_that("an R error in a closure arrives as it was", {
  w <- tensor(1, requires_grad = TRUE)
  for (optimizer in list(optim_sgd(list(w)), optim_lbfgs(list(w)))) {
    error <- error_of(optimizer$step(function() stop("the closure's own words")))
    expect_identical(conditionMessage(error), "the closure's own words")
    expect_identical(class(error), c("simpleError", "error", "condition"))
  }
  expect_true(py_import("torch")$is_grad_enabled())
  expect_identical(
    message_of(optim_sgd(list(w))$step(3)), "`closure` must be a function, not a number."
  )
  expect_match(message_of(optim_lbfgs(list(w))$step()), "^`closure` must be given")
})

test_that("wrong arguments are named, with the call of the user", {
  w <- tensor(1, requires_grad = TRUE)
  expect_identical(
    message_of(optim_adam(3)),
    "`params` must be a list of tensors, such as `model$parameters`, not a number."
  )
  expect_match(
    message_of(optim_adam(function() 1)), "Did you mean its `$parameters`?",
    fixed = TRUE
  )
  expect_identical(
    message_of(optim_adam(list())),
    "`params` is empty: it must have length 1 at least, there is nothing to optimize."
  )
  expect_identical(
    message_of(optim_adam(list(w, 3))), "`params[[2]]` must be a tensor, not a number."
  )
  expect_identical(message_of(optim_adam()), "`params` is missing, with no default.")
  expect_identical(
    message_of(optim_adam(list(w), lr = "x")), "`lr` must be a number, not a string."
  )
  expect_identical(
    message_of(optim_adam(list(w), betas = 0.9)), "`betas` must be two numbers, not 0.9."
  )
  expect_identical(
    message_of(optim_lbfgs(list(w), max_iter = 2.5)), "`max_iter` must be a whole number, not 2.5."
  )
  expect_identical(
    message_of(optim_sgd(list(w), nesterov = 1)), "`nesterov` must be `TRUE` or `FALSE`, not 1."
  )
  expect_match(message_of(optim_sgd(list(w), momentun = 0.9)), "unused argument")
  expect_identical(
    message_of(optim_sgd(list(list(params = w, lrr = 1)))),
    "`params[[1]]` has an unknown option `lrr`."
  )
  error <- error_of(optim_adam(list(w), lr = -1))
  expect_s3_class(error, "ValueError")
  expect_identical(conditionMessage(error), "Invalid learning rate: -1.0")
  expect_identical(as.character(conditionCall(error))[1L], "optim_adam")
})

test_that("an optimizer prints its options", {
  w <- tensor(matrix(0, 2, 3), requires_grad = TRUE)
  optimizer <- optim_sgd(list(w, tensor(0, requires_grad = TRUE)), lr = 0.125, momentum = 0.5)
  shown <- format(optimizer)
  expect_identical(shown[1L], "<optim_sgd>")
  shown <- paste(shown, collapse = " ")
  expect_match(shown, "2 tensors, 7 values: lr = 0.125, momentum = 0.5", fixed = TRUE)
  expect_output(print(optimizer), "<optim_sgd>", fixed = TRUE)
})

# ---- R torch's members ----

stepped <- function(make = optim_adam, ...) {
  w <- tensor(c(1, 2), requires_grad = TRUE)
  optimizer <- make(list(w), ...)
  w$sum()$backward()
  optimizer$step()
  list(w = w, optimizer = optimizer)
}

test_that("groups have R torch's options in its order, and PyTorch's own where they are set", {
  of <- function(optimizer) names(optimizer$param_groups[[1L]])
  w <- list(tensor(1, requires_grad = TRUE))
  expect_identical(
    of(optim_adam(w)), c("params", "lr", "betas", "eps", "weight_decay", "amsgrad")
  )
  expect_identical(
    of(optim_sgd(w)), c("params", "lr", "momentum", "dampening", "weight_decay", "nesterov")
  )
  expect_identical(
    of(optim_adamw(w)), c("params", "lr", "betas", "eps", "weight_decay", "amsgrad")
  )
  expect_identical(
    of(optim_asgd(w, lambda = 0.5)), c("params", "lr", "lambda", "alpha", "t0", "weight_decay")
  )
  expect_identical(optim_asgd(w, lambd = 0.5)$param_groups[[1L]]$lambda, 0.5)
  set <- optim_adam(w, maximize = TRUE)
  expect_true(set$param_groups[[1L]]$maximize)
  set$param_groups[[1L]]$maximize <- FALSE
  expect_null(set$param_groups[[1L]]$maximize)
  expect_identical(names(set$state_dict()$param_groups[[1L]])[1:2], c("params", "lr"))
})

test_that("an option may be added to a group and taken away, and set in any place", {
  at <- stepped()
  at$optimizer$param_groups[[1L]]$initial_lr <- 0.2
  expect_identical(at$optimizer$state_dict()$param_groups[[1L]]$initial_lr, 0.2)
  other <- optim_adam(list(at$w))
  other$load_state_dict(at$optimizer$state_dict())
  expect_identical(other$param_groups[[1L]]$initial_lr, 0.2)
  at$optimizer$param_groups[[1L]]$initial_lr <- NULL
  expect_null(at$optimizer$param_groups[[1L]]$initial_lr)
  held <- list(optimizer = at$optimizer)
  held$optimizer$param_groups[[1L]]$lr <- 0.5
  (function(optimizer) optimizer$param_groups[[1L]]$eps <- 0.25)(at$optimizer)
  expect_identical(at$optimizer$param_groups[[1L]][c("lr", "eps")], list(lr = 0.5, eps = 0.25))
})

test_that("a loaded state is a copy, unless it shall not be", {
  first <- stepped()
  state <- first$optimizer$state_dict()
  other <- optim_adam(list(first$w))
  other$load_state_dict(state)
  with_no_grad(state$state[["1"]]$exp_avg$zero_())
  expect_equal(as.numeric(other$state$get(first$w)$exp_avg), c(0.1, 0.1))
  other$load_state_dict(state, .refer_to_state_dict = TRUE)
  with_no_grad(state$state[["1"]]$exp_avg$fill_(7))
  expect_identical(as.numeric(other$state$get(first$w)$exp_avg), c(7, 7))
})

test_that("what is kept for a parameter is found by the parameter", {
  at <- stepped()
  expect_named(at$optimizer$state$map, "1")
  expect_identical(at$optimizer$state$keys(), "1")
  expect_named(at$optimizer$state$get(at$w), c("step", "exp_avg", "exp_avg_sq"))
  expect_null(at$optimizer$state$get(tensor(1)))
  at$optimizer$state$set(at$w, list(step = tensor(9, dtype = "float32")))
  expect_identical(as.numeric(at$optimizer$state$map[["1"]]$step), 9)
  w <- tensor(1, requires_grad = TRUE)
  lbfgs <- optim_lbfgs(w)
  for (i in 1:2) lbfgs$step(function() 2 * w)
  expect_equal(lbfgs$state$get(w)$func_evals, 2)
})

test_that("optimizers and their generators have R torch's classes", {
  expect_identical(class(optim_sgd), c("optim_sgd", "torch_optimizer_generator"))
  expect_s3_class(attr(optim_sgd, "Optimizer"), "R6ClassGenerator")
  expect_identical(names(formals(optim_sgd))[1:2], c("params", "lr"))
  expect_output(print(optim_sgd), "<torch_optimizer_generator> optim_sgd(params, lr", fixed = TRUE)
  optimizer <- optim_sgd(list(tensor(1, requires_grad = TRUE)))
  expect_s3_class(optimizer, c("optim_sgd", "torch_optimizer"))
  expect_match(message_of(optimizer$clone(deep = TRUE)), "cannot be deep cloned")
  expect_error(optim_sgd(3), class = "value_error")
})

# ---- the table ----

test_that("every optimizer and scheduler of this PyTorch has its function", {
  classes <- python_names(
    "import inspect, torch",
    "from torch.optim import Optimizer, lr_scheduler",
    "def named(module, base, names):",
    "    found = [getattr(module, n) for n in names]",
    "    found = [c for c in found if inspect.isclass(c) and issubclass(c, base)]",
    "    return [c.__name__ for c in found if c is not base]",
    "optimizers = named(torch.optim, Optimizer, dir(torch.optim))",
    "schedulers = named(lr_scheduler, lr_scheduler.LRScheduler, lr_scheduler.__all__)"
  )
  all <- torchbridge:::optimizers
  expect_identical(setdiff(classes$optimizers, all), character())
  for (name in names(all)[!all %in% classes$optimizers]) { # of later versions
    make <- getExportedValue("torchbridge", name)
    expect_error(make(list(tensor(c(1, 2), requires_grad = TRUE))), "has no optimizer")
  }
  expect_setequal(unname(torchbridge:::schedulers), classes$schedulers)
  expect_error(
    torchbridge:::call_python("optim.optimizer", "Nadir", list(), list()),
    "PyTorch .* has no optimizer Nadir"
  )
  exported <- getNamespaceExports("torchbridge")
  expect_in <- function(x) expect_identical(setdiff(x, exported), character())
  expect_in(names(torchbridge:::optimizers))
  expect_in(names(torchbridge:::schedulers))
})

test_that("what R's torch has not got goes through `...`, by name, its beginning or place", {
  w <- tensor(c(1, 2), requires_grad = TRUE)
  group <- function(...) optim_sgd(list(w), lr = 0.1, ...)$param_groups[[1]]
  expect_named(formals(optim_adagrad)[5:7], c("initial_accumulator_value", "eps", "..."))
  expect_true(group(maximize = TRUE)$maximize)
  expect_true(group(maxi = TRUE)$maximize)
  expect_true(optim_sgd(list(w), 0.1, 0, 0, 0, FALSE, TRUE)$param_groups[[1]]$maximize)
  # These have R torch's arguments and no others: packages take them from formals().
  expect_named(formals(optim_ignite_sgd)[5:6], c("weight_decay", "nesterov"))
  expect_error(optim_ignite_adam(list(w), decoupled_weight_decay = TRUE), "unused argument")
  expect_false(isTRUE(group()$maximize))
  expect_error(group(maximize = 1), "`maximize` must be `TRUE` or `FALSE`, not 1")
  expect_error(group(momentm = 1), "unused argument \\(momentm\\). There are `params`, `lr`")
})
