skip_without_python()

observed <- function(x, id = 1L) dot_call(native()$observe, x, id)
looked <- function(x) dot_call(native()$observed, x, FALSE)[2L] != 0L

samples <- list(
  c(1.5, NA, -2), 1:3, c(TRUE, NA, FALSE), c("a", NA), c(a = 1, b = 2), matrix(c(1, 2, 3, 4), 2),
  factor(c("u", "v", "u")), as.Date("2026-01-01") + 0:2, numeric(), 5,
  array(1:8, c(2, 2, 2), list(NULL, c("x", "y"), NULL)), array(1:2, 2, list(c("p", "q")))
)

test_that("an observed vector reads as the vector, and a look is known", {
  for (x in samples) {
    made <- observed(x)
    expect_false(looked(made))
    expect_identical(
      list(length(made), attributes(made), typeof(made), is.object(made)),
      list(length(x), attributes(x), typeof(x), is.object(x))
    )
    expect_false(looked(made))
    expect_identical(made, x)
    if (length(x) > 0L) expect_true(looked(made))
    expect_false(is.null(dot_call(native()$observed, made, TRUE)))
    expect_false(looked(made))
  }
  expect_null(dot_call(native()$observed, 1, FALSE))
  expect_error(dot_call(native()$observe, list(1), 1L), "no vector of numbers")
})

test_that("whatever reads an element is a look", {
  looks <- list(
    function(x) x[1], function(x) x[[2]], function(x) x + 1, function(x) sum(x),
    function(x) if (x[1] > 0) 1, function(x) is.na(x), function(x) anyNA(x), function(x) max(x),
    function(x) sort(x), function(x) rev(x), function(x) as.integer(x), function(x) paste(x),
    function(x) identical(x, c(1, 2, 4)), function(x) unique(x), function(x) table(x),
    function(x) seq_len(10)[x], function(x) which(x > 1), function(x) for (v in x) v,
    function(x) lapply(x, identity), function(x) x %*% x, function(x) order(x),
    function(x) format(x), function(x) serialize(x, NULL), function(x) duplicated(x),
    function(x) x == x, function(x) mean(x), function(x) match(2, x), function(x) rep(x, 2),
    function(x) c(x, 1), function(x) matrix(x, 1), function(x) split(x, 1:3),
    function(x) {
      x[1] <- 2
      x
    },
    function(x) {
      names(x) <- letters[1:3]
      x
    }
  )
  for (look in looks) {
    made <- observed(c(1, 2, 4))
    want <- look(c(1, 2, 4))
    expect_identical(look(made), want)
    expect_true(looked(made), info = deparse(look))
  }
  made <- observed(c(1, 2, 4))
  list(made, list(a = made)$a, made)[[1]]
  expect_false(looked(made))
  x <- c(1, 2, 4)
  changed <- observed(x)
  changed[2] <- 7
  expect_identical(x, c(1, 2, 4))
})

test_that("a data frame's columns and row names are observed one by one", {
  tape <- new_tape()
  d <- data.frame(a = c(1, 2, 2), b = c("x", "y", "z"), c = factor(c("u", "v", "u")))[c(1, 3, 3), ]
  made <- observe_variable(d, "d", tape)
  seen <- function() which(vapply(tape$states, function(state) state[2L] != 0L, NA))
  expect_identical(c(nrow(made), ncol(made), length(made$a)), c(3L, 3L, 3L))
  expect_identical(levels(made$c), c("u", "v"))
  expect_identical(seen(), integer())
  sum(made$a)
  expect_identical(seen(), 1L)
  rownames(made)[2]
  expect_identical(seen(), c(1L, 3L))
  expect_identical(made, d)
  expect_identical(leaves_of(d), list(d$a, d$c, rownames(d)))
})

test_that("the tape makes of other data what R's functions make of them", {
  tape <- new_tape()
  y <- observe_variable(c(2, 4, 8), "y", tape)
  front <- list2env(taped_functions(globalenv(), baseenv(), tape), parent = baseenv())
  z <- eval(quote(log(y)[2:3] * c(1, 10)), list2env(list(y = y), parent = front))
  expect_identical(node_of(z), length(tape$nodes))
  the$tape <- tape
  tensor <- lift(z)
  again <- lift(z)
  the$tape <- NULL
  expect_identical(as.array(tensor), log(c(4, 8)) * c(1, 10))
  expect_identical(again, tensor)
  finish_tape(tape, list())
  expect_identical(as.array(play(tape, list(y = c(1, 3, 9)))[[1]]), log(c(3, 9)) * c(1, 10))
  expect_null(play(tape, list(y = c(1, 3, NA))))
  expect_null(play(tape, list(y = c(1, 3))))
  expect_null(play(tape, list(y = 1:3)))
  expect_null(play(tape, list(y = c(1, 3, -9)))) # a warning
  expect_null(play(tape, list()))
})
