# One value a channel: PyTorch's functions refuse, R's torch computes. The values are R torch's.

one_row <- function() torch_tensor(matrix(c(1, 2, 3), 1), requires_grad = TRUE)
# (x - mean(x)) * scale + shift in the operator's order of rounding.
nearly_zero <- function(x) expect_lt(max(abs(as.array(x))), 1e-4)

test_that("a batch of one value a channel is normalized, and its variance is NaN", {
  skip_without_python()
  layer <- nn_batch_norm1d(3)
  with_no_grad(layer$bias$copy_(torch_tensor(c(5, 6, 7))))
  x <- one_row()
  y <- layer(x)
  nearly_zero(y - torch_tensor(c(5, 6, 7)))
  expect_equal(as.array(layer$running_mean), c(0.1, 0.2, 0.3), tolerance = 1e-7)
  expect_identical(as.array(layer$running_var), rep(NaN, 3))
  expect_identical(layer$num_batches_tracked$item(), 1L)
  y$sum()$backward()
  expect_identical(as.array(x$grad), matrix(0, 1, 3))
  expect_identical(as.array(layer$bias$grad), rep(1, 3))
  layer$eval()
  expect_true(all(is.nan(as.array(layer(x)))))
  without <- nn_batch_norm1d(3, track_running_stats = FALSE)
  nearly_zero(without(x))
  nearly_zero(without$eval()(input = x))
  nearly_zero(nn_batch_norm1d(2)(torch_ones(1, 2, 1)))
  nearly_zero(nn_batch_norm2d(2)(torch_ones(1, 2, 1, 1)))
  nearly_zero(nn_batch_norm3d(2)(torch_ones(1, 2, 1, 1, 1)))
  nearly_zero(nn_lazy_batch_norm1d()(x))
})

test_that("so it is in a sequential, in networks and in classes made from the layer", {
  skip_without_python()
  pooled <- nn_sequential(
    nn_adaptive_avg_pool2d(1), nn_sequential(nn_batch_norm2d(3), nn_relu()), nn_dropout(0.5)
  )
  x <- torch_randn(1, 3, 4, 4)
  torch_manual_seed(1)
  y <- pooled(x)
  expect_identical(y$shape, c(1L, 3L, 1L, 1L))
  # Once: neither a second update of the statistics nor a second draw.
  expect_equal(
    as.array(pooled[[2]][[1]]$running_mean), as.array(x$mean(dim = c(3, 4)))[1, ] / 10,
    tolerance = 1e-6
  )
  after <- torch_rand(1)
  torch_manual_seed(1)
  nnf_dropout(torch_ones(1, 3, 1, 1), 0.5)
  expect_identical(after$item(), torch_rand(1)$item())

  mine <- nn_module(inherit = nn_batch_norm1d, forward = function(input) super$forward(input) + 1)
  nearly_zero(mine(3)(one_row()) - 1)
  nearly_zero(nn_module(inherit = nn_batch_norm1d)(3)(one_row()))
  net <- nn_module(
    initialize = function() self$parts <- nn_module_list(list(nn_batch_norm1d(3))),
    forward = function(x) self$parts[[1]](x)
  )
  nearly_zero(net()(one_row()))
  nearly_zero(nn_sequential(net())(one_row()))
})

test_that("of one value groups, instances and batches are normalized by the functions, too", {
  skip_without_python()
  x <- torch_ones(1, 3)
  nearly_zero(nn_group_norm(3, 3)(x))
  nearly_zero(nn_sequential(nn_group_norm(3, 3))(x))
  nearly_zero(nnf_group_norm(x, 3))
  nearly_zero(nnf_instance_norm(torch_ones(2, 3, 1)))
  mean <- torch_zeros(3)
  var <- torch_ones(3)
  nearly_zero(nnf_batch_norm(x, mean, var, training = TRUE))
  expect_equal(as.array(mean), rep(0.1, 3), tolerance = 1e-7)
  expect_identical(as.array(var), rep(NaN, 3))
  nearly_zero(nnf_batch_norm(torch_ones(2, 3), NULL, NULL, training = TRUE, eps = 1e-3))
  # Where there are several values, they are PyTorch's.
  several <- torch_randn(4, 6, 5)
  functional <- py_import("torch")$nn$functional
  expect_true(torch_equal(nnf_group_norm(several, 2), functional$group_norm(several, 2L)))
  expect_true(torch_equal(nnf_instance_norm(several), functional$instance_norm(several)))
  expect_true(torch_equal(
    nnf_batch_norm(several, NULL, NULL, training = TRUE),
    functional$batch_norm(several, NULL, NULL, training = TRUE)
  ))
})

test_that("torch_fit() refuses a batch of one row, and PyTorch's own layer one value", {
  skip_without_python()
  net <- nn_sequential(nn_linear(2, 3), nn_batch_norm1d(3), nn_linear(3, 1))
  loader <- dataloader(tensor_dataset(torch_randn(5, 2), torch_randn(5, 1)), batch_size = 4)
  expect_error(
    torch_fit(loader, model = net, loss = "mse_loss", epochs = 1),
    "batch of one row.*batch normalisation"
  )
  expect_false(anyNA(as.array(net[[2]]$running_var)))
  plain <- py_import("torch")$nn$functional$batch_norm
  expect_error(plain(one_row(), NULL, NULL, training = TRUE), "more than 1 value per channel")
})
