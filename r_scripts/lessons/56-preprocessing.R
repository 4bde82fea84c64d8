#' ---
#' title: Getting data ready
#' korean: 데이터 전처리
#' shows: Missing values, ordered and other categories, scaling, and four ways to choose columns.
#' api: as_torch_tensor(na), frame_tensors, torch_tensor, py_import("sklearn")
#' rows: S4-15
#' ---

library(torchbridge)
library(ggplot2)

#' ## Missing values
#' R knows NA. A tensor of doubles carries it as NaN; where it cannot be carried, in whole numbers,
#' it is an error until you say what to put there. Means of the others fill these gaps.

holes <- data.frame(A = c(1, 5, 10), B = c(2, 6, 11), C = c(3, NA, 12), D = c(4, 8, NA))
as_torch_tensor(as.matrix(holes))
whole <- c(1L, NA, 3L)
refused <- tryCatch(as_torch_tensor(whole), error = conditionMessage)
refused
as_torch_tensor(whole, na = 0)

means <- colMeans(holes, na.rm = TRUE)
means
filled <- holes
for (column in names(holes)) filled[is.na(holes[[column]]), column] <- means[[column]]
by_imputer <- py_import("sklearn.impute")$SimpleImputer()$fit_transform(as_py_frame(holes))
filled
identical(unname(as.matrix(filled)), by_imputer)

#' ## Categories
#' Sizes have an order, colours have none. A factor's levels stay with it across the bridge: what
#' a tensor holds are its codes.

clothes <- data.frame(
  colour = factor(c("green", "red", "blue")),
  size = factor(c("M", "L", "XL"), levels = c("M", "L", "XL"), ordered = TRUE)
)
codes <- frame_tensors(clothes)
codes$codes
as.integer(clothes$size)
one_hot <- model.matrix(~ colour - 1, clothes)
without_first <- model.matrix(~colour, clothes)[, -1]
one_hot
without_first

#' scikit-learn sorts the categories as R sorts levels, so its columns come in the same order.

encode <- function(...) {
  encoder <- py_import("sklearn.preprocessing")$OneHotEncoder(sparse_output = FALSE, ...)
  encoder$fit_transform(matrix(as.integer(clothes$colour)))
}
by_python <- encode()
by_python_without_first <- encode(drop = "first")

#' ## Two scales
#' To the range 0 to 1, or to mean 0 and deviation 1.

v <- 0:5
scaled <- data.frame(
  v, range = (v - min(v)) / diff(range(v)), standard = (v - mean(v)) / sqrt(mean((v - mean(v))^2))
)
scaled

#' ## Wine
#' 178 wines of three makers. The scaler learns from the training rows alone; its parameters are
#' plain R vectors, so new rows can be scaled on either side.

wine <- py_import("sklearn.datasets")$load_wine()
split_rows <- py_import("sklearn.model_selection")$train_test_split
split <- split_rows(
  wine$data, wine$target, test_size = 0.3, stratify = wine$target, random_state = 0L
)
names(split) <- c("x", "x_test", "y", "y_test")
scaler <- py_import("sklearn.preprocessing")$StandardScaler()
x <- scaler$fit_transform(split$x)
x_test <- scaler$transform(split$x_test)
by_r <- scale(split$x_test, scaler$mean_, scaler$scale_)
c(train = nrow(x), test = nrow(x_test), difference = max(abs(by_r - x_test)))

#' ## Columns that a penalty keeps
#' L1 sets weights of a logistic regression to zero. One model a class, against the rest.

penalised <- py_import("sklearn.multiclass")$OneVsRestClassifier(
  py_import("sklearn.linear_model")$LogisticRegression(
    l1_ratio = 1, C = 1, solver = "liblinear", tol = 1e-8, max_iter = 10000L, random_state = 1L
  )
)
score <- function(model, columns = 1:13) {
  model$fit(x[, columns, drop = FALSE], split$y)
  c(
    train = model$score(x[, columns, drop = FALSE], split$y),
    test = model$score(x_test[, columns, drop = FALSE], split$y_test)
  )
}
by_penalty <- score(penalised)
by_penalty
weights <- do.call(rbind, lapply(penalised$estimators_, function(model) c(model$coef_)))
intercepts <- vapply(penalised$estimators_, function(model) c(model$intercept_), 0)
intercepts
sum(weights != 0)

#' ## Columns that a search keeps
#' Leave out, one at a time, the column that the five nearest neighbours miss least, judged on a
#' quarter of the training rows. Three columns do almost as well as thirteen.

neighbours <- py_import("sklearn.neighbors")$KNeighborsClassifier(n_neighbors = 5L)
inner <- split_rows(x, split$y, test_size = 0.25, random_state = 1L)
judge <- function(columns) {
  neighbours$fit(inner[[1]][, columns, drop = FALSE], inner[[3]])
  neighbours$score(inner[[2]][, columns, drop = FALSE], inner[[4]])
}
kept <- 1:13
while (length(kept) > 3) {
  fewer <- combn(kept, length(kept) - 1, simplify = FALSE)
  kept <- fewer[[which.max(vapply(fewer, judge, 0))]]
}
wine$feature_names[kept]
by_neighbours <- rbind(thirteen = score(neighbours), three = score(neighbours, kept))
by_neighbours

#' ## Columns that a forest looks at

forest <- py_import("sklearn.ensemble")$RandomForestClassifier(
  n_estimators = 500L, random_state = 1L
)
invisible(forest$fit(split$x, split$y))
importance <- setNames(forest$feature_importances_, wine$feature_names)
top <- sort(importance, decreasing = TRUE)
round(top[1:5], 4)

#+ importance, fig.alt = "Bars: the importance of 13 columns of wine, proline first"
ranked <- data.frame(column = names(importance), importance)
ggplot(ranked, aes(reorder(column, importance), importance)) +
  geom_col(fill = "#0072B2") +
  coord_flip() +
  labs(title = "What the forest looks at", x = NULL, y = "Importance")
