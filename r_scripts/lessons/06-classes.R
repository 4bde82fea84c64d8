#' ---
#' title: Classes, and modules as classes
#' korean: R6 클래스
#' shows: A class with fields and methods, inheritance, private and read-only fields, and how a
#'   module of PyTorch is made in the same way.
#' api: R6::R6Class, nn_module, self
#' rows: S0-4b
#' ---

library(torchbridge)
library(R6)
library(ggplot2)

#' ## A class of students
#' `active` fields are computed when they are read; this one refuses to be written.

student <- R6Class(
  "Student",
  public = list(
    midterm = NULL,
    final = NULL,
    initialize = function(midterm, final) {
      self$midterm <- midterm
      self$final <- final
    },
    total = function() self$midterm + self$final
  ),
  active = list(
    average = function(value) {
      if (!missing(value)) stop("average is read-only: it follows from midterm and final")
      (self$midterm + self$final) / 2
    }
  )
)

first <- student$new(35, 23)
second <- student$new(80, 56)
c(first$total(), second$total())
tryCatch(first$average <- 100, error = conditionMessage)

#' ## Inheritance and private fields
#' A child has all that its parent has. What is private only its own methods see.

named_student <- R6Class(
  "Named",
  inherit = student,
  public = list(
    initialize = function(name, ...) {
      private$name <- name
      super$initialize(...)
    },
    print = function(...) cat(private$name, "has", self$average, "on average\n")
  ),
  private = list(name = NULL)
)

third <- named_student$new("Bomi", 80, 80)
third
is.null(third$name)

#' ## A module is such a class
#' `nn_module()` takes the same kind of methods. Layers put into `self` become parts of the network,
#' and their weights its parameters.

line_module <- nn_module(
  "Line",
  initialize = function() {
    self$slope <- nn_parameter(torch_tensor(0.6))
    self$start <- nn_parameter(torch_tensor(10))
  },
  forward = function(midterm) self$start + self$slope * midterm
)
line <- line_module()
line
names(line$parameters)
predicted <- as.numeric(line(c(35, 80)))

#+ students, fig.alt = "Final against midterm scores of three students, with the module's line"
students <- list(first, second, third)
scores <- data.frame(
  midterm = vapply(students, function(s) s$midterm, 0),
  final = vapply(students, function(s) s$final, 0)
)
ggplot(scores, aes(midterm, final)) +
  geom_point(size = 3, colour = "#D55E00") +
  stat_function(fun = function(x) as.numeric(line(x)), colour = "#0072B2") +
  xlim(20, 100) +
  labs(title = "Three objects, and a module's line", x = "Midterm", y = "Final")
