# Rows beside the R package torch, best on the same libtorch: what its users call, by turns of whole
# processes, so that neither pays for what the other left in memory.
#
#   REFERENCE=library-with-torch Rscript benchmarks/rtorch.R [TURNS]
#
# TURNS processes of each (5). A row is a call's time, the median of batches of at least 10 ms in
# one process, and then of the processes; its last columns are ours over theirs, and by the best
# batch of each. Where one call is longer than that, a batch is a call. Rows that begin with
# "control" are PyTorch's own work alone. The first rows are a fresh process's.

sizes <- "numbers 1e7, table 1e6 x 10, m 10 x 10, v 1000, image 8 x 3 x 32 x 32; MLP 20-64-32-1"

# What the rows need, and the rows, each by the code that it times.
prepare <- quote({
  a <- torch_randn(3)
  b <- torch_randn(3)
  one <- torch_tensor(1)
  w <- torch_randn(3, requires_grad = TRUE)
  m <- torch_randn(10, 10)
  v <- torch_randn(1000)
  mask <- v > 0
  long <- torch_randn(1e6)
  long_mask <- long > 0
  at <- torch_tensor(c(1L, 5L, 9L))
  linear <- nn_linear(3, 3)
  two_linears <- nn_module(
    initialize = function() {
      self$first <- nn_linear(3, 4)
      self$second <- nn_linear(4, 1)
    },
    forward = function(x) self$second(torch_relu(self$first(x)))
  )
  two <- two_linears()
  mlp <- nn_sequential(
    nn_linear(20, 64), nn_relu(), nn_linear(64, 32), nn_relu(), nn_linear(32, 1)
  )
  x <- torch_randn(20000, 20)
  y <- torch_randn(20000, 1)
  x64 <- x[1:64, ]
  y64 <- y[1:64, ]
  sgd <- optim_sgd(mlp$parameters, lr = 1e-6, momentum = 0.9)
  adam <- optim_adam(mlp$parameters, lr = 1e-6)
  adamw <- optim_adamw(mlp$parameters, lr = 1e-6)
  train <- function(x, y) {
    adam$zero_grad()
    loss <- nnf_mse_loss(mlp(x), y)
    loss$backward()
    adam$step()
  }
  train(x64, y64)
  data <- tensor_dataset(x, y)
  in_order <- dataloader(data, batch_size = 64)
  shuffled <- dataloader(data, batch_size = 64, shuffle = TRUE)
  items <- dataset(
    initialize = function() self$x <- x, .getitem = function(i) list(self$x[i, ], i),
    .length = function() 2000L
  )
  by_item <- dataloader(items(), batch_size = 64)
  file <- tempfile()
  mlp_file <- tempfile()
  ten_mb <- torch_randn(1.25e6, dtype = torch_float64())
  torch_save(ten_mb, file)
  torch_save(mlp, mlp_file)
  state <- lapply(mlp$state_dict(), function(t) t$clone())
  numbers <- as.numeric(1:1e7)
  table <- matrix(numbers, 1e6)
  integers <- matrix(1:1e6, 1000)
  numbers_t <- torch_tensor(numbers, dtype = torch_float64())
  table_t <- torch_tensor(table)
  integers_t <- torch_tensor(integers)
  square <- torch_randn(500, 500)
  image <- torch_randn(8, 3, 32, 32)
  conv <- nn_conv2d(3, 16, 3)
})
rows <- expression(
  torch_add(a, b), a + b, a * 2, a$add(b), a$sum(), a$shape, m[1, ], v[1], m[1:3, 2],
  m[1, 1] <- 0, v[mask], long[long_mask], m[at, ], torch_tensor(c(1, 2, 3)), as_array(a),
  one$item(), mean((a - w)^2)$backward(), for (i in 1:1000) a <- a * 1.0001,
  capture.output(print(m)), nn_linear(3, 3), two_linears(), linear(a), two(a), mlp(x64),
  sgd$step(), sgd$zero_grad(), adam$step(), adam$zero_grad(), adamw$step(), adamw$zero_grad(),
  train(x64, y64), coro::loop(for (batch in in_order) NULL),
  coro::loop(for (batch in shuffled) NULL), coro::loop(for (batch in by_item) NULL),
  coro::loop(for (batch in in_order) train(batch[[1]], batch[[2]])), mlp$parameters,
  mlp$state_dict(), mlp$load_state_dict(state), torch_save(ten_mb, file), torch_load(file),
  torch_save(mlp, mlp_file), torch_load(mlp_file), torch_tensor(numbers, dtype = torch_float64()),
  torch_tensor(table), torch_tensor(integers), as_array(numbers_t), as_array(table_t),
  as_array(integers_t), control <- torch_mm(square, square), control <- conv(image)
)

# ---- one process ----

say <- function(name, median, best) cat("row\t", name, "\t", median, "\t", best, "\n", sep = "")

megabytes <- function(key) {
  line <- grep(key, readLines("/proc/self/status"), value = TRUE)
  as.numeric(gsub("[^0-9]", "", line)) / 1024
}

time_row <- function(expression) {
  run <- eval(call("function", NULL, call("for", quote(k), quote(seq_len(n)), expression)))
  run <- compiler::cmpfun(run)
  environment(run) <- globalenv()
  n <<- 1L
  timed <- function() {
    start <- Sys.time()
    run()
    as.numeric(Sys.time()) - as.numeric(start)
  }
  timed()
  once <- timed()
  n <<- max(1L, as.integer(0.01 / once))
  gc(FALSE)
  times <- replicate(if (n > 1L) 15L else 5L, timed()) / n
  say(deparse(expression, 200L)[1L], stats::median(times), min(times))
}

measure <- function(package) {
  start <- Sys.time()
  suppressMessages(library(package, character.only = TRUE))
  as_array(torch_ones(2))
  taken <- as.numeric(Sys.time()) - as.numeric(start)
  say("library() to the first tensor", taken, taken)
  if (file.exists("/proc/self/status")) say("memory after it, MB", megabytes("VmRSS"), NA)
  torch_set_num_threads(1L)
  torch_manual_seed(1L)
  eval(prepare, globalenv())
  for (row in as.list(rows)) time_row(row)
  if (file.exists("/proc/self/status")) say("greatest memory, MB", megabytes("VmHWM"), NA)
}

# ---- both, by turns ----

this_file <- sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))

rows_of <- function(package, library) {
  variables <- if (nzchar(library)) paste0("R_LIBS=", library)
  said <- system2(
    file.path(R.home("bin"), "Rscript"), c(this_file, "--measure", package),
    stdout = TRUE, env = variables
  )
  said <- strsplit(grep("^row\t", said, value = TRUE), "\t")
  data.frame(
    name = vapply(said, `[`, "", 2L), median = as.double(vapply(said, `[`, "", 3L)),
    best = suppressWarnings(as.double(vapply(said, `[`, "", 4L)))
  )
}

shown <- function(name, value) {
  if (grepl("MB$", name)) return(sprintf("%.0f", value))
  if (value < 1e-3) sprintf("%.1f us", 1e6 * value) else sprintf("%.2f ms", 1e3 * value)
}

compare <- function(reference, turns) {
  found <- lapply(seq_len(turns), function(turn) {
    list(ours = rows_of("torchbridge", ""), theirs = rows_of("torch", reference))
  })
  of <- function(side, column, how) {
    values <- do.call(rbind, lapply(found, `[[`, side))
    tapply(values[[column]], factor(values$name, unique(values$name)), how)
  }
  ours <- of("ours", "median", stats::median)
  theirs <- of("theirs", "median", stats::median)
  best <- of("ours", "best", min) / of("theirs", "best", min)
  cat("Turns:", turns, "\nSizes:", sizes, "\n\n")
  cat(sprintf("%-66s%12s%14s%8s%8s\n", "call", "torchbridge", "R's torch", "ratio", "best"))
  for (name in names(ours)) {
    ratio <- ours[[name]] / theirs[[name]]
    cat(sprintf(
      "%-66s%12s%14s%8.2f%8.2f  %s\n", substr(name, 1L, 65L), shown(name, ours[[name]]),
      shown(name, theirs[[name]]), ratio, best[[name]], if (ratio < 1) "ahead" else "behind"
    ))
  }
}

arguments <- commandArgs(TRUE)
reference <- Sys.getenv("REFERENCE")
if (length(arguments) > 1L && arguments[1L] == "--measure") {
  measure(arguments[2L])
} else if (nzchar(reference)) {
  compare(reference, if (length(arguments)) as.integer(arguments[1L]) else 5L)
} else {
  cat("REFERENCE=library-with-R's-torch Rscript benchmarks/rtorch.R\n")
}
