#' ---
#' title: Checkpoints and stopping early
#' korean: 모델 체크포인트와 조기 종료
#' shows: Keep the weights of the best validation loss, stop when nothing gets better, and go back.
#' api: torch_save, torch_load, optim_adam, net$state_dict
#' rows: S4-9, S4-10
#' ---

library(torchbridge)
library(ggplot2)

#' ## The rule
#' With a patience of 3, training ends after three epochs without a new best; the best one's weights
#' are the ones to keep.

stops <- function(losses, patience) {
  best <- 1
  for (epoch in seq_along(losses)) {
    if (losses[epoch] < losses[best]) best <- epoch
    if (epoch - best == patience) break
  }
  c(stopped = epoch, best = best)
}
rule <- stops(c(5, 4, 3, 3.1, 3.2, 3.3, 1), patience = 3)
rule

#' ## In training
#' A network with more freedom than its sixty points need. The checkpoint is a file.

set.seed(1)
x <- runif(90, -3, 3)
y <- sin(x) + rnorm(90, sd = 0.4)
part <- function(rows) list(x = torch_tensor(matrix(x[rows])), y = torch_tensor(matrix(y[rows])))
train <- part(1:30)
valid <- part(31:90)
torch_manual_seed(1)
net <- nn_sequential(nn_linear(1, 64), nn_tanh(), nn_linear(64, 64), nn_tanh(), nn_linear(64, 1))
optimizer <- optim_adam(net$parameters, lr = 0.01)
checkpoint <- tempfile(fileext = ".pt")
history <- NULL
patience <- 60
best <- 0
for (epoch in 1:500) {
  optimizer$zero_grad()
  loss <- nnf_mse_loss(net(train$x), train$y)
  loss$backward()
  optimizer$step()
  checked <- with_no_grad(nnf_mse_loss(net(valid$x), valid$y))$item()
  history <- rbind(history, data.frame(epoch, train = loss$item(), valid = checked))
  if (checked == min(history$valid)) {
    best <- epoch
    torch_save(net, checkpoint)
  }
  if (epoch - best == patience) break
}
restored <- torch_load(checkpoint)
restored_loss <- with_no_grad(nnf_mse_loss(restored(valid$x), valid$y))$item()
c(stopped = epoch, best = best, restored = restored_loss, least = min(history$valid))

#+ history, fig.alt = "Training loss falls; validation loss has its least value, marked, and rises"
ggplot(history, aes(epoch)) +
  geom_line(aes(y = train, colour = "training")) +
  geom_line(aes(y = valid, colour = "validation")) +
  geom_vline(xintercept = best, linetype = "dashed", colour = "#999999") +
  labs(title = "The best epoch is not the last", x = "Epoch", y = "Loss", colour = NULL)
