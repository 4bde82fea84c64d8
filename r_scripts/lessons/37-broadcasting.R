#' ---
#' title: Broadcasting is not recycling
#' korean: 넘파이 기초, 브로드캐스팅과 인덱싱
#' shows: NumPy's first lessons in R and in torch, and where R's recycling gives another answer.
#' api: torch_arange, torch_zeros, torch_full, torch_cat, x[i]
#' rows: S3-9
#' ---

library(torchbridge)
library(ggplot2)

a <- torch_tensor(c(1, 2, 3))
b <- torch_tensor(c(3, 4, 5))
a + b
a * b
inner <- sum(a * b)
inner
torch_zeros(2, 3)
torch_full(c(2, 3), 7)
torch_cat(list(a$view(c(-1, 1)), b$view(c(-1, 1))), dim = 2)
range <- torch_arange(0, 9)
range[1:3]

#' ## Where they differ
#' A 2 x 3 matrix plus a vector of 3. R runs down the columns and starts again, whatever the shape.
#' Broadcasting lines the vector up with the last dimension: it is added to each row.

m <- matrix(0, 2, 3)
v <- c(1, 2, 3)
recycled <- m + v
broadcast <- to_r(torch_tensor(m) + torch_tensor(v))
recycled
broadcast
sweep(m, 2, v, "+")

#' A 3 x 2 matrix plus a vector of 3 works in R, and has no meaning to torch.

refused <- tryCatch(torch_tensor(t(m)) + torch_tensor(v), error = conditionMessage)
refused

#+ tables, fig.alt = "Two tables of the sums: recycling fills by column, broadcasting by row"
tables <- data.frame(
  expand.grid(row = 1:2, column = 1:3), value = c(recycled, broadcast),
  rule = rep(c("R recycles", "torch broadcasts"), each = 6)
)
ggplot(tables, aes(column, row, fill = factor(value), label = value)) +
  geom_tile(colour = "white") +
  geom_text(colour = "white", size = 6) +
  facet_wrap(~rule) +
  scale_y_reverse(breaks = 1:2) +
  coord_equal() +
  guides(fill = "none") +
  labs(title = "matrix(0, 2, 3) + c(1, 2, 3)")
