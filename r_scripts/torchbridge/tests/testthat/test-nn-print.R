skip_without_python()

net <- nn_module(
  "net",
  initialize = function() {
    self$first <- nn_linear(2, 3)
    self$act <- nn_relu()
    self$scale <- nn_parameter(as_torch_tensor(1, dtype = "float64")$squeeze())
    self$count <- nn_buffer(as_torch_tensor(1:3))
  }
)

test_that("a module shows how many parameters it has, and where", {
  withr_width <- options(width = 40)
  on.exit(options(withr_width))
  lines <- format(net())
  skip_if_not(l10n_info()[["UTF-8"]])
  expect_identical(lines, c(
    "An `nn_module` containing 10 parameters.",
    "",
    paste0("\u2500\u2500 Modules ", strrep("\u2500", 29)),
    "\u2022 first: <nn_linear> #9 parameters",
    "\u2022 act: <nn_relu> #0 parameters",
    "",
    paste0("\u2500\u2500 Parameters ", strrep("\u2500", 26)),
    "\u2022 scale: Double",
    "",
    paste0("\u2500\u2500 Buffers ", strrep("\u2500", 29)),
    "\u2022 count: Int [1:3]"
  ))
  expect_output(print(net()), "containing 10 parameters")
  utils::capture.output(expect_invisible(print(nn_relu())))
  expect_error(print(net(), foo = 1), "Unknown argument: `foo`")
})

test_that("large counts are readable, unknown ones are said to be", {
  first <- function(module) format(module)[1]
  expect_identical(
    first(nn_linear(1000, 1000)), "An `nn_module` containing 1,001,000 parameters."
  )
  expect_identical(
    first(nn_linear(1, 1, bias = FALSE)), "An `nn_module` containing 1 parameter."
  )
  expect_match(format(nn_lazy_linear(3)), "Float \\[not known yet\\]", all = FALSE)
})

test_that("str is one line", {
  expect_output(str(net()), "^ <net> module with 10 parameters$")
  expect_output(str(list(a = nn_relu())), "<nn_relu> module with 0 parameters")
})
