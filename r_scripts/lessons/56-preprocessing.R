#' ---
#' title: Getting data ready
#' korean: 데이터 전처리
#' shows: Missing values, ordered and other categories, scaling, penalties and forests that choose
#'   columns.
#' api: as_torch_tensor(na), model.matrix, py_import("sklearn.preprocessing")
#' rows: S4-15
#' ---

library(torchbridge)
library(ggplot2)

#' ## Missing values
#' R knows NA; a float tensor carries NaN. Means of the others fill the gaps.

holes <- data.frame(A = c(1, 5, 10), B = c(2, 6, 11), C = c(3, NA, 12), D = c(4, 8, NA))
means <- colMeans(holes, na.rm = TRUE)
means
filled <- holes
for (column in names(holes)) filled[is.na(holes[[column]]), column] <- means[[column]]
filled
torch_tensor(as.matrix(filled))

#' ## Categories
#' Sizes have an order, colours have none.

clothes <- data.frame(
  colour = factor(c("green", "red", "blue")),
  size = factor(c("M", "L", "XL"), levels = c("M", "L", "XL"), ordered = TRUE)
)
as.integer(clothes$size)
one_hot <- model.matrix(~ colour - 1, clothes)
without_first <- model.matrix(~colour, clothes)[, -1]
one_hot
without_first
by_python <- py_import("sklearn.preprocessing")$OneHotEncoder()$fit_transform(
  matrix(as.integer(clothes$colour))
)$toarray()

#' ## Two scales
#' To the range 0 to 1, or to mean 0 and deviation 1.

v <- 0:5
scaled <- data.frame(
  v, range = (v - min(v)) / diff(range(v)), standard = (v - mean(v)) / sqrt(mean((v - mean(v))^2))
)
scaled

#' ## Columns that matter
#' Wine: an L1 penalty sets weights to zero; a forest ranks the columns.

wine <- py_import("sklearn.datasets")$load_wine()
split <- py_import("sklearn.model_selection")$train_test_split(
  wine$data, wine$target, test_size = 0.3, stratify = wine$target, random_state = 0L
)
names(split) <- c("x", "x_test", "y", "y_test")
dim(split$x)
forest <- py_import("sklearn.ensemble")$RandomForestClassifier(
  n_estimators = 500L, random_state = 1L
)
forest$fit(split$x, split$y)
importance <- setNames(forest$feature_importances_, wine$feature_names)
top <- sort(importance, decreasing = TRUE)
round(top[1:5], 4)

scaler <- py_import("sklearn.preprocessing")$StandardScaler()
x <- scaler$fit_transform(split$x)
x_test <- scaler$transform(split$x_test)
neighbours <- py_import("sklearn.neighbors")$KNeighborsClassifier(n_neighbors = 5L)
neighbours$fit(x, split$y)
knn <- c(train = neighbours$score(x, split$y), test = neighbours$score(x_test, split$y_test))
knn

#+ importance, fig.alt = "Bars: the importance of 13 columns of wine, proline first"
ranked <- data.frame(column = names(importance), importance)
ggplot(ranked, aes(reorder(column, importance), importance)) +
  geom_col(fill = "#0072B2") +
  coord_flip() +
  labs(title = "What the forest looks at", x = NULL, y = "Importance")
