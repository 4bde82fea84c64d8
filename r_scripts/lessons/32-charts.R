#' ---
#' title: Charts
#' korean: 그래프, 막대와 파이, 버블, 산점도, 상자, 히스토그램
#' shows: Six kinds of chart in R, of data that come from R and from Python.
#' api: ggplot2, py_import
#' rows: S3-5
#' ---

library(torchbridge)
library(ggplot2)

#' ## Counts: bars and a pie

cylinders <- table(mtcars$cyl)
cylinders

#+ bar, fig.alt = "Bars: 11 cars with four cylinders, 7 with six, 14 with eight"
ggplot(mtcars, aes(factor(cyl))) +
  geom_bar(fill = "#0072B2") +
  labs(title = "Cars by cylinders", x = "Cylinders", y = "Cars")

#+ pie, fig.alt = "A pie of the same three counts"
ggplot(as.data.frame(cylinders), aes("", Freq, fill = Var1)) +
  geom_col(width = 1) +
  coord_polar("y") +
  theme_void() +
  labs(title = "The same as a pie", fill = "Cylinders")

#' ## Three columns: bubbles

#+ bubble, fig.alt = "Miles per gallon against weight, larger bubbles for more horse power"
ggplot(mtcars, aes(wt, mpg, size = hp, colour = factor(cyl))) +
  geom_point(alpha = 0.6) +
  labs(
    title = "Weight, range and power", x = "Weight, 1000 lb", y = "Miles per gallon",
    colour = NULL
  )

#' ## Distributions, of a data frame from Python
#' pandas' data frames arrive as R's.

wine <- py_import("sklearn.datasets")$load_wine(as_frame = TRUE)$frame
class(wine)
dim(wine)

#+ box, fig.alt = "Boxes: alcohol of three classes of wine"
ggplot(wine, aes(factor(target), alcohol)) +
  geom_boxplot(fill = "#56B4E9", alpha = 0.5) +
  labs(title = "Alcohol by class", x = "Class", y = "Alcohol, %")

#+ histogram, fig.alt = "Histogram of proline"
ggplot(wine, aes(proline)) +
  geom_histogram(bins = 20, fill = "#0072B2") +
  labs(title = "Proline", x = "Proline, mg/l", y = "Wines")
