#' ---
#' title: Operations on tensors
#' korean: 텐서 연산
#' shows: Arithmetic, broadcasting, views, products of vectors and matrices, and arrays with three
#'   dimensions.
#' api: torch_matmul, %/%, %%, x$view, torch_transpose, torch_dot, torch_tensor
#' rows: S0-2
#' ---

library(torchbridge)
library(ggplot2)

#' ## The same random numbers everywhere
#' A seed gives the same numbers in R and in Python: PyTorch draws them in both.

torch_manual_seed(1234)
m <- torch_tensor(matrix(as.double(1:12), 4, byrow = TRUE))
u <- torch_rand(4, 3)
v <- torch_rand(3, 4)
u
m %*% v

#' ## Arithmetic
#' R torch 0.2.1, of early 2021, drew one number of its own before yours. Tutorials of that time
#' show the numbers that follow.

torch_manual_seed(2021)
torch_rand(1)$item()
b <- torch_rand(2, 3)
c <- torch_rand(2, 3, 2)

a <- torch_tensor(1:6)$to(dtype = torch_double())$view(c(2, 3))
a
a + b
b^2
a %/% 3
a %% 3
sqrt(a)
log(b)
torch_matmul(b, c[1, , ])
torch_transpose(a, 1, 2)

#' ## Broadcasting
#' A dimension of size 1, or one that is missing on the left, is repeated to fit.

by_row <- a + torch_tensor(c(1, 2, 3))
by_column <- a + torch_tensor(matrix(c(2, 3), 2))
by_row
by_column

#' What cannot fit is an error, not a recycled vector.

six <- torch_tensor(1:6)
no_sum <- tryCatch(six + a, error = conditionMessage)
no_sum
no_product <- tryCatch(torch_dot(six$view(c(1, -1)), six), error = conditionMessage)
no_product

#' ## Inner and outer products
#' In `view()`, -1 stands for whatever size is left.

inner <- torch_dot(six, six)
outer_product <- six$view(c(-1, 1)) %*% six$view(c(1, -1))
inner
outer_product

#' ## Three dimensions
#' R writes two 2 x 3 matrices one behind the other, as 2 x 3 x 2; PyTorch wants the matrices first,
#' as 2 x 2 x 3. Elements keep their place across the bridge (`x[i, j, k]` is `x[i, j, k]`), so
#' say with `aperm()` which dimension is to come first.

stacked <- array(c(matrix(1:6, 2, byrow = TRUE), matrix(7:12, 2, byrow = TRUE)), c(2, 3, 2))
as_it_is <- torch_tensor(stacked)
as_it_is[1, , ]
matrices_first <- torch_tensor(aperm(stacked, c(3, 1, 2)))
matrices_first[1, , ]
matrices_first[2, , ]

#+ outer, fig.alt = "A table of squares: the outer product of 1 to 6, darker where it is larger"
products <- data.frame(expand.grid(i = 1:6, j = 1:6), product = as.numeric(outer_product))
ggplot(products, aes(j, i, fill = product, label = product)) +
  geom_tile(colour = "white") +
  geom_text() +
  scale_fill_gradient(low = "#e8f1f8", high = "#56B4E9", guide = "none") +
  scale_y_reverse(breaks = 1:6) +
  scale_x_continuous(breaks = 1:6) +
  coord_equal() +
  labs(title = "The outer product of 1, ..., 6 with itself")
