#' ---
#' title: From a neuron to a layer that generalises
#' korean: 로지스틱 뉴런과 단일층 신경망, 검증 세트, 과대적합과 규제
#' shows: Breast cancer by one neuron, shuffling, scaling without leakage, early stopping, L1 and
#'   L2, cross validation; each accuracy to the last tumour.
#' api: py_import, torch_fit, nn_linear
#' rows: S3-10, S3-12, S3-13, S3-14, S3-15
#' ---

library(torchbridge)
library(ggplot2)

#' ## The data
#' scikit-learn's arrays arrive as a matrix and a vector. 0 is malignant, 1 benign. Three columns
#' stand out: mean area, area error, worst area.

cancer <- py_import("sklearn.datasets")$load_breast_cancer()
table(cancer$target)
spreads <- apply(cancer$data, 2, max)
cancer$feature_names[order(spreads, decreasing = TRUE)[1:3]]

#+ columns, fig.alt = "Boxes of 30 columns: mean area, area error and worst area reach far up"
boxes <- data.frame(column = rep(factor(0:29), each = 569), value = c(cancer$data))
ggplot(boxes, aes(column, value)) +
  geom_boxplot(fill = "#56B4E9", outlier.size = 0.4) +
  labs(title = "Thirty measurements: 3, 13 and 23 are areas", x = "Column, from 0", y = NULL)

selection <- py_import("sklearn.model_selection")
outer <- selection$train_test_split(
  cancer$data, cancer$target,
  stratify = cancer$target, test_size = 0.2, random_state = 42L
)
names(outer) <- c("x", "x_test", "y", "y_test")
inner <- selection$train_test_split(
  outer$x, outer$y, stratify = outer$y, test_size = 0.2, random_state = 42L
)
names(inner) <- c("x", "x_val", "y", "y_val")
c(train = nrow(inner$x), validation = nrow(inner$x_val), test = nrow(outer$x_test))

#' ## One neuron, row by row
#' Its answer is a probability; the gradient of its loss is (a - y) x. The bias moves at full speed.
#' NumPy's seed shuffles, so that the rows come in the order of the book.

numpy_random <- py_import("numpy.random")
learn <- function(x, y, epochs, lr = 1, l1 = 0, l2 = 0, shuffle = TRUE, valid = NULL) {
  w <- rep(1, ncol(x))
  b <- 0
  random <- numpy_random$RandomState(42L)
  rows <- seq_len(nrow(x))
  clip <- function(a) pmin(pmax(a, 1e-10), 1 - 1e-10)
  losses <- NULL
  for (epoch in seq_len(epochs)) {
    order <- if (shuffle) random$permutation(nrow(x)) + 1 else rows
    for (i in order) {
      xi <- x[i, ]
      error <- 1 / (1 + exp(-max(sum(xi * w) + b, -100))) - y[i]
      w <- w - lr * (error * xi + l1 * sign(w) + l2 * w)
      b <- b - error * lr
    }
    if (!is.null(valid)) {
      loss <- function(x, y) {
        a <- clip(plogis(x %*% w + b))
        mean(-(y * log(a) + (1 - y) * log(1 - a)))
      }
      now <- data.frame(epoch, train = loss(x, y), validation = loss(valid$x, valid$y))
      losses <- rbind(losses, now)
    }
  }
  list(w = w, b = b, losses = losses)
}
accuracy <- function(fit, x, y) mean((x %*% fit$w + fit$b > 0) == y)

neuron <- learn(outer$x, outer$y, 100, shuffle = FALSE)
shuffled <- learn(outer$x, outer$y, 100)
c(
  in_order = accuracy(neuron, outer$x_test, outer$y_test),
  shuffled = accuracy(shuffled, outer$x_test, outer$y_test)
)

#' ## Scaling, by the training rows
#' Validation rows are scaled with the training rows' mean and deviation. Left raw, they are
#' strangers to the model. (This deviation divides by n, unlike R's `sd()`.)

unscaled <- accuracy(learn(inner$x, inner$y, 100, lr = 0.1), inner$x_val, inner$y_val)
center <- colMeans(inner$x)
spread <- sqrt(colMeans(sweep(inner$x, 2, center)^2))
x <- scale(inner$x, center, spread)
x_val <- scale(inner$x_val, center, spread)
scaled <- learn(x, inner$y, 100, lr = 0.1, valid = list(x = x_val, y = inner$y_val))
on_scaled <- accuracy(scaled, x_val, inner$y_val)
on_raw <- accuracy(scaled, inner$x_val, inner$y_val)
c(unscaled = unscaled, on_raw = on_raw, on_scaled = on_scaled)

#+ overfitting, fig.alt = "Training loss falls on, validation loss soon turns up again"
best <- which.min(scaled$losses$validation)
ggplot(scaled$losses, aes(epoch)) +
  geom_line(aes(y = train, colour = "training")) +
  geom_line(aes(y = validation, colour = "validation")) +
  geom_vline(xintercept = best, linetype = "dashed", colour = "#999999") +
  coord_cartesian(ylim = c(0.02, 0.3)) +
  labs(title = "Fitting too well", x = "Epoch", y = "Loss", colour = NULL)

#' ## Stop early, or penalise
#' Twenty epochs are enough. L1 and L2 pull weights to zero instead: their gradients are l1 sign(w)
#' and l2 w. (`weight_decay` of `torch_fit()` is the second, for weights and biases alike.)

early <- accuracy(learn(x, inner$y, 20, lr = 0.1), x_val, inner$y_val)
l1 <- accuracy(learn(x, inner$y, 20, lr = 0.1, l1 = 0.001), x_val, inner$y_val)
l2 <- accuracy(learn(x, inner$y, 50, lr = 0.1, l2 = 0.01), x_val, inner$y_val)
c(early = early, l1 = l1, l2 = l2)

#+ paths, fig.alt = "The size of 30 weights for three strengths of L1 and of L2: more is smaller"
grid <- expand.grid(strength = c(1e-4, 1e-3, 1e-2), penalty = c("L1", "L2"))
paths <- do.call(rbind, Map(function(strength, penalty) {
  fit <- learn(
    x, inner$y, 10, lr = 0.1, l1 = strength * (penalty == "L1"), l2 = strength * (penalty == "L2")
  )
  data.frame(strength, penalty, weight = fit$w, column = 1:30)
}, grid$strength, as.character(grid$penalty)))
ggplot(paths, aes(strength, weight, group = column)) +
  geom_line(colour = "#0072B2", alpha = 0.6) +
  facet_wrap(~penalty) +
  scale_x_log10() +
  labs(title = "Penalties shrink weights", x = "Strength")

#' ## The neuron by torch_fit()
#' Batches of one row, in order: the same weights, after twenty epochs of 364 steps.

unit <- nn_linear(30, 1, dtype = torch_double())
nn_init_ones_(unit$weight)
nn_init_zeros_(unit$bias)
fit <- torch_fit(
  x, inner$y, unit,
  loss = "binary_cross_entropy_with_logits", optimizer = "sgd", lr = 0.1, epochs = 20,
  batch_size = 1, shuffle = FALSE
)
by_loop <- learn(x, inner$y, 20, lr = 0.1, shuffle = FALSE)
c(largest_difference = max(abs(coef(fit)$weight - by_loop$w), abs(coef(fit)$bias - by_loop$b)))

#' ## Ten folds
#' Each tenth of the rows judges a model that has not seen it, scaled by the other nine tenths.

fold_rows <- nrow(outer$x) %/% 10
scores <- vapply(1:10, function(k) {
  held <- (k - 1) * fold_rows + seq_len(fold_rows)
  center <- colMeans(outer$x[-held, ])
  spread <- sqrt(colMeans(sweep(outer$x[-held, ], 2, center)^2))
  fit <- learn(scale(outer$x[-held, ], center, spread), outer$y[-held], 50, lr = 0.1, l2 = 0.01)
  accuracy(fit, scale(outer$x[held, ], center, spread), outer$y[held])
}, 0)
mean(scores)

#' scikit-learn's own version of it: scaler and classifier in a pipeline, so that no fold leaks.

pipeline <- py_import("sklearn.pipeline")$make_pipeline(
  py_import("sklearn.preprocessing")$StandardScaler(),
  py_import("sklearn.linear_model")$SGDClassifier(
    loss = "log_loss", penalty = "l2", alpha = 0.001, random_state = 42L
  )
)
by_pipeline <- mean(selection$cross_val_score(pipeline, outer$x, outer$y, cv = 10L))
by_pipeline
