#' ---
#' title: CPU and GPU
#' korean: CPU와 GPU 사이에서 텐서 옮기기
#' shows: Where a tensor lives, how to move it, and that both places give the same answer.
#' api: cuda_is_available, x$device, x$to, torch_device
#' rows: S0-2b
#' ---

library(torchbridge)
library(ggplot2)

#' Every tensor lives on a device. `cuda_is_available()` says whether there is a GPU to use.

x <- torch_tensor(c(1, 2, 3))
x$device
device <- torch_device(if (cuda_is_available()) "cuda" else "cpu")

#' `$to()` moves a tensor, changes its type, or does both at once. A script that asks for the device
#' once, as above, runs with and without a GPU.

moved <- x$to(device = device)
double <- x$to(device = device, dtype = torch_double())
double$dtype
created <- torch_ones(2, 2, device = device)

#' To ask for a GPU where there is none is a plain error.

if (!cuda_is_available()) {
  refusal <- tryCatch(x$cuda(), error = conditionMessage)
  refusal
}

#' ## The same answer
#' A product of two matrices, here and there. Sums in another order differ in their last digits,
#' so compare with a tolerance.

torch_manual_seed(1)
a <- torch_randn(200, 200)
b <- torch_randn(200, 200)
here <- torch_matmul(a, b)
there <- torch_matmul(a$to(device = device), b$to(device = device))$cpu()
difference <- max(abs(as.array(here) - as.array(there)))
difference

#' ## How long a product takes
#' Time grows with the third power of the size: on this device it looks like this.

#+ times, fig.alt = "Milliseconds of a matrix product against the size of the matrices, log scales"
sizes <- c(32, 64, 128, 256, 512)
times <- vapply(sizes, function(n) {
  a <- torch_randn(n, n, device = device)
  repeats <- 5
  total <- system.time(for (i in seq_len(repeats)) torch_matmul(a, a)$sum()$item())[["elapsed"]]
  1000 * total / repeats
}, 0)
ggplot(data.frame(size = sizes, ms = pmax(times, 0.1)), aes(size, ms)) +
  geom_line(colour = "#0072B2") +
  geom_point(colour = "#0072B2", size = 2.5) +
  scale_x_log10(breaks = sizes) +
  scale_y_log10() +
  labs(title = "A matrix product on one device", x = "Rows and columns", y = "Milliseconds")
