#' ---
#' title: Gradients by themselves
#' korean: 자동 미분 (autograd)
#' shows: The slope of a loss by hand and by autograd, what is recorded, and descent to the minimum.
#' api: requires_grad, x$backward, x$grad, x$detach, with_no_grad
#' rows: S0-5
#' ---

library(torchbridge)
library(ggplot2)

#' Seven numbers, and how far they are from a guess mu on average, squared. (R torch 0.2.1 drew one
#' number before yours: hence the first line's extra draw.)

torch_manual_seed(2021)
torch_rand(1)$item()
x <- 10 * torch_rand(7)
x
f <- function(mu) mean((x - mu)^2)
f(2)
path <- vapply(seq(0, 0.1, by = 0.02), function(mu) f(mu)$item(), 0)
path

#' ## The slope
#' A tensor with `requires_grad` remembers what is computed with it. `$backward()` walks back from
#' the result and leaves the slope in `$grad`. By hand it is 2 (mu - mean(x)).

mu <- torch_tensor(2.5, requires_grad = TRUE)
loss <- f(mu)
loss
loss^2
loss$backward()
slope <- mu$grad$item()
c(autograd = slope, by_hand = 2 * (2.5 - mean(x)$item()))

#' ## What is not recorded
#' `$detach()` gives the value without its history, and inside `with_no_grad()` none is kept.

is.null(f(mu)$grad_fn)
is.null(f(mu$detach())$grad_fn)
with_no_grad(is.null(f(mu)$grad_fn))

#' ## Descent
#' Step against the slope, a tenth of it each time. Gradients add up, so clear them after each step.

mu <- torch_tensor(0.5, requires_grad = TRUE)
steps <- data.frame(mu = numeric(100), loss = numeric(100))
for (i in 1:100) {
  loss <- f(mu)
  steps[i, ] <- c(mu$item(), loss$item())
  loss$backward()
  with_no_grad({
    mu$sub_(0.1 * mu$grad)
    mu$grad$zero_()
  })
}
c(found = mu$item(), mean = mean(x)$item())

#+ descent, fig.alt = "A parabola of losses, its tangent at 2.5, and descent's steps"
curve <- data.frame(mu = seq(0, 10, 0.1))
curve$loss <- vapply(curve$mu, function(m) f(m)$item(), 0)
ggplot(curve, aes(mu, loss)) +
  geom_line() +
  geom_abline(slope = slope, intercept = f(2.5)$item() - 2.5 * slope, colour = "#D55E00") +
  geom_point(data = steps, colour = "#0072B2") +
  labs(
    title = "Descent from 0.5 to the mean", subtitle = "Orange: the tangent at 2.5", y = "f(mu)"
  )
