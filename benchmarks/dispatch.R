# What one operator costs from R: ours beside Python's own call and reticulate's, in one run.
# Run by `make bench`, or alone: R_LIBS=.r-library Rscript benchmarks/dispatch.R
#
# Small tensors (3 x 3), so that the call is all there is. Medians over batches of 100 calls,
# the contestants taking turns batch by batch; the ratio is the median of the turns' ratios.
#
# "limit" is what no package can be below: Python's time and that of the same R call of an empty
# function or method, over Python's. By instructions (callgrind, R 4.2, Python 3.11), an `a + b` of
# 24,000 is 10,600 of R's, to find the method and to enter it, 9,100 of PyTorch's own, and 4,000 of
# the core's, half of these for the handle (R's external pointer, class and finalizer).
# Python's own takes 10,000, in memory that is in the cache: it frees a temporary at once, where R
# leaves tens of thousands of them for each collection. Python itself, made to keep 100,000 sums
# before it drops them, takes 1.9 us for each in the place of 1.25; for 10,000, 1.5. These go by
# blocks (core/blocks.c), and malloc joins what they free at once (core/memory.c: in loops 3.9 to
# 4.1 us, without 5.6 to 6.1). What did not gain: young collections in between (R has one at every
# 20,000 operators or so, of 5 ms with what it frees; one more at every 10,000 takes as long as it
# saves, at every 1,000 twice the loop), more blocks in malloc's caches for threads, or nothing
# further to the system.

library(torchbridge)

batches <- 200L

a <- torch_randn(3, 3)
b <- torch_randn(3, 3)
torch <- reticulate::import("torch", convert = FALSE)
ra <- torch$randn(3L, 3L)
rb <- torch$randn(3L, 3L)
reticulate::py_run_string("
def timer(code):
    import time, torch
    a = torch.randn(3, 3); b = torch.randn(3, 3)
    run = compile('for _ in range(100): ' + code, code, 'exec')
    names = dict(torch=torch, a=a, b=b)
    def once():
        start = time.perf_counter()
        exec(run, names)
        return time.perf_counter() - start
    return once
")

in_r <- function(expression, calls) {
  run <- eval(call("function", NULL, call("for", quote(i), call("seq_len", calls), expression)))
  run <- compiler::cmpfun(run)
  function() {
    start <- Sys.time()
    run()
    (as.numeric(Sys.time()) - as.numeric(start)) / calls
  }
}

cat(sprintf(
  "%-18s%9s%11s%12s%13s%8s%17s\n",
  "call", "R us", "Python us", "reticulate", "R / Python", "limit", "reticulate / R"
))
compare <- function(ours, theirs, peer, nothing) {
  r <- in_r(ours, 100L)
  py <- reticulate::py$timer(theirs)
  ret <- in_r(peer, 10L)
  empty <- in_r(nothing, 100L)
  for (contestant in rep(list(r, py, ret, empty), 3L)) contestant()
  turns <- vapply(seq_len(batches), function(i) {
    c(r(), py() / 100, if (i %% 10L == 0L) ret() else NA, empty())
  }, numeric(4L))
  us <- 1e6 * apply(turns, 1L, median, na.rm = TRUE)
  cat(sprintf(
    "%-18s%9.2f%11.2f%12.1f%13.2f%8.2f%17.1f\n", deparse(ours), us[1L], us[2L], us[3L],
    median(turns[1L, ] / turns[2L, ]), median(turns[4L, ] / turns[2L, ]) + 1, us[3L] / us[1L]
  ))
}

nothing <- function(...) NULL
empty <- structure(list(), class = c("empty", "python_object"))
registerS3method("+", "empty", function(e1, e2) NULL)
registerS3method("$", "empty", function(x, name) nothing)
registerS3method("[", "empty", function(x, ...) NULL)

compare(
  quote(torch_add(a, b)), "torch.add(a, b)", quote(torch$add(ra, rb)), quote(nothing(a, b))
)
compare(quote(a + b), "a + b", quote(torch$add(ra, rb)), quote(empty + empty))
compare(quote(a$add(b)), "a.add(b)", quote(ra$add(rb)), quote(empty$add(b)))
compare(
  quote(a$sum(dim = 1)), "a.sum(dim=0)", quote(ra$sum(dim = 0L)), quote(empty$sum(dim = 1))
)
compare(quote(a[1, ]), "a[0, :]", quote(ra$select(0L, 0L)), quote(empty[1, ]))
