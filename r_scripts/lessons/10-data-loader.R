#' ---
#' title: Batches of data, and logistic regression
#' korean: Dataset과 DataLoader, 로지스틱 회귀
#' shows: A data set of one's own, batches of eight, a logistic regression trained on them, and
#'   glm()
#'   beside it.
#' api: dataset, dataloader, enumerate, nn_bce_loss, optim_sgd
#' rows: S0-8
#' ---

library(torchbridge)
library(ggplot2)

#' ## Who passes?
#' Five hundred students: hours of study, questions asked, passed or not.

set.seed(2021)
study <- data.frame(
  study_time = c(rnorm(300, 5, 2), rnorm(200, 10, 2)),
  n_question = as.integer(pmax(c(rnorm(300, 10, 2), rnorm(200, 13, 2)), 0)),
  pass = rep(0:1, c(300, 200))
)
study <- study[sample(500), ]
head(study)

set.seed(2021)
test_rows <- sample(500, 150)
train <- study[-test_rows, ]
test <- study[test_rows, ]

#' ## A data set and its loader
#' A data set says how many rows it has and what a batch of them looks like; the loader asks for
#' batches in turn. 350 rows by eights: 44 batches, the last with six.

study_dataset <- dataset(
  "study_dataset",
  initialize = function(data) {
    self$x <- torch_tensor(as.matrix(data[c("study_time", "n_question")]))
    self$y <- torch_tensor(matrix(as.numeric(data$pass)))
  },
  .getbatch = function(i) list(x = self$x[i, ], y = self$y[i, ]),
  .length = function() self$x$size(1)
)
loader <- dataloader(study_dataset(train), batch_size = 8)
batch_rows <- integer()
for (batch in enumerate(loader)) batch_rows <- c(batch_rows, nrow(batch$x))
table(batch_rows)

#' ## Training
#' One layer and a sigmoid is logistic regression: two weights and a bias.

logistic <- nn_module(
  "Logistic",
  initialize = function() self$fc <- nn_linear(2, 1),
  forward = function(x) torch_sigmoid(self$fc(x))
)
model <- logistic()
with_no_grad({
  model$fc$weight$copy_(torch_tensor(rbind(c(0.099717, -0.239173))))
  model$fc$bias$copy_(torch_tensor(0.048379))
})
criterion <- nn_bce_loss()
optimizer <- optim_sgd(model$parameters, lr = 0.05)
history <- data.frame(epoch = 1:100, loss = NA_real_)
for (epoch in history$epoch) {
  losses <- numeric()
  for (batch in enumerate(loader)) {
    optimizer$zero_grad()
    loss <- criterion(model(batch$x), batch$y)
    loss$backward()
    optimizer$step()
    losses <- c(losses, loss$item())
  }
  history$loss[epoch] <- mean(losses)
}
tail(history, 1)

#' ## On new students
#' The model's `glm()` on the same rows is where training would end.

held_out <- study_dataset(test)
probability <- with_no_grad(as.numeric(model(held_out$x)))
confusion <- table(predicted = as.integer(probability > 0.5), passed = test$pass)
confusion
exact <- glm(pass ~ study_time + n_question, binomial, train)
rbind(
  after_100_epochs = c(model$fc$bias$item(), as.numeric(model$fc$weight)),
  glm = coef(exact)
)

#+ boundary, fig.alt = "Students by study time and questions, passed or not, and the line between"
w <- as.numeric(model$fc$weight)
ggplot(test, aes(study_time, n_question, colour = factor(pass))) +
  geom_jitter(width = 0, height = 0.2) +
  geom_abline(slope = -w[1] / w[2], intercept = -model$fc$bias$item() / w[2]) +
  labs(
    title = "Where the model draws the line", x = "Hours of study", y = "Questions",
    colour = "Passed"
  )
