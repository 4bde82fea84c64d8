#' ---
#' title: Regression on Boston's houses
#' korean: 회귀 분석, 보스턴 주택 데이터
#' shows: Descent and least squares, RANSAC, thirteen columns, lasso, polynomials and a forest;
#'   MASS::Boston in R, scikit-learn beside.
#' api: torch_fit, linear, py_import("sklearn.linear_model")
#' rows: S4-13
#' ---

library(torchbridge)
library(ggplot2)

boston <- MASS::Boston
deviation <- function(v) sqrt(mean((v - mean(v))^2))
standard <- function(v) (v - mean(v)) / deviation(v)

#' ## Rooms and prices
#' Twenty epochs of descent on standardised columns, all rows at once. The lesson's loss is half the
#' sum of squares: the mean times 253, so its step of 0.001 is one of 0.253 on the mean.

unit <- nn_linear(1, 1, dtype = torch_double())
nn_init_zeros_(unit$weight)
nn_init_zeros_(unit$bias)
descent <- torch_fit(
  cbind(standard(boston$rm)), standard(boston$medv), unit,
  optimizer = "sgd", lr = 0.001 * 253, epochs = 20, batch_size = 506
)
costs <- 253 * descent$history$train_loss
slope <- c(coef(descent)$weight)
scaled_five <- (5 - mean(boston$rm)) / deviation(boston$rm)
five_rooms <- mean(boston$medv) +
  predict(descent, cbind(scaled_five)) * deviation(boston$medv)
c(first_cost = costs[1], last_cost = costs[20], slope = slope, five_rooms = five_rooms)

#' ## Least squares, and outliers
#' `linear()` is `lm()`. RANSAC fits to random samples and keeps the one that most rows agree with.

exact <- torch_fit(medv ~ rm, boston, linear())
linear_model <- py_import("sklearn.linear_model")
ransac <- linear_model$RANSACRegressor(
  linear_model$LinearRegression(),
  max_trials = 100L, min_samples = 50L, loss = "absolute_error", residual_threshold = 5.0,
  random_state = 0L
)
invisible(ransac$fit(cbind(boston$rm), boston$medv))
robust <- c(ransac$estimator_$intercept_, ransac$estimator_$coef_)
rbind(torch_fit = coef(exact), lm = coef(lm(medv ~ rm, boston)), ransac = robust)

#+ rooms, fig.alt = "Prices against rooms with the lines of least squares and of RANSAC"
lines <- data.frame(
  intercept = c(coef(exact)[1], robust[1]), slope = c(coef(exact)[2], robust[2]),
  line = c("least squares", "RANSAC")
)
ggplot(boston, aes(rm, medv)) +
  geom_point(colour = "#999999", alpha = 0.6) +
  geom_abline(aes(intercept = intercept, slope = slope, colour = line), lines, linewidth = 0.9) +
  labs(title = "Rooms and prices", x = "Rooms", y = "Median value, $1000s", colour = NULL)

#' ## All thirteen columns
#' scikit-learn splits the rows; the same rows then give the same errors on both sides.

split_rows <- py_import("sklearn.model_selection")$train_test_split
parts <- function(share, seed) {
  found <- split_rows(seq_len(506), test_size = share, random_state = as.integer(seed))
  list(train = boston[found[[1]], ], test = boston[found[[2]], ])
}
errors <- function(part, predictor) {
  found <- vapply(part, function(rows) {
    residual <- rows$medv - predictor(rows)
    c(mse = mean(residual^2), r2 = 1 - sum(residual^2) / sum((rows$medv - mean(rows$medv))^2))
  }, numeric(2))
  c(train_mse = found[1, 1], test_mse = found[1, 2], train_r2 = found[2, 1], test_r2 = found[2, 2])
}
thirds <- parts(0.3, 0)
by_sklearn <- function(model, part) {
  columns <- function(rows) as.matrix(rows[-14], rownames.force = FALSE)
  model$fit(columns(part$train), part$train$medv)
  function(rows) model$predict(columns(rows))
}
all_columns <- torch_fit(medv ~ ., thirds$train, linear())
lasso <- linear_model$Lasso(alpha = 0.1)
found <- rbind(
  torch_fit = errors(thirds, function(rows) predict(all_columns, rows)),
  sklearn = errors(thirds, by_sklearn(linear_model$LinearRegression(), thirds)),
  lasso = errors(thirds, by_sklearn(lasso, thirds))
)
found

#' The lasso leaves a column out, and costs little.

dropped <- names(boston)[-14][lasso$coef_ == 0]
dropped

#+ residuals, fig.alt = "Residuals of training and test rows against predictions"
shown <- rbind(cbind(thirds$train, part = "train"), cbind(thirds$test, part = "test"))
shown$predicted <- predict(all_columns, shown)
ggplot(shown, aes(predicted, predicted - medv, colour = part)) +
  geom_hline(yintercept = 0, colour = "#999999") +
  geom_point(alpha = 0.7) +
  labs(title = "Residuals", x = "Predicted", y = "Predicted - observed", colour = NULL)

#' ## Curves
#' Ten points on a bend, and the share of lower-status people on three degrees.

bend <- data.frame(
  x = c(258, 270, 294, 320, 342, 368, 396, 446, 480, 586),
  y = c(236.4, 234.4, 252.8, 298.6, 314.2, 342.2, 360.8, 368, 391.2, 390.8)
)
bends <- list(line = lm(y ~ x, bend), quadratic = lm(y ~ poly(x, 2), bend))
sapply(bends, function(fit) c(mse = mean(resid(fit)^2), r2 = summary(fit)$r.squared))
r_squared <- function(formula) summary(lm(formula, boston))$r.squared
degrees <- c(
  r_squared(medv ~ lstat), r_squared(medv ~ poly(lstat, 2)), r_squared(medv ~ poly(lstat, 3)),
  log_and_root = r_squared(sqrt(medv) ~ log(lstat))
)
round(degrees, 2)

#+ curves, fig.alt = "Prices by lower-status share with fits of degree 1, 2 and 3"
ggplot(boston, aes(lstat, medv)) +
  geom_point(colour = "#999999", alpha = 0.5) +
  geom_smooth(aes(colour = "1"), method = "lm", formula = y ~ x, se = FALSE) +
  geom_smooth(aes(colour = "2"), method = "lm", formula = y ~ poly(x, 2), se = FALSE) +
  geom_smooth(aes(colour = "3"), method = "lm", formula = y ~ poly(x, 3), se = FALSE) +
  labs(
    title = "Three degrees", x = "Lower status, %", y = "Median value, $1000s", colour = "Degree"
  )

#' ## A forest
#' A thousand trees, on another split. They know the training rows almost by heart.

forty <- parts(0.4, 1)
forest <- py_import("sklearn.ensemble")$RandomForestRegressor(
  n_estimators = 1000L, criterion = "squared_error", random_state = 1L, n_jobs = 2L
)
by_forest <- errors(forty, by_sklearn(forest, forty))
by_forest
