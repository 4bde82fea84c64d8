# What wrote the files beside: R's own torch (mlverse/torch 0.17), in its formats 3, 2 and 1.
# Modules are compressed by xz here: R's torch writes the R code of each class with it.
# Rscript written.R

library(torch)

torch_manual_seed(1)
pack <- function(x, file) {
  writeBin(memCompress(if (is.raw(x)) x else torch_serialize(x), "xz"), paste0(file, ".xz"))
}
x <- torch_tensor(matrix(c(1, 0.5, -1, 2, 0.25, 3), 3))
expected <- list(x = as.array(x))

base <- nn_module("base",
  initialize = function(n, act = torch_relu) {
    self$a <- nn_linear(n, 3)
    self$w <- nn_parameter(torch_tensor(c(1, 2, 3)), requires_grad = FALSE)
    self$b <- nn_buffer(torch_tensor(c(0.5, 0, 1)))
    self$act <- act
    self$n <- n
  },
  forward = function(x) self$act(self$a(x)) * self$w + private$k * self$b,
  private = list(k = 2, hidden = function() self$n + private$k),
  active = list(twice = function() self$n * 2)
)
child <- nn_module("child",
  inherit = base,
  initialize = function(n) {
    super$initialize(n)
    self$list <- nn_module_list(list(nn_linear(3, 1), nn_gelu()))
  },
  forward = function(x) self$list[[2]](self$list[[1]](super$forward(x)))
)
net <- child(2)
net$eval()
for (i in 1:3) expected$child <- as.array(net(x)) # R compiles what is called twice
pack(net, "child")

make <- function(k, unused, plain = 3) {
  nn_module(
    initialize = function() self$l <- nn_linear(2, k),
    forward = function(x) self$l(x) * k + plain
  )
}
net <- make(2)()
expected$closure <- as.array(net(x))
pack(net, "closure")

doubled <- nn_module("doubled", inherit = nn_linear, forward = function(x) super$forward(x) * 2)
net <- doubled(2, 3)
expected$doubled <- as.array(net(x))
pack(net, "doubled")

layer <- nn_transformer_encoder_layer(2, 1, 4, batch_first = TRUE, activation = "gelu")
net <- nn_sequential(
  nn_linear(2, 4), nn_batch_norm1d(4, momentum = NULL), nn_dropout(0.2), nn_linear(4, 2, bias = FALSE),
  nn_unflatten(2, c(1, 2)), nn_transformer_encoder(layer, 2), nn_flatten(), nn_softmax(2)
)
net$eval()
expected$layers <- as.array(net(x))
pack(net, "layers")

net <- nn_lstm(2, 3, num_layers = 2, bidirectional = TRUE, batch_first = TRUE)
expected$lstm <- as.array(net(x$unsqueeze(1))[[1]]$contiguous())
pack(net, "lstm")

numbers <- dataset("numbers",
  initialize = function(x) {
    self$x <- torch_tensor(x)
    self$k <- 5
  },
  .getitem = function(i) self$x[i] * self$k,
  .length = function() length(self$x)
)
pack(numbers(c(1, 2, 3)), "dataset")

values <- list(
  a = torch_tensor(1:3), b = list(c = torch_tensor(c(TRUE, FALSE)), d = "x", e = NULL, f = 1:3),
  g = data.frame(a = 1:2), h = torch_tensor(2.5, requires_grad = TRUE), torch_tensor(array(0, c(2, 0))),
  half = torch_tensor(c(1, 2), dtype = torch_half())
)
torch_save(values, "values.pt")
torch_save(torch_tensor(c(1 + 2i, 3)), "complex.pt")
torch_save(torch_tensor(7), "number.pt")
w <- nn_parameter(torch_tensor(c(1, 2)))
optimizer <- optim_adam(list(w), lr = 0.1)
for (i in 1:3) {
  optimizer$zero_grad()
  sum(w^2)$backward()
  optimizer$step()
}
expected$w <- as.array(w)
torch_save(optimizer$state_dict(), "optimizer.pt")

options(torch.serialization_version = 2)
torch_save(torch_tensor(c(1, 2)), "tensor-2.rds")
torch_save(list(torch_tensor(c(1L, 3L)), list(a = 2, b = torch_tensor(TRUE))), "list-2.rds", compress = FALSE)
torch_save(coro::exhausted(), "exhausted-2.rds")
net <- make(2)()
expected$closure2 <- as.array(net(x))
pack(torch_serialize(net), "module-2")
options(torch.serialization_version = 1)
torch_save(torch_tensor(c(1, 2)), "tensor-1.rds")

saveRDS(expected, "expected.rds", version = 2)
