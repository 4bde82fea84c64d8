#' ---
#' title: Fewer dimensions
#' korean: 차원 축소, 주성분 분석과 LDA
#' shows: Principal components of wine by R, by an SVD in torch and by scikit-learn; a classifier
#'   on two
#'   of them, and on two discriminants.
#' api: prcomp, linalg_svd, py_import("sklearn.decomposition")
#' rows: S4-16
#' ---

library(torchbridge)
library(ggplot2)

wine <- py_import("sklearn.datasets")$load_wine()
split <- py_import("sklearn.model_selection")$train_test_split(
  wine$data, wine$target + 1L, test_size = 0.3, stratify = wine$target, random_state = 0L
)
names(split) <- c("x", "x_test", "y", "y_test")
center <- colMeans(split$x)
spread <- sqrt(colMeans(sweep(split$x, 2, center)^2))
standardise <- function(x) sweep(sweep(x, 2, center), 2, spread, "/")
x <- standardise(split$x)
x_test <- standardise(split$x_test)

#' ## Principal components
#' `prcomp()` divides by n - 1; its variances are the eigenvalues of the covariance. An SVD of the
#' centred data gives them in torch. (A trap: what `scale()` returns remembers its scale, and
#' `prcomp()` would apply it to new rows once more.)

pca <- prcomp(x)
eigenvalues <- pca$sdev^2
singular <- to_r(linalg_svdvals(torch_tensor(x, dtype = torch_double())))
rbind(prcomp = eigenvalues, torch = singular^2 / (nrow(x) - 1))[, 1:6]
ratios <- eigenvalues / sum(eigenvalues)
round(ratios[1:3], 4)
iris_ratios <- summary(prcomp(iris[1:4]))$importance[2, ]
iris_ratios

#' ## Two columns instead of thirteen
#' Logistic regression on two principal components, and on two discriminants that know the classes.

logistic <- function(train, test) {
  model <- py_import("sklearn.linear_model")$LogisticRegression(random_state = 1L)
  model$fit(train, split$y)
  c(train = model$score(train, split$y), test = model$score(test, split$y_test))
}
on_pca <- logistic(pca$x[, 1:2], predict(pca, x_test)[, 1:2])
lda <- MASS::lda(x, factor(split$y))
on_lda <- logistic(predict(lda, x)$x, predict(lda, x_test)$x)
rbind(on_pca, on_lda)

#+ scores, fig.alt = "Training wines on their first two principal components, by class"
ggplot(data.frame(pca$x, class = factor(split$y)), aes(PC1, PC2, colour = class)) +
  geom_point() +
  labs(title = "Wines on two components", colour = "Class")

#+ variance, fig.alt = "Bars: the share of variance of each of 13 components"
ggplot(data.frame(component = factor(1:13), share = ratios), aes(component, share)) +
  geom_col(fill = "#0072B2") +
  labs(title = "What each component explains", x = "Component", y = "Share of variance")
