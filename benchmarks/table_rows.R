# Rows of table.py with R as the host; a line each, in columns by tabs.

library(torchbridge)

set.seed(1)

timed <- function(run, repeats, own_garbage = FALSE) {
  if (own_garbage) gc()
  start <- Sys.time()
  for (i in seq_len(repeats)) kept <- run()
  (as.numeric(Sys.time()) - as.numeric(start)) / repeats
}

# Who is first in a turn is left to chance: R collects at fixed steps of what tensors hold, which
# fall in with a fixed order, and one would pay for both. With `own_garbage` nobody pays for what the
# other left, as in system.time(): a collection takes as long as a fit. It leaves the caches cold, so
# that a turn is then a loop of 50 ms, as a bootstrap's, not of 10.
row <- function(case, ours, other, beside, bound, rounds = 21L, own_garbage = FALSE) {
  ours()
  other()
  seconds <- if (own_garbage) 0.05 else 0.01
  repeats <- max(1, floor(seconds / max(timed(ours, 1L), timed(other, 1L), 1e-7)))
  both <- list(ours, other)
  turns <- replicate(rounds + 1L, {
    order <- sample(2L)
    vapply(both[order], timed, 0, repeats, own_garbage)[order]
  })[, -1L]
  middle <- apply(turns, 1L, stats::median)
  ratio <- stats::median(turns[1L, ] / turns[2L, ])
  cat("row", case, middle, beside, ratio, bound, sep = "\t")
  cat("\n")
}

# What fails is named, and the others go on.
part <- function(name, code) {
  tryCatch(code, error = function(condition) {
    text <- gsub("[\t\n]", " ", conditionMessage(condition))
    cat("note\t", name, " did not come to its end: ", text, "\n", sep = "")
  })
}

torch_set_num_threads(1L)

# Python's own time of an expression of two tensors, and R's of an empty function or method.
py_run("
def timer(code):
    import time, torch
    a = torch.randn(3, 3); b = torch.randn(3, 3)
    run = compile('for _ in range(1000): ' + code, code, 'exec')
    names = dict(torch=torch, a=a, b=b)
    def once():
        start = time.perf_counter()
        exec(run, names)
        return (time.perf_counter() - start) / 1000
    return once
")

part("operators", {
  a <- torch_randn(3, 3)
  b <- torch_randn(3, 3)
  empty <- structure(list(), class = "bench_empty")
  empty_function <- function(self, other, alpha = 1) NULL
  registerS3method("+", "bench_empty", function(e1, e2) NULL)
  registerS3method("[", "bench_empty", function(x, ...) NULL)
  registerS3method("$", "bench_empty", function(x, name) empty_function)
  in_r <- function(expression) {
    run <- eval(call("function", NULL, call("for", quote(i), quote(seq_len(1000L)), expression)))
    compiler::cmpfun(run)
  }
  cases <- list(
    list("torch_add(a, b)", quote(torch_add(a, b)), "torch.add(a, b)", quote(empty_function(a, b))),
    list("a + b", quote(a + b), "a + b", quote(empty + empty)),
    list("a$add(b)", quote(a$add(b)), "a.add(b)", quote(empty$add(b))),
    list("a$sum()", quote(a$sum()), "a.sum()", quote(empty$sum())),
    list("a[1, ]", quote(a[1, ]), "a[0, :]", quote(empty[1, ]))
  )
  for (case in cases) {
    python <- py_import("__main__")$timer(case[[3L]])
    ours <- in_r(case[[2L]])
    bare <- in_r(case[[4L]])
    ours()
    turns <- replicate(31L, c(timed(ours, 1L) / 1000, timed(bare, 1L) / 1000 + python()))
    middle <- apply(turns, 1L, stats::median)
    ratio <- stats::median(turns[1L, ] / turns[2L, ])
    cat("row", case[[1L]], middle, "R's own limit", ratio, 1.25, sep = "\t")
    cat("\n")
  }
})

# What a differentiated R function runs, where no graph stands for it: the same on plain tensors.
part("differentiated", {
  x <- as_torch_numeric(runif(100))
  y <- as_torch_numeric(runif(100))
  a <- as_torch_tensor(runif(100))
  b <- as_torch_tensor(runif(100))
  beside <- "torch_tensor"
  row("x * y of a torch_numeric", \() x * y, \() a * b, beside, 1.5)
  row("x[1]", \() x[1], \() a[1], beside, 1.5)
  row("x[c(1, 3)]", \() x[c(1, 3)], \() a[c(1, 3)], beside, 1.5)
  row("sum(x)", \() sum(x), \() sum(a), beside, 1.5)
  row("x > y", \() x > y, \() a > b, beside, 1.5)
  mu <- as_torch_numeric(0.3, requires_grad = TRUE)
  sd <- as_torch_numeric(1.3, requires_grad = TRUE)
  m <- as_torch_tensor(0.3)$requires_grad_()
  s <- as_torch_tensor(1.3)$requires_grad_()
  bare <- function() {
    z <- (a - m) / s
    exp(-(0.9189385332 + 0.5 * z * z + log(s)))
  }
  row("dnorm(x, mean, sd)", \() dnorm(x, mu, sd), bare, "its operations", 3)
})

# Large arrays and frames, in a plain loop: memory is R's and PyTorch's to find and to give back.
part("arrays", {
  vector <- runif(1e7)
  matrix <- matrix(vector, 1e6)
  flat <- as_torch_tensor(vector)
  columns <- as_torch_tensor(matrix, share = TRUE)$clone()
  rows32 <- \() columns$to(dtype = torch_float32(), memory_format = torch_contiguous_format())
  row("double 1e7, R's", \() as_torch_tensor(vector), \() flat$clone(), "clone()", 1.3, 11L)
  row("torch_tensor(), 1e6 x 10", \() torch_tensor(matrix), rows32, "the same change", 1.3, 11L)
  row("as.numeric(), 1e7", \() as.numeric(flat), \() flat$clone(), "clone()", 1.3, 11L)
  row("as.array(), 1e6 x 10", \() as.array(columns), \() columns$clone(), "clone()", 1.3, 11L)
  frame <- as.data.frame(matrix[, 1:8])
  py_run("
import numpy as np
def columns(kept=[np.arange(1e6) for _ in range(8)]):
    global copied
    copied = [np.array(x, copy=True) for x in kept]
")
  copied <- py_import("__main__")$columns
  in_pandas <- as_py_frame(frame)
  row("frame of 1e6 x 8 to pandas", \() as_py_frame(frame), \() copied(), "memcpy", 1.3, 11L)
  row("and back", \() as.data.frame(in_pandas), \() copied(), "memcpy", 1.3, 11L)
})

part("models", {
  cars <- transform(mtcars, am = factor(am))
  one <- cars[3L, ]
  fit <- torch_fit(mpg ~ wt + hp + am, cars, linear())
  reference <- lm(mpg ~ wt + hp + am, cars)
  row("predict() of a row, linear()", \() predict(fit, one), \() predict(reference, one), "lm", 1.5)
  binary <- torch_fit(am ~ wt, cars, logistic())
  theirs <- glm(am ~ wt, binomial, cars)
  row(
    "predict() of a row, logistic()", \() predict(binary, one),
    \() predict(theirs, one, type = "response"), "glm", 1.5
  )
  # 600 us where lm() took 420: it reads the row and its terms as predict() of lm() does.
  network <- torch_fit(mpg ~ wt + hp + am, cars, mlp(c(64, 32)), epochs = 2, seed = 1)
  row(
    "predict() of a row, mlp()", \() predict(network, one), \() predict(reference, one), "lm",
    600 / 420
  )
  row(
    "linear() of 32 rows", \() torch_fit(mpg ~ wt + hp + am, cars, linear()),
    \() lm(mpg ~ wt + hp + am, cars), "lm", 3
  )
  row(
    "logistic() of 32 rows", \() torch_fit(am ~ wt, cars, logistic()),
    \() glm(am ~ wt, binomial, cars), "glm", 3
  )
})

part("large models", {
  set.seed(1)
  n <- 3e5
  d <- data.frame(g = factor(sample(letters, n, TRUE)), x = rnorm(n), z = rnorm(n))
  d$y <- d$x + as.integer(d$g) / 10 + rnorm(n)
  d$b <- rbinom(n, 1, plogis(d$x))
  row(
    "linear(), 3e5 rows, 26 levels", \() torch_fit(y ~ g + x + z, d, linear()),
    \() lm(y ~ g + x + z, d), "lm", 0.5, 3L, TRUE
  )
  row(
    "logistic(), the same", \() torch_fit(b ~ g + x + z, d, logistic()),
    \() glm(b ~ g + x + z, binomial, d), "glm", 1 / 3, 3L, TRUE
  )
  wide <- as.data.frame(matrix(rnorm(2e5 * 50), 2e5))
  wide$y <- rowSums(wide) + rnorm(2e5)
  row(
    "linear(), 2e5 x 50", \() torch_fit(y ~ ., wide, linear()), \() lm(y ~ ., wide), "lm", 0.5, 3L,
    TRUE
  )
  n <- 1e6
  long <- data.frame(g = factor(sample(letters[1:3], n, TRUE)), x = rnorm(n))
  long$y <- long$x + as.integer(long$g) + rnorm(n)
  row(
    "linear(), 1e6 rows, 3 levels", \() torch_fit(y ~ g + x, long, linear()),
    \() lm(y ~ g + x, long), "lm", 0.5, 3L, TRUE
  )
})

# A loader of R's in two processes beside Python's own: each item takes 0.2 ms to make.
part("loaders", {
  items <- dataset(
    initialize = function(n) self$n <- n,
    .getitem = function(i) {
      until <- as.numeric(Sys.time()) + 2e-4
      while (as.numeric(Sys.time()) < until) NULL
      list(x = c(i, 1, 2, 3))
    },
    .length = function() self$n
  )
  py_run("
import time, torch
class Items(torch.utils.data.Dataset):
    def __len__(self):
        return 4000
    def __getitem__(self, i):
        until = time.perf_counter() + 2e-4
        while time.perf_counter() < until:
            pass
        return torch.tensor([i, 1., 2., 3.])
def epoch():
    start = time.perf_counter()
    for batch in torch.utils.data.DataLoader(Items(), batch_size=32, num_workers=2):
        pass
    return time.perf_counter() - start
")
  loader <- dataloader(items(4000), batch_size = 32, num_workers = 2)
  ours <- function() {
    start <- Sys.time()
    batches <- dataloader_make_iter(loader)
    while (!is.null(dataloader_next(batches))) NULL
    as.numeric(Sys.time()) - as.numeric(start)
  }
  turns <- replicate(7L, c(ours(), py_import("__main__")$epoch()))
  middle <- apply(turns, 1L, stats::median)
  ratio <- stats::median(turns[1L, ] / turns[2L, ])
  cat("row", "an epoch of R items, 2 workers", middle, "DataLoader", ratio, 1 / 0.7, sep = "\t")
  cat("\n")
})

# Each start is a process of its own.
part("start", {
  script <- function(code) {
    path <- file.path(R.home("bin"), "Rscript")
    start <- Sys.time()
    done <- system2(path, c("-e", shQuote(code)), stdout = FALSE, stderr = FALSE)
    if (done != 0L) stop("a process failed: ", code)
    as.numeric(Sys.time()) - as.numeric(start)
  }
  python <- py_import("sys")$executable
  bare <- sprintf("reticulate::use_python('%s'); reticulate::import('torch')", python)
  turns <- replicate(4L, c(script("library(torchbridge); torch_tensor(1)"), script(bare) + 0.15))
  turns <- turns[, -1L]
  middle <- apply(turns, 1L, stats::median)
  ratio <- stats::median(turns[1L, ] / turns[2L, ])
  cat("row", "start to the first tensor", middle, "import torch + 0.15 s", ratio, 1, sep = "\t")
  cat("\n")
})
