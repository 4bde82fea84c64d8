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
    message_of(lr_scheduler("no", inherit = lr_step, get_lr = function() 1)),
    "`get_lr` would never be asked"
  )
})
