skip_without_python()

x32 <- function(x) as_torch_tensor(x, dtype = "float32")
values <- function(x) as.array(x$detach())

two_layers <- nn_module(
  "two_layers",
  initialize = function(inputs, hidden, bias = TRUE) {
    self$first <- nn_linear(inputs, hidden, bias = bias)
    self$second <- nn_linear(hidden, 1, bias = bias)
  },
  forward = function(x) self$second(self$first(x)$sigmoid())
)

test_that("a module computes what its forward says", {
  net <- two_layers(2, 3, bias = FALSE)
  net$double()
  first <- matrix(c(0.2827, 0.9234, 0.2923, 0.8373, 0.2862, 0.2668), 3, byrow = TRUE)
  second <- matrix(c(0.1867, 0.2322, 0.3166), 1)
  net$load_state_dict(list(first.weight = first, second.weight = second))
  x <- matrix(1:6, 3, byrow = TRUE)
  expected <- (1 / (1 + exp(-x %*% t(first)))) %*% t(second)
  expect_equal(values(net(tensor(x))), expected, tolerance = 1e-14)
})

test_that("its parameters are those of its layers", {
  net <- two_layers(2, 3, bias = FALSE)
  expect_named(net$parameters, c("first.weight", "second.weight"))
  expect_equal(sum(vapply(net$parameters, length, 1)), 9)
  expect_named(two_layers(2, 3)$parameters,
    c("first.weight", "first.bias", "second.weight", "second.bias")
  )
})

test_that("the generator has the arguments of initialize", {
  expect_identical(names(formals(two_layers)), c("inputs", "hidden", "bias"))
  expect_output(
    print(two_layers), "<nn_module generator> two_layers(inputs, hidden, bias = TRUE)",
    fixed = TRUE
  )
  expect_error(two_layers(2, 3, bais = FALSE), "unused argument")
  expect_error(two_layers(2), "hidden")
})

test_that("arguments stay lazy and dots are those of the caller", {
  keep <- nn_module(initialize = function(x, ...) {
    self$expression <- substitute(x)
    self$rest <- list(...)
  })
  make <- function(...) keep(a + b, ...)
  net <- make(1, k = 2)
  expect_identical(net$expression, quote(a + b))
  expect_identical(net$rest, list(1, k = 2))
  nets <- lapply(1:2, keep)
  expect_identical(nets[[2]]$rest, list())
})

test_that("what is assigned to self becomes what it is", {
  net <- nn_module(initialize = function() {
    self$layer <- nn_relu()
    self$weight <- nn_parameter(x32(1:2))
    self$state <- nn_buffer(x32(3))
    self$plain <- x32(4)
    self$number <- 5
    self$nothing <- NULL
    self$list <- list(a = nn_linear(2, 2))
    self$fun <- function(x) x + 1
  })()
  expect_named(net$children, "layer")
  expect_named(net$parameters, "weight")
  expect_named(net$buffers, "state")
  expect_named(net$state_dict(), c("weight", "state"))
  expect_equal(values(net$plain), 4)
  expect_identical(net$number, 5)
  expect_null(net$nothing)
  expect_identical(net$fun(1), 2)
  expect_s3_class(net$list$a, "nn_linear")
  expect_setequal(names(net),
    c("fun", "layer", "list", "nothing", "number", "plain", "state", "weight")
  )
})

test_that("a name has one meaning at a time", {
  net <- nn_module(initialize = function() self$a <- 1)()
  net$a <- nn_linear(1, 1)
  expect_s3_class(net$a, "nn_linear")
  expect_length(net$parameters, 2)
  net$a <- NULL
  expect_null(net$a)
  expect_length(net$parameters, 0)
  net$b <- 2
  net$b <- nn_parameter(x32(1))
  expect_named(net$parameters, "b")
  expect_error(net$b <- 3, "cannot assign")
  expect_error(net$b <- x32(3), "cannot assign")
})

test_that("methods see self, private and each other", {
  counter <- nn_module(
    "counter",
    private = list(n = 0, add = function(by) private$n <- private$n + by),
    step = 1,
    forward = function(x) {
      private$add(self$step)
      self$shifted(x)
    },
    shifted = function(x) x + private$n,
    calls = function() private$n,
    active = list(twice = function(value) {
      if (missing(value)) return(2 * private$n)
      private$n <- value / 2
    })
  )
  net <- counter()
  other <- counter()
  expect_identical(net(10), 11)
  expect_identical(net(10), 12)
  expect_identical(net$calls(), 2)
  expect_identical(net$twice, 4)
  net$twice <- 20
  expect_identical(net$calls(), 10)
  net$step <- 5
  expect_identical(net(0), 15)
  expect_identical(other$calls(), 0)
  expect_null(net$n)
})

test_that("modules have reference semantics", {
  net <- nn_module(initialize = function() self$k <- 1, set = function(k) {
    self$k <- k
    invisible(self)
  })()
  same <- net
  expect_identical(net$set(2), net)
  expect_identical(same$k, 2)
  same$k <- 3
  expect_identical(net$k, 3)
  expect_identical(net, same)
})

test_that("classes inherit, with super", {
  parent <- nn_module(
    "parent",
    initialize = function(n) {
      self$n <- n
      self$layer <- nn_linear(n, n)
    },
    forward = function(x) "parent",
    who = function() "parent",
    greet = function() paste("I am the", self$who())
  )
  child <- nn_module(
    "child",
    inherit = parent,
    initialize = function() {
      super$initialize(3)
      self$extra <- nn_linear(3, 1)
    },
    forward = function(x) c("child", super$forward(x)),
    who = function() "child"
  )
  grandchild <- nn_module("grandchild", inherit = child, who = function() c("grand", super$who()))
  net <- grandchild()
  expect_identical(net(1), c("child", "parent"))
  expect_identical(net$who(), c("grand", "child"))
  expect_identical(child()$greet(), "I am the child")
  expect_identical(net$n, 3)
  expect_length(net$parameters, 4)
  expect_identical(class(net)[1:4], c("grandchild", "child", "parent", "nn_module"))
  expect_null(formals(grandchild))
})

test_that("classes inherit from layers", {
  masked <- nn_module(
    "masked_linear",
    inherit = nn_linear,
    initialize = function(n, m) {
      super$initialize(n, m, bias = FALSE)
      self$mask <- nn_buffer(x32(rep(0, m)))
    },
    forward = function(x) super$forward(x)$mul(self$mask)
  )
  net <- masked(3, 2)
  expect_s3_class(net, c("masked_linear", "nn_linear", "nn_module"), exact = FALSE)
  expect_identical(net$in_features, 3L)
  expect_identical(values(net(x32(matrix(1, 1, 3)))), matrix(0, 1, 2))
  expect_named(net$state_dict(), c("weight", "mask"))
  expect_true(torch_eval("lambda m: isinstance(m, torch.nn.Linear)")(net))
  plain <- nn_module("plain", inherit = nn_linear)
  expect_identical(formals(plain), formals(nn_linear))
  expect_identical(dim(plain(3, 2)(x32(matrix(1, 1, 3)))), c(1L, 2L))
  expect_error(plain(3), "`out_features` is missing")
  shifted <- nn_module(inherit = nn_embedding, forward = function(x) super$forward(x))(3, 2)
  expect_equal(values(shifted(as_torch_tensor(3L))), values(shifted$weight)[3, , drop = FALSE])
})

test_that("classes inherit from Python's", {
  python <- python_names(
    "import torch",
    "class Base(torch.nn.Module):",
    "    def __init__(self, n):",
    "        super().__init__()",
    "        self.layer = torch.nn.Linear(n, n)",
    "    def encode(self, x): return x",
    "    def forward(self, x): return self.encode(x) + 1"
  )
  net <- nn_module(
    "child",
    inherit = python$Base,
    initialize = function(n) super$initialize(as.integer(n)),
    encode = function(x) super$encode(x) * 10
  )(2)
  expect_equal(values(net(x32(1))), 11)
  expect_named(net$parameters, c("layer.weight", "layer.bias"))
  expect_error(nn_module(inherit = py_import("builtins")$dict)(), "`inherit` must be")
})

test_that("Python uses a module of R as any other", {
  net <- nn_module(
    "net",
    initialize = function() {
      self$layer <- nn_linear(2, 1)
      self$scale <- 3
    },
    forward = function(x, times = 1) self$layer(x) * times,
    describe = function(what) paste("a net for", what)
  )()
  python <- python_names(
    "import torch",
    "def check(m):",
    "    assert isinstance(m, torch.nn.Module)",
    "    m.scale = m.scale + 1",
    "    m.note = 'from Python'",
    "    return [type(m).__name__, m.describe('tests'), len(list(m.parameters())), m.scale]",
    "def run(m, x): return m(x, times=2)",
    "def train(m, x, y):",
    "    opt = torch.optim.SGD(m.parameters(), lr=0.1)",
    "    for _ in range(200):",
    "        opt.zero_grad()",
    "        loss = ((m(x) - y) ** 2).mean()",
    "        loss.backward()",
    "        opt.step()",
    "    return loss.item()",
    "def back(m): return m"
  )
  expect_identical(python$check(net), list("net", "a net for tests", 2L, 4))
  expect_identical(net$scale, 4)
  expect_identical(net$note, "from Python")
  x <- x32(matrix(c(0, 1, 0, 1, 0, 0, 1, 1), 4))
  expect_equal(values(python$run(net, x)), 2 * values(net(x)))
  y <- x32(matrix(c(1, 3, 0, 2), 4))
  expect_lt(python$train(net, x, y), 1e-4)
  expect_identical(python$back(net), net)
})

test_that("the training loop of torchbridge.models trains a module of R", {
  net <- nn_module(
    initialize = function() self$layer <- nn_linear(1, 1),
    forward = function(x) self$layer(x)
  )()
  x <- x32(matrix(seq(-1, 1, length.out = 50)))
  py_import("torchbridge.models")$fit(
    net, x, x * 2 + 1,
    epochs = 60L, batch_size = 10L, lr = 0.1, loss = "mse_loss", seed = 1L
  )
  expect_equal(as.numeric(net$layer$weight$detach()), 2, tolerance = 1e-3)
  expect_equal(as.numeric(net$layer$bias$detach()), 1, tolerance = 1e-3)
})

test_that("hooks run, whoever registers them", {
  net <- nn_module(initialize = function() self$k <- 0, forward = function(x) x * 2)()
  seen <- list()
  hook <- net$register_forward_hook(function(module, input, output) {
    seen <<- list(module = module, input = input[[1]], output = output)
    NULL
  })
  expect_equal(values(net(x32(1))), 2)
  expect_identical(seen$module, net)
  expect_equal(values(seen$output), 2)
  hook$remove()
  seen <- list()
  net(x32(1))
  expect_identical(seen, list())
})

test_that("an error in forward reaches the user once, as it is", {
  net <- nn_module("net", forward = function(x) stop("not this way"))()
  expect_identical(message_of(net(1)), "not this way")
  deep <- nn_sequential(net)
  condition <- error_of(deep(x32(1)))
  expect_identical(conditionMessage(condition), "not this way")
  expect_identical(class(condition), c("simpleError", "error", "condition"))
  expect_identical(deparse(conditionCall(condition)), "forward(...)")
  own <- structure(class = c("mine", "error", "condition"), list(message = "classed", call = NULL))
  net <- nn_module(forward = function(x) stop(own))()
  expect_identical(tryCatch(nn_sequential(net)(x32(1)), mine = function(c) "caught"), "caught")
  layer <- nn_linear(3, 2)
  condition <- error_of(layer(x32(matrix(1, 1, 2))))
  expect_match(conditionMessage(condition), "shapes cannot be multiplied")
  expect_identical(conditionCall(condition), quote(layer(x32(matrix(1, 1, 2)))))
})

test_that("bad input is refused", {
  expect_error(nn_module(3), "`classname` must be a name, or several")
  expect_error(nn_module(inherit = 3), "`inherit` must be what `nn_module()` gives", fixed = TRUE)
  expect_error(nn_module(inherit = nn_relu()), "leave out the parentheses")
  expect_error(nn_module("a", nn_Module, function(x) x), "Every member in `...` must have a name")
  expect_error(nn_module(forward = 3), "`forward` must be a function, not a number")
  expect_error(nn_module(active = list(a = 1)), "`active$a` must be a function", fixed = TRUE)
  expect_error(nn_module(private = list(1)), "`private` must have a name")
  expect_error(nn_module(self = 1), "cannot be called `self`")
  expect_error(nn_module(a = 1, a = 2), "`a` is there twice")
  expect_error(nn_module(a = 1, active = list(a = function(v) 1)), "`a` is both")
  expect_error(nn_module(parent_env = 1), "`parent_env` must be an environment")
  nothing <- nn_module("nothing", initialize = function() NULL)()
  expect_error(nothing(1), "`nothing` has no method `forward`", fixed = TRUE)
  child <- nn_module("child", forward = function(x) super$foo())()
  expect_error(child(1), "no method `foo`")
})

test_that("an error in initialize leaves nothing behind", {
  broken <- nn_module(initialize = function() stop("no"))
  expect_error(broken(), "no")
  before <- live_objects()
  for (i in 1:3) try(broken(), silent = TRUE)
  # Fewer may be left: the new last error takes the place of one before, and of what that held.
  expect_true(all(live_objects() <= before))
})

test_that("a class may have several names, which its modules inherit from", {
  focal <- nn_module(
    c("focal", "nn_loss"), forward = function(input, target) (input - target)$abs()
  )
  loss <- focal()
  expect_identical(class(loss), c("focal", "nn_loss", "nn_module"))
  expect_identical(class(focal), c("focal", "nn_loss", "nn_module", "nn_module_generator"))
  expect_identical(as.numeric(loss(torch_tensor(1), torch_tensor(3))), 2)
  file <- tempfile()
  torch_save(loss, file)
  expect_identical(class(torch_load(file)), class(loss))
  expect_error(nn_module(3), "`classname` must be a name, or several, not a number", fixed = TRUE)
})
