skip_without_python()

square <- autograd_function(
  forward = function(ctx, x) {
    ctx$save_for_backward(x = x)
    x$pow(2)
  },
  backward = function(ctx, grad_output) {
    list(x = grad_output$mul(ctx$saved_variables$x)$mul(2))
  }
)

test_that("value and gradient are those of the R code", {
  x <- tensor(c(1, -2, 3), requires_grad = TRUE)
  y <- square(x)
  expect_identical(as.numeric(y), c(1, 4, 9))
  expect_match(format(y$grad_fn), "RFunctionBackward")
  y$sum()$backward()
  expect_identical(as.numeric(x$grad), c(2, -4, 6))
})

test_that("it is part of a larger graph", {
  x <- tensor(3, requires_grad = TRUE)
  square(square(x))$mul(2)$sum()$backward()
  expect_identical(as.numeric(x$grad), 8 * 27)
})

test_that("it is called as the graph is: once forward, once backward", {
  calls <- character()
  traced <- autograd_function(
    forward = function(ctx, x) {
      calls <<- c(calls, "forward")
      x$clone()
    },
    backward = function(ctx, g) {
      calls <<- c(calls, "backward")
      g
    }
  )
  x <- tensor(1, requires_grad = TRUE)
  y <- traced(x)
  y$add(y)$sum()$backward()
  expect_identical(calls, c("forward", "backward"))
  expect_identical(as.numeric(x$grad), 2)
})

test_that("gradients are recorded neither in forward nor needlessly", {
  recording <- NULL
  plain <- autograd_function(
    forward = function(ctx, x) {
      recording <<- py_import("torch")$is_grad_enabled()
      x$clone()
    },
    backward = function(ctx, g) g
  )
  expect_false(plain(tensor(1))$requires_grad)
  expect_false(recording)
})

test_that("arguments are matched as R does, and need not be tensors", {
  power <- autograd_function(
    forward = function(ctx, x, exponent = 2, ...) {
      ctx$save_for_backward(x = x, exponent = exponent)
      ctx$needs <- ctx$needs_input_grad
      x$pow(exponent)
    },
    backward = function(ctx, g) {
      saved <- ctx$saved_variables
      needs <<- ctx$needs_input_grad
      list(x = g$mul(saved$x$pow(saved$exponent - 1))$mul(saved$exponent))
    }
  )
  needs <- NULL
  x <- tensor(2, requires_grad = TRUE)
  power(exponent = 3, x)$sum()$backward()
  expect_identical(as.numeric(x$grad), 12)
  expect_identical(needs, list(x = TRUE, exponent = FALSE))
  x$grad <- NULL
  power(x)$sum()$backward()
  expect_identical(as.numeric(x$grad), 4)
  expect_identical(needs, list(x = TRUE, exponent = FALSE))
})

test_that("needs_input_grad follows requires_grad", {
  needs <- list()
  product <- autograd_function(
    forward = function(ctx, a, b) {
      needs <<- ctx$needs_input_grad
      ctx$save_for_backward(a, b)
      a$mul(b)
    },
    backward = function(ctx, g) {
      saved <- ctx$saved_variables
      list(a = g$mul(saved[[2L]]), b = if (ctx$needs_input_grad$b) g$mul(saved[[1L]]))
    }
  )
  a <- tensor(2, requires_grad = TRUE)
  product(a, tensor(5))$sum()$backward()
  expect_identical(needs, list(a = TRUE, b = FALSE))
  expect_identical(as.numeric(a$grad), 5)
})

test_that("several results have a gradient each", {
  both <- autograd_function(
    forward = function(ctx, x, y) {
      ctx$save_for_backward(x = x, y = y)
      list(sum = x$add(y), product = x$mul(y))
    },
    backward = function(ctx, grad_sum, grad_product) {
      s <- ctx$saved_variables
      list(
        y = grad_sum$add(grad_product$mul(s$x)),
        x = grad_sum$add(grad_product$mul(s$y))
      )
    }
  )
  x <- tensor(2, requires_grad = TRUE)
  y <- tensor(7, requires_grad = TRUE)
  out <- both(x, y)
  expect_named(out, c("sum", "product"))
  expect_identical(c(as.numeric(out$sum), as.numeric(out$product)), c(9, 14))
  out$sum$add(out$product$mul(10))$sum()$backward()
  expect_identical(as.numeric(x$grad), 71)
  expect_identical(as.numeric(y$grad), 21)
  # A result that is not used has a gradient of zeros.
  x$grad <- NULL
  both(x, y)[["product"]]$sum()$backward()
  expect_identical(as.numeric(x$grad), 7)
})

test_that("values in the context are R's own", {
  kept <- list(1:3, "a", factor("b"), NULL, mean)
  found <- NULL
  keeping <- autograd_function(
    forward = function(ctx, x) {
      ctx$kept <- kept
      ctx$nothing <- NULL
      ctx$save_for_backward(kept, names = NULL)
      x$clone()
    },
    backward = function(ctx, g) {
      found <<- list(ctx$kept, ctx$nothing, ctx$never, ctx$saved_variables)
      g
    }
  )
  keeping(tensor(1, requires_grad = TRUE))$sum()$backward()
  expect_identical(found[[1L]], kept)
  expect_null(found[[2L]])
  expect_null(found[[3L]])
  expect_identical(found[[4L]], list(kept, names = NULL), ignore_attr = TRUE)
})

test_that("derivatives of higher order go through R's backward", {
  x <- tensor(3, requires_grad = TRUE)
  first <- autograd_grad(square(x)$sum(), x, create_graph = TRUE)[[1L]]
  expect_identical(as.numeric(autograd_grad(first$sum(), x)[[1L]]), 2)
})

test_that("R's code agrees with PyTorch's to the bit", {
  torch <- py_import("torch")
  exponential <- autograd_function(
    forward = function(ctx, x) {
      y <- x$exp()
      ctx$save_for_backward(y = y)
      y
    },
    backward = function(ctx, g) list(x = g$mul(ctx$saved_variables$y))
  )
  values <- seq(-3, 3, length.out = 50)
  x1 <- tensor(values, requires_grad = TRUE)
  x2 <- tensor(values, requires_grad = TRUE)
  exponential(x1)$sum()$backward()
  x2$exp()$sum()$backward()
  expect_identical(as.numeric(x1$grad), as.numeric(x2$grad))
})

test_that("a saved tensor that changes is an error, not a wrong gradient", {
  x <- tensor(2)
  w <- tensor(3, requires_grad = TRUE)
  times <- autograd_function(
    forward = function(ctx, w, x) {
      ctx$save_for_backward(x = x)
      w$mul(x)
    },
    backward = function(ctx, g) list(w = g$mul(ctx$saved_variables$x))
  )
  y <- times(w, x)
  x$add_(1)
  expect_error(y$sum()$backward(), "modified by an inplace operation")
})

test_that("mark_dirty, mark_non_differentiable and set_materialize_grads do what they do", {
  increment <- autograd_function(
    forward = function(ctx, x) {
      ctx$mark_dirty(x)
      x$add_(1)
    },
    backward = function(ctx, g) g
  )
  x <- tensor(1, requires_grad = TRUE)$mul(1)
  y <- increment(x)
  expect_identical(as.numeric(x), 2)
  expect_true(y$requires_grad)
  given <- NULL
  split <- autograd_function(
    forward = function(ctx, x) {
      sign <- x$sign()
      ctx$mark_non_differentiable(sign)
      ctx$set_materialize_grads(FALSE)
      list(x$abs(), sign)
    },
    backward = function(ctx, g, g_sign) {
      given <<- g_sign
      list(x = g)
    }
  )
  out <- split(tensor(-3, requires_grad = TRUE))
  expect_true(out[[1L]]$requires_grad)
  expect_false(out[[2L]]$requires_grad)
  out[[1L]]$sum()$backward()
  expect_null(given)
})

# ---- errors ----

test_that("an R error arrives once, with its class and message, from forward and backward", {
  fail <- function() {
    stop(structure(
      class = c("my_error", "error", "condition"), list(message = "own words", call = quote(f(x)))
    ))
  }
  x <- tensor(1, requires_grad = TRUE)
  forward <- autograd_function(function(ctx, x) fail(), function(ctx, g) g)
  expect_identical(class(error_of(forward(x))), c("my_error", "error", "condition"))
  backward <- autograd_function(function(ctx, x) x$clone(), function(ctx, g) fail())
  error <- error_of(backward(x)$sum()$backward())
  expect_identical(class(error), c("my_error", "error", "condition"))
  expect_identical(conditionMessage(error), "own words")
  # And a Python error inside R code inside Python keeps what it is.
  shapes <- autograd_function(
    function(ctx, x) x$clone(), function(ctx, g) g$add(tensor(1:3))$add(tensor(1:2))
  )
  error <- error_of(shapes(x)$sum()$backward())
  expect_s3_class(error, "RuntimeError")
  expect_match(conditionMessage(error), "size of tensor")
})

test_that("what forward and backward must give is said", {
  x <- tensor(1, requires_grad = TRUE)
  gives <- function(value) autograd_function(function(ctx, x) x$clone(), function(ctx, g) value)
  backward_error <- function(value) message_of(gives(value)(x)$sum()$backward())
  expect_identical(
    message_of(autograd_function(function(ctx, x) 3, function(ctx, g) g)(x)),
    "`forward` must give a tensor or a list of tensors"
  )
  expect_identical(
    backward_error(3), "`backward` must give a list of gradients named `x`, not a number."
  )
  expect_identical(
    backward_error(list(y = x)),
    "`backward` must give gradients of the arguments of `forward`; it has none named `y`."
  )
  expect_identical(
    backward_error(list(x = 3)), "`backward` must give tensors or NULL; element 1 is a number."
  )
  expect_identical(
    backward_error(list(x, x)), "`backward` must give a list of gradients named `x`, not 2 of them."
  )
  expect_identical(
    message_of(autograd_function(3, mean)), "`forward` must be a function, not a number."
  )
  expect_identical(
    message_of(autograd_function(function() 1, mean)),
    "`forward` must take the context as its first argument: function(ctx, ...)."
  )
  expect_match(message_of(square(x, y = 1)), "unused argument (y)", fixed = TRUE)
})

test_that("what backward gives for an argument that is no tensor is left out", {
  power <- autograd_function(
    forward = function(ctx, input, dim = -1L, k = NULL) {
      ctx$save_for_backward(input = input, dim = dim, k = k)
      input$pow(2)
    },
    backward = function(ctx, grad) {
      saved <- ctx$saved_variables
      list(input = 2 * grad * saved$input, dim = saved$dim, k = saved$k)
    }
  )
  for (apply in list(function(x) power(x, 1L, NULL), function(x) power(x, k = "many"))) {
    x <- tensor(3, requires_grad = TRUE)
    apply(x)$backward()
    expect_identical(as.numeric(x$grad), 6)
  }
})

test_that("a backward pass of another thread is refused in words", {
  other <- python_names(
    "import threading",
    "def other(y):",
    "    found = []",
    "    def run():",
    "        try:",
    "            y.backward()",
    "        except BaseException as error:",
    "            found.append(str(error))",
    "    thread = threading.Thread(target=run)",
    "    thread.start()",
    "    thread.join()",
    "    return found[0]"
  )$other
  x <- tensor(1, requires_grad = TRUE)
  expect_match(other(square(x)$sum()), "R can be called only on the thread that started it")
  expect_null(x$grad)
  square(x)$sum()$backward()
  expect_identical(as.numeric(x$grad), 2)
})

# ---- lifetime ----

test_that("graphs with R functions are freed, also when a result is saved", {
  exponential <- autograd_function(
    forward = function(ctx, x) {
      y <- x$exp()
      ctx$save_for_backward(y = y)
      ctx$note <- list(1)
      y
    },
    backward = function(ctx, g) list(x = g$mul(ctx$saved_variables$y))
  )
  x <- tensor(1, requires_grad = TRUE)
  run <- function() {
    exponential(x)$sum()$backward()
    exponential(x) # never used
    NULL
  }
  run()
  before <- live_objects()
  for (i in 1:50) run()
  expect_identical(live_objects(), before)
})

test_that("of several outputs, one argument of backward gets the list of gradients", {
  powers <- autograd_function(
    forward = function(ctx, x) {
      ctx$save_for_backward(x = x)
      list(x^2, x^3)
    },
    backward = function(ctx, gradients) {
      x <- ctx$saved_variables$x
      list(x = gradients[[1]] * 2 * x + gradients[[2]] * 3 * x^2)
    }
  )
  x <- torch_tensor(2, requires_grad = TRUE)
  both <- powers(x)
  (both[[1]] + both[[2]])$backward()
  expect_identical(as.array(x$grad), 16)
})
