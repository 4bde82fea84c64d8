#' ---
#' title: Regression on Boston's houses
#' korean: 회귀 분석, 보스턴 주택 데이터
#' shows: Descent and least squares, RANSAC, polynomials, lasso; MASS::Boston in R, scikit-learn
#'   beside.
#' api: py_import("sklearn.linear_model"), torch_tensor, optim_sgd
#' rows: S4-13
#' ---

library(torchbridge)
library(ggplot2)

boston <- MASS::Boston
standard <- function(v) (v - mean(v)) / sqrt(mean((v - mean(v))^2))

#' ## Rooms and prices
#' Descent on standardised columns, all rows at once, 20 epochs of lr 0.001 on the sum of squares /
#' 2.

x <- torch_tensor(cbind(1, standard(boston$rm)), dtype = torch_double())
y <- torch_tensor(matrix(standard(boston$medv)), dtype = torch_double())
w <- torch_zeros(2, 1, dtype = torch_double(), requires_grad = TRUE)
optimizer <- optim_sgd(list(w), lr = 0.001)
costs <- numeric(20)
for (epoch in 1:20) {
  cost <- sum((y - torch_matmul(x, w))^2) / 2
  costs[epoch] <- cost$item()
  optimizer$zero_grad()
  cost$backward()
  optimizer$step()
}
slope <- as.numeric(w$detach())[2]
scaled_five <- (5 - mean(boston$rm)) / sqrt(mean((boston$rm - mean(boston$rm))^2))
five_rooms <- mean(boston$medv) +
  slope * scaled_five * sqrt(mean((boston$medv - mean(boston$medv))^2))
c(first_cost = costs[1], last_cost = costs[20], slope = slope, five_rooms = five_rooms)

#' ## Least squares, and outliers
#' RANSAC fits to random samples and keeps the one that most rows agree with.

exact <- lm(medv ~ rm, boston)
linear_model <- py_import("sklearn.linear_model")
ransac <- linear_model$RANSACRegressor(
  linear_model$LinearRegression(),
  max_trials = 100L, min_samples = 50L, loss = "absolute_error", residual_threshold = 5.0,
  random_state = 0L
)
ransac$fit(matrix(boston$rm), boston$medv)
robust <- c(ransac$estimator_$intercept_, ransac$estimator_$coef_)
rbind(lm = coef(exact), ransac = robust)

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
#' R and scikit-learn on the same rows give the same errors.

split <- py_import("sklearn.model_selection")$train_test_split(
  as.matrix(boston[-14]), boston$medv, test_size = 0.3, random_state = 0L
)
names(split) <- c("x", "x_test", "y", "y_test")
by_r <- lm.fit(cbind(1, split$x), split$y)
by_sklearn <- linear_model$LinearRegression()
by_sklearn$fit(split$x, split$y)
train_mse <- mean(by_r$residuals^2)
test_mse <- mean((split$y_test - cbind(1, split$x_test) %*% by_r$coefficients)^2)
c(train = train_mse, test = test_mse)
difference <- max(abs(by_sklearn$coef_ - by_r$coefficients[-1]))

lasso <- linear_model$Lasso(alpha = 0.1)
lasso$fit(split$x, split$y)
names(boston)[-14][lasso$coef_ == 0]

#' ## Curves
#' Ten points on a bend, and the share of lower-status people on three degrees.

bend <- data.frame(
  x = c(258, 270, 294, 320, 342, 368, 396, 446, 480, 586),
  y = c(236.4, 234.4, 252.8, 298.6, 314.2, 342.2, 360.8, 368, 391.2, 390.8)
)
bends <- list(line = lm(y ~ x, bend), quadratic = lm(y ~ poly(x, 2), bend))
sapply(bends, function(fit) c(mse = mean(resid(fit)^2), r2 = summary(fit)$r.squared))
degrees <- c(
  sapply(1:3, function(d) summary(lm(medv ~ poly(lstat, d), boston))$r.squared),
  summary(lm(sqrt(medv) ~ log(lstat), boston))$r.squared
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
