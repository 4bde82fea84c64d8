#' ---
#' title: Clustering
#' korean: 군집 분석, k-평균과 계층 군집, DBSCAN
#' shows: k-means and its elbow, silhouettes, a dendrogram, and moons that only DBSCAN tells
#'   apart; R and scikit-learn agree.
#' api: py_import("sklearn.cluster"), kmeans, hclust, cutree
#' rows: S4-14
#' ---

library(torchbridge)
library(ggplot2)

datasets <- py_import("sklearn.datasets")
cluster <- py_import("sklearn.cluster")
metrics <- py_import("sklearn.metrics")

#' ## k-means
#' Three clouds of fifty points. R's `kmeans()` on Python's points.

blobs <- datasets$make_blobs(
  n_samples = 150L, n_features = 2L, centers = 3L, cluster_std = 0.5, shuffle = TRUE,
  random_state = 0L
)
x <- blobs[[1]]
set.seed(1)
by_r <- kmeans(x, 3, nstart = 10)
by_python <- cluster$KMeans(n_clusters = 3L, n_init = 10L, random_state = 0L)
by_python$fit(x)
c(r = by_r$tot.withinss, python = by_python$inertia_)
table(r = by_r$cluster, python = by_python$labels_)
centers <- by_r$centers[order(by_r$centers[, 1]), ]
centers
elbow <- vapply(1:5, function(k) {
  cluster$KMeans(n_clusters = k, n_init = 10L, random_state = 0L)$fit(x)$inertia_
}, 0)
round(elbow, 1)
silhouettes <- c(
  two = metrics$silhouette_score(x, kmeans(x, 2, nstart = 10)$cluster),
  three = metrics$silhouette_score(x, by_r$cluster)
)
silhouettes

#+ clouds, fig.alt = "Three clouds of points, each in its own colour, with their centres"
ggplot(data.frame(x, cluster = factor(by_r$cluster)), aes(X1, X2, colour = cluster)) +
  geom_point() +
  geom_point(aes(X1, X2, colour = NULL), data.frame(X1 = centers[, 1], X2 = centers[, 2]),
    shape = 8, size = 4) +
  labs(title = "Three clouds", x = NULL, y = NULL)

#' ## A tree
#' Five points; the farthest pair of two clusters counts. The heights are SciPy's too.

points <- py_import("numpy.random")$RandomState(123L)$random_sample(c(5L, 3L)) * 10
tree <- hclust(dist(points), "complete")
tree$height
linkage <- py_import("scipy.cluster.hierarchy")$linkage(points, "complete")
linkage[, 3]
cutree(tree, 3)

#+ tree, fig.alt = "A dendrogram of five points"
plot(tree, main = "Complete linkage of five points", xlab = "", sub = "")

#' ## Moons
#' Two crescents. Only DBSCAN, which follows density, finds them.

moons <- datasets$make_moons(n_samples = 200L, noise = 0.05, random_state = 0L)
guesses <- list(
  kmeans = kmeans(moons[[1]], 2, nstart = 10)$cluster,
  complete = cutree(hclust(dist(moons[[1]]), "complete"), 2),
  dbscan = cluster$DBSCAN(eps = 0.2, min_samples = 5L)$fit_predict(moons[[1]])
)
agreement <- vapply(guesses, function(g) metrics$adjusted_rand_score(moons[[2]], g), 0)
agreement

#+ moons, fig.alt = "Two crescents coloured by k-means, complete linkage and DBSCAN"
shown <- do.call(rbind, lapply(names(guesses), function(name) {
  data.frame(moons[[1]], cluster = factor(as.integer(factor(guesses[[name]]))), name)
}))
ggplot(shown, aes(X1, X2, colour = cluster)) +
  geom_point(size = 0.8) +
  facet_wrap(~name) +
  coord_equal() +
  labs(title = "Two moons, three methods", x = NULL, y = NULL)
