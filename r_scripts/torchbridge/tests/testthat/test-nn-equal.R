skip_without_python()

# Every layer and loss of torch.nn made and called from R gives what Python gives, with the
# same seed, for the same arguments: its own, where dims and classes count from 0.

long <- function(...) torch_tensor(c(...), dtype = torch_long())
unit <- function(...) torch_rand(...)$clamp(0.05, 0.95)

case <- function(args = list(), ..., python = list(), inputs = list(...), python_inputs = NULL) {
  list(args = args, inputs = inputs, python = python, python_inputs = python_inputs)
}

# One case for each of several layers.
each <- function(names, ...) {
  cases <- lapply(strsplit(names, " ", fixed = TRUE)[[1L]], function(name) case(...))
  stats::setNames(cases, paste0("nn_", strsplit(names, " ", fixed = TRUE)[[1L]]))
}

# For 1, 2 and 3 spatial dims of six places.
spatial <- function(name, args = list(), channels = 2, dims = 1:3, lead = NULL) {
  cases <- lapply(dims, function(d) case(args, torch_randn(c(lead, 3, channels, rep(6, d)))))
  stats::setNames(cases, paste0("nn_", name, dims, "d"))
}

torch_manual_seed(1)
x <- torch_randn(4, 6)
positive <- unit(4, 6)
classes <- long(1, 3, 6, 2)
from_zero <- classes - 1L
signs <- torch_sign(torch_randn(4, 6))
image <- torch_randn(2, 4, 6, 6)
sequence <- torch_randn(5, 2, 4)
counts <- torch_tensor(matrix(rpois(24, 2), 4))

pooled <- function(d) {
  make <- getExportedValue("torchbridge", paste0("nn_max_pool", d, "d"))
  make(2, return_indices = TRUE)(torch_randn(c(2, 2, rep(6, d))))
}
unpooling <- function(d) {
  out <- pooled(d)
  case(list(kernel_size = 2), inputs = out, python_inputs = list(out[[1]], out[[2]] - 1L))
}

cases <- c(
  each(
    paste(
      "identity relu relu6 leaky_relu elu selu celu gelu silu mish sigmoid tanh log_sigmoid",
      "hardsigmoid hardswish hardtanh hardshrink softshrink softplus softsign tanhshrink rrelu",
      "prelu flatten dropout alpha_dropout"
    ),
    inputs = list(x)
  ),
  each("softmax log_softmax softmin", list(dim = 1), x, python = list(dim = 0L)),
  each("softmax2d dropout2d channel_shuffle", inputs = list(image)),
  each("glu", list(dim = 2), x, python = list(dim = 1L)),
  each("threshold", list(threshold = 0.1, value = 20), x),
  each("dropout1d feature_alpha_dropout", inputs = list(torch_randn(2, 3, 4))),
  each("dropout3d", inputs = list(torch_randn(2, 3, 4, 2, 2))),
  each("linear", list(in_features = 6, out_features = 3), x),
  each("lazy_linear", list(out_features = 3), x),
  each("bilinear", list(in1_features = 6, in2_features = 6, out_features = 2), x, x),
  spatial("conv", list(in_channels = 2, out_channels = 4, kernel_size = 3, padding = 1)),
  spatial("lazy_conv", list(out_channels = 4, kernel_size = 3, stride = 2)),
  spatial("conv_transpose", list(in_channels = 2, out_channels = 3, kernel_size = 2, stride = 2)),
  spatial("lazy_conv_transpose", list(out_channels = 3, kernel_size = 2)),
  each("unfold", list(kernel_size = c(2, 3)), image),
  each("fold", list(output_size = c(4, 5), kernel_size = 2), torch_randn(1, 12, 12)),
  spatial("max_pool", list(kernel_size = 2)),
  spatial("avg_pool", list(kernel_size = 2)),
  spatial("lp_pool", list(norm_type = 2, kernel_size = 2)),
  spatial("adaptive_max_pool", list(output_size = 2)),
  spatial("adaptive_avg_pool", list(output_size = 3)),
  spatial("fractional_max_pool", list(kernel_size = 2, output_size = 3), dims = 2:3),
  stats::setNames(lapply(1:3, unpooling), paste0("nn_max_unpool", 1:3, "d")),
  spatial("batch_norm", list(num_features = 2)),
  spatial("instance_norm", list(num_features = 2, affine = TRUE)),
  spatial("lazy_batch_norm"),
  spatial("lazy_instance_norm"),
  each("sync_batch_norm", list(num_features = 4)),
  each("group_norm", list(num_groups = 2, num_channels = 4), image),
  each("layer_norm rms_norm", list(normalized_shape = 6), x),
  each("local_response_norm", list(size = 2), image),
  spatial("reflection_pad", list(padding = 2)),
  spatial("replication_pad", list(padding = 2)),
  spatial("zero_pad", list(padding = 2)),
  spatial("circular_pad", list(padding = 2)),
  spatial("constant_pad", list(padding = 2, value = 3.5)),
  each("pixel_shuffle", list(upscale_factor = 2), image),
  each("pixel_unshuffle", list(downscale_factor = 2), image),
  each("upsample", list(scale_factor = 2), image),
  each("upsampling_nearest2d upsampling_bilinear2d", list(scale_factor = 2), image),
  each(
    "unflatten", list(dim = 2, unflattened_size = c(2, 3)), x,
    python = list(dim = 1L)
  ),
  each(
    "embedding", list(num_embeddings = 6, embedding_dim = 3, padding_idx = 2),
    inputs = list(classes), python = list(padding_idx = 1L), python_inputs = list(from_zero)
  ),
  each(
    "embedding_bag", list(num_embeddings = 6, embedding_dim = 3),
    inputs = list(classes, long(1, 3)), python_inputs = list(from_zero, long(0, 2))
  ),
  each("rnn lstm gru", list(input_size = 4, hidden_size = 3, num_layers = 2), sequence),
  each("rnn_cell lstm_cell gru_cell", list(input_size = 6, hidden_size = 3), x),
  each(
    "multihead_attention", list(embed_dim = 4, num_heads = 2),
    sequence, sequence, sequence
  ),
  each("transformer_encoder_layer", list(d_model = 4, nhead = 2, dim_feedforward = 8), sequence),
  each(
    "transformer_decoder_layer", list(d_model = 4, nhead = 2, dim_feedforward = 8),
    sequence, sequence
  ),
  each(
    "transformer",
    list(
      d_model = 4, nhead = 2, num_encoder_layers = 1, num_decoder_layers = 1, dim_feedforward = 8
    ),
    sequence, sequence
  ),
  each("cosine_similarity", list(dim = 1), x, positive, python = list(dim = 0L)),
  each("pairwise_distance", list(p = 1), x, positive),
  each(
    "mse_loss l1_loss smooth_l1_loss huber_loss kl_div_loss soft_margin_loss hinge_embedding_loss",
    list(), x, signs
  ),
  each("bce_loss", list(), positive, unit(4, 6)),
  each("bce_with_logits_loss multilabel_soft_margin_loss", list(), x, unit(4, 6)),
  each("poisson_nll_loss", list(), x, counts),
  each("gaussian_nll_loss", list(), x, positive, unit(4, 6)),
  each(
    "cross_entropy_loss", list(ignore_index = 3),
    inputs = list(x, classes), python = list(ignore_index = 2L),
    python_inputs = list(x, from_zero)
  ),
  each("nll_loss multi_margin_loss", inputs = list(x, classes), python_inputs = list(x, from_zero)),
  each(
    "multilabel_margin_loss",
    inputs = list(x[1, ], long(2, 4, -1, 1, 1, 1)),
    python_inputs = list(x[1, ], long(1, 3, -1, 0, 0, 0))
  ),
  each("margin_ranking_loss", list(), x[, 1], x[, 2], signs[, 1]),
  each("cosine_embedding_loss", list(), x, positive, signs[, 1]),
  each("triplet_margin_loss triplet_margin_with_distance_loss", list(), x, positive, signs),
  each(
    "ctc_loss", list(),
    x$reshape(c(4, 1, 6))$log_softmax(3), long(1, 2)$reshape(c(1, 2)), long(4), long(2)
  ),
  each(
    "adaptive_log_softmax_with_loss", list(in_features = 6, n_classes = 6, cutoffs = c(2, 4)),
    inputs = list(x, classes), python_inputs = list(x, from_zero)
  ),
  each(
    "linear_cross_entropy_loss", list(in_features = 6, num_classes = 6),
    inputs = list(x, classes), python_inputs = list(x, from_zero)
  )
)
cases$nn_channel_shuffle$args <- list(groups = 2)
cases$nn_sync_batch_norm <- NULL # of several GPUs

python_run <- python_names(
  "import torch",
  "def run(name, arguments, inputs):",
  "    torch.manual_seed(3)",
  "    module = getattr(torch.nn, name)(**dict(arguments or {}))",
  "    result = module(*inputs)",
  "    state = {k: v.clone() for k, v in module.state_dict().items()}",
  "    return [list(result) if isinstance(result, tuple) else result, state]"
)$run

whole <- function(x) {
  if (is.list(x)) return(lapply(x, whole))
  if (is.numeric(x) && all(x == trunc(x))) as.integer(x) else x
}
numbers <- function(x) {
  if (is.list(x)) unname(lapply(x, numbers)) else if (!is.null(x)) as.array(x$detach())
}

# Layers of recurrent networks count from 1 in R.
from_one <- function(names) {
  places <- regexpr("(?<=_l)[0-9]+", names, perl = TRUE)
  regmatches(names, places) <- as.integer(regmatches(names, places)) + 1L
  names
}

test_that("every layer and loss gives what Python's gives", {
  known <- py_import("torchbridge.rtorch.layers")$names()
  for (name in intersect(names(cases), names(known))) {
    this <- cases[[name]]
    torch_manual_seed(3)
    module <- do.call(getExportedValue("torchbridge", name), this$args)
    ours <- do.call(module, this$inputs)
    args <- whole(utils::modifyList(this$args, this$python))
    inputs <- if (is.null(this$python_inputs)) this$inputs else this$python_inputs
    theirs <- python_run(known[[name]], if (length(args)) args else NULL, inputs)
    expect_identical(numbers(ours), numbers(theirs[[1]]), label = name)
    state <- lapply(theirs[[2]], numbers)
    if (name %in% c("nn_rnn", "nn_lstm", "nn_gru")) names(state) <- from_one(names(state))
    expect_identical(lapply(module$state_dict(), numbers), state)
  }
  # Of containers there is nothing to compare; these two take a layer.
  others <- c(
    "nn_sequential", "nn_module_list", "nn_module_dict", "nn_parameter_list", "nn_parameter_dict",
    "nn_transformer_encoder", "nn_transformer_decoder", "nn_sync_batch_norm"
  )
  expect_identical(setdiff(names(known), c(names(cases), others)), character())
})
