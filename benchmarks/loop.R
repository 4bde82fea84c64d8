# A training loop written in R beside the same loop in Python, taking turns in one run, and a
# loop of many temporaries: time, the share of R's collector, memory.
# Run by `make bench`, or alone: R_LIBS=.r-library Rscript benchmarks/loop.R
#
# MLP 20-64-32-1, 20,000 rows, batches of 64, Adam, one thread. Both loops draw a random order
# and gather each batch by index, R through dataloader() on a tensor_dataset().

library(torchbridge)

epochs <- 8L
temporaries <- 1e6

torch_set_num_threads(1)
torch_manual_seed(1)
x <- torch_randn(20000, 20)
y <- torch_randn(20000, 1)

model <- nn_sequential(
  nn_linear(20, 64), nn_relu(), nn_linear(64, 32), nn_relu(), nn_linear(32, 1)
)
optimizer <- optim_adam(model$parameters, lr = 1e-3)
loader <- dataloader(tensor_dataset(x, y), batch_size = 64, shuffle = TRUE)

epoch <- function() {
  batches <- dataloader_make_iter(loader)
  while (!is.null(batch <- dataloader_next(batches))) {
    optimizer$zero_grad()
    loss <- nnf_mse_loss(model(batch[[1]]), batch[[2]])
    loss$backward()
    optimizer$step()
  }
}

reticulate::py_run_string("
import torch, time

def make(x, y):
    nn = torch.nn
    model = nn.Sequential(
        nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    def epoch():
        order = torch.randperm(len(x))
        for rows in order.split(64):
            a, b = x.index_select(0, rows), y.index_select(0, rows)
            optimizer.zero_grad()
            loss = torch.nn.functional.mse_loss(model(a), b)
            loss.backward()
            optimizer.step()
    def timed():
        start = time.perf_counter()
        epoch()
        return time.perf_counter() - start
    return timed

in_python = make(torch.randn(20000, 20), torch.randn(20000, 1))
")
in_python <- reticulate::py$in_python

elapsed <- function(f) system.time(f(), gcFirst = FALSE)[["elapsed"]]

memory <- function() {
  as.numeric(strsplit(readLines("/proc/self/statm"), " ")[[1L]][2L]) * 4096 / 2^20
}

invisible(epoch())
in_python()
before <- memory()
invisible(gc.time(TRUE))
collector <- gc.time()[3L]
turns <- vapply(seq_len(epochs), function(i) c(r = elapsed(epoch), python = in_python()), c(0, 0))
collector <- gc.time()[3L] - collector
cat(sprintf(
  "an epoch: R %.3f s, Python %.3f s (medians of %d turns); R / Python %.2f\n",
  median(turns["r", ]), median(turns["python", ]), epochs, median(turns["r", ] / turns["python", ])
))
cat(sprintf(
  "R's collector: %.0f%% of the R loop's time; memory %.0f MB before, %.0f MB after\n",
  100 * collector / sum(turns["r", ]), before, memory()
))

# ---- temporaries ----

a <- torch_randn(3, 3)
make_temporaries <- function(n) for (i in seq_len(n)) a + 1
make_temporaries(1e4)
before <- memory()
collector <- gc.time()[3L]
seconds <- elapsed(function() make_temporaries(temporaries))
collector <- gc.time()[3L] - collector
cat(sprintf(
  "%.0f temporaries: %.1f s, %.2f us each; memory %.0f MB before, %.0f MB after\n",
  temporaries, seconds, 1e6 * seconds / temporaries, before, memory()
))
# A loop of nothing but temporaries is the collector's worst.
cat(sprintf("R's collector: %.0f%% of that time\n", 100 * collector / seconds))
