#' ---
#' title: R for Python readers, and the other way round
#' korean: 파이썬 기초, 리스트와 if, for, 함수, 클래스
#' shows: Lists, conditions, loops, functions and classes side by side; what becomes of each value.
#' api: py_import("builtins"), py_import("operator")
#' rows: S3-7
#' ---

library(torchbridge)
library(ggplot2)

#' | | R | Python |
#' |---|---|---|
#' | list | `list(1, "a")`, from 1 | `[1, "a"]`, from 0 |
#' | by name | `list(a = 1)` | `{"a": 1}` |
#' | nothing | `NULL` | `None` |
#' | condition | `if (x > 0) "yes" else "no"` | `"yes" if x > 0 else "no"` |
#' | loop | `for (x in 1:3) print(x)` | `for x in range(1, 4): print(x)` |
#' | function | `function(x, y = 2) x + y` | `lambda x, y=2: x + y` |
#' | class | `R6::R6Class()`, `self$x` | `class`, `self.x` |

#' ## Lists of lists

nested <- list(list(10, 20, 30), list(40, 50, 60))
second_of_second <- nested[[2]][[2]]
second_of_second

#' ## What becomes of each value
#' `type()` is Python's word on what R sent.

builtins <- py_import("builtins")
python_type <- function(x) builtins$type(x)$`__name__`
values <- list(
  TRUE, 1L, 1.5, "text", NULL, list(1, "a"), list(a = 1, b = 2)
)
types <- vapply(values, python_type, "")
data.frame(r = vapply(values, function(v) deparse(v)[1], ""), python = types)

#' ## Loops and functions
#' A function of R is a function to Python.

squares <- unlist(builtins$list(builtins$map(function(x) x^2, list(1, 2, 3))))
squares
total <- py_import("numpy")$sum(matrix(c(10, 20, 30, 40, 50, 60), 2))
total

#+ loop, fig.alt = "Fibonacci numbers from a loop, on log scale close to a line"
fibonacci <- c(1, 1)
for (i in 3:20) fibonacci[i] <- fibonacci[i - 1] + fibonacci[i - 2]
ggplot(data.frame(i = 1:20, fibonacci), aes(i, fibonacci)) +
  geom_point(colour = "#0072B2") +
  scale_y_log10() +
  labs(title = "Twenty turns of a loop", x = NULL, y = "Fibonacci number")
