skip_without_python()

# Gradient descent with momentum, as optim_sgd() has it.
optim_heavy <- optimizer(
  "optim_heavy",
  initialize = function(params, lr = optim_required(), momentum = 0.9) {
    super$initialize(params, list(lr = lr, momentum = momentum))
  },
  step = function(closure = NULL) {
    private$step_helper(closure, function(group, param, g, p) {
      before <- self$state$get(param)$velocity
      velocity <- if (is.null(before)) param$grad$clone() else before * group$momentum + param$grad
      self$state$set(param, list(velocity = velocity))
      param$sub_(velocity, alpha = group$lr)
    })
  }
)

descend <- function(make, steps = 5, ...) {
  w <- tensor(c(3, -2), requires_grad = TRUE)
  optimizer <- make(w, ...)
  for (i in seq_len(steps)) {
    optimizer$zero_grad()
    w$pow(2)$sum()$backward()
    optimizer$step()
  }
  list(w = w, optimizer = optimizer)
}

test_that("an optimizer of one's own is that of PyTorch, where it is the same", {
  ours <- descend(optim_heavy, lr = 0.05)
  theirs <- descend(optim_sgd, lr = 0.05, momentum = 0.9)
  expect_equal(as.numeric(ours$w), as.numeric(theirs$w), tolerance = 1e-15)
  expect_identical(class(ours$optimizer), c("optim_heavy", "torch_optimizer", "R6"))
  expect_identical(class(optim_heavy), c("optim_heavy", "torch_optimizer_generator"))
  expect_true(is_optimizer(ours$optimizer))
  expect_named(formals(optim_heavy), c("params", "lr", "momentum"))
  expect_output(print(ours$optimizer), "1 tensor, 2 values: lr = 0.05, momentum = 0.9")
})

test_that("R torch's example of an optimizer trains", {
  optim_sgd2 <- optimizer(
    initialize = function(params, learning_rate) {
      super$initialize(params, list(learning_rate = learning_rate))
    },
    step = function() {
      with_no_grad({
        for (g in seq_along(self$param_groups)) {
          group <- self$param_groups[[g]]
          for (p in seq_along(group$params)) {
            param <- group$params[[p]]
            if (is.null(param$grad) || is_undefined_tensor(param$grad)) next
            param$add_(param$grad, alpha = -group$learning_rate)
          }
        }
      })
    }
  )
  w <- descend(optim_sgd2, steps = 10, learning_rate = 0.1)$w
  expect_equal(as.numeric(w), c(3, -2) * 0.8^10, tolerance = 1e-14)
})

test_that("a closure is called with gradients, and its value given", {
  w <- tensor(2, requires_grad = TRUE)
  optimizer <- optim_heavy(list(w), lr = 0.1)
  loss <- optimizer$step(function() {
    loss <- w$pow(2)$sum()
    loss$backward()
    loss
  })
  expect_equal(loss$item(), 4)
  expect_equal(w$item(), 2 - 0.1 * 4)
})

test_that("groups have options of their own, and what is required must be given", {
  a <- tensor(1, requires_grad = TRUE)
  b <- tensor(1, requires_grad = TRUE)
  optimizer <- optim_heavy(list(list(params = a, lr = 0.5), list(params = list(b), lr = 0.25)))
  a$add(b)$backward()
  optimizer$step()
  expect_equal(c(a$item(), b$item()), c(0.5, 0.75))
  optimizer$param_groups[[2L]]$lr <- 1
  expect_identical(optimizer$param_groups[[2L]]$lr, 1)
  error <- error_of(optim_heavy(list(a)))
  expect_match(conditionMessage(error), "required option `lr`")
  expect_s3_class(error, "value_error")
  expect_error(optim_heavy(list(3), lr = 1), "only optimize tensors", class = "value_error")
  expect_error(optim_heavy(list(a * 2), lr = 1), "operations made", class = "value_error")
  expect_error(optim_heavy(list(), lr = 1), "not empty", class = "value_error")
  expect_match(message_of(optimizer()()), "argument")
  expect_match(message_of(optimizer("none")(a, list())$step()), "has no method `step", fixed = TRUE)
})

test_that("the state goes on as if nothing had happened, and is a copy", {
  straight <- descend(optim_heavy, 6, lr = 0.05)
  first <- descend(optim_heavy, 3, lr = 0.05)
  state <- first$optimizer$state_dict()
  expect_named(state, c("param_groups", "state"))
  expect_identical(state$param_groups[[1L]]$params, 1L)
  second <- optim_heavy(first$w, lr = 1)
  second$load_state_dict(state)
  state$state[["1"]]$velocity$zero_()
  for (i in 1:3) {
    second$zero_grad(set_to_none = FALSE)
    first$w$pow(2)$sum()$backward()
    second$step()
  }
  expect_equal(as.numeric(first$w), as.numeric(straight$w), tolerance = 1e-15)
  expect_match(message_of(second$load_state_dict(list())), "must be a list with elements")
  expect_match(
    message_of(second$load_state_dict(list(param_groups = list(), state = list()))), "other"
  )
})

test_that("PyTorch's schedules set the learning rates of optimizers of one's own", {
  at <- descend(optim_heavy, 1, lr = 1)
  scheduler <- lr_step(at$optimizer, step_size = 2, gamma = 0.1)
  found <- vapply(1:4, function(i) {
    at$optimizer$step()
    scheduler$step()
    at$optimizer$param_groups[[1L]]$lr
  }, 0)
  expect_equal(found, c(1, 0.1, 0.1, 0.01))
  expect_identical(scheduler$optimizer, at$optimizer)
  at$optimizer$param_groups[[1L]]$lr <- 5
  cycle <- lr_one_cycle(at$optimizer, max_lr = 1, total_steps = 10, cycle_momentum = FALSE)
  expect_equal(at$optimizer$param_groups[[1L]]$lr, 1 / 25)
  expect_identical(at$optimizer$param_groups[[1L]]$initial_lr, 1 / 25)
})

test_that("a class inherits from another, and from those of PyTorch", {
  clipped <- optimizer("clipped", inherit = optim_sgd, step = function(closure = NULL) {
    with_no_grad(for (p in self$param_groups[[1L]]$params) p$grad$clamp_(-1, 1))
    super$step(closure)
  })
  w <- tensor(c(3, 0.25), requires_grad = TRUE)
  optimizer <- clipped(list(w), lr = 0.5)
  w$pow(2)$sum()$backward()
  optimizer$step()
  expect_equal(as.numeric(w), c(2.5, 0))
  optimizer$param_groups[[1L]]$lr <- 0.25
  expect_identical(optimizer$param_groups[[1L]]$lr, 0.25)
  expect_identical(class(optimizer), c("clipped", "optim_sgd", "torch_optimizer", "R6"))
  slower <- optimizer("slower", inherit = optim_heavy, initialize = function(params) {
    super$initialize(params, lr = 0.01)
  })
  expect_identical(slower(w)$param_groups[[1L]]$lr, 0.01)
  expect_match(message_of(optimizer("a", inherit = 3)), "`inherit` must be what optimizer() gives",
    fixed = TRUE
  )
})
