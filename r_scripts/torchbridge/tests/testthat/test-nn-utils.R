skip_without_python()

with_gradient <- function() {
  net <- nn_linear(2, 1, bias = FALSE)$double()
  net(tensor(matrix(c(3, 4), 1)))$sum()$backward()
  net
}

test_that("gradients are clipped by their norm or by value", {
  net <- with_gradient()
  expect_equal(as.numeric(nn_utils_clip_grad_norm_(net$parameters, 1)), 5)
  expect_equal(as.numeric(net$weight$grad), c(0.6, 0.8), tolerance = 1e-5)
  net <- with_gradient()
  nn_utils_clip_grad_norm_(net$weight, max_norm = 100)
  expect_equal(as.numeric(net$weight$grad), c(3, 4))
  nn_utils_clip_grad_norm_(net$parameters, 2, norm_type = Inf)
  expect_equal(as.numeric(net$weight$grad), c(1.5, 2), tolerance = 1e-5)
  net <- with_gradient()
  nn_utils_clip_grad_value_(net$parameters, 3.5)
  expect_equal(as.numeric(net$weight$grad), c(3, 3.5))
  expect_error(nn_utils_clip_grad_norm_(3, 1), "`parameters` must be a tensor or a list of tensors")
})

test_that("parameters go into one vector and back", {
  net <- nn_linear(2, 1)$double()
  vector <- nn_utils_parameters_to_vector(net$parameters)
  expect_equal(as.numeric(vector), c(as.numeric(net$weight), as.numeric(net$bias)))
  nn_utils_vector_to_parameters(tensor(1:3), net$parameters)
  expect_equal(as.numeric(net$weight), c(1, 2))
  expect_equal(as.numeric(net$bias), 3)
  expect_true(net$weight$requires_grad)
})

test_that("sequences of different lengths are packed and padded", {
  a <- tensor(matrix(1, 3, 2))
  b <- tensor(matrix(2, 1, 2))
  padded <- nn_utils_rnn_pad_sequence(list(a, b), batch_first = TRUE, padding_value = 9)
  expect_identical(dim(padded), c(2L, 3L, 2L))
  expect_equal(as.array(padded)[2, , 1], c(2, 9, 9))
  packed <- nn_utils_rnn_pack_padded_sequence(padded, c(3, 1), batch_first = TRUE)
  gru <- nn_gru(2, 4, batch_first = TRUE)$double()
  out <- gru(packed)
  back <- nn_utils_rnn_pad_packed_sequence(out[[1]], batch_first = TRUE)
  expect_identical(dim(back[[1]]), c(2L, 3L, 4L))
  expect_equal(as.integer(back[[2]]), c(3L, 1L))
  alone <- gru(b$unsqueeze(1))[[1]]
  expect_equal(as.array(back[[1]]$detach())[2, 1, ], as.array(alone$detach())[1, 1, ])
  both <- nn_utils_rnn_pack_sequence(list(a, b))
  expect_equal(as.array(nn_utils_rnn_pad_packed_sequence(both)[[1]])[2:3, 2, 1], c(0, 0))
  expect_error(nn_utils_rnn_pad_packed_sequence(a), "must be a packed sequence")
})

test_that("packed sequences that layers return count from 1, too", {
  x <- torch_randn(4, 2, 2)
  packed <- nn_utils_rnn_pack_padded_sequence(x, c(2L, 4L), enforce_sorted = FALSE)
  for (p in list(packed, nn_gru(2, 3)(packed)[[1L]])) {
    expect_identical(as.array(p$sorted_indices), 2:1)
    expect_identical(as.array(p$unsorted_indices), 2:1)
    expect_s3_class(p, "packed_sequence")
  }
})
