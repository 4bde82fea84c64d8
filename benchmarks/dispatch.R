# What one operator costs from R: ours beside Python's own call and reticulate's, in one run.
# Run by `make bench`, or alone: R_LIBS=.r-library Rscript benchmarks/dispatch.R
#
# Small tensors (3 x 3), so that the call is all there is. Medians over batches of 100 calls,
# the contestants taking turns batch by batch; the ratio is the median of the turns' ratios.

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
  "%-22s%9s%9s%12s%13s%17s\n",
  "call", "R us", "Python us", "reticulate", "R / Python", "reticulate / R"
))
compare <- function(ours, theirs, peer) {
  r <- in_r(ours, 100L)
  py <- reticulate::py$timer(theirs)
  ret <- in_r(peer, 10L)
  for (contestant in rep(list(r, py, ret), 3L)) contestant()
  turns <- vapply(seq_len(batches), function(i) {
    c(r(), py() / 100, if (i %% 10L == 0L) ret() else NA)
  }, numeric(3L))
  us <- 1e6 * apply(turns, 1L, median, na.rm = TRUE)
  cat(sprintf(
    "%-22s%9.2f%9.2f%12.1f%13.2f%17.1f\n", deparse(ours), us[1L], us[2L], us[3L],
    median(turns[1L, ] / turns[2L, ]), us[3L] / us[1L]
  ))
}

compare(quote(torch_add(a, b)), "torch.add(a, b)", quote(torch$add(ra, rb)))
compare(quote(a + b), "a + b", quote(torch$add(ra, rb)))
compare(quote(a$add(b)), "a.add(b)", quote(ra$add(rb)))
compare(quote(a$sum(dim = 1)), "a.sum(dim=0)", quote(ra$sum(dim = 0L)))
compare(quote(a[1, ]), "a[0, :]", quote(ra$select(0L, 0L)))

# ---- beside the R package torch ----

# Its medians on a machine like the one that the design was measured on, in microseconds.
cat(sprintf("\n%-36s%9s%18s\n", "call", "R us", "R torch's us"))
against <- function(ours, theirs, label = deparse(ours)) {
  r <- in_r(ours, 20L)
  for (warm in 1:3) r()
  us <- 1e6 * median(vapply(seq_len(batches), function(i) r(), 0))
  cat(sprintf("%-36s%9.2f%18.1f\n", label, us, theirs))
}

three <- torch_randn(3)
one <- torch_tensor(1)
linear <- nn_linear(3, 3)
w <- torch_randn(3, 3, requires_grad = TRUE)

against(quote(torch_add(a, b)), 5.8)
against(quote(a + b), 8.3)
against(quote(a$add(b)), 15)
against(quote(a$sum()), 17)
against(quote(a[1]), 16)
against(quote(one$item()), 5.7)
against(quote(torch_tensor(c(1, 2, 3))), 13)
against(quote(as_array(three)), 223)
against(quote(linear(a)), 35, "nn_linear(3, 3)(x)")
against(quote(mean((a - w)^2)$backward()), 132, "mean((a - w)^2), forward and backward")
