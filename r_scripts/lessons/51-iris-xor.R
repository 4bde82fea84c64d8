#' ---
#' title: Dense networks: iris and XOR
#' korean: 다층 퍼셉트론, 붓꽃과 XOR, 저장과 불러오기
#' shows: Three species by a small network, saved and loaded again; and a problem no line can solve.
#' api: nn_sequential, optim_adam, nnf_cross_entropy, torch_save, torch_load
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
#' Two thirds of the rows to learn from. A factor's codes are the classes; its levels come back.

set.seed(1)
rows <- sample(150, 100)
others <- setdiff(1:150, rows)
x <- torch_tensor(scale(as.matrix(iris[1:4])))
y <- torch_tensor(as.integer(iris$Species))
torch_manual_seed(1)
net <- nn_sequential(nn_linear(4, 16), nn_sigmoid(), nn_linear(16, 3))
n_parameters <- sum(vapply(net$parameters, function(p) p$numel(), 0))
n_parameters

optimizer <- optim_adam(net$parameters, lr = 0.02)
losses <- numeric(300)
for (epoch in seq_along(losses)) {
  optimizer$zero_grad()
  loss <- nnf_cross_entropy(net(x[rows, ]), y[rows])
  losses[epoch] <- loss$item()
  loss$backward()
  optimizer$step()
}
predict_species <- function(net) {
  best <- as.integer(torch_argmax(net(x[others, ]), dim = 2))
  factor(levels(iris$Species)[best], levels(iris$Species))
}
confusion <- table(predicted = predict_species(net), species = iris$Species[others])
confusion

#' ## Saved and loaded
#' The weights come back bit by bit.

file <- tempfile(fileext = ".pt")
torch_save(net, file)
again <- torch_load(file)
identical(as.array(again(x)), as.array(net(x)))

#' ## XOR
#' Points are of one class where the signs of x1 and x2 agree. A line cannot split them; three
#' hidden layers of four can. The points are NumPy's, seed 1.

random <- py_import("numpy.random")$RandomState(1L)
xor <- random$uniform(low = -1, high = 1, size = c(200L, 2L))
class <- as.integer(xor[, 1] * xor[, 2] >= 0)
count <- function(net) sum(vapply(net$parameters, function(p) p$numel(), 0))
learn <- function(net, epochs = 500) {
  x <- torch_tensor(xor)
  y <- torch_tensor(matrix(as.numeric(class)))
  optimizer <- optim_adam(net$parameters, lr = 0.02)
  for (epoch in seq_len(epochs)) {
    optimizer$zero_grad()
    nnf_binary_cross_entropy_with_logits(net(x), y)$backward()
    optimizer$step()
  }
  mean(as.integer(as.numeric(net(x)$detach()) > 0) == class)
}
torch_manual_seed(2)
line <- nn_linear(2, 1)
deep <- nn_sequential(
  nn_linear(2, 4), nn_relu(), nn_linear(4, 4), nn_relu(), nn_linear(4, 4), nn_relu(),
  nn_linear(4, 1)
)
accuracy <- c(line = learn(line), deep = learn(deep))
rbind(parameters = c(count(line), count(deep)), accuracy)

#+ xor, fig.alt = "Points of two classes in four quarters, and what the network says"
grid <- expand.grid(x1 = seq(-1, 1, 0.04), x2 = seq(-1, 1, 0.04))
grid$p <- as.numeric(torch_sigmoid(deep(torch_tensor(as.matrix(grid))))$detach())
ggplot(grid, aes(x1, x2)) +
  geom_raster(aes(fill = p)) +
  geom_point(aes(X1, X2, shape = factor(class)), data.frame(xor, class)) +
  scale_fill_gradient2(midpoint = 0.5, low = "#D55E00", high = "#0072B2") +
  scale_shape_manual(values = c(1, 19)) +
  coord_equal(expand = FALSE) +
  labs(title = "XOR, learned", shape = "Class", fill = "Probability")
