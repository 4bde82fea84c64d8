# Gradients of a log-likelihood written as a plain R function, beside numDeriv, optim()'s own
# differences, TMB and the gradient written by hand: logistic regression, n = 100,000, p = 200.
# Then a whole fit, beside optim() without a gradient: the same model on fewer rows and columns,
# since optim() needs thousands of evaluations; of the large one, what they would take.
#
# Run by `make bench`, or alone: R_LIBS=.r-library Rscript benchmarks/autodiff.R

suppressPackageStartupMessages(library(torchbridge))

seconds <- function(f, turns) {
  f()
  times <- vapply(seq_len(turns), function(i) system.time(f())[["elapsed"]], 0)
  min(times)
}
report <- function(name, time, note = "") {
  cat(sprintf("%-46s %9.3f s  %s\n", name, time, note))
}

set.seed(1)
n <- 100000L
p <- 200L
design <- matrix(rnorm(n * p), n)
design[, 1] <- 1
b <- rnorm(p) / sqrt(p)
y <- as.double(runif(n) < plogis(design %*% b))
at <- b / 2
nll <- function(b, design, y) {
  eta <- drop(design %*% b)
  sum(log1p(exp(eta)) - y * eta)
}
by_hand <- function(b) drop(crossprod(design, plogis(design %*% b) - y))

cat("One gradient, n = ", n, ", p = ", p, "\n", sep = "")
hand <- seconds(function() by_hand(at), 10)
report("by hand in R", hand)
f <- torch_objective(nll, at, design = design, y = y)
shift <- 0
eager <- seconds(function() {
  shift <<- shift + 1e-9 # another point: f keeps the last one's gradient
  f$gr(at + shift)
}, 10)
report("torch_objective(), R code run each time", eager, sprintf("%.2f x by hand", eager / hand))
tracing <- system.time(graph <- torch_compile(nll, at, design = design, y = y))[["elapsed"]]
compiled <- torch_objective(graph, at)
traced <- seconds(function() {
  shift <<- shift + 1e-9
  compiled$gr(at + shift)
}, 10)
report(
  "torch_compile()d, no R", traced,
  sprintf("%.2f x by hand, after %.2f s of tracing", traced / hand, tracing)
)
stopifnot(max(abs(f$gr(at) / by_hand(at) - 1)) < 1e-9)

evaluation <- seconds(function() nll(at, design, y), 3)
if (requireNamespace("numDeriv", quietly = TRUE)) {
  numeric <- system.time(
    simple <- numDeriv::grad(nll, at, method = "simple", design = design, y = y)
  )[["elapsed"]]
  report("numDeriv::grad(method = \"simple\")", numeric, sprintf("%.0f x", numeric / eager))
  # The default method calls nll() 4 * 2 * p times.
  report(
    "numDeriv::grad()", evaluation * 8 * p,
    sprintf("%.0f x (%d evaluations of %.3f s)", evaluation * 8 * p / eager, 8L * p, evaluation)
  )
} else {
  cat("numDeriv is not installed: left out\n")
}
report(
  "optim()'s own differences", evaluation * 2 * p,
  sprintf("%.0f x (%d evaluations)", evaluation * 2 * p / eager, 2L * p)
)

if (requireNamespace("TMB", quietly = TRUE)) {
  folder <- tempfile("tmb")
  dir.create(folder)
  source <- file.path(folder, "logistic.cpp")
  writeLines(c(
    "#include <TMB.hpp>",
    "template<class Type> Type objective_function<Type>::operator() () {",
    "  DATA_MATRIX(X); DATA_VECTOR(y); PARAMETER_VECTOR(b);",
    "  vector<Type> eta = X * b;",
    "  Type nll = 0;",
    "  for (int i = 0; i < y.size(); i++) nll += logspace_add(Type(0), eta(i)) - y(i) * eta(i);",
    "  return nll;",
    "}"
  ), source)
  compiling <- system.time(
    utils::capture.output(suppressMessages(TMB::compile(source, flags = "-O2")))
  )[["elapsed"]]
  dyn.load(TMB::dynlib(file.path(folder, "logistic")))
  taping <- system.time(
    tmb <- TMB::MakeADFun(list(X = design, y = y), list(b = at), DLL = "logistic", silent = TRUE)
  )[["elapsed"]]
  time <- seconds(function() {
    shift <<- shift + 1e-9
    tmb$gr(at + shift)
  }, 3)
  report("TMB", time, sprintf(
    "%.1f x, after %.1f s of compiling and %.1f s of taping", time / eager, compiling, taping
  ))
} else {
  cat("TMB is not installed (Debian: r-cran-tmb): left out\n")
}

cat("\nA whole fit, n = ", n, ", p = ", p, "\n", sep = "")
names(b) <- paste0("b", seq_len(p))
mle <- system.time(fit <- torch_mle(nll, 0 * b, design = design, y = y))[["elapsed"]]
report("torch_mle(), standard errors included", mle)
needed <- fit$counts[["gradient"]] * 2 * p * evaluation
report(
  "optim(method = \"BFGS\") would take", needed,
  sprintf("%.0f x (%d gradients)", needed / mle, fit$counts[["gradient"]])
)

n <- 50000L
p <- 50L
design <- design[seq_len(n), seq_len(p)]
y <- y[seq_len(n)]
start <- setNames(numeric(p), paste0("b", seq_len(p)))
cat("\nA whole fit, n = ", n, ", p = ", p, "\n", sep = "")
mle <- system.time(fit <- torch_mle(nll, start, design = design, y = y))[["elapsed"]]
report("torch_mle(), standard errors included", mle)
plain <- system.time(
  found <- optim(start, nll, design = design, y = y, method = "BFGS", control = list(maxit = 1000))
)[["elapsed"]]
report("optim(method = \"BFGS\"), without them", plain, sprintf("%.0f x", plain / mle))
stopifnot(fit$min <= found$value + 1e-6)
