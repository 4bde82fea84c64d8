skip_without_python()

# ---- f(mu) = mean((x - mu)^2) of LESSONS.md, S0-5 ----

# The seven numbers of the lesson: PyTorch's at seed 2021 without the first.
lesson_x <- function() {
  torch <- py_import("torch")
  torch$manual_seed(2021L)
  as_torch_tensor(10 * as.numeric(torch$rand(8L))[-1L], dtype = "float32")
}
f <- function(mu) lesson_x()$sub(mu)$pow(2)$mean()

test_that("the lesson's numbers come out", {
  expect_equal(
    as.numeric(lesson_x()), c(5.1339, 7.4256, 7.1589, 5.7047, 1.6527, 0.4431, 9.6277),
    tolerance = 5e-5
  )
  expect_equal(f(2)$item(), 20.0462, tolerance = 5e-6)
  at <- seq(0, 0.1, by = 0.02)
  values <- vapply(at, function(mu) f(mu)$item(), 0)
  expect_equal(
    values, c(37.27285, 37.06098, 36.84991, 36.63964, 36.43018, 36.22152),
    tolerance = 5e-7
  )
  mu <- tensor(2.5, requires_grad = TRUE, dtype = "float32")
  loss <- f(mu)
  expect_equal(loss$item(), 16.9896, tolerance = 5e-6)
  expect_equal(loss$pow(2)$item(), 288.646, tolerance = 5e-6)
  loss$backward()
  expect_equal(mu$grad$item(), -5.6133, tolerance = 1e-5)
  analytic <- -2 * mean(as.numeric(lesson_x()) - 2.5)
  expect_equal(mu$grad$item(), analytic, tolerance = 1e-6)
})

test_that("descent by hand finds the mean", {
  x <- lesson_x()
  mu <- tensor(0.5, requires_grad = TRUE, dtype = "float32")
  for (step in 1:100) {
    loss <- x$sub(mu)$pow(2)$mean()
    loss$backward()
    with_no_grad({
      mu$sub_(mu$grad$mul(0.1))
      mu$grad$zero_()
    })
  }
  expect_equal(mu$item(), 5.306654, tolerance = 1e-7)
  expect_equal(f(mu$item())$item(), 9.1123, tolerance = 5e-6)
})

test_that("gradients with respect to weights and input are those of the tape lesson (S4-7)", {
  w <- tensor(1, requires_grad = TRUE)
  b <- tensor(0.5, requires_grad = TRUE)
  x <- tensor(1.4, requires_grad = TRUE)
  loss <- tensor(2.1)$sub(w$mul(x)$add(b))$pow(2)$sum()
  gradients <- autograd_grad(loss, list(w = w, b = b, x = x))
  expect_equal(
    lapply(gradients, as.numeric), list(w = -0.56, b = -0.4, x = -0.4),
    tolerance = 1e-14
  )
  optimizer <- optim_sgd(list(w, b), lr = 0.01)
  autograd_backward(tensor(2.1)$sub(w$mul(x)$add(b))$pow(2)$sum())
  optimizer$step()
  expect_equal(c(w$item(), b$item()), c(1.0056, 0.504), tolerance = 1e-14)
})

# ---- modes ----

recording <- function() py_import("torch")$is_grad_enabled()

test_that("with_no_grad() records nothing, with_enable_grad() does again", {
  w <- tensor(c(1, 2), requires_grad = TRUE)
  expect_false(with_no_grad(w$mul(2))$requires_grad)
  expect_null(with_no_grad(w$mul(2))$grad_fn)
  expect_true(with_no_grad(with_enable_grad(w$mul(2)))$requires_grad)
  expect_true(recording())
  expect_identical(with_no_grad(3), 3)
  expect_null(with_no_grad(NULL))
})

test_that("the mode is as before after an error", {
  expect_identical(message_of(with_no_grad(stop("halt"))), "halt")
  expect_true(recording())
  expect_identical(message_of(with_no_grad(with_enable_grad(stop("halt")))), "halt")
  expect_true(recording())
})

# In a process of its own, which an interrupt that nobody takes ends alone.
test_that("an interrupt leaves the mode as it was", {
  run <- run_r(c(
    "library(torchbridge)",
    "recording <- function() py_import('torch')$is_grad_enabled()",
    "interrupt <- function() tools::pskill(Sys.getpid(), tools::SIGINT)",
    # R looks there whether an interrupt has come (and takes it even where it is suspended). Once
    # before: the first call reads the function itself, which an interrupt must not stop half-way.
    "look <- function() Sys.sleep(0.05)",
    "look()",
    "ends <- function(code) {",
    "  tryCatch({ code; look(); 'finished' }, interrupt = function(condition) 'interrupted')",
    "}",

    "# right after the mode is set",
    "interrupted <- function(enabled) {",
    "  before <- autograd_set_grad_mode(enabled)",
    "  if (!tried) {",
    "    tried <<- TRUE",
    "    interrupt()",
    "    for (i in 1:1e5) identity(i)", # R before 4.6 looks there, too
    "  }",
    "  before",
    "}",
    "with_interrupt <- function(with_mode) {",
    "  tried <<- FALSE",
    "  place <- list(autograd_set_grad_mode = interrupted)",
    "  environment(with_mode) <- list2env(place, parent = asNamespace('torchbridge'))",
    "  ends(with_mode(1))",
    "}",
    "cat(with_interrupt(with_no_grad), recording(), '\\n')",
    "with_no_grad(cat(with_interrupt(with_enable_grad), recording(), '\\n'))",

    "# one that waits is taken after the mode is put back",
    "for (turn in 1:5) {", # (R may look in between, at one call of a thousand.)
    "  autograd_set_grad_mode(FALSE)",
    "  ended <- ends({ suspendInterrupts(interrupt()); torchbridge:::restore_grad_mode(TRUE) })",
    "  if (recording()) break",
    "}",
    "cat(ended, recording(), '\\n')"
  ))
  found <- trimws(grep("^(interrupted|finished) ", run$out, value = TRUE))
  right <- c("interrupted TRUE", "interrupted FALSE", "interrupted TRUE")
  expect_identical(found, right, info = output(run))
  expect_identical(run$status, 0L)
})

test_that("local_no_grad() lasts as long as its function", {
  inner <- function() {
    local_no_grad()
    c(recording(), local({
      local_enable_grad()
      recording()
    }), recording())
  }
  expect_identical(inner(), c(FALSE, TRUE, FALSE))
  expect_true(recording())
  for_caller <- function() {
    helper <- function() local_no_grad(parent.frame())
    helper()
    recording()
  }
  expect_false(for_caller())
  expect_true(recording())
  failing <- function() {
    local_no_grad()
    stop("halt")
  }
  expect_identical(message_of(failing()), "halt")
  expect_true(recording())
  expect_match(message_of(local_no_grad(globalenv())), "`.env` must be the frame of a function")
})

test_that("autograd_set_grad_mode() gives the mode before", {
  expect_true(autograd_set_grad_mode(FALSE))
  expect_false(autograd_set_grad_mode(TRUE))
  expect_identical(
    message_of(autograd_set_grad_mode(1)),
    "`enabled` must be `TRUE` or `FALSE`, not a number."
  )
})

test_that("with_detect_anomaly() names the function that gives NaN", {
  x <- tensor(0, requires_grad = TRUE)
  expect_error(
    suppressWarnings(with_detect_anomaly(x$sqrt()$mul(0)$sum()$backward())),
    "SqrtBackward0"
  )
  x$sqrt()$mul(0)$sum()$backward()
  expect_true(is.nan(x$grad$item()))
})

# ---- autograd_grad(), autograd_backward() ----

test_that("autograd_grad() leaves grad alone and keeps names", {
  x <- tensor(3, requires_grad = TRUE)
  y <- tensor(2, requires_grad = TRUE)
  out <- x$pow(3)$mul(y)$sum()
  gradients <- autograd_grad(out, list(a = x, b = y))
  expect_named(gradients, c("a", "b"))
  expect_identical(as.numeric(gradients$a), 54)
  expect_identical(as.numeric(gradients$b), 27)
  expect_null(x$grad)
})

test_that("second and third derivatives come from create_graph", {
  x <- tensor(2, requires_grad = TRUE)
  first <- autograd_grad(x$pow(4)$sum(), x, create_graph = TRUE)[[1L]]
  second <- autograd_grad(first$sum(), x, create_graph = TRUE)[[1L]]
  third <- autograd_grad(second$sum(), x)[[1L]]
  expect_identical(c(as.numeric(first), as.numeric(second), as.numeric(third)), c(32, 48, 48))
})

test_that("grad_outputs weigh the outputs", {
  x <- tensor(c(1, 2, 3), requires_grad = TRUE)
  gradient <- autograd_grad(x$pow(2), x, grad_outputs = tensor(c(1, 10, 100)))[[1L]]
  expect_identical(as.numeric(gradient), c(2, 40, 600))
  both <- autograd_grad(
    list(x$sum(), x$pow(2)), x,
    grad_outputs = list(NULL, tensor(c(1, 1, 1)))
  )
  expect_identical(as.numeric(both[[1L]]), c(3, 5, 7))
})

test_that("an input that plays no part is an error, or NULL where that is allowed", {
  x <- tensor(1, requires_grad = TRUE)
  unused <- tensor(1, requires_grad = TRUE)
  expect_error(autograd_grad(x$sum(), list(x, unused)), "allow_unused")
  gradients <- autograd_grad(x$sum(), list(x, unused), allow_unused = TRUE)
  expect_length(gradients, 2L)
  expect_null(gradients[[2L]])
  expect_identical(autograd_grad(x$sum(), list(a = unused), allow_unused = TRUE), list(a = NULL))
})

test_that("autograd_backward() adds to grad", {
  x <- tensor(c(1, 2), requires_grad = TRUE)
  autograd_backward(list(x$sum(), x$pow(2)), list(NULL, tensor(c(1, 1))))
  expect_identical(as.numeric(x$grad), c(3, 5))
  autograd_backward(x$sum())
  expect_identical(as.numeric(x$grad), c(4, 6))
  out <- x$pow(2)$sum()
  autograd_backward(out, retain_graph = TRUE)
  expect_null(autograd_backward(out))
  expect_error(autograd_backward(out), "second time")
})

test_that("wrong arguments are named", {
  x <- tensor(1, requires_grad = TRUE)
  expect_identical(
    message_of(autograd_grad(1, x)),
    "`outputs` must be a tensor or a list of tensors, not a number."
  )
  expect_identical(
    message_of(autograd_grad(x, list(x, "a"))), "`inputs[[2]]` must be a tensor, not a string."
  )
  expect_identical(
    message_of(autograd_grad(x, x, grad_outputs = list(x, x))),
    "`grad_outputs` must be 1 tensor (or NULL), in a list."
  )
  expect_match(message_of(autograd_grad(x, x, allow_unused = NA)), "^`allow_unused` must be")
  expect_match(message_of(autograd_backward(x, retain_graph = 2)), "^`retain_graph` must be")
  error <- error_of(autograd_grad(tensor(c(1, 2), TRUE)$mul(2), x))
  expect_s3_class(error, "RuntimeError")
  expect_identical(as.character(conditionCall(error))[1L], "autograd_grad")
})

# ---- hooks ----

test_that("a hook sees the gradient, and may replace it", {
  x <- tensor(c(1, 2), requires_grad = TRUE)
  seen <- NULL
  hook <- register_hook(x, function(g) seen <<- as.numeric(g))
  x$pow(2)$sum()$backward()
  expect_identical(seen, c(2, 4))
  expect_identical(as.numeric(x$grad), c(2, 4))
  hook$remove()
  x$grad <- NULL
  double <- register_hook(x, function(g) g$mul(2))
  x$pow(2)$sum()$backward()
  expect_identical(as.numeric(x$grad), c(4, 8))
  double$remove()
  expect_identical(
    message_of(register_hook(x, 1)), "`hook` must be a function, not a number."
  )
})

test_that("an R error in a hook arrives once, as it was raised", {
  x <- tensor(1, requires_grad = TRUE)
  register_hook(x, function(g) {
    stop(structure(
      class = c("my_error", "error", "condition"),
      list(message = "the hook's own words", call = quote(my_hook(g)))
    ))
  })
  error <- error_of(x$sum()$backward())
  expect_identical(class(error), c("my_error", "error", "condition"))
  expect_identical(conditionMessage(error), "the hook's own words")
  expect_identical(conditionCall(error), quote(my_hook(g)))
})

test_that("backward() prints nothing", {
  x <- torch_tensor(2, requires_grad = TRUE)
  expect_invisible((x^2)$backward())
  expect_identical(as.numeric(x$grad), 4)
})

test_that("gradients that outputs broadcast to are summed", {
  x <- torch_tensor(matrix(1:6 / 2, 2), requires_grad = TRUE)
  y <- (x^2)$sum(dim = 2, keepdim = TRUE)
  gradient <- autograd_grad(y, x, grad_outputs = torch_ones_like(x) / 3)[[1]]
  expect_equal(as.array(gradient), 2 * as.array(x$detach()), tolerance = 1e-6)
})
