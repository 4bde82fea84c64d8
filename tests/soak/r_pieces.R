# The pieces where R hosts: Rscript tests/soak/r_pieces.R ROUNDS [PATTERN].

suppressMessages(library(torchbridge))

arguments <- commandArgs(trailingOnly = TRUE)
rounds <- as.integer(arguments[[1]])
pattern <- if (length(arguments) > 1L) arguments[[2]] else ""

meter_module <- py_import("meter")
looks <- as.integer(meter_module$LOOKS)
first <- as.integer(meter_module$FIRST)
meter <- meter_module$Meter()

# A piece: what one of how many rounds it does (what takes longer does fewer), and the work.
piece <- function(share, work) list(share = share, work = work)

fails <- function(work) {
  failed <- tryCatch({
    work
    FALSE
  }, error = function(condition) TRUE)
  stopifnot(failed)
}

m <- matrix(1:6 + 0, 3)
x <- torch_tensor(m)
x64 <- as_torch_tensor(m)
frame <- data.frame(
  a = 1:3, b = c(1.5, NA, 2), c = c("x", NA, "z"), d = factor(c("u", "v", "u")),
  e = structure(1:3, class = "Date"), f = .POSIXct(1:3)
)
numbers <- data.frame(a = c(1, 2, 3), b = factor(c("u", "v", "u")))
frames <- list(
  pandas = as_py_frame(frame, "pandas"),
  polars = as_py_frame(frame, "polars"),
  arrow = as_py_frame(frame, "arrow")
)
builtins <- py_import("builtins")
operator <- py_import("operator")
folder <- tempfile("soak")
dir.create(folder)
file <- file.path(folder, "file")

conversions <- list(
  "as_torch_tensor()" = piece(1, function() as_torch_tensor(m)),
  "as_torch_tensor(share = TRUE)" = piece(1, function() as_torch_tensor(m, share = TRUE)),
  "torch_tensor()" = piece(1, function() torch_tensor(m)),
  "as_array()" = piece(1, function() as_array(x)),
  "to_r(share = TRUE)" = piece(1, function() to_r(x64$t(), share = TRUE)),
  "as_py_frame() of pandas" = piece(10, function() as_py_frame(frame, "pandas")),
  "as_py_frame() of polars" = piece(10, function() as_py_frame(frame, "polars")),
  "as_py_frame() of Arrow" = piece(10, function() as_py_frame(frame, "arrow")),
  "as.data.frame() of pandas" = piece(10, function() as.data.frame(frames$pandas)),
  "as.data.frame() of polars" = piece(10, function() as.data.frame(frames$polars)),
  "as.data.frame() of Arrow" = piece(10, function() as.data.frame(frames$arrow)),
  "frame_tensors()" = piece(10, function() frame_tensors(numbers))
)

calls <- list(
  "x$add(1)" = piece(1, function() x$add(1)),
  "x + 1" = piece(1, function() x + 1),
  "x[1, ]" = piece(1, function() x[1, ]),
  "print(x)" = piece(10, function() capture.output(print(x))),
  "a Python function" = piece(1, function() builtins$len(list(1, 2))),
  "a Python object" = piece(1, function() builtins$object()),
  "a callback" = piece(10, function() builtins$list(builtins$map(function(x) x, list(1, 2)))),
  "a Python error" = piece(1, function() fails(operator$getitem(list(1), "a"))),
  "an error of a callback" = piece(10, function() {
    fails(builtins$list(builtins$map(function(x) stop("no"), list(1))))
  }),
  "grad()" = piece(10, function() grad(function(x) sum(x^2), c(1, 2))),
  "hessian()" = piece(10, function() hessian(function(x) sum(x^2), c(1, 2)))
)

net_module <- nn_module(
  "net",
  initialize = function() self$layer <- nn_linear(2, 1),
  forward = function(x) self$layer(x)
)
net <- net_module()
optimizer <- optim_adam(net$parameters, lr = 0.1)
train <- function() {
  optimizer$zero_grad()
  loss <- nnf_mse_loss(net(x), torch_ones(3, 1))
  loss$backward()
  optimizer$step()
  loss$item()
}
loader <- dataloader(tensor_dataset(x, x), batch_size = 2)
batches <- function(loader) {
  iterator <- dataloader_make_iter(loader)
  while (!is.null(dataloader_next(iterator))) NULL
}

rows <- dataset("rows", .getitem = function(i) x[i, ], .length = function() 3)
in_workers <- dataloader(rows(), batch_size = 2, num_workers = 1)
double <- autograd_function(
  forward = function(ctx, x) 2 * x,
  backward = function(ctx, grad_output) 2 * grad_output
)
leaf <- torch_ones(2, requires_grad = TRUE)

modules <- list(
  "nn_linear()" = piece(10, function() nn_linear(2, 2)),
  "nn_module()" = piece(100, function() nn_module("a", forward = function(x) x)),
  "a module written in R" = piece(10, function() net_module()(x)),
  "a training step" = piece(10, train),
  "optim_adam()" = piece(10, function() optim_adam(net$parameters)),
  "dataloader()" = piece(10, function() batches(loader)),
  "dataloader() with workers" = piece(300, function() batches(in_workers)),
  "autograd_function()" = piece(10, function() double(leaf)$sum()$backward()),
  "autograd_grad()" = piece(10, function() autograd_grad(leaf$sum(), leaf)),
  "torch_serialize()" = piece(10, function() torch_load(torch_serialize(x))),
  "torch_save() and torch_load()" = piece(20, function() {
    torch_save(net, file)
    torch_load(file, module = net)
  }),
  "saveRDS() and readRDS()" = piece(20, function() {
    saveRDS(x, file)
    readRDS(file)$sum()$item()
  })
)

data <- data.frame(y = c(1, 3, 2, 5, 4, 6, 8, 7), a = 1:8 + 0, b = factor(rep(c("u", "v"), 4)))
fitted <- torch_fit(y ~ a, data, linear())
fits <- list(
  "torch_fit() of linear()" = piece(50, function() torch_fit(y ~ a + b, data, linear())),
  "torch_fit() of mlp()" = piece(50, function() torch_fit(y ~ a + b, data, mlp(2), epochs = 1)),
  "predict()" = piece(50, function() predict(fitted, data)),
  "summary()" = piece(100, function() summary(fitted)),
  "saveRDS() of a fit" = piece(50, function() {
    saveRDS(fitted, file)
    predict(readRDS(file), data)
  }),
  "torch_tune()" = piece(1000, function() {
    torch_tune(y ~ a, list(lr = list(0.1, 0.01)), data = data, epochs = 1, n_trials = 2)
  }),
  "torch_mle()" = piece(200, function() {
    torch_mle(function(mu) sum(dnorm(data$y, mu, 1, log = TRUE)), start = list(mu = 1))
  })
)

for (group in list(conversions, calls, modules, fits)) {
  for (name in names(group)[grepl(pattern, names(group))]) {
    work <- group[[name]]$work
    chunk <- max(1L, rounds %/% group[[name]]$share %/% looks)
    for (i in seq_len(min(first, chunk * looks))) work()
    meter$begin()
    for (look in seq_len(looks)) {
      for (i in seq_len(chunk)) work()
      meter$look()
    }
    meter$end(name, chunk * looks)
  }
}
