# What Stan draws of three posteriors: means, standard deviations and quantiles, each with its Monte
# Carlo error, which test-mle-posteriors.R compares draws of ours with.
#
#   Rscript r_scripts/generators/posteriors.R
#
# It takes r-cran-rstan, -posterior, -stanheaders, -rcppeigen, -rcppparallel and libboost-dev, and
# some minutes; the tests take what it writes, and no Stan.

library(rstan)
if (requireNamespace("BH", quietly = TRUE) && !nzchar(system.file("include", package = "BH"))) {
  rstan_options(boost_lib = "/usr/include") # Debian's boost
}

models <- list(
  schools = list(
    code = "
      data { vector[8] y; vector[8] s; }
      parameters { real mu; real<lower=0> tau; vector[8] z; }
      model {
        mu ~ normal(0, 5); tau ~ cauchy(0, 5); z ~ normal(0, 1);
        y ~ normal(mu + tau * z, s);
      }
    ",
    data = list(y = c(28, 8, -3, 7, -1, 1, 18, 12), s = c(15, 10, 16, 11, 9, 11, 10, 18))
  ),
  logistic = list(
    code = "
      data { int n; matrix[n, 3] x; int y[n]; }
      parameters { vector[3] b; }
      model { b ~ normal(0, 2.5); y ~ bernoulli_logit(x * b); }
    ",
    data = list(n = 32L, x = cbind(1, scale(mtcars$wt), scale(mtcars$hp)), y = mtcars$am)
  ),
  poisson = list(
    code = "
      data { int n; int y[n]; int g[n]; }
      parameters { real a; real<lower=0> sigma; vector[6] u; }
      model {
        a ~ normal(0, 2); sigma ~ exponential(1); u ~ normal(a, sigma);
        y ~ poisson_log(u[g]);
      }
    ",
    data = list(n = 72L, y = InsectSprays$count, g = as.integer(InsectSprays$spray))
  )
)

probs <- c(0.05, 0.25, 0.5, 0.75, 0.95)
rows <- lapply(names(models), function(name) {
  model <- models[[name]]
  fit <- stan(
    model_code = model$code, data = model$data, chains = 4, warmup = 2000, iter = 12000, seed = 1,
    control = list(adapt_delta = 0.95), refresh = 0
  )
  draws <- posterior::as_draws_array(as.array(fit))
  labels <- setdiff(posterior::variables(draws), "lp__")
  do.call(rbind, lapply(labels, function(label) {
    x <- posterior::extract_variable_matrix(draws, label)
    data.frame(
      model = name, parameter = gsub("[][]", "", label),
      what = c("mean", "sd", paste0("q", probs)),
      value = c(mean(x), sd(x), quantile(x, probs)),
      error = c(
        posterior::mcse_mean(x), posterior::mcse_sd(x), posterior::mcse_quantile(x, probs)
      )
    )
  }))
})
table <- do.call(rbind, rows)
table$value <- signif(table$value, 8)
table$error <- signif(table$error, 3)
path <- "r_scripts/torchbridge/tests/testthat/stan-posteriors.csv"
writeLines(paste0(
  "# rstan ", packageVersion("rstan"), ", Stan ", stan_version(), ", ", R.version.string,
  ": r_scripts/generators/posteriors.R"
), path)
suppressWarnings(
  write.table(table, path, append = TRUE, sep = ",", row.names = FALSE, quote = FALSE)
)
