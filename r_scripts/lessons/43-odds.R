#' ---
#' title: Odds, logit and cross entropy
#' korean: 통계 2, 오즈비와 로짓, 로지스틱, 크로스 엔트로피
#' shows: From probability to odds to logit and back; and that a logistic likelihood is cross
#'   entropy.
#' api: torch_logit, torch_sigmoid, nnf_binary_cross_entropy
#' rows: S3-17
#' ---

library(torchbridge)
library(ggplot2)

p <- torch_tensor(c(0.1, 0.5, 0.8, 0.99), dtype = torch_double())
table <- data.frame(
  p = as.numeric(p),
  odds = as.numeric(p / (1 - p)),
  logit = as.numeric(torch_logit(p)),
  back = as.numeric(torch_sigmoid(torch_logit(p)))
)
table

#' R has these under the names of the logistic distribution: `qlogis()` and `plogis()`.

max(abs(table$logit - qlogis(table$p)))

#' ## Cross entropy
#' A coin of which nothing is known costs log 2. `glm()`'s log-likelihood is minus n times the mean
#' cross entropy.

half <- torch_tensor(0.5, dtype = torch_double())
coin <- nnf_binary_cross_entropy(half, torch_tensor(1, dtype = torch_double()))$item()
fit <- glm(am ~ wt, binomial, mtcars)
entropy <- nnf_binary_cross_entropy(
  torch_tensor(unname(fitted(fit)), dtype = torch_double()),
  torch_tensor(mtcars$am, dtype = torch_double())
)$item()
c(coin = coin, log_lik = as.numeric(logLik(fit)), from_entropy = -nrow(mtcars) * entropy)

#+ logistic, fig.alt = "Manual gears against weight: the fitted logistic curve falls from 1 to 0"
ggplot(mtcars, aes(wt, am)) +
  geom_point(colour = "#999999") +
  stat_function(
    fun = function(wt) plogis(coef(fit)[1] + coef(fit)[2] * wt), colour = "#0072B2", linewidth = 0.9
  ) +
  labs(title = "The probability of manual gears", x = "Weight, 1000 lb", y = NULL)
