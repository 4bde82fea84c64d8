#' ---
#' title: Gradients by themselves
#' korean: 자동 미분 (autograd)
#' shows: The slope of a loss by hand and by autograd, what is recorded, and descent to the minimum.
#' api: requires_grad, x$backward, grad, x$detach, with_no_grad
#' rows: S0-5
#' ---

library(torchbridge)
library(ggplot2)

#' Seven numbers, and how far they are from a guess mu on average, squared. (R torch 0.2.1 drew one
#' number before yours: hence the extra draw.)

torch_manual_seed(2021)
drawn <- torch_rand(8)
x <- as.numeric(10 * drawn[2:8])
x
f <- function(mu) mean((x - mu)^2)
f(2)
path <- vapply(seq(0, 0.1, by = 0.02), f, 0)
path

#' ## The slope
#' A tensor with `requires_grad` remembers what is computed with it. `$backward()` walks back from
#' the result and leaves the slope in `$grad`. `f()` is plain R: it runs on tensors as it is.

mu <- torch_tensor(2.5, requires_grad = TRUE)
loss <- f(mu)
loss
loss^2
loss$backward()
mu$grad

#' For a function of R's there is a shorter way: `grad()` does all of that. By hand the slope is
#' 2 (mu - mean(x)); from two close points comes about the same.

slope <- grad(f, 2.5)
c(
  backward = mu$grad$item(), grad = slope, by_hand = 2 * (2.5 - mean(x)),
  two_points = (f(2.5 + 1e-6) - f(2.5 - 1e-6)) / 2e-6
)

#' ## What is not recorded
#' `$detach()` gives the value without its history, and inside `with_no_grad()` none is kept.

recorded <- c(
  always = !is.null(f(mu)$grad_fn), detached = !is.null(f(mu$detach())$grad_fn),
  no_grad = with_no_grad(!is.null(f(mu)$grad_fn))
)
recorded

#' ## Descent
#' Step against the slope, a tenth of it each time, a hundred times.

mu <- 0.5
steps <- data.frame(mu = numeric(100), loss = numeric(100))
for (i in 1:100) {
  steps[i, ] <- c(mu, f(mu))
  mu <- mu - 0.1 * grad(f, mu)
}
c(found = mu, mean = mean(x))

#' An optimizer does just that.

found <- torch_optim(0.5, f, method = "sgd", control = list(lr = 0.1, steps = 100))
c(at = found$par, value = found$value)

#+ descent, fig.alt = "A parabola of losses, its tangent at 2.5, and descent's steps"
curve <- data.frame(mu = seq(0, 10, 0.1))
curve$loss <- vapply(curve$mu, f, 0)
ggplot(curve, aes(mu, loss)) +
  geom_line() +
  geom_abline(slope = slope, intercept = f(2.5) - 2.5 * slope, colour = "#D55E00") +
  geom_point(data = steps, colour = "#0072B2") +
  labs(
    title = "Descent from 0.5 to the mean", subtitle = "Orange: the tangent at 2.5", y = "f(mu)"
  )
