#' ---
#' title: Making tensors
#' korean: 텐서 만들기
#' shows: Tensors from numbers, vectors, matrices and sequences; their shape and type; picking
#'   parts.
#' api: torch_tensor, torch_empty, torch_rand, torch_eye, torch_zeros, x[i]
#' rows: S0-1
#' ---

library(torchbridge)
library(ggplot2)

#' A tensor is an array that PyTorch computes with. Some come ready made: empty (whatever lies in
#' memory, to be written over), random, identity, zeros.

empty <- torch_empty(5, 3)
dim(empty)
torch_manual_seed(1)
torch_rand(5, 3)
torch_eye(4)
torch_zeros(3, 5)

#' Others are made of R's own vectors, matrices and arrays. Integers stay whole (`Long`), and
#' doubles become PyTorch's usual `Float`, which keeps about seven digits.

x <- torch_tensor(matrix(1:6, ncol = 2))
x
y <- torch_tensor(matrix(seq(0.1, 1, by = 0.1), ncol = 2))
y
z <- torch_tensor(matrix(seq(0, 1, length.out = 10), ncol = 2))
d <- torch_tensor(diag(1:5))

#' Shape and type travel with the tensor.

dim(x)
x$dtype
y$dtype

#' ## Picking parts
#' Subscripts count from 1, as everywhere in R.

z[, 1]
z[1:3, ]
d[3:4, c(1, 3)]

#' A tensor is not an R matrix: R's own Fourier transform refuses it instead of guessing. `%*%`
#' knows both.

refusal <- tryCatch(fft(z), error = conditionMessage)
refusal
t(z) %*% z

#' ## Looking at a tensor
#' `as.array()` brings the numbers back, and ggplot2 draws them.

#+ values, fig.alt = "Values of z against their row, a line for each of its two columns"
shown <- data.frame(
  row = rep(1:5, 2), column = factor(rep(1:2, each = 5)), value = as.numeric(z)
)
ggplot(shown, aes(row, value, colour = column)) +
  geom_line() +
  geom_point(size = 2.5) +
  labs(title = "seq(0, 1, length.out = 10) as a 5 x 2 tensor", x = "Row", y = "Value")
