# What the two demos share, demo.R in R and demo.py from Python: Boston's
# housing data made ready for a network, the linear model to compare it with,
# the table of errors and the picture.

suppressPackageStartupMessages(library(ggplot2))

# MASS::Boston (506 census tracts; medv is the median home value in $1000s) as
# matrices: split at random into training, validation and test rows, factors as
# dummy columns, numbers scaled by the training rows' mean and sd.
#
# seed decides the split; a tenth of the rows are for validation and
# test_fraction of them for the test.
#
# Returns a list: x_train, x_valid, x_test (matrices of one column a feature),
# y_train, y_valid, y_test (medv as vectors), and train and test (the same rows
# as data frames, not scaled).
prepare_boston <- function(seed, test_fraction = 0.2) {
  boston <- MASS::Boston
  boston$chas <- factor(boston$chas, labels = c("off_river", "on_river"))
  # Access to highways is a code, 1 to 8 and 24: a category, not an amount.
  boston$rad <- factor(boston$rad)

  set.seed(seed)
  n <- nrow(boston)
  sizes <- round(n * c(test = test_fraction, valid = 0.1))
  shuffled <- sample(n)
  rows <- list(
    test = shuffled[seq_len(sizes["test"])],
    valid = shuffled[sizes["test"] + seq_len(sizes["valid"])],
    train = shuffled[(sum(sizes) + 1):n]
  )

  # Factors become dummy columns; the intercept is the network's own.
  x <- model.matrix(medv ~ ., boston)[, -1]
  rownames(x) <- NULL # "1" to "506" say nothing, and NumPy's arrays have no place for names
  numeric <- names(Filter(is.numeric, boston[names(boston) != "medv"]))
  center <- colMeans(x[rows$train, numeric])
  spread <- apply(x[rows$train, numeric], 2, sd)
  x[, numeric] <- scale(x[, numeric], center, spread)

  list(
    x_train = x[rows$train, ], y_train = boston$medv[rows$train],
    x_valid = x[rows$valid, ], y_valid = boston$medv[rows$valid],
    x_test = x[rows$test, ], y_test = boston$medv[rows$test],
    train = boston[rows$train, ], test = boston[rows$test, ]
  )
}

# What a linear model of medv on every other column, fitted to the data frame
# train, predicts for the rows of the data frame test.
predict_lm <- function(train, test) {
  unname(predict(lm(medv ~ ., train), test))
}

# Root mean squared and mean absolute error of each model, best first.
# predictions is a data frame of one row a tract: the column observed, and a
# column for each model, named after it.
error_table <- function(predictions) {
  models <- setdiff(names(predictions), "observed")
  residuals <- predictions[models] - predictions$observed
  errors <- data.frame(
    model = models,
    rmse = sqrt(colMeans(residuals^2)),
    mae = colMeans(abs(residuals)),
    row.names = NULL
  )
  errors[order(errors$rmse), ]
}

# Writes one PNG: on the left the loss of every epoch, on the right predicted
# against observed for each model. history is a data frame of epoch, train_loss
# and valid_loss; predictions is as in error_table(). Returns the file's name.
plot_fit <- function(history, predictions, file) {
  dir.create(dirname(file), showWarnings = FALSE, recursive = TRUE)
  png(file, width = 11, height = 4.2, units = "in", res = 150)
  on.exit(dev.off())
  grid::grid.newpage()
  layout <- grid::grid.layout(1, 2, widths = c(4, 7))
  grid::pushViewport(grid::viewport(layout = layout))
  place <- function(column) {
    grid::viewport(layout.pos.row = 1, layout.pos.col = column)
  }
  print(plot_losses(history), vp = place(1))
  print(plot_predictions(predictions), vp = place(2))
  invisible(file)
}

# Two of Okabe and Ito's colours, which colour-blind readers can tell apart.
blue <- "#0072B2"
orange <- "#D55E00"

plot_losses <- function(history) {
  losses <- data.frame(
    epoch = rep(history$epoch, 2),
    loss = c(history$train_loss, history$valid_loss),
    rows = factor(
      rep(c("training", "validation"), each = nrow(history)),
      levels = c("training", "validation")
    )
  )
  ggplot(losses, aes(epoch, loss, colour = rows, linetype = rows)) +
    geom_line(linewidth = 0.7) +
    scale_y_log10() +
    scale_colour_manual(values = c(training = blue, validation = orange)) +
    labs(
      title = "Loss of the network",
      x = "Epoch",
      y = "Mean squared error, ($1000s)\u00b2, log scale",
      colour = NULL,
      linetype = NULL
    ) +
    demo_theme() +
    theme(legend.position = c(0.98, 0.98), legend.justification = c(1, 1))
}

plot_predictions <- function(predictions) {
  errors <- error_table(predictions)
  labels <- sprintf("%s: test RMSE %.2f", errors$model, errors$rmse)
  points <- data.frame(
    observed = rep(predictions$observed, nrow(errors)),
    predicted = unlist(predictions[errors$model], use.names = FALSE),
    model = factor(rep(labels, each = nrow(predictions)), levels = labels)
  )
  limits <- range(points$observed, points$predicted)
  ggplot(points, aes(observed, predicted)) +
    geom_abline(colour = "grey50", linetype = "dashed") +
    geom_point(colour = blue, alpha = 0.6, size = 1.6) +
    facet_wrap(~model) +
    coord_cartesian(xlim = limits, ylim = limits) +
    labs(
      title = "Test tracts: predicted against observed",
      x = "Observed median home value, $1000s",
      y = "Predicted, $1000s"
    ) +
    demo_theme()
}

demo_theme <- function() {
  theme_minimal(base_size = 11) +
    theme(
      panel.grid.minor = element_blank(),
      panel.border = element_rect(colour = "grey85", fill = NA),
      plot.title = element_text(face = "bold", size = 12),
      axis.title.x = element_text(margin = margin(t = 6)),
      axis.title.y = element_text(margin = margin(r = 6)),
      plot.title.position = "plot",
      plot.margin = margin(10, 12, 8, 12),
      strip.text = element_text(face = "bold", hjust = 0)
    )
}
