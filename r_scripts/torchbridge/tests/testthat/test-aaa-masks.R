# What a mask does with R's own values, beside R's function of the same name: values, errors and
# warnings, with their calls, and the state of R's generator. None of it needs Python.

masked <- ls(asNamespace("torchbridge")$masks)

rs_own <- function(name) {
  get(name, envir = if (exists(name, baseenv(), inherits = FALSE)) baseenv() else
    asNamespace("stats"))
}

# All that a call does. It is written with the function's name, so that what names it is the same.
outcome <- function(f, name, arguments) {
  scope <- list2env(stats::setNames(list(f), name), parent = globalenv())
  warned <- list()
  set.seed(1)
  heard <- function(condition) list(conditionMessage(condition), conditionCall(condition))
  value <- tryCatch(
    withCallingHandlers(
      list(eval(as.call(c(as.name(name), arguments)), scope)),
      warning = function(condition) {
        warned[[length(warned) + 1L]] <<- heard(condition)
        invokeRestart("muffleWarning")
      }
    ),
    error = heard
  )
  list(value = value, warned = warned, drawn = stats::runif(1L))
}

expect_rs_own <- function(name, ...) {
  for (arguments in list(...)) {
    wanted <- outcome(rs_own(name), name, arguments)
    found <- outcome(get(name, asNamespace("torchbridge")), name, arguments)
    if (!identical(found, wanted)) {
      expect_identical(found, wanted, info = deparse1(as.call(c(as.name(name), arguments))))
    }
  }
  succeed()
}

# What an argument may be given, as code without effects: a mask looks at its operands before R's
# function does, and where that ends in an error, R would not have evaluated some of them.
values <- expression(
  2, 0.5, 3L, -1, 1:3, c(a = 0.2, b = 0.7), 0:5 / 5, NA, NaN, Inf, NULL, TRUE, c(TRUE, NA, FALSE),
  "a", c(x = "1", y = "2"), 2i, base::matrix(c(4, 1, 1, 3), 2L),
  base::matrix(1:6, 2L, dimnames = list(c("r", "s"), NULL)),
  base::matrix(c(2, 0, 1, 3), 2L, dimnames = list(c("a", "b"), c("a", "b"))),
  base::array(1:8, c(2, 2, 2)), list(1, 2), list(), factor(c("u", "v")), as.Date("2024-02-29"),
  data.frame(x = 1:2, y = 3:4), stats::ts(1:4, start = 2000), quote(b), numeric(), c, "+", raw(2),
  integer(0), rep(0.5, 4)
)

# Calls of random values: of some arguments or all, by name, by part of it or by place.
random_calls <- function(name, n) {
  if (name == "%*%") return(replicate(n, as.list(sample(values, 2L, replace = TRUE)), FALSE))
  arguments <- names(formals(args(rs_own(name))))
  lapply(seq_len(n), function(i) {
    given <- arguments[stats::runif(length(arguments)) < 0.7]
    if (stats::runif(1L) < 0.3) given <- sample(given)
    places <- given == "..." | stats::runif(length(given)) < 0.5
    shown <- substr(given, 1L, ceiling(nchar(given) * stats::runif(length(given), 0.3, 1.5)))
    call <- as.list(sample(values, length(given), replace = TRUE))
    stats::setNames(call, ifelse(places, "", shown))
  })
}

test_that("a mask does to R's values what R's function does, whatever the call", {
  set.seed(20)
  for (name in masked) do.call(expect_rs_own, c(name, random_calls(name, 100L)))
})

test_that("a function of R's that dispatches on tensors itself is none", {
  exported <- getNamespaceExports("torchbridge")
  expect_identical(setdiff(masked, exported), character())
  # Since which R they are generic.
  generic <- list("%*%" = "4.3.0", crossprod = "4.4.0", tcrossprod = "4.4.0")
  for (name in names(generic)) {
    expect_identical(name %in% exported, getRversion() < generic[[name]], info = name)
  }
  for (name in masked) {
    calls <- all.names(body(rs_own(name)))
    expect_false("UseMethod" %in% calls, info = name)
  }
})

test_that("masks stand where a package's imports do, and none of R's .Internal is in the package", {
  namespace <- asNamespace("torchbridge")
  expect_identical(intersect(masked, names(namespace)), character())
  expect_identical(setdiff(masked, names(parent.env(namespace))), character())
  for (name in masked) expect_identical(getExportedValue("torchbridge", name), get(name, namespace))
  internal <- function(f) is.function(f) && ".Internal" %in% all.names(body(f))
  expect_identical(names(Filter(internal, as.list(namespace, all.names = TRUE))), character())
})

test_that("another R than the one that installed the package is copied anew", {
  namespace <- asNamespace("torchbridge")
  kept <- namespace[[".mask of rowSums"]]
  expect_identical(namespace$mask_of_this_r(kept), torchbridge::rowSums)
  anew <- namespace$mask_of_this_r(replace(kept, "r", "R version 4.1.0"))
  expect_identical(body(anew), body(torchbridge::rowSums))
  x <- base::matrix(1:6, 2L)
  expect_identical(anew(x), base::rowSums(x))
})

test_that("what they are made for, with every argument left out or given", {
  good <- list(
    diag = alist(
      x = base::matrix(c(2, 0, 1, 3), 2L, dimnames = list(c("a", "b"), c("a", "b"))),
      names = FALSE
    ),
    matrix = alist(data = 1:6, nrow = 2, ncol = 3, byrow = TRUE, dimnames = list(NULL, 1:3)),
    array = alist(data = 1:6, dim = 3:2, dimnames = list(letters[1:3], NULL)),
    outer = alist(X = c(a = 1, b = 2), Y = 1:3, FUN = function(x, y, k = 1) x + k * y, k = 3),
    crossprod = alist(x = base::matrix(1:6, 2L), y = base::matrix(1:4, 2L)),
    rowSums = alist(x = base::array(c(1:7, NA), c(2, 2, 2)), na.rm = TRUE, dims = 2),
    colMeans = alist(x = base::array(c(1:7, NA), c(2, 2, 2)), na.rm = TRUE, dims = 2),
    ifelse = alist(test = c(a = TRUE, b = NA, c = FALSE), yes = 1:3, no = "n"),
    pmin = alist(c(a = 1, b = NA), 2:3, na.rm = TRUE),
    chol2inv = alist(x = base::matrix(c(2, 0, 1, 3), 2L), size = 1, LINPACK = TRUE),
    backsolve = alist(
      r = base::matrix(c(2, 0, 1, 3), 2L), x = 1:2, k = 1, upper.tri = FALSE, transpose = TRUE
    ),
    dgamma = alist(x = 1:3, shape = 2, rate = 3, scale = 1 / 3, log = TRUE),
    pgamma = alist(q = 1:3, shape = 2, rate = 3, scale = 2, lower.tail = FALSE, log.p = TRUE),
    dnbinom = alist(x = 0:3, size = 2, prob = 0.3, mu = 4, log = TRUE),
    dbeta = alist(x = 0.3, shape1 = 2, shape2 = 3, ncp = 0, log = TRUE),
    dmultinom = alist(x = c(1, 2), size = 3, prob = c(1, 3), log = TRUE)
  )
  for (name in intersect(names(good), masked)) {
    given <- good[[name]]
    subsets <- lapply(seq_len(2^length(given)) - 1L, function(i) {
      given[bitwAnd(i, 2^(seq_along(given) - 1L)) > 0L]
    })
    do.call(expect_rs_own, c(name, subsets, lapply(subsets, unname)))
  }
})

test_that("arguments that there are not, or twice, are R's errors", {
  for (name in setdiff(masked, "%*%")) {
    expect_rs_own(
      name, alist(1, nonsense = 2), alist(1, 2, 3, 4, 5, 6, 7, 8), alist(1, , 2), alist(),
      alist(, ),
      stats::setNames(alist(1, 2), rep(names(formals(args(rs_own(name))))[1L], 2L))
    )
  }
})

test_that("a call is that of R's function in what looks at it", {
  # `wanted` and `found`: the same function over R's and over the mask.
  for (name in c("diag", "dnorm", "matrix", "drop")) {
    for (f in list(rs_own(name), get(name, asNamespace("torchbridge")))) {
      frames <- NULL
      probe <- function(x) {
        frames <<- c(sys.nframe(), deparse1(sys.call(-1L)))
        x
      }
      f(probe(base::diag(2)))
      if (identical(f, rs_own(name))) wanted <- frames
    }
    expect_identical(frames, wanted, info = name)
  }
  # Left out by a function around it is left out.
  around <- function(f, x, ncp) f(x, 2, 3, ncp)
  expect_identical(around(dbeta, 0.3), stats::dbeta(0.3, 2, 3))
  expect_identical(do.call(matrix, list(1:4, ncol = 1)), base::matrix(1:4, ncol = 1))
  expect_identical(Reduce(pmax, list(1:3, 3:1, c(0, 9, 0))), c(3, 9, 3))
  expect_identical(vapply(1:3, choose, 1, n = 5), base::choose(5, 1:3))
})

test_that("an object goes on to the function of that name that stood before this package", {
  here <- if ("package:torchbridge" %in% search()) match("package:torchbridge", search()) else 1L
  before <- list(
    matrix = function(data, ...) list("mine", ...), diag = function(x = 1, ...) list("too", ...)
  )
  attach(before, pos = here + 1L, name = "before", warn.conflicts = FALSE)
  on.exit(detach("before", character.only = TRUE))
  x <- structure(1:4, class = "mine")
  matrix <- torchbridge::matrix
  diag <- torchbridge::diag
  expect_identical(matrix(x, 2, byrow = TRUE), list("mine", nrow = 2, byrow = TRUE))
  expect_identical(matrix(1:4, 2), base::matrix(1:4, 2))
  expect_identical(diag(x, names = FALSE), list("too", names = FALSE))
  expect_identical(diag(3), base::diag(3))
})

test_that("Matrix's own values are Matrix's, attached before or after", {
  skip_if_not_installed("Matrix")
  code <- "
    M <- sparseMatrix(i = c(1, 2, 3, 3), j = c(1, 2, 2, 3), x = c(2, 3, 1, 4))
    D <- as.matrix(M)
    S <- chol(Matrix::crossprod(M))
    same <- function(x, y) isTRUE(all.equal(unname(as.matrix(x)), unname(as.matrix(y))))
    cat(all(
      same(crossprod(M), t(D) %*% D), same(crossprod(M, 1:3), t(D) %*% 1:3),
      same(tcrossprod(M), D %*% t(D)), same(M %*% M, D %*% D), same(diag(M), base::diag(D)),
      same(rowSums(M), base::rowSums(D)), same(colMeans(M), base::colMeans(D)),
      same(chol2inv(S), solve(t(D) %*% D)), same(drop(M), D),
      same(outer(M[, 1], 1:3), D[, 1] %o% 1:3),
      same(backsolve(as.matrix(S), 1:3), solve(as.matrix(S), 1:3)),
      identical(dim(pmax(M, 2)), dim(M)), is(crossprod(M), 'Matrix')
    ))"
  both <- c("library(Matrix)", "suppressPackageStartupMessages(library(torchbridge))")
  for (attached in list(both, rev(both))) {
    run <- run_r(paste(c(attached, code), collapse = "\n"))
    expect_identical(run$out, "TRUE", info = attached[1L])
  }
})
