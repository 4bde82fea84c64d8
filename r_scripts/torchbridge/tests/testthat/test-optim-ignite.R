skip_without_python()

stepped <- function(make, ...) {
  parameters <- list(tensor(c(1, 2), requires_grad = TRUE), tensor(3, requires_grad = TRUE))
  optimizer <- make(parameters, ...)
  parameters[[1L]]$sum()$add(parameters[[2L]])$backward()
  optimizer$step()
  optimizer
}

makers <- list(
  optim_ignite_adagrad = optim_ignite_adagrad, optim_ignite_adam = optim_ignite_adam,
  optim_ignite_adamw = optim_ignite_adamw, optim_ignite_rmsprop = optim_ignite_rmsprop,
  optim_ignite_sgd = optim_ignite_sgd
)

test_that("they are PyTorch's optimizers, with R torch's names of what they keep", {
  for (name in names(makers)) {
    options <- list(lr = 0.1, momentum = 0.9)[seq_len(1L + endsWith(name, "sgd"))]
    optimizer <- do.call(stepped, c(makers[[name]], options))
    plain <- do.call(stepped, c(get(sub("ignite_", "", name)), options))
    expect_identical(
      lapply(optimizer$param_groups[[1L]]$params, as.numeric),
      lapply(plain$param_groups[[1L]]$params, as.numeric)
    )
    expect_s3_class(optimizer, c(name, "optim_ignite", "torch_optimizer"))
    expect_identical(class(makers[[name]])[1:2], c(name, "optim_ignite"))
    state <- optimizer$state_dict()
    expect_named(state$state, c("1", "2"))
    expect_named(state$state[["1"]], torchbridge:::ignite_names[[name]])
    optimizer$load_state_dict(state)
    expect_equal(optimizer$state_dict()$param_groups, state$param_groups)
  }
})

test_that("a state of another form is refused", {
  optimizer <- stepped(optim_ignite_adamw, lr = 0.1)
  whole <- optimizer$state_dict()
  refused <- function(state) error_of(optimizer$load_state_dict(state))
  expect_match(conditionMessage(refused(list())), "must be a list with elements")
  one <- whole
  one$state <- one$state[1L]
  expect_match(conditionMessage(refused(one)), "missing states for parameters 2.", fixed = TRUE)
  less <- whole
  less$state[[1L]]$exp_avg <- NULL
  expect_match(conditionMessage(refused(less)), "The 1-th state has elements with names exp_avg")
  options <- whole
  options$param_groups[[1L]]$lr <- NULL
  expect_match(conditionMessage(refused(options)), "must include names 'params")
  expect_s3_class(refused(options), "value_error")
})
