test_that("the rule: a patience of 3 stops after the 6th and keeps the 3rd", {
  expect_identical(scripted$history$scripted, script[1:6])
  expect_equal(scripted$best_epoch, 3)
  expect_identical(c(coef(scripted)$bias), 3)
  expect_match(scripted$status, "^stopped early in epoch 6: ")
})

test_that("training ends with its best weights", {
  expect_equal(nrow(fit$history) - fit$best_epoch, 60)
  expect_equal(fit$best_epoch, which.min(fit$history$valid_loss))
  expect_equal(restored_loss, min(fit$history$valid_loss), tolerance = 1e-6)
})

test_that("the checkpoint is the best epoch, and goes on as if nothing had happened", {
  expect_identical(predict(again, wave), predict(fit, wave))
  expect_true(any(vapply(on_disk, function(x) identical(dim(x), c(64L, 64L)), NA)))
  expect_identical(further$history, at_once$history)
})
