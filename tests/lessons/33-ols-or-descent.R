test_that("the neuron", {
  expect_lt(abs(steps$prediction[1] - 1.0616962065), 5.1e-11)
  expect_lt(
    max(abs(unlist(steps[c("w", "b")]) -
      c(10.2506245559, 14.1323176164, 150.9383037935, 75.5276412761))), 5.1e-11
  )
  expect_lt(max(abs(c(once$w, once$b) - c(587.8654539986, 99.4093556453))), 1e-9)
  expect_lt(max(abs(c(neuron$w, neuron$b) - c(913.5973364346, 123.3941438318))), 1e-9)
  expect_lt(abs(neuron$forward(.18) - 287.8416644), 5.1e-8)
  expect_equal(-grad(half_square, 1), steps$w[1] - 1, tolerance = 1e-13)
  expect_lt(max(abs(unlist(coef(fit)) - c(once$w, once$b))), 1e-10)
})

test_that("least squares", {
  expect_lt(max(abs(coef(exact) - c(152.1335, 949.4353))), 5.1e-5)
})
