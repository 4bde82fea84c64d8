test_that("R's functions of models have Python's defaults", {
  registry <- torchbridge:::model_registry()
  offered <- torchbridge:::offered_models()
  expect_identical(offered, c(
    "mlp", "tabular", "cnn", "rnn", "autoencoder", "linear", "logistic", "multinomial",
    "ordinal", "cox", "aft", "quantile_regression", "gaussian_mixture", "k_means", "pca"
  ))
  as_r <- function(x) if (is.list(x)) unlist(x) else x
  compared <- 0L
  for (name in offered) {
    row <- registry$models[[name]]
    arguments <- formals(torchbridge:::model_function(name))
    # An argument without a default is one that must be given.
    is_missing <- vapply(as.list(arguments), function(x) is.name(x) && !nzchar(x), NA)
    expect_identical(as.character(names(arguments)[is_missing]), row$required)
    for (argument in names(arguments)[!is_missing]) {
      default <- eval(arguments[[argument]])
      # NULL leaves it to Python, and logistic()'s link is its family's.
      if (is.null(default) || argument == "link") next
      expect_equal(default, as_r(row$defaults[[argument]]), info = paste(name, argument))
      compared <- compared + 1L
    }
  }
  expect_identical(compared, 32L)
})

test_that("the registry is asked once a session", {
  kept <- torchbridge:::the
  before <- kept$registry <- torchbridge:::model_registry()
  on.exit(kept$registry <- before)
  kept$registry$models$linear$exact <- "what is kept"
  expect_identical(torchbridge:::is_exact_model(linear()), "what is kept")
  # A name that is not known may have come since.
  expect_null(torchbridge:::model_row("nothing"))
  expect_true(torchbridge:::is_exact_model(linear()))
})

test_that("a model says what is asked of it", {
  kinds <- vapply(torchbridge:::offered_models(), function(name) {
    c(
      exact = torchbridge:::is_exact_model(name), response = torchbridge:::takes_response(name),
      alone = torchbridge:::is_unsupervised(name), tunable = torchbridge:::is_tunable(name)
    )
  }, logical(4L))
  shown <- apply(kinds, 1L, function(x) names(which(x)), simplify = FALSE)
  expect_identical(shown, list(
    exact = c(
      "linear", "logistic", "multinomial", "ordinal", "cox", "aft", "quantile_regression",
      "gaussian_mixture", "k_means", "pca"
    ),
    response = c(
      "mlp", "tabular", "cnn", "rnn", "linear", "logistic", "multinomial", "ordinal", "cox", "aft",
      "quantile_regression"
    ),
    alone = c("gaussian_mixture", "k_means", "pca"),
    tunable = c("mlp", "tabular", "cnn", "rnn")
  ))
  expect_null(torchbridge:::model_function("grad"))
  expect_identical(torchbridge:::model_options(k_means(2)), c("k", "n_init", "max_iter"))
})
