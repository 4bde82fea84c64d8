# A product of matrices in three processes: R with torchbridge, R with reticulate alone, Python.
# Run by `make bench`, or alone: R_LIBS=.r-library Rscript benchmarks/blas.R
#
# R's executable brings its own BLAS for all to see; torchbridge lets PyTorch keep its own
# (bridge/process/own_blas.py). 1000 x 1000, one thread, medians over 5 turns of one process each.

python <- file.path(getwd(), ".venv", "bin", "python")
product <- "
import time, torch
torch.set_num_threads(1)
times = []
for dtype in (torch.float32, torch.float64):
    a = torch.randn(1000, 1000, dtype=dtype)
    a @ a
    start = time.perf_counter()
    for _ in range(3): a @ a
    times.append((time.perf_counter() - start) / 3)
print(*times)
"
script <- tempfile(fileext = ".py")
writeLines(product, script)
in_r <- function(first) {
  c("Rscript", "-e", shQuote(sprintf("%s; reticulate::py_run_file('%s')", first, script)))
}
contestants <- list(
  "Python" = c(python, script),
  "R with torchbridge" = in_r("library(torchbridge); invisible(py_import('sys'))"),
  "R with reticulate" = in_r(sprintf("reticulate::use_python('%s', TRUE)", python))
)
turns <- replicate(5L, vapply(contestants, function(command) {
  out <- system2(command[1L], command[-1L], stdout = TRUE)
  as.numeric(strsplit(out[length(out)], " ")[[1L]])
}, numeric(2L)))

ms <- 1000 * apply(turns, 1:2, median)
cat(sprintf("%-20s%12s%12s%20s\n", "", "float32 ms", "float64 ms", "beside Python"))
for (name in names(contestants)) {
  ratio <- apply(turns[, name, ] / turns[, "Python", ], 1L, median)
  cat(sprintf(
    "%-20s%12.1f%12.1f%11.2f x%7.2f x\n", name, ms[1L, name], ms[2L, name], ratio[1L], ratio[2L]
  ))
}
