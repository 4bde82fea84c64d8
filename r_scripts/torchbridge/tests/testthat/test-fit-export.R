skip_without_python()

test_that("an exported program computes what the fit predicts", {
  fit <- torch_fit(mpg ~ wt + hp, data = mtcars, model = mlp(4), epochs = 2, seed = 1)
  path <- tempfile(fileext = ".pt2")
  torch_export(fit, path, format = "torch")
  program <- py_import("torch")$export$load(path)$module()
  x <- as_torch_tensor(as.matrix(mtcars[1:5, c("wt", "hp")]), dtype = "float32")
  expect_equal(
    as.vector(as.array(program(x))), unname(predict(fit, mtcars[1:5, ])), tolerance = 1e-6
  )
  expect_error(torch_export(fit, path, format = "onx"), "Did you mean `onnx`")
})
