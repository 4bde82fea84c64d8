# torch_fit() on a large data frame: what preparing it costs beside an epoch, in time and memory;
# and how long a small fit takes to start.

library(torchbridge)

n <- as.numeric(Sys.getenv("TORCHBRIDGE_BENCH_ROWS", "1e6"))
p <- 50

memory <- function(which) {
  line <- grep(which, readLines("/proc/self/status"), value = TRUE)
  as.numeric(gsub("[^0-9]", "", line)) * 1024
}

show <- function(what, value, unit) cat(sprintf("%-58s %8.3f %s\n", what, value, unit))

small <- mtcars[1:30, ]
invisible(torch_fit(mpg ~ ., data = small, epochs = 1))
start <- median(replicate(10, {
  system.time(torch_fit(mpg ~ ., data = small, epochs = 1, batch_size = 30))[["elapsed"]]
}))
show("30 rows, full batch, one epoch: the whole call", 1000 * start, "ms")

set.seed(1)
data <- as.data.frame(matrix(rnorm(n * p), n))
data$y <- data[[1]] - data[[2]] + rnorm(n)
size <- as.numeric(object.size(data))
invisible(gc())
writeLines("5", "/proc/self/clear_refs") # the peak begins anew
before <- memory("VmRSS")

ended <- numeric()
begun <- proc.time()[["elapsed"]]
fit <- torch_fit(
  y ~ ., data = data, model = mlp(c(64, 32)), batch_size = 4096, epochs = 2, seed = 1,
  verbose = FALSE, callbacks = function(row) ended <<- c(ended, proc.time()[["elapsed"]])
)
whole <- proc.time()[["elapsed"]] - begun
epoch <- ended[2] - ended[1]
preparation <- ended[1] - begun - epoch
label <- sprintf("%g x %d, batch 4,096: ", n, p)
show(paste0(label, "data frame"), size / 2^20, "MiB")
show(paste0(label, "an epoch"), epoch, "s")
show(paste0(label, "from the call to the first step"), preparation, "s")
show(paste0(label, "preparation / epoch (below 1)"), preparation / epoch, "x")
show(paste0(label, "after the last epoch (fitted values)"), whole - (ended[2] - begun), "s")
peak <- (size + memory("VmHWM") - before) / size
show(paste0(label, "peak memory, data included / data (below 3)"), peak, "x")
