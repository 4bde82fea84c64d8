skip_without_python()

test_that("sparsemax is the projection onto the simplex", {
  # By bisection: sum(pmax(x - t, 0)) is 1.
  projected <- function(x) {
    t <- uniroot(function(t) sum(pmax(x - t, 0)) - 1, range(x) - c(1, 0), tol = 1e-14)$root
    pmax(x - t, 0)
  }
  x <- rbind(c(0.1, 0.2, 0.9, -1), c(2, 0, 1.5, 1.4), c(1, 1, 1, 1))
  expect_equal(as.array(nnf_contrib_sparsemax(torch_tensor(x, dtype = torch_double()))),
    t(apply(x, 1, projected)), tolerance = 1e-12
  )
  layer <- nn_contrib_sparsemax(dim = 1)
  expect_equal(as.array(layer(torch_tensor(x, dtype = torch_double()))), apply(x, 2, projected),
    tolerance = 1e-12
  )
  z <- torch_tensor(x[2, ], dtype = torch_double(), requires_grad = TRUE)
  nnf_contrib_sparsemax(z)[1]$backward()
  # 1 - 1/k and -1/k within the support of k = 3 elements, 0 outside.
  expect_equal(as.numeric(z$grad), c(2, 0, -1, -1) / 3, tolerance = 1e-12)
  expect_error(nnf_contrib_sparsemax(z, 0), "`dim` counts dims from 1")
})

test_that("the area under the smaller error rate is that of its steps", {
  x <- c(0.3, 0.1, 0.8, 0.5)
  y <- c(1L, 2L, 2L, 1L)
  # Between thresholds: rates of errors, each with its width.
  cuts <- sort(x)
  area <- sum(vapply(1:3, function(i) {
    t <- mean(cuts[i + 0:1])
    min(mean(x[y == 1] > t), mean(x[y == 2] < t)) * diff(cuts)[i]
  }, 0))
  input <- torch_tensor(x, requires_grad = TRUE)
  loss <- nn_aum_loss()
  expect_identical(class(loss), c("nn_aum_loss", "nn_loss", "nn_module"))
  out <- loss(input, torch_tensor(y))
  expect_equal(as.numeric(out), area, tolerance = 1e-6)
  out$backward()
  expect_true(all(is.finite(as.numeric(input$grad))))
  expect_equal(as.numeric(loss(input, torch_tensor(rep(1L, 4)))), 0)
  # Of equal predictions one has the gradient of their threshold, as in R's torch.
  input <- torch_tensor(c(0.3, 0.1, 0.8, -1, 0.1), requires_grad = TRUE)
  out <- loss(input, torch_tensor(c(1L, 2L, 1L, 2L, 1L)))
  out$backward()
  expect_equal(as.numeric(out), 0.85, tolerance = 1e-6)
  expect_equal(as.numeric(input$grad), c(1 / 3, 0, 1 / 3, -0.5, -1 / 6), tolerance = 1e-6)
})

test_that("a weight is split into direction and length, and joined again", {
  layer <- nn_linear(3, 2)
  before <- as.array(layer$weight)
  norm <- nn_utils_weight_norm$new("weight", 1)
  norm$apply(layer)
  expect_setequal(names(layer$parameters), c("weight_g", "weight_v", "bias"))
  expect_equal(as.array(layer$weight_g), matrix(sqrt(rowSums(before^2))), tolerance = 1e-6)
  expect_equal(as.array(layer$weight), before, tolerance = 1e-6)
  with_no_grad(layer$weight_g$mul_(2))
  norm$recompute(layer)
  expect_equal(as.array(layer$weight), 2 * before, tolerance = 1e-6)
  layer(torch_ones(1, 3))$sum()$backward()
  expect_identical(dim(layer$weight_v$grad), c(2L, 3L))
  norm$remove(layer)
  expect_setequal(names(layer$parameters), c("weight", "bias"))
  expect_equal(as.array(layer$weight), 2 * before, tolerance = 1e-6)
  whole <- nn_utils_weight_norm$new("weight", NULL)$apply(nn_linear(3, 2))
  expect_identical(length(as.numeric(whole$weight_g)), 1L)
  expect_error(norm$recompute(layer), "use `$apply()` first", fixed = TRUE)
})

test_that("attention and transformers take R torch's arguments", {
  x <- torch_randn(4, 2, 8)
  attention <- nn_multihead_attention(8, 2)
  expect_true("avg_weights" %in% names(formals(attention)))
  expect_identical(dim(attention(x, x, x, avg_weights = FALSE)[[2]]), c(2L, 2L, 4L, 4L))
  for (batch_first in c(FALSE, TRUE)) {
    layer <- nn_transformer_encoder_layer(8, 2, 16, dropout = 0, batch_first = batch_first)
    n <- if (batch_first) 2 else 4
    mask <- torch_ones(n, n)$triu(diagonal = 1)$to(dtype = torch_bool())
    layer$eval()
    expect_equal(
      as.array(layer(x, is_causal = TRUE)), as.array(layer(x, src_mask = mask)), tolerance = 1e-5
    )
  }
})

test_that("labels of the multilabel margin loss count from 1, and -1 ends them", {
  x <- torch_tensor(matrix(c(0.1, 0.2, 0.4, 0.8), 1))
  y <- torch_tensor(matrix(c(4L, 1L, -1L, 2L), 1), dtype = torch_long())
  # The mean over 4 classes of 1 - (x[label] - x[other]), labels 4 and 1, others 2 and 3.
  by_hand <- sum(1 - (0.8 - c(0.2, 0.4)), 1 - (0.1 - c(0.2, 0.4))) / 4
  expect_equal(as.numeric(nn_multilabel_margin_loss()(x, y)), by_hand, tolerance = 1e-6)
  expect_error(nn_multilabel_margin_loss()(x, y$clamp(min = 0)), "counts classes from 1")
})

test_that("the order of packed sequences counts from 1", {
  a <- torch_ones(1, 2)
  b <- torch_ones(3, 2)
  packed <- nn_utils_rnn_pack_sequence(list(a, b), enforce_sorted = FALSE)
  expect_equal(as.numeric(packed$sorted_indices), c(2, 1))
  expect_equal(as.numeric(packed$unsorted_indices), c(2, 1))
  expect_null(nn_utils_rnn_pack_sequence(list(b, a))$sorted_indices)
  expect_equal(as.numeric(nn_utils_rnn_pad_packed_sequence(packed)[[2]]), c(1, 3))
})
