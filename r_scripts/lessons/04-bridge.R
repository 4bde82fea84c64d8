#' ---
#' title: The bridge between R and PyTorch
#' korean: R과 파이토치, 텐서의 변환
#' shows: Sending values both ways; what is a copy, what shares memory, and what becomes of NA.
#' api: as_torch_tensor, to_r, py_import, x$add_
#' rows: S0-3
#' ---

library(torchbridge)
library(ggplot2)

#' ## There and back
#' `as_torch_tensor()` keeps R's exact type; `to_r()` brings a vector, matrix or array back.

values <- list(
  number = 2.5, double = c(1.5, pi, -0), integer = 1:6, logical = c(TRUE, FALSE),
  matrix = matrix(rnorm(6), 2), array = array(1:24, 2:4), four_dims = array(1:120, 2:5),
  empty = numeric(0)
)
back <- lapply(values, function(value) to_r(as_torch_tensor(value)))
data.frame(
  value = names(values),
  identical = mapply(identical, values, back),
  row.names = NULL
)

#' A transposed tensor is the same memory, read in another order: elements keep their places.

turned <- as_torch_tensor(values$matrix)$t()
turned$is_contiguous()
to_r(turned)

#' Float32 keeps about seven digits: the rounding is PyTorch's, and it is visible.

rounded <- to_r(as_torch_tensor(0.1, dtype = "float32"))
format(rounded, digits = 12)

#' NA has no place in an integer tensor, so torchbridge asks rather than guesses.

refusal <- tryCatch(as_torch_tensor(c(1L, NA)), error = conditionMessage)
refusal
filled <- to_r(as_torch_tensor(c(1L, NA), na = -1))
filled
to_r(as_torch_tensor(c(1, NA, NaN)))

#' ## A copy, or the same memory
#' `to_r()` copies, so an R vector never changes under your feet. `share = TRUE` asks for the
#' tensor's own memory instead. `add_()` changes a tensor in place; `add()` makes a new one.

a <- torch_ones(5)
copied <- to_r(a)
shared <- to_r(a, share = TRUE)
a$add_(1)
b <- a$add(1)
rbind(tensor = to_r(a), copied, shared = as.vector(shared), new = to_r(b))

#' ## Python's variables
#' Any Python module is an R object; its arrays arrive as R's.

np <- py_import("numpy")
x <- np$linspace(0, 2 * pi, 50L)
y <- np$sin(x)
class(x)

#+ sine, fig.alt = "A sine curve: R's line through the points that NumPy computed"
ggplot(data.frame(x, y), aes(x, y)) +
  stat_function(fun = sin, colour = "#999999") +
  geom_point(colour = "#D55E00") +
  labs(title = "NumPy's points on R's curve", x = NULL, y = "sin(x)")
