skip_without_python()

measures <- iris[1:4]

test_that("pca() equals prcomp()", {
  fit <- torch_fit(~., data = measures, model = pca(scale = TRUE))
  expected <- prcomp(measures, scale. = TRUE)
  signs <- sign(colSums(coef(fit) * expected$rotation))
  expect_equal(sweep(coef(fit), 2L, signs, "*"), expected$rotation, tolerance = 1e-10)
  new <- measures[c(3, 77), ] + 1
  scores <- sweep(predict(fit, new), 2L, signs, "*")
  expect_equal(scores, predict(expected, new), tolerance = 1e-10)
  shares <- summary(expected)$importance
  expect_equal(tidy(fit)$cumulative, unname(shares[3, ]), tolerance = 1e-5)
  two <- torch_fit(measures, model = pca(2))
  expect_equal(tidy(two)$percent, tidy(torch_fit(measures, model = pca()))$percent[1:2])
  expect_named(augment(two), c(names(measures), ".fittedPC1", ".fittedPC2"))
  expect_equal(glance(two)$total.variance, sum(diag(cov(measures))))
})

test_that("k_means() equals kmeans()", {
  fit <- torch_fit(as.matrix(measures), model = k_means(3), seed = 1)
  set.seed(1)
  expected <- kmeans(measures, 3, nstart = 20)
  expect_equal(glance(fit)$tot.withinss, expected$tot.withinss, tolerance = 1e-12)
  expect_equal(sort(coef(fit)[, 1]), sort(expected$centers[, 1]), ignore_attr = TRUE)
  expect_equal(sort(tidy(fit)$size), sort(expected$size))
  expect_equal(max(table(predict(fit), expected$cluster)), max(expected$size))
  expect_equal(predict(fit, as.matrix(measures)), predict(fit))
  expect_equal(unname(predict(fit)), augment(fit)$.cluster)
  set.seed(4)
  drawn <- torch_fit(~., data = measures, model = k_means(5, n_init = 1))
  set.seed(4)
  expect_identical(
    drawn$weights, torch_fit(~., data = measures, model = k_means(5, n_init = 1))$weights
  )
})

test_that("gaussian_mixture() is at a maximum of the likelihood", {
  fit <- torch_fit(~ eruptions + waiting, data = faithful, model = gaussian_mixture(2), seed = 1)
  parts <- coef(fit)
  density <- vapply(1:2, function(j) {
    root <- chol(parts$covariances[, , j])
    z <- forwardsolve(t(root), t(faithful) - parts$means[j, ])
    parts$weights[j] * exp(-colSums(z^2) / 2) / (2 * pi * prod(diag(root)))
  }, numeric(nrow(faithful)))
  expect_equal(as.numeric(logLik(fit)), sum(log(rowSums(density))), tolerance = 1e-10)
  prob <- predict(fit, faithful, type = "prob")
  expect_equal(unname(prob), density / rowSums(density), tolerance = 1e-8)
  # Where the likelihood is largest, EM stands still.
  expect_equal(parts$weights, unname(colMeans(prob)), tolerance = 1e-5)
  expect_equal(parts$means, crossprod(prob, as.matrix(faithful)) / colSums(prob), tolerance = 1e-5)
  expect_true(all(diff(fit$result$log_likelihoods) > -1e-8))
  expect_equal(BIC(fit), -2 * as.numeric(logLik(fit)) + 11 * log(272))
  expect_equal(unname(predict(fit)), factor(max.col(prob)))
  expect_equal(augment(fit)$.prob_1, unname(prob[, 1]))
  gradient <- update(fit, model = gaussian_mixture(2, method = "gradient"))
  expect_equal(as.numeric(logLik(gradient)), as.numeric(logLik(fit)), tolerance = 1e-8)
})

test_that("such fits are kept in files, plotted and printed", {
  fit <- torch_fit(~., data = measures, model = gaussian_mixture(2), seed = 1)
  path <- tempfile()
  saveRDS(fit, path)
  expect_equal(predict(readRDS(path), measures, type = "prob"), predict(fit, type = "prob"))
  expect_output(print(fit), "component.*size.*proportion.*BIC")
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_named(plot(fit), c("PC1", "PC2", "cluster"))
  expect_named(plot(fit, type = "likelihood"), c("iteration", "log_likelihood"))
  components <- torch_fit(~., data = measures, model = pca())
  expect_equal(sum(plot(components)$share), 1)
  skip_if_not_installed("ggplot2")
  expect_s3_class(ggplot2::autoplot(components), "ggplot")
  expect_s3_class(ggplot2::autoplot(fit), "ggplot")
})

test_that("wrong calls are errors that say what is right", {
  expect_error(torch_fit(~., data = iris, model = k_means(3)), "`Species` is a factor")
  expect_error(torch_fit(Species ~ ., data = iris, model = k_means(3)), "must have no response")
  expect_error(torch_fit(~., data = measures, model = "k_means"), "needs a number, model = k_means")
  expect_error(torch_fit(~., data = measures, model = k_means), "must be called with its number")
  expect_error(k_means(0), "`k` must be a whole number from 1")
  expect_error(torch_fit(~., data = measures, model = pca(9)), "must be at most 4")
  expect_error(torch_fit(measures, model = pca(), epochs = 3), "`epochs` is for networks")
  fit <- torch_fit(~., data = measures, model = k_means(2), seed = 1)
  expect_error(predict(fit, type = "prob"), "`type`: \"prob\" is not known; it can be \"class\"")
  expect_error(residuals(fit), "has no residuals")
  expect_error(predict(fit, measures[1:2]), "Petal.Length")
  expect_error(confint(fit), "are for models fitted exactly")
})

test_that("an autoencoder gives its code, and names its columns", {
  fit <- torch_fit(~., data = measures, model = autoencoder(8, code = 2), epochs = 2, seed = 1)
  code <- predict(fit, measures[1:3, ], type = "code")
  expect_equal(dim(code), c(3L, 2L))
  module <- fitted_module(fit)
  x <- torch_tensor(as.matrix(measures[1:3, ]), dtype = torch_float())
  expect_equal(unname(code), as.matrix(module$network$encoder(module$input(x))), tolerance = 1e-6)
  expect_equal(colnames(predict(fit)), names(measures))
})

test_that("a column that the formula takes away says which rows count, and nothing else", {
  fit <- torch_fit(~ . - Species, iris, pca(2))
  expect_equal(
    predict(fit, iris[1:4]), predict(torch_fit(~., iris[1:4], pca(2)), iris[1:4])
  )
  boston <- MASS::Boston
  boston$zn[1:3] <- NA
  boston$one <- factor("a")
  part <- torch_fit(medv ~ . - zn - one + offset(rm), boston, linear())
  reference <- lm(medv ~ . + offset(rm), boston[-(1:3), !names(boston) %in% c("zn", "one")])
  expect_equal(coef(part), coef(reference), tolerance = 1e-9)
  new <- boston[1:5, !names(boston) %in% c("zn", "one", "medv")]
  expect_equal(predict(part, new), predict(reference, new), tolerance = 1e-9)
})
