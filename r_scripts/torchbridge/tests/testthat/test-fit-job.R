# A script that torchrun has started in several processes trains as one.

train <- '
library(torchbridge)
set.seed(1)
frame <- data.frame(a = sin(1:103), b = cos(3 * (1:103)))
frame$y <- 2 * frame$a - frame$b
rank <- Sys.getenv("RANK")
torch_manual_seed(1)
net <- nn_module(
  initialize = function() {
    self$inner <- nn_linear(2, 4)
    self$outer <- nn_linear(4, 1)
  },
  forward = function(x) self$outer(torch_tanh(self$inner(x)))
)()$to(dtype = torch_double())
fits <- function(...) {
  options <- list(
    epochs = 5, batch_size = 34, lr = 0.02, device = "cpu", precision = "64-true", ...
  )
  first <- list(y ~ a + b, frame, mlp(c(8, 8)), validation = 0.2)
  table <- do.call(torch_fit, c(first, options))
  square <- function(output, y) (output - y)^2
  x <- as.matrix(frame[c("a", "b")])
  own <- do.call(torch_fit, c(list(x, frame$y, net, loss = square), options))
  c(predict(table, frame), predict(own, x), table$history$valid_loss)
}
set.seed(as.integer(rank)) # the first one decides
told <- function(row) if (row$epoch == 5) cat("told by", rank, "\n")
seed <- torch_fit(y ~ a, frame, mlp(2), epochs = 5, device = "cpu", callbacks = list(told))$seed
alone <- fits(seed = seed, devices = 1)
ddp <- max(abs(fits(seed = seed) - alone)) < 1e-9
fsdp <- tryCatch(
  max(abs(fits(seed = seed, strategy = "fsdp") - alone)) < 1e-9,
  error = function(e) { # of PyTorch 2.6
    if (grepl("does not run on CPUs", conditionMessage(e))) NA else stop(e)
  }
)
# Both write at once: each its line in one piece.
writeLines(paste("rank", rank, "seed", seed, "ddp", ddp, "fsdp", fsdp))
'

test_that("each process has the fit of one, and the first one's seed", {
  skip_without_python()
  file <- withr::local_tempfile(fileext = ".R", lines = train)
  torchrun <- c("-m", "torch.distributed.run", "--nproc-per-node=2", "--no-python")
  rscript <- file.path(R.home("bin"), "Rscript")
  run <- run_process(find_python(), c(torchrun, rscript, "--vanilla", shQuote(file)), character())
  expect_identical(run$status, 0L, info = output(run))
  said <- sort(grep("^rank ", run$out, value = TRUE))
  expect_match(said, "ddp TRUE fsdp (TRUE|NA)", info = output(run))
  expect_identical(sub("rank [01]", "", said[1L]), sub("rank [01]", "", said[2L]))
  expect_identical(grep("^told by", run$out, value = TRUE), "told by 0 ")
})
