#' ---
#' title: Fewer dimensions
#' korean: 차원 축소, 주성분 분석과 LDA
#' shows: Principal components of wine by R, by an SVD in torch and by scikit-learn; discriminants
#'   that know the classes; and kernel components, which unroll what no plane can.
#' api: prcomp, linalg_svd, linalg_eigh, torch_cdist
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
#' `prcomp()` divides by n - 1; its variances are the eigenvalues of the covariance. An SVD gives
#' them in torch. The sign of a component means nothing: here its largest weight is positive.

positive <- function(v) sweep(v, 2, apply(v, 2, function(c) sign(c[which.max(abs(c))])), "*")
pca <- prcomp(x)
eigenvalues <- pca$sdev^2
by_svd <- linalg_svd(torch_tensor(x, dtype = torch_double()), full_matrices = FALSE)
singular <- to_r(by_svd[[2]])
axes <- positive(t(to_r(by_svd[[3]])))
difference <- max(abs(axes - positive(pca$rotation)))
rbind(prcomp = eigenvalues, torch = singular^2 / (nrow(x) - 1))[, 1:6]
difference
scores <- x %*% axes[, 1:2]
by_sklearn <- py_import("sklearn.decomposition")$PCA(n_components = 2L)$fit_transform(x)
head(cbind(scores, by_sklearn), 2)
ratios <- eigenvalues / sum(eigenvalues)
round(ratios[1:3], 4)
iris_ratios <- summary(prcomp(iris[1:4]))$importance[2, ]
iris_ratios

#+ scores, fig.alt = "Training wines on their first two principal components, by class"
ggplot(data.frame(scores, class = factor(split$y)), aes(X1, X2, colour = class)) +
  geom_point() +
  labs(title = "Wines on two components", x = "PC1", y = "PC2", colour = "Class")

#+ variance, fig.alt = "Bars: the share of variance of each of 13 components"
ggplot(data.frame(component = factor(1:13), share = ratios), aes(component, share)) +
  geom_col(fill = "#0072B2") +
  labs(title = "What each component explains", x = "Component", y = "Share of variance")

#' ## Discriminants
#' Components do not know the classes. Discriminants have the largest spread between classes for
#' the spread within them: eigenvectors of within^-1 between. Here each class counts the same
#' within; `MASS::lda()` weights them by their rows, and so looks a hair's breadth elsewhere.

classes <- split.data.frame(x, split$y)
within <- Reduce(`+`, lapply(classes, cov))
between <- Reduce(`+`, lapply(classes, function(rows) nrow(rows) * tcrossprod(colMeans(rows))))
discriminants <- eigen(solve(within, between))
lda_eigenvalues <- Re(discriminants$values[1:2])
lda_eigenvalues
lda <- MASS::lda(x, factor(split$y))
agreement <- abs(cor(x %*% Re(discriminants$vectors[, 1:2]), predict(lda, x)$x))
round(agreement, 4)

#' ## Two columns instead of thirteen
#' Logistic regression of the class, on two components and on two discriminants.

logistic <- function(train, test) {
  model <- py_import("sklearn.linear_model")$LogisticRegression(random_state = 1L)
  model$fit(train, split$y)
  c(train = model$score(train, split$y), test = model$score(test, split$y_test))
}
on_pca <- logistic(scores, x_test %*% axes[, 1:2])
on_lda <- logistic(predict(lda, x)$x, predict(lda, x_test)$x)
rbind(on_pca, on_lda)

#' ## Kernel components
#' Two moons lie in each other's arms. What is compared here is not the points but how near they
#' are, exp(-15 distance^2): the first component of that tells the moons apart.

moons <- py_import("sklearn.datasets")$make_moons(n_samples = 100L, random_state = 123L)
points <- torch_tensor(moons[[1]], dtype = torch_double())
kernel <- exp(-15 * torch_cdist(points, points)^2)
centred <- kernel - mean(kernel, dim = 1, keepdim = TRUE) - mean(kernel, dim = 2, keepdim = TRUE) +
  mean(kernel)
components <- linalg_eigh(centred)
values <- to_r(components[[1]])[100:99]
alphas <- positive(to_r(components[[2]])[, 100:99])

#' A new point goes to the sum of its nearness to all others, weighted by the component. The 26th
#' point, taken as new, comes to where it was.

new_point <- moons[[1]][26, ]
nearness <- exp(-15 * rowSums(sweep(moons[[1]], 2, new_point)^2))
c(projected = sum(nearness * alphas[, 1] / values[1]), was = alphas[26, 1])

#+ kernel, fig.alt = "Two moons, and the same points on two kernel components: apart"
shown <- rbind(
  data.frame(moons[[1]], part = "points"), data.frame(alphas, part = "kernel components")
)
shown$moon <- factor(rep(moons[[2]], 2))
ggplot(shown, aes(X1, X2, colour = moon)) +
  geom_point() +
  facet_wrap(~ factor(part, c("points", "kernel components")), scales = "free") +
  labs(title = "Moons, unrolled", x = NULL, y = NULL, colour = NULL)
