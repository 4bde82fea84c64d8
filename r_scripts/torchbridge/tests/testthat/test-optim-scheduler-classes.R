skip_without_python()

halves <- lr_scheduler(
  "lr_halves",
  get_lr = function() lapply(self$base_lrs, function(lr) lr * 0.5^self$last_epoch)
)
at <- function(lr = 1) optim_sgd(list(tensor(1, requires_grad = TRUE)), lr = lr)
rate <- function(optimizer) optimizer$param_groups[[1L]]$lr

test_that("a schedule of one's own sets the learning rates", {
  optimizer <- at(0.8)
  scheduler <- halves(optimizer)
  expect_identical(rate(optimizer), 0.8)
  scheduler$step()
  expect_identical(rate(optimizer), 0.4)
  scheduler$step()
  expect_identical(scheduler$get_last_lr(), 0.2)
  expect_identical(class(halves), c("lr_halves", "lr_scheduler", "lr_scheduler_generator"))
  expect_identical(class(scheduler), c("lr_halves", "lr_scheduler", "LRScheduler", "R6"))
  expect_named(formals(halves), c("optimizer", "last_epoch", "verbose"))
  expect_output(print(scheduler), "<lr_halves> at step 2: lr = 0.2")
  expect_s3_class(error_of(halves(3)), "type_error")
})

test_that("initialize() and groups are the user's", {
  by <- lr_scheduler(
    "by",
    initialize = function(optimizer, factor, last_epoch = -1) {
      self$factor <- factor
      super$initialize(optimizer, last_epoch)
    },
    get_lr = function() vapply(self$base_lrs, function(lr) lr * self$factor^self$last_epoch, 0)
  )
  a <- tensor(1, requires_grad = TRUE)
  b <- tensor(1, requires_grad = TRUE)
  optimizer <- optim_sgd(list(list(params = a), list(params = b, lr = 1)), lr = 0.1)
  scheduler <- by(optimizer, factor = 0.1)
  scheduler$step()
  expect_equal(scheduler$get_last_lr(), c(0.01, 0.1))
  state <- scheduler$state_dict()
  expect_identical(state$last_epoch, 0 + 1)
  other <- by(optimizer, factor = 0.5)
  other$load_state_dict(state)
  expect_identical(other$factor, 0.1)
  expect_match(message_of(by(at(), 0.1, last_epoch = 3)), "must have `initial_lr`")
})

test_that("verbose says what the learning rate becomes", {
  expect_message(scheduler <- halves(at(), verbose = TRUE), "group 1 to 1.0000")
  expect_message(scheduler$step(), "Adjusting learning rate of group 1 to 0.5000")
  expect_message(step <- lr_step(at(), 1, verbose = TRUE), "Adjusting learning rate of group 1")
  step$optimizer$step()
  expect_message(step$step(), "group 1 to 0.1000")
  expect_silent(plateau <- lr_reduce_on_plateau(at(), patience = 0, verbose = TRUE))
  expect_silent(plateau$step(1))
  expect_message(plateau$step(1), "Epoch 2: reducing learning rate of group 1 to 1.0000e-01")
})

test_that("a schedule of PyTorch's can be inherited from", {
  ten <- lr_scheduler("ten", inherit = lr_lambda, initialize = function(optimizer) {
    super$initialize(optimizer, lr_lambda = function(epoch) 10^-epoch)
  })
  optimizer <- at()
  scheduler <- ten(optimizer)
  optimizer$step()
  scheduler$step()
  expect_equal(rate(optimizer), 0.1)
  expect_identical(scheduler$last_epoch, 1L)
  expect_match(
    message_of(lr_scheduler("no", inherit = lr_reduce_on_plateau, get_lr = function() 1)),
    "`get_lr` would never be asked"
  )
})

test_that("get_lr() of such a class is asked from the first step on, super's is PyTorch's", {
  rates <- function(scheduler, optimizer, n = 4) {
    vapply(seq_len(n), function(i) {
      now <- rate(optimizer)
      optimizer$step()
      scheduler$step()
      now
    }, 0)
  }
  twice <- lr_scheduler("twice", inherit = lr_lambda, get_lr = function() {
    lapply(super$get_lr(), function(lr) 2 * lr)
  })
  optimizer <- at()
  scheduler <- twice(optimizer, lr_lambda = function(epoch) 0.5^epoch)
  expect_identical(rates(scheduler, optimizer), 2 * 0.5^(0:3))
  expect_identical(scheduler$get_last_lr(), 2 * 0.5^4)
  # Of an optimizer with groups, written in R, by a class of a class.
  groups <- list(
    list(params = list(tensor(1, requires_grad = TRUE)), lr = 1),
    list(params = list(tensor(1, requires_grad = TRUE)), lr = 10)
  )
  own <- optimizer(
    "own", initialize = function(params) super$initialize(params, list(lr = 1)),
    step = function(closure = NULL) NULL
  )(groups)
  floor <- lr_scheduler("floor", inherit = lr_exponential, get_lr = function() {
    expect_identical(unlist(self$base_lrs), c(1, 10))
    pmax(unlist(self$base_lrs) * 0.1^self$last_epoch, self$least())
  }, least = function() 0.05)
  lower <- lr_scheduler("lower", inherit = floor, least = function() 0.02)
  scheduler <- lower(own, gamma = 0.9)
  seen <- lapply(1:3, function(i) {
    scheduler$step()
    vapply(own$param_groups, `[[`, 0, "lr")
  })
  expect_equal(seen, list(c(0.1, 1), c(0.02, 0.1), c(0.02, 0.02)), tolerance = 1e-12)
  short <- lr_scheduler("short", inherit = lr_step, get_lr = function() c(1, 2))
  expect_error(short(at(), step_size = 1), "`get_lr\\(\\)` must give 1 learning rates, not 2")
  # A schedule that is made later has its own rates.
  expect_identical(rate(lr_step(optimizer <- at(), 1)$optimizer), 1)
})
