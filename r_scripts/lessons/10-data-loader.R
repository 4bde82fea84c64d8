#' ---
#' title: Batches of data, and logistic regression
#' korean: Dataset과 DataLoader, 로지스틱 회귀
#' shows: A data set of one's own, batches of eight, a logistic regression trained on them, and
#'   glm() beside it.
#' api: dataset, dataloader, dataloader_next, nn_bce_loss, optim_sgd, torch_fit, logistic
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
iter <- dataloader_make_iter(loader)
while (!is.null(batch <- dataloader_next(iter))) batch_rows <- c(batch_rows, nrow(batch$x))
table(batch_rows)

#' ## Training
#' One layer and a sigmoid is logistic regression: two weights and a bias.

logistic_net <- nn_module(
  "Logistic",
  initialize = function() self$fc <- nn_linear(2, 1),
  forward = function(x) torch_sigmoid(self$fc(x))
)
initial <- list(
  weight = torch_tensor(rbind(c(0.099717, -0.239173))), bias = torch_tensor(0.048379)
)
model <- logistic_net()
model$fc$load_state_dict(initial)
criterion <- nn_bce_loss()
optimizer <- optim_sgd(model$parameters, lr = 0.05)
history <- numeric(1000)
for (epoch in seq_along(history)) {
  losses <- numeric()
  iter <- dataloader_make_iter(loader)
  while (!is.null(batch <- dataloader_next(iter))) {
    optimizer$zero_grad()
    loss <- criterion(model(batch$x), batch$y)
    loss$backward()
    optimizer$step()
    losses <- c(losses, loss$item())
  }
  history[epoch] <- mean(losses)
  weights <- c(model$fc$bias$item(), as.numeric(model$fc$weight))
  if (epoch == 100) early <- weights
}
logged <- data.frame(epoch = seq(100, 1000, by = 100), loss = history[seq(100, 1000, by = 100)])
logged

#' ## The same in one call
#' `torch_fit()` takes the data frame and makes the batches itself. It trains scores, before the
#' sigmoid, with the loss that takes them. A hundred epochs bring it where the loop was after as
#' many.

scores <- nn_linear(2, 1)
scores$load_state_dict(initial)
fit <- torch_fit(
  pass ~ study_time + n_question, train, scores, loss = "binary_cross_entropy_with_logits",
  epochs = 100, batch_size = 8, shuffle = FALSE, optimizer = "sgd", lr = 0.05
)
by_fit <- c(coef(fit)$bias, coef(fit)$weight)
data.frame(loop = early, torch_fit = by_fit, row.names = c("bias", "study_time", "n_question"))

#' ## On new students

probability <- with_no_grad(as.numeric(model(study_dataset(test)$x)))
confusion <- table(predicted = as.integer(probability > 0.5), passed = test$pass)
confusion

#' ## What glm() says
#' The maximum of the likelihood is where training would end. Batches in a fixed order and a rate
#' that stays as it is keep descent a little off it. `logistic()` is the exact fit, as `glm()` has
#' it.

exact <- glm(pass ~ study_time + n_question, binomial, train)
by_torch <- torch_fit(pass ~ study_time + n_question, train, logistic())
rbind(descent = weights, glm = coef(exact), logistic = coef(by_torch))
by_glm <- predict(exact, test, type = "response")
table(predicted = as.integer(by_glm > 0.5), passed = test$pass)

#+ boundary, fig.alt = "Students by study time and questions, passed or not, and the lines between"
lines <- data.frame(rbind(weights, coef(exact)), by = c("descent", "glm"))
names(lines)[1:3] <- c("b", "w1", "w2")
ggplot(test, aes(study_time, n_question)) +
  geom_jitter(aes(shape = factor(pass)), width = 0, height = 0.2, colour = "#666666") +
  geom_abline(aes(slope = -w1 / w2, intercept = -b / w2, colour = by), lines) +
  labs(
    title = "Where the models draw the line", x = "Hours of study", y = "Questions",
    shape = "Passed", colour = NULL
  )
