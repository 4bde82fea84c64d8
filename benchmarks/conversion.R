# Conversion with R as the host: ours beside reticulate, and the R side's own limits.
# Run by `make bench`, or alone: R_LIBS=.r-library Rscript benchmarks/conversion.R
#
# Contestants take turns in one process, and nothing is collected in between, as in a user's loop;
# medians of each, and the median of the turns' ratios.

library(torchbridge)

rounds <- 7L

seconds <- function(run) {
  start <- proc.time()[["elapsed"]]
  kept <- run()
  proc.time()[["elapsed"]] - start
}

# Short runs repeat, as R's clock counts milliseconds.
compare <- function(name, ours, other, target, times_ours = 1L, times_other = 1L) {
  repeated <- function(run, times) function() for (i in seq_len(times)) run()
  turns <- replicate(rounds + 1L, c(
    seconds(repeated(ours, times_ours)) / times_ours,
    seconds(repeated(other, times_other)) / times_other
  ))[, -1L]
  cat(sprintf(
    "%-52s%9.3f%11.3f%12.1f  %s\n", name,
    1000 * median(turns[1L, ]), 1000 * median(turns[2L, ]), median(turns[2L, ] / turns[1L, ]), target
  ))
}

start_python()
torch <- reticulate::import("torch", convert = FALSE)
cat(sprintf("%-52s%9s%11s%12s  %s\n", "case", "ours ms", "other ms", "other/ours", "target"))

x <- as.double(seq_len(1e6))
compare(
  "R vector 1e6 -> tensor, beside reticulate",
  function() as_torch_tensor(x), function() torch$tensor(x), "20 times faster",
  times_ours = 20L
)

y <- matrix(as.double(seq_len(1e6)), 1e5)
tensor <- as_torch_tensor(y)
compare(
  "tensor 1e5 x 10 -> R, beside as.numeric of the R copy",
  function() as.array(tensor), function() y + 0, "",
  times_ours = 20L, times_other = 20L
)

small <- as_torch_tensor(c(1, 2, 3))
add <- py_import("torch")$add
reticulate_small <- torch$ones(3L)
compare(
  "torch.add of three elements, beside reticulate",
  function() add(small, small), function() torch$add(small, small), "",
  times_ours = 2000L, times_other = 200L
)
