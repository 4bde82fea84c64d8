#' ---
#' title: Classes or numbers: the head and its loss
#' korean: 분류와 회귀
#' shows: The same network for two classes, three classes and numbers; softmax; and how levels of a
#'   factor come back.
#' api: torch_fit, mlp, predict, nnf_softmax
#' rows: S1-2
#' ---

library(torchbridge)
library(ggplot2)

#' ## From scores to probabilities
#' A network ends in scores, any numbers at all. For two classes a sigmoid makes a probability of
#' one score; for more, softmax makes probabilities of several, and the largest wins. For a number
#' the score is the answer.

scores <- torch_tensor(c(1, 2, 3), dtype = torch_double())
soft <- as.numeric(nnf_softmax(scores, dim = 1))
rbind(score = as.numeric(scores), softmax = soft)
c(sum = sum(soft), winner = which.max(soft))

#' For two scores softmax is the sigmoid of their difference.

pair <- as.numeric(nnf_softmax(torch_tensor(c(0.4, 1.1), dtype = torch_double()), dim = 1))
c(softmax = pair[2], sigmoid = plogis(1.1 - 0.4))

#' ## The response decides
#' `torch_fit()` looks at the response: a factor, character or logical has classes, and cross
#' entropy is the loss; numbers are for regression, and mean squared error.

train <- function(formula, data) {
  torch_fit(formula, data, mlp(8), epochs = 40, lr = 0.02, seed = 1)
}
two <- train(am == 1 ~ wt + hp, mtcars)
three <- train(Species ~ ., iris)
number <- train(mpg ~ wt + hp, mtcars)
data.frame(
  response = c("logical", "factor", "numeric"),
  loss = c(two$loss, three$loss, number$loss),
  outputs = lengths(list(two$levels, three$levels, "mpg"))
)

#' ## There and back
#' In PyTorch classes are numbers from 0. That stays inside: levels go in and levels come back, with
#' their order and names, however they were stored.

some <- c(1, 51, 101)
predict(three, iris[some, ], type = "prob")
predict(three, iris[some, ], type = "class")
reordered <- transform(iris, Species = factor(Species, rev(levels(Species))))
back <- predict(train(Species ~ ., reordered), iris, type = "class")
levels(back)
table(predicted = back, true = iris$Species)

#+ classes, fig.alt = "Iris petals, and which of three species the network says where"
net <- train(Species ~ Petal.Length + Petal.Width, iris)
grid <- expand.grid(
  Petal.Length = seq(1, 7, length.out = 90), Petal.Width = seq(0, 2.6, length.out = 60)
)
grid$says <- predict(net, grid, type = "class")
ggplot(iris, aes(Petal.Length, Petal.Width)) +
  geom_raster(aes(fill = says), grid, alpha = 0.3) +
  geom_point(aes(colour = Species)) +
  guides(fill = "none") +
  coord_cartesian(expand = FALSE) +
  labs(
    title = "Three scores everywhere: the largest wins", x = "Petal length", y = "Petal width",
    colour = NULL
  )
