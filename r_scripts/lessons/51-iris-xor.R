#' ---
#' title: Dense networks: iris and XOR
#' korean: 다층 퍼셉트론, 붓꽃과 XOR, 저장과 불러오기
#' shows: Three species by a small network, saved and loaded again; and a problem no line can solve.
#' api: torch_fit, mlp, predict, saveRDS, readRDS, logistic
#' rows: S4-8, S1-2
#' ---

library(torchbridge)
library(ggplot2)

#' ## Heads
#' A regression network ends in a number, a binary classifier in one sigmoid, a classifier of many
#' classes in a softmax, whose largest value is the answer.

probabilities <- as.numeric(nnf_softmax(torch_tensor(c(1, 2, 3)), dim = 1))
c(probabilities, answer = which.max(probabilities))

#' ## Iris
#' Two thirds of the rows to learn from. The response is a factor, so `torch_fit()` trains a
#' classifier, and its predictions are a factor of the same levels. (Its loss is cross entropy.)

set.seed(1)
rows <- sample(150, 100)
train <- iris[rows, ]
test <- iris[-rows, ]
fit <- torch_fit(
  Species ~ ., train, mlp(16, activation = "sigmoid"),
  epochs = 100, batch_size = 2, lr = 0.005, seed = 1
)
fit
confusion <- table(predicted = predict(fit, test, type = "class"), species = test$Species)
confusion

#+ losses, fig.alt = "The loss of 100 epochs falls"
autoplot(fit) +
  scale_y_log10() +
  labs(title = "Iris, by 131 parameters", x = "Epoch", y = "Cross entropy")

#' ## Saved and loaded
#' A fit is a plain R value: the file has its weights, bit by bit, and another session can use them.

file <- tempfile(fileext = ".rds")
saveRDS(fit, file)
again <- readRDS(file)
identical(predict(again, test, type = "prob"), predict(fit, test, type = "prob"))

#' ## XOR
#' Points are of one class where the signs of x1 and x2 agree. A line cannot split them; three
#' hidden layers of four can. The points are NumPy's, seed 1; half are to learn from.

random <- py_import("numpy.random")$RandomState(1L)
points <- random$uniform(low = -1, high = 1, size = c(200L, 2L))
xor <- data.frame(
  x1 = points[, 1], x2 = points[, 2], same = as.numeric(points[, 1] * points[, 2] >= 0)
)
learn <- xor[1:100, ]
judge <- xor[101:200, ]
c(sum(learn$same), sum(judge$same))

line <- torch_fit(same ~ x1 + x2, learn, logistic())
deep <- torch_fit(
  same ~ x1 + x2, learn, mlp(c(4, 4, 4)),
  loss = "binary_cross_entropy_with_logits", validation = judge, standardize = FALSE,
  epochs = 200, batch_size = 2, lr = 0.01, seed = 5
)
right <- function(fit) mean((predict(fit, judge) > 0.5) == judge$same)
accuracy <- c(line = right(line), deep = right(deep))
rbind(parameters = c(length(coef(line)), deep$n_parameters), accuracy)

#+ xor, fig.alt = "Points of two classes in four quarters, and what the network says"
grid <- expand.grid(x1 = seq(-1, 1, 0.04), x2 = seq(-1, 1, 0.04))
grid$p <- predict(deep, grid)
ggplot(grid, aes(x1, x2)) +
  geom_raster(aes(fill = p)) +
  geom_point(aes(shape = factor(same)), xor) +
  scale_fill_gradient2(midpoint = 0.5, low = "#D55E00", high = "#0072B2") +
  scale_shape_manual(values = c(1, 19)) +
  coord_equal(expand = FALSE) +
  labs(title = "XOR, learned", shape = "Same sign", fill = "Probability")
