# Written by tools/nn_layers.py from PyTorch 2.13.0: do not edit by hand.
# nolint start

# R function -> class of torch.nn.
layer_classes <- c(
  nn_linear = "Linear",
  nn_bilinear = "Bilinear",
  nn_lazy_linear = "LazyLinear",
  nn_identity = "Identity",
  nn_conv1d = "Conv1d",
  nn_conv2d = "Conv2d",
  nn_conv3d = "Conv3d",
  nn_conv_transpose1d = "ConvTranspose1d",
  nn_conv_transpose2d = "ConvTranspose2d",
  nn_conv_transpose3d = "ConvTranspose3d",
  nn_lazy_conv1d = "LazyConv1d",
  nn_lazy_conv2d = "LazyConv2d",
  nn_lazy_conv3d = "LazyConv3d",
  nn_lazy_conv_transpose1d = "LazyConvTranspose1d",
  nn_lazy_conv_transpose2d = "LazyConvTranspose2d",
  nn_lazy_conv_transpose3d = "LazyConvTranspose3d",
  nn_unfold = "Unfold",
  nn_fold = "Fold",
  nn_max_pool1d = "MaxPool1d",
  nn_max_pool2d = "MaxPool2d",
  nn_max_pool3d = "MaxPool3d",
  nn_avg_pool1d = "AvgPool1d",
  nn_avg_pool2d = "AvgPool2d",
  nn_avg_pool3d = "AvgPool3d",
  nn_lp_pool1d = "LPPool1d",
  nn_lp_pool2d = "LPPool2d",
  nn_lp_pool3d = "LPPool3d",
  nn_fractional_max_pool2d = "FractionalMaxPool2d",
  nn_fractional_max_pool3d = "FractionalMaxPool3d",
  nn_adaptive_avg_pool1d = "AdaptiveAvgPool1d",
  nn_adaptive_avg_pool2d = "AdaptiveAvgPool2d",
  nn_adaptive_avg_pool3d = "AdaptiveAvgPool3d",
  nn_adaptive_max_pool1d = "AdaptiveMaxPool1d",
  nn_adaptive_max_pool2d = "AdaptiveMaxPool2d",
  nn_adaptive_max_pool3d = "AdaptiveMaxPool3d",
  nn_max_unpool1d = "MaxUnpool1d",
  nn_max_unpool2d = "MaxUnpool2d",
  nn_max_unpool3d = "MaxUnpool3d",
  nn_zero_pad1d = "ZeroPad1d",
  nn_zero_pad2d = "ZeroPad2d",
  nn_zero_pad3d = "ZeroPad3d",
  nn_constant_pad1d = "ConstantPad1d",
  nn_constant_pad2d = "ConstantPad2d",
  nn_constant_pad3d = "ConstantPad3d",
  nn_reflection_pad1d = "ReflectionPad1d",
  nn_reflection_pad2d = "ReflectionPad2d",
  nn_reflection_pad3d = "ReflectionPad3d",
  nn_replication_pad1d = "ReplicationPad1d",
  nn_replication_pad2d = "ReplicationPad2d",
  nn_replication_pad3d = "ReplicationPad3d",
  nn_circular_pad1d = "CircularPad1d",
  nn_circular_pad2d = "CircularPad2d",
  nn_circular_pad3d = "CircularPad3d",
  nn_relu = "ReLU",
  nn_relu6 = "ReLU6",
  nn_leaky_relu = "LeakyReLU",
  nn_prelu = "PReLU",
  nn_rrelu = "RReLU",
  nn_elu = "ELU",
  nn_celu = "CELU",
  nn_selu = "SELU",
  nn_gelu = "GELU",
  nn_silu = "SiLU",
  nn_mish = "Mish",
  nn_glu = "GLU",
  nn_sigmoid = "Sigmoid",
  nn_log_sigmoid = "LogSigmoid",
  nn_tanh = "Tanh",
  nn_tanhshrink = "Tanhshrink",
  nn_softplus = "Softplus",
  nn_softsign = "Softsign",
  nn_softshrink = "Softshrink",
  nn_hardshrink = "Hardshrink",
  nn_hardtanh = "Hardtanh",
  nn_hardsigmoid = "Hardsigmoid",
  nn_hardswish = "Hardswish",
  nn_threshold = "Threshold",
  nn_softmax = "Softmax",
  nn_log_softmax = "LogSoftmax",
  nn_softmin = "Softmin",
  nn_softmax2d = "Softmax2d",
  nn_batch_norm1d = "BatchNorm1d",
  nn_batch_norm2d = "BatchNorm2d",
  nn_batch_norm3d = "BatchNorm3d",
  nn_lazy_batch_norm1d = "LazyBatchNorm1d",
  nn_lazy_batch_norm2d = "LazyBatchNorm2d",
  nn_lazy_batch_norm3d = "LazyBatchNorm3d",
  nn_sync_batch_norm = "SyncBatchNorm",
  nn_instance_norm1d = "InstanceNorm1d",
  nn_instance_norm2d = "InstanceNorm2d",
  nn_instance_norm3d = "InstanceNorm3d",
  nn_lazy_instance_norm1d = "LazyInstanceNorm1d",
  nn_lazy_instance_norm2d = "LazyInstanceNorm2d",
  nn_lazy_instance_norm3d = "LazyInstanceNorm3d",
  nn_group_norm = "GroupNorm",
  nn_layer_norm = "LayerNorm",
  nn_rms_norm = "RMSNorm",
  nn_local_response_norm = "LocalResponseNorm",
  nn_rnn = "RNN",
  nn_lstm = "LSTM",
  nn_gru = "GRU",
  nn_rnn_cell = "RNNCell",
  nn_lstm_cell = "LSTMCell",
  nn_gru_cell = "GRUCell",
  nn_multihead_attention = "MultiheadAttention",
  nn_transformer_encoder_layer = "TransformerEncoderLayer",
  nn_transformer_decoder_layer = "TransformerDecoderLayer",
  nn_transformer_encoder = "TransformerEncoder",
  nn_transformer_decoder = "TransformerDecoder",
  nn_transformer = "Transformer",
  nn_dropout = "Dropout",
  nn_dropout1d = "Dropout1d",
  nn_dropout2d = "Dropout2d",
  nn_dropout3d = "Dropout3d",
  nn_alpha_dropout = "AlphaDropout",
  nn_feature_alpha_dropout = "FeatureAlphaDropout",
  nn_embedding = "Embedding",
  nn_embedding_bag = "EmbeddingBag",
  nn_flatten = "Flatten",
  nn_unflatten = "Unflatten",
  nn_pixel_shuffle = "PixelShuffle",
  nn_pixel_unshuffle = "PixelUnshuffle",
  nn_channel_shuffle = "ChannelShuffle",
  nn_upsample = "Upsample",
  nn_upsampling_nearest2d = "UpsamplingNearest2d",
  nn_upsampling_bilinear2d = "UpsamplingBilinear2d",
  nn_cosine_similarity = "CosineSimilarity",
  nn_pairwise_distance = "PairwiseDistance",
  nn_mse_loss = "MSELoss",
  nn_l1_loss = "L1Loss",
  nn_smooth_l1_loss = "SmoothL1Loss",
  nn_huber_loss = "HuberLoss",
  nn_poisson_nll_loss = "PoissonNLLLoss",
  nn_gaussian_nll_loss = "GaussianNLLLoss",
  nn_cross_entropy_loss = "CrossEntropyLoss",
  nn_nll_loss = "NLLLoss",
  nn_bce_loss = "BCELoss",
  nn_bce_with_logits_loss = "BCEWithLogitsLoss",
  nn_kl_div_loss = "KLDivLoss",
  nn_multi_margin_loss = "MultiMarginLoss",
  nn_multilabel_margin_loss = "MultiLabelMarginLoss",
  nn_multilabel_soft_margin_loss = "MultiLabelSoftMarginLoss",
  nn_soft_margin_loss = "SoftMarginLoss",
  nn_hinge_embedding_loss = "HingeEmbeddingLoss",
  nn_ctc_loss = "CTCLoss",
  nn_adaptive_log_softmax_with_loss = "AdaptiveLogSoftmaxWithLoss",
  nn_linear_cross_entropy_loss = "LinearCrossEntropyLoss",
  nn_margin_ranking_loss = "MarginRankingLoss",
  nn_cosine_embedding_loss = "CosineEmbeddingLoss",
  nn_triplet_margin_loss = "TripletMarginLoss",
  nn_triplet_margin_with_distance_loss = "TripletMarginWithDistanceLoss"
)

#' Linear layers
#'
#' Affine maps of the last dim. Weights start uniform within 1 / sqrt(`in_features`).
#'
#' * `nn_linear()`: x W' + b; the matrix `weight`, W, is `out_features` x `in_features`.
#' * `nn_bilinear()`: `x1' W x2 + bias` for two inputs, one matrix `W` for each output.
#' * `nn_lazy_linear()`: `nn_linear()` that takes `in_features` from its first input.
#' * `nn_identity()`: gives its input; takes any arguments.
#'
#' @param in_features Number of features of the input.
#' @param out_features Number of features of the output.
#' @param bias Learn a bias?
#' @param device Where the parameters are, such as `"cuda"`. `NULL`: the CPU.
#' @param dtype dtype of the parameters, such as `"float64"`. `NULL`: the default dtype, float32.
#' @param in1_features Number of features of the first input.
#' @param in2_features Number of features of the second input.
#' @param ... Anything.
#' @return An `nn_module`: call it with a tensor.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' layer <- nn_linear(3, 2)
#' layer$weight
#' layer(as_torch_tensor(matrix(0, 5, 3), dtype = "float32"))
#' @name nn_linear_layers
NULL

#' @rdname nn_linear_layers
#' @export
nn_linear <- function(in_features, out_features, bias = TRUE, device = NULL, dtype = NULL) NULL

#' @rdname nn_linear_layers
#' @export
nn_bilinear <- function(
  in1_features, in2_features, out_features, bias = TRUE, device = NULL, dtype = NULL
) NULL

#' @rdname nn_linear_layers
#' @export
nn_lazy_linear <- function(out_features, bias = TRUE, device = NULL, dtype = NULL) NULL

#' @rdname nn_linear_layers
#' @export
nn_identity <- function(...) NULL

#' Convolutions
#'
#' Sliding windows over one, two or three spatial dims (a cross-correlation: the kernel is not
#' flipped). The input is batch x channels x the spatial dims; the batch may be absent. An output
#' has floor((n + 2 `padding` - `dilation` (`kernel_size` - 1) - 1) / `stride`) + 1 places along
#' a dim of n.
#'
#' Sizes are one number for all spatial dims, or one for each, as `kernel_size = c(3, 5)`.
#'
#' * `nn_conv1d()`: over sequences.
#' * `nn_conv2d()`: over images.
#' * `nn_conv3d()`: over volumes.
#' * `nn_conv_transpose1d()`: the transpose (the gradient) of `nn_conv1d()`, which enlarges.
#' * `nn_conv_transpose2d()`: the transpose of `nn_conv2d()`.
#' * `nn_conv_transpose3d()`: the transpose of `nn_conv3d()`.
#' * `nn_lazy_conv1d()`: `nn_conv1d()` that takes `in_channels` from its first input.
#' * `nn_lazy_conv2d()`: the same of `nn_conv2d()`.
#' * `nn_lazy_conv3d()`: the same of `nn_conv3d()`.
#' * `nn_lazy_conv_transpose1d()`: the same of `nn_conv_transpose1d()`.
#' * `nn_lazy_conv_transpose2d()`: the same of `nn_conv_transpose2d()`.
#' * `nn_lazy_conv_transpose3d()`: the same of `nn_conv_transpose3d()`.
#' * `nn_unfold()`: the windows themselves, one column each.
#' * `nn_fold()`: adds up windows into an image: the transpose of `nn_unfold()`.
#'
#' @param in_channels Number of channels of the input.
#' @param out_channels Number of channels of the output.
#' @param kernel_size Size of a window.
#' @param stride Distance between windows. `NULL`: `kernel_size`.
#' @param padding Zeros (or what `padding_mode` says) added on both sides. For `nn_conv*()` also
#'   `"same"` (output as large as the input) or `"valid"` (none).
#' @param dilation Distance between the places that one window takes.
#' @param groups Groups of channels that do not see each other.
#' @param bias Learn a bias?
#' @param padding_mode `"zeros"`, `"reflect"`, `"replicate"` or `"circular"` (transposed
#'   convolutions: only `"zeros"`).
#' @param device Where the parameters are, such as `"cuda"`. `NULL`: the CPU.
#' @param dtype dtype of the parameters, such as `"float64"`. `NULL`: the default dtype, float32.
#' @param output_padding Places added at the end of the output.
#' @param output_size Height and width of the image.
#' @return An `nn_module`: call it with a tensor.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' images <- as_torch_tensor(array(0, c(2, 1, 28, 28)), dtype = "float32")
#' dim(nn_conv2d(1, 8, kernel_size = 3)(images))
#' dim(nn_conv2d(1, 8, kernel_size = 3, padding = "same")(images))
#' @name nn_conv_layers
NULL

#' @rdname nn_conv_layers
#' @export
nn_conv1d <- function(
  in_channels, out_channels, kernel_size, stride = 1, padding = 0, dilation = 1, groups = 1,
  bias = TRUE, padding_mode = "zeros", device = NULL, dtype = NULL
) NULL

#' @rdname nn_conv_layers
#' @export
nn_conv2d <- function(
  in_channels, out_channels, kernel_size, stride = 1, padding = 0, dilation = 1, groups = 1,
  bias = TRUE, padding_mode = "zeros", device = NULL, dtype = NULL
) NULL

#' @rdname nn_conv_layers
#' @export
nn_conv3d <- function(
  in_channels, out_channels, kernel_size, stride = 1, padding = 0, dilation = 1, groups = 1,
  bias = TRUE, padding_mode = "zeros", device = NULL, dtype = NULL
) NULL

#' @rdname nn_conv_layers
#' @export
nn_conv_transpose1d <- function(
  in_channels, out_channels, kernel_size, stride = 1, padding = 0, output_padding = 0, groups =
  1, bias = TRUE, dilation = 1, padding_mode = "zeros", device = NULL, dtype = NULL
) NULL

#' @rdname nn_conv_layers
#' @export
nn_conv_transpose2d <- function(
  in_channels, out_channels, kernel_size, stride = 1, padding = 0, output_padding = 0, groups =
  1, bias = TRUE, dilation = 1, padding_mode = "zeros", device = NULL, dtype = NULL
) NULL

#' @rdname nn_conv_layers
#' @export
nn_conv_transpose3d <- function(
  in_channels, out_channels, kernel_size, stride = 1, padding = 0, output_padding = 0, groups =
  1, bias = TRUE, dilation = 1, padding_mode = "zeros", device = NULL, dtype = NULL
) NULL

#' @rdname nn_conv_layers
#' @export
nn_lazy_conv1d <- function(
  out_channels, kernel_size, stride = 1, padding = 0, dilation = 1, groups = 1, bias = TRUE,
  padding_mode = "zeros", device = NULL, dtype = NULL
) NULL

#' @rdname nn_conv_layers
#' @export
nn_lazy_conv2d <- function(
  out_channels, kernel_size, stride = 1, padding = 0, dilation = 1, groups = 1, bias = TRUE,
  padding_mode = "zeros", device = NULL, dtype = NULL
) NULL

#' @rdname nn_conv_layers
#' @export
nn_lazy_conv3d <- function(
  out_channels, kernel_size, stride = 1, padding = 0, dilation = 1, groups = 1, bias = TRUE,
  padding_mode = "zeros", device = NULL, dtype = NULL
) NULL

#' @rdname nn_conv_layers
#' @export
nn_lazy_conv_transpose1d <- function(
  out_channels, kernel_size, stride = 1, padding = 0, output_padding = 0, groups = 1, bias =
  TRUE, dilation = 1, padding_mode = "zeros", device = NULL, dtype = NULL
) NULL

#' @rdname nn_conv_layers
#' @export
nn_lazy_conv_transpose2d <- function(
  out_channels, kernel_size, stride = 1, padding = 0, output_padding = 0, groups = 1, bias =
  TRUE, dilation = 1, padding_mode = "zeros", device = NULL, dtype = NULL
) NULL

#' @rdname nn_conv_layers
#' @export
nn_lazy_conv_transpose3d <- function(
  out_channels, kernel_size, stride = 1, padding = 0, output_padding = 0, groups = 1, bias =
  TRUE, dilation = 1, padding_mode = "zeros", device = NULL, dtype = NULL
) NULL

#' @rdname nn_conv_layers
#' @export
nn_unfold <- function(kernel_size, dilation = 1, padding = 0, stride = 1) NULL

#' @rdname nn_conv_layers
#' @export
nn_fold <- function(output_size, kernel_size, dilation = 1, padding = 0, stride = 1) NULL

#' Pooling
#'
#' The largest value, the mean or a norm of each window, channel by channel. The input is batch x
#' channels x one, two or three spatial dims.
#'
#' Sizes are one number for all spatial dims, or one for each, as `kernel_size = c(2, 3)`.
#'
#' * `nn_max_pool1d()`: the largest value of windows of a sequence.
#' * `nn_max_pool2d()`: of an image.
#' * `nn_max_pool3d()`: of a volume.
#' * `nn_avg_pool1d()`: the mean of windows of a sequence.
#' * `nn_avg_pool2d()`: of an image.
#' * `nn_avg_pool3d()`: of a volume.
#' * `nn_lp_pool1d()`: the sum of p-th powers of windows, and the p-th root of it.
#' * `nn_lp_pool2d()`: of an image.
#' * `nn_lp_pool3d()`: of a volume.
#' * `nn_fractional_max_pool2d()`: largest values of windows of random sizes (Graham, 2014).
#' * `nn_fractional_max_pool3d()`: of a volume.
#' * `nn_adaptive_avg_pool1d()`: means of as many windows as `output_size` says.
#' * `nn_adaptive_avg_pool2d()`: of an image.
#' * `nn_adaptive_avg_pool3d()`: of a volume.
#' * `nn_adaptive_max_pool1d()`: largest values of as many windows as `output_size` says.
#' * `nn_adaptive_max_pool2d()`: of an image.
#' * `nn_adaptive_max_pool3d()`: of a volume.
#' * `nn_max_unpool1d()`: puts values back where `nn_max_pool1d()` found them: call it with the
#'   values and the positions. Everything else is 0.
#' * `nn_max_unpool2d()`: for images.
#' * `nn_max_unpool3d()`: for volumes.
#'
#' @param kernel_size Size of a window.
#' @param stride Distance between windows. `NULL`: `kernel_size`.
#' @param padding Places added on both sides: minus infinity for the largest value, 0 for the
#'   mean.
#' @param dilation Distance between the places that one window takes.
#' @param return_indices Also give the position of each value, counted from 1 along the flattened
#'   spatial dims: a list of two tensors, which `nn_max_unpool*()` takes.
#' @param ceil_mode Round sizes of the output up?
#' @param count_include_pad Count padding in the mean?
#' @param divisor_override Divide the sum of a window by this instead of its size.
#' @param norm_type The power p.
#' @param output_size How many windows along each spatial dim. In adaptive pooling `NA` keeps a
#'   dim as it is.
#' @param output_ratio Size of the output by that of the input, instead of `output_size`.
#' @return An `nn_module`: call it with a tensor.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' x <- as_torch_tensor(array(1:16, c(1, 1, 4, 4)), dtype = "float32")
#' nn_max_pool2d(2)(x)
#' nn_adaptive_avg_pool2d(c(1, 1))(x)
#' @name nn_pool_layers
NULL

#' @rdname nn_pool_layers
#' @export
nn_max_pool1d <- function(
  kernel_size, stride = NULL, padding = 0, dilation = 1, return_indices = FALSE, ceil_mode =
  FALSE
) NULL

#' @rdname nn_pool_layers
#' @export
nn_max_pool2d <- function(
  kernel_size, stride = NULL, padding = 0, dilation = 1, return_indices = FALSE, ceil_mode =
  FALSE
) NULL

#' @rdname nn_pool_layers
#' @export
nn_max_pool3d <- function(
  kernel_size, stride = NULL, padding = 0, dilation = 1, return_indices = FALSE, ceil_mode =
  FALSE
) NULL

#' @rdname nn_pool_layers
#' @export
nn_avg_pool1d <- function(
  kernel_size, stride = NULL, padding = 0, ceil_mode = FALSE, count_include_pad = TRUE
) NULL

#' @rdname nn_pool_layers
#' @export
nn_avg_pool2d <- function(
  kernel_size, stride = NULL, padding = 0, ceil_mode = FALSE, count_include_pad = TRUE,
  divisor_override = NULL
) NULL

#' @rdname nn_pool_layers
#' @export
nn_avg_pool3d <- function(
  kernel_size, stride = NULL, padding = 0, ceil_mode = FALSE, count_include_pad = TRUE,
  divisor_override = NULL
) NULL

#' @rdname nn_pool_layers
#' @export
nn_lp_pool1d <- function(norm_type, kernel_size, stride = NULL, ceil_mode = FALSE) NULL

#' @rdname nn_pool_layers
#' @export
nn_lp_pool2d <- function(norm_type, kernel_size, stride = NULL, ceil_mode = FALSE) NULL

#' @rdname nn_pool_layers
#' @export
nn_lp_pool3d <- function(norm_type, kernel_size, stride = NULL, ceil_mode = FALSE) NULL

#' @rdname nn_pool_layers
#' @export
nn_fractional_max_pool2d <- function(
  kernel_size, output_size = NULL, output_ratio = NULL, return_indices = FALSE
) NULL

#' @rdname nn_pool_layers
#' @export
nn_fractional_max_pool3d <- function(
  kernel_size, output_size = NULL, output_ratio = NULL, return_indices = FALSE
) NULL

#' @rdname nn_pool_layers
#' @export
nn_adaptive_avg_pool1d <- function(output_size) NULL

#' @rdname nn_pool_layers
#' @export
nn_adaptive_avg_pool2d <- function(output_size) NULL

#' @rdname nn_pool_layers
#' @export
nn_adaptive_avg_pool3d <- function(output_size) NULL

#' @rdname nn_pool_layers
#' @export
nn_adaptive_max_pool1d <- function(output_size, return_indices = FALSE) NULL

#' @rdname nn_pool_layers
#' @export
nn_adaptive_max_pool2d <- function(output_size, return_indices = FALSE) NULL

#' @rdname nn_pool_layers
#' @export
nn_adaptive_max_pool3d <- function(output_size, return_indices = FALSE) NULL

#' @rdname nn_pool_layers
#' @export
nn_max_unpool1d <- function(kernel_size, stride = NULL, padding = 0) NULL

#' @rdname nn_pool_layers
#' @export
nn_max_unpool2d <- function(kernel_size, stride = NULL, padding = 0) NULL

#' @rdname nn_pool_layers
#' @export
nn_max_unpool3d <- function(kernel_size, stride = NULL, padding = 0) NULL

#' Padding
#'
#' Values added around the last one, two or three dims. `padding` is one number for all sides, or
#' begin and end of the last dim, then of the one before, and so on: for images `c(left, right,
#' top, bottom)`. A negative number cuts off.
#'
#' * `nn_zero_pad1d()`: zeros around sequences.
#' * `nn_zero_pad2d()`: around images.
#' * `nn_zero_pad3d()`: around volumes.
#' * `nn_constant_pad1d()`: any one value around sequences.
#' * `nn_constant_pad2d()`: around images.
#' * `nn_constant_pad3d()`: around volumes.
#' * `nn_reflection_pad1d()`: the values next to the edge in mirror order, without the edge.
#' * `nn_reflection_pad2d()`: for images.
#' * `nn_reflection_pad3d()`: for volumes.
#' * `nn_replication_pad1d()`: the value at the edge again.
#' * `nn_replication_pad2d()`: for images.
#' * `nn_replication_pad3d()`: for volumes.
#' * `nn_circular_pad1d()`: the values from the other end.
#' * `nn_circular_pad2d()`: for images.
#' * `nn_circular_pad3d()`: for volumes.
#'
#' @param padding One number for all sides, or two for each dim from the last one on.
#' @param value The value.
#' @return An `nn_module`: call it with a tensor.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' x <- as_torch_tensor(matrix(1:4, 1), dtype = "float32")
#' nn_reflection_pad1d(c(2, 1))(x)
#' @name nn_pad_layers
NULL

#' @rdname nn_pad_layers
#' @export
nn_zero_pad1d <- function(padding) NULL

#' @rdname nn_pad_layers
#' @export
nn_zero_pad2d <- function(padding) NULL

#' @rdname nn_pad_layers
#' @export
nn_zero_pad3d <- function(padding) NULL

#' @rdname nn_pad_layers
#' @export
nn_constant_pad1d <- function(padding, value) NULL

#' @rdname nn_pad_layers
#' @export
nn_constant_pad2d <- function(padding, value) NULL

#' @rdname nn_pad_layers
#' @export
nn_constant_pad3d <- function(padding, value) NULL

#' @rdname nn_pad_layers
#' @export
nn_reflection_pad1d <- function(padding) NULL

#' @rdname nn_pad_layers
#' @export
nn_reflection_pad2d <- function(padding) NULL

#' @rdname nn_pad_layers
#' @export
nn_reflection_pad3d <- function(padding) NULL

#' @rdname nn_pad_layers
#' @export
nn_replication_pad1d <- function(padding) NULL

#' @rdname nn_pad_layers
#' @export
nn_replication_pad2d <- function(padding) NULL

#' @rdname nn_pad_layers
#' @export
nn_replication_pad3d <- function(padding) NULL

#' @rdname nn_pad_layers
#' @export
nn_circular_pad1d <- function(padding) NULL

#' @rdname nn_pad_layers
#' @export
nn_circular_pad2d <- function(padding) NULL

#' @rdname nn_pad_layers
#' @export
nn_circular_pad3d <- function(padding) NULL

#' Activations
#'
#' Functions of each value by itself. Where they have no parameters, `nnf_*()` functions of the
#' same names do the same without a module.
#'
#' * `nn_relu()`: max(0, x).
#' * `nn_relu6()`: min(max(0, x), 6).
#' * `nn_leaky_relu()`: x, times `negative_slope` below 0.
#' * `nn_prelu()`: the same with a slope that is learned.
#' * `nn_rrelu()`: the same with a random slope while training, between `lower` and `upper`, and
#'   with the mean of the two otherwise.
#' * `nn_elu()`: x, and `alpha` (exp(x) - 1) below 0.
#' * `nn_celu()`: x, and `alpha` (exp(x / `alpha`) - 1) below 0.
#' * `nn_selu()`: ELU scaled such that mean 0 and variance 1 are kept (Klambauer and others,
#'   2017).
#' * `nn_gelu()`: x times the normal distribution function of x.
#' * `nn_silu()`: x / (1 + exp(-x)), also called swish.
#' * `nn_mish()`: x tanh(log(1 + exp(x))).
#' * `nn_glu()`: halves `dim`: the first half times the sigmoid of the second.
#' * `nn_sigmoid()`: 1 / (1 + exp(-x)).
#' * `nn_log_sigmoid()`: its logarithm, exact also for large -x.
#' * `nn_tanh()`: the hyperbolic tangent.
#' * `nn_tanhshrink()`: x - tanh(x).
#' * `nn_softplus()`: log(1 + exp(`beta` x)) / `beta`; x itself where `beta` x > `threshold`.
#' * `nn_softsign()`: x / (1 + |x|).
#' * `nn_softshrink()`: x moved towards 0 by `lambd`, and 0 within `lambd` of it.
#' * `nn_hardshrink()`: x, and 0 where |x| <= `lambd`.
#' * `nn_hardtanh()`: x cut off at `min_val` and `max_val`.
#' * `nn_hardsigmoid()`: min(max(x / 6 + 1 / 2, 0), 1).
#' * `nn_hardswish()`: x times that.
#' * `nn_threshold()`: x where x > `threshold`, otherwise `value`.
#'
#' @param inplace Overwrite the input?
#' @param negative_slope Slope below 0.
#' @param num_parameters Number of slopes: 1, or one for each channel.
#' @param init The slopes to begin with.
#' @param device Where the parameters are, such as `"cuda"`. `NULL`: the CPU.
#' @param dtype dtype of the parameters, such as `"float64"`. `NULL`: the default dtype, float32.
#' @param lower The least slope.
#' @param upper The greatest slope.
#' @param alpha Scale of the part below 0.
#' @param approximate `"none"`, or `"tanh"` for an approximation.
#' @param dim The dim, counted from 1; -1 is the last.
#' @param beta Steepness.
#' @param threshold Where the function becomes another one.
#' @param lambd How far from 0.
#' @param min_val The least value.
#' @param max_val The greatest value.
#' @param value The value at and below the threshold.
#' @return An `nn_module`: call it with a tensor.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' x <- as_torch_tensor(c(-2, -0.5, 0, 0.5, 2), dtype = "float32")
#' nn_relu()(x)
#' nn_leaky_relu(0.1)(x)
#' @name nn_activations
NULL

#' @rdname nn_activations
#' @export
nn_relu <- function(inplace = FALSE) NULL

#' @rdname nn_activations
#' @export
nn_relu6 <- function(inplace = FALSE) NULL

#' @rdname nn_activations
#' @export
nn_leaky_relu <- function(negative_slope = 0.01, inplace = FALSE) NULL

#' @rdname nn_activations
#' @export
nn_prelu <- function(num_parameters = 1, init = 0.25, device = NULL, dtype = NULL) NULL

#' @rdname nn_activations
#' @export
nn_rrelu <- function(lower = 0.125, upper = 1 / 3, inplace = FALSE) NULL

#' @rdname nn_activations
#' @export
nn_elu <- function(alpha = 1, inplace = FALSE) NULL

#' @rdname nn_activations
#' @export
nn_celu <- function(alpha = 1, inplace = FALSE) NULL

#' @rdname nn_activations
#' @export
nn_selu <- function(inplace = FALSE) NULL

#' @rdname nn_activations
#' @export
nn_gelu <- function(approximate = "none") NULL

#' @rdname nn_activations
#' @export
nn_silu <- function(inplace = FALSE) NULL

#' @rdname nn_activations
#' @export
nn_mish <- function(inplace = FALSE) NULL

#' @rdname nn_activations
#' @export
nn_glu <- function(dim = -1) NULL

#' @rdname nn_activations
#' @export
nn_sigmoid <- function() NULL

#' @rdname nn_activations
#' @export
nn_log_sigmoid <- function() NULL

#' @rdname nn_activations
#' @export
nn_tanh <- function() NULL

#' @rdname nn_activations
#' @export
nn_tanhshrink <- function() NULL

#' @rdname nn_activations
#' @export
nn_softplus <- function(beta = 1, threshold = 20) NULL

#' @rdname nn_activations
#' @export
nn_softsign <- function() NULL

#' @rdname nn_activations
#' @export
nn_softshrink <- function(lambd = 0.5) NULL

#' @rdname nn_activations
#' @export
nn_hardshrink <- function(lambd = 0.5) NULL

#' @rdname nn_activations
#' @export
nn_hardtanh <- function(min_val = -1, max_val = 1, inplace = FALSE) NULL

#' @rdname nn_activations
#' @export
nn_hardsigmoid <- function(inplace = FALSE) NULL

#' @rdname nn_activations
#' @export
nn_hardswish <- function(inplace = FALSE) NULL

#' @rdname nn_activations
#' @export
nn_threshold <- function(threshold, value, inplace = FALSE) NULL

#' Softmax
#'
#' Positive numbers that add up to 1 along a dim: exp(x) / sum(exp(x)).
#'
#' * `nn_softmax()`: along `dim`.
#' * `nn_log_softmax()`: the logarithm of it, exact where softmax would be 0.
#' * `nn_softmin()`: the softmax of -x.
#' * `nn_softmax2d()`: over the channels of each place of an image.
#'
#' @param dim The dim, counted from 1; -1 is the last.
#' @return An `nn_module`: call it with a tensor.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' nn_softmax(dim = 2)(as_torch_tensor(matrix(1:6, 2), dtype = "float32"))
#' @name nn_softmax_layers
NULL

#' @rdname nn_softmax_layers
#' @export
nn_softmax <- function(dim = NULL) NULL

#' @rdname nn_softmax_layers
#' @export
nn_log_softmax <- function(dim = NULL) NULL

#' @rdname nn_softmax_layers
#' @export
nn_softmin <- function(dim = NULL) NULL

#' @rdname nn_softmax_layers
#' @export
nn_softmax2d <- function() NULL

#' Normalisation
#'
#' Values made to have mean 0 and variance 1 (the variance divides by n), and then, with `affine`
#' or `elementwise_affine`, multiplied by a learned weight and moved by a learned bias. What they
#' differ in is over which values mean and variance are taken.
#'
#' * `nn_batch_norm1d()`: over the batch (and the places of a sequence), channel by channel.
#'   While training from the batch; otherwise from the running estimates.
#' * `nn_batch_norm2d()`: over the batch and the places of images.
#' * `nn_batch_norm3d()`: over the batch and the places of volumes.
#' * `nn_lazy_batch_norm1d()`: `nn_batch_norm1d()` that takes `num_features` from its first
#'   input.
#' * `nn_lazy_batch_norm2d()`: the same of `nn_batch_norm2d()`.
#' * `nn_lazy_batch_norm3d()`: the same of `nn_batch_norm3d()`.
#' * `nn_sync_batch_norm()`: batch normalisation over the batches of all processes.
#' * `nn_instance_norm1d()`: over the places of one sequence, channel by channel.
#' * `nn_instance_norm2d()`: over the places of one image.
#' * `nn_instance_norm3d()`: over the places of one volume.
#' * `nn_lazy_instance_norm1d()`: `nn_instance_norm1d()` that takes `num_features` from its first
#'   input.
#' * `nn_lazy_instance_norm2d()`: the same of `nn_instance_norm2d()`.
#' * `nn_lazy_instance_norm3d()`: the same of `nn_instance_norm3d()`.
#' * `nn_group_norm()`: over groups of channels and all places, one observation at a time.
#' * `nn_layer_norm()`: over the last dims, of size `normalized_shape`, one observation at a
#'   time.
#' * `nn_rms_norm()`: over the same, without taking the mean away (Zhang and Sennrich, 2019).
#' * `nn_local_response_norm()`: divides by a power of the squares of `size` neighbouring
#'   channels (Krizhevsky and others, 2012).
#'
#' @param num_features Number of channels (or features).
#' @param eps Added to the variance, so that nothing is divided by 0. `NULL`: the smallest step
#'   of the dtype.
#' @param momentum How fast running mean and variance change. `NULL`: they are plain means.
#' @param affine Learn a weight and a bias?
#' @param track_running_stats Keep running mean and variance for evaluation?
#' @param device Where the parameters are, such as `"cuda"`. `NULL`: the CPU.
#' @param dtype dtype of the parameters, such as `"float64"`. `NULL`: the default dtype, float32.
#' @param bias Learn a bias too?
#' @param process_group Processes to share with, an object of Python's. `NULL`: all.
#' @param num_groups Number of groups.
#' @param num_channels Number of channels.
#' @param normalized_shape Size of the last dims, one number or several.
#' @param elementwise_affine Learn a weight and a bias for each value?
#' @param size How many channels, in all, are neighbours.
#' @param alpha Factor of the sum of squares.
#' @param beta The power.
#' @param k Added to the sum of squares.
#' @return An `nn_module`: call it with a tensor.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' x <- as_torch_tensor(matrix(c(1, 2, 3, 10, 20, 30), 3), dtype = "float32")
#' nn_batch_norm1d(2)(x)
#' nn_layer_norm(2)(x)
#' @name nn_norm_layers
NULL

#' @rdname nn_norm_layers
#' @export
nn_batch_norm1d <- function(
  num_features, eps = 1e-05, momentum = 0.1, affine = TRUE, track_running_stats = TRUE, device =
  NULL, dtype = NULL, bias = TRUE
) NULL

#' @rdname nn_norm_layers
#' @export
nn_batch_norm2d <- function(
  num_features, eps = 1e-05, momentum = 0.1, affine = TRUE, track_running_stats = TRUE, device =
  NULL, dtype = NULL, bias = TRUE
) NULL

#' @rdname nn_norm_layers
#' @export
nn_batch_norm3d <- function(
  num_features, eps = 1e-05, momentum = 0.1, affine = TRUE, track_running_stats = TRUE, device =
  NULL, dtype = NULL, bias = TRUE
) NULL

#' @rdname nn_norm_layers
#' @export
nn_lazy_batch_norm1d <- function(
  eps = 1e-05, momentum = 0.1, affine = TRUE, track_running_stats = TRUE, device = NULL, dtype =
  NULL, bias = TRUE
) NULL

#' @rdname nn_norm_layers
#' @export
nn_lazy_batch_norm2d <- function(
  eps = 1e-05, momentum = 0.1, affine = TRUE, track_running_stats = TRUE, device = NULL, dtype =
  NULL, bias = TRUE
) NULL

#' @rdname nn_norm_layers
#' @export
nn_lazy_batch_norm3d <- function(
  eps = 1e-05, momentum = 0.1, affine = TRUE, track_running_stats = TRUE, device = NULL, dtype =
  NULL, bias = TRUE
) NULL

#' @rdname nn_norm_layers
#' @export
nn_sync_batch_norm <- function(
  num_features, eps = 1e-05, momentum = 0.1, affine = TRUE, track_running_stats = TRUE,
  process_group = NULL, device = NULL, dtype = NULL, bias = TRUE
) NULL

#' @rdname nn_norm_layers
#' @export
nn_instance_norm1d <- function(
  num_features, eps = 1e-05, momentum = 0.1, affine = FALSE, track_running_stats = FALSE, device
  = NULL, dtype = NULL, bias = TRUE
) NULL

#' @rdname nn_norm_layers
#' @export
nn_instance_norm2d <- function(
  num_features, eps = 1e-05, momentum = 0.1, affine = FALSE, track_running_stats = FALSE, device
  = NULL, dtype = NULL, bias = TRUE
) NULL

#' @rdname nn_norm_layers
#' @export
nn_instance_norm3d <- function(
  num_features, eps = 1e-05, momentum = 0.1, affine = FALSE, track_running_stats = FALSE, device
  = NULL, dtype = NULL, bias = TRUE
) NULL

#' @rdname nn_norm_layers
#' @export
nn_lazy_instance_norm1d <- function(
  eps = 1e-05, momentum = 0.1, affine = TRUE, track_running_stats = TRUE, device = NULL, dtype =
  NULL, bias = TRUE
) NULL

#' @rdname nn_norm_layers
#' @export
nn_lazy_instance_norm2d <- function(
  eps = 1e-05, momentum = 0.1, affine = TRUE, track_running_stats = TRUE, device = NULL, dtype =
  NULL, bias = TRUE
) NULL

#' @rdname nn_norm_layers
#' @export
nn_lazy_instance_norm3d <- function(
  eps = 1e-05, momentum = 0.1, affine = TRUE, track_running_stats = TRUE, device = NULL, dtype =
  NULL, bias = TRUE
) NULL

#' @rdname nn_norm_layers
#' @export
nn_group_norm <- function(
  num_groups, num_channels, eps = 1e-05, affine = TRUE, device = NULL, dtype = NULL, bias = TRUE
) NULL

#' @rdname nn_norm_layers
#' @export
nn_layer_norm <- function(
  normalized_shape, eps = 1e-05, elementwise_affine = TRUE, bias = TRUE, device = NULL, dtype =
  NULL
) NULL

#' @rdname nn_norm_layers
#' @export
nn_rms_norm <- function(
  normalized_shape, eps = NULL, elementwise_affine = TRUE, device = NULL, dtype = NULL
) NULL

#' @rdname nn_norm_layers
#' @export
nn_local_response_norm <- function(size, alpha = 0.0001, beta = 0.75, k = 1) NULL

#' Recurrent layers
#'
#' A state that is carried along a sequence. The input is places x batch x features, with
#' `batch_first = TRUE` batch x places x features, or without the batch.
#'
#' A layer gives a list: the states of the last layer at every place, and the last state of every
#' layer (of an LSTM a list of state and cell). Call it with a second argument for the first
#' state (of an LSTM a list of state and cell); without it that is 0. A cell takes one place and
#' gives the next state.
#'
#' * `nn_rnn()`: tanh (or ReLU) of a linear map of input and state (Elman, 1990).
#' * `nn_lstm()`: long short-term memory (Hochreiter and Schmidhuber, 1997).
#' * `nn_gru()`: gated recurrent units (Cho and others, 2014).
#' * `nn_rnn_cell()`: one step of `nn_rnn()`.
#' * `nn_lstm_cell()`: one step of `nn_lstm()`.
#' * `nn_gru_cell()`: one step of `nn_gru()`.
#'
#' @param input_size Number of features of the input.
#' @param hidden_size Number of features of the state.
#' @param num_layers Number of layers, each on the states of the one before.
#' @param nonlinearity `"tanh"` or `"relu"`.
#' @param bias Learn biases?
#' @param batch_first Is the batch the first dim?
#' @param dropout Probability of a zero between layers, while training.
#' @param bidirectional Also go through the sequence from its end? The states of both ways are
#'   joined.
#' @param device Where the parameters are, such as `"cuda"`. `NULL`: the CPU.
#' @param dtype dtype of the parameters, such as `"float64"`. `NULL`: the default dtype, float32.
#' @param proj_size Project the state of an LSTM to so many features; 0: do not.
#' @return An `nn_module`: call it with a tensor (or a packed sequence, see
#'   [nn_utils_rnn_pack_padded_sequence()]) and, if wanted, a first state.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' lstm <- nn_lstm(input_size = 3, hidden_size = 5, batch_first = TRUE)
#' x <- as_torch_tensor(array(0, c(2, 7, 3)), dtype = "float32")
#' out <- lstm(x)
#' dim(out[[1]])
#' dim(out[[2]][[1]])
#' @name nn_recurrent_layers
NULL

#' @rdname nn_recurrent_layers
#' @export
nn_rnn <- function(
  input_size, hidden_size, num_layers = 1, nonlinearity = "tanh", bias = TRUE, batch_first =
  FALSE, dropout = 0, bidirectional = FALSE, device = NULL, dtype = NULL
) NULL

#' @rdname nn_recurrent_layers
#' @export
nn_lstm <- function(
  input_size, hidden_size, num_layers = 1, bias = TRUE, batch_first = FALSE, dropout = 0,
  bidirectional = FALSE, proj_size = 0, device = NULL, dtype = NULL
) NULL

#' @rdname nn_recurrent_layers
#' @export
nn_gru <- function(
  input_size, hidden_size, num_layers = 1, bias = TRUE, batch_first = FALSE, dropout = 0,
  bidirectional = FALSE, device = NULL, dtype = NULL
) NULL

#' @rdname nn_recurrent_layers
#' @export
nn_rnn_cell <- function(
  input_size, hidden_size, bias = TRUE, nonlinearity = "tanh", device = NULL, dtype = NULL
) NULL

#' @rdname nn_recurrent_layers
#' @export
nn_lstm_cell <- function(input_size, hidden_size, bias = TRUE, device = NULL, dtype = NULL) NULL

#' @rdname nn_recurrent_layers
#' @export
nn_gru_cell <- function(input_size, hidden_size, bias = TRUE, device = NULL, dtype = NULL) NULL

#' Attention and transformers
#'
#' Sequences that look at sequences (Vaswani and others, 2017). An input is places x batch x
#' features, with `batch_first = TRUE` batch x places x features, or without the batch.
#'
#' * `nn_multihead_attention()`: attention of `query` to `key` and `value` (the arguments it is
#'   called with). Gives a list of the output and the attention weights.
#' * `nn_transformer_encoder_layer()`: self-attention and a feed-forward network.
#' * `nn_transformer_decoder_layer()`: the same, with attention to a memory between them.
#' * `nn_transformer_encoder()`: `num_layers` copies of an encoder layer.
#' * `nn_transformer_decoder()`: `num_layers` copies of a decoder layer.
#' * `nn_transformer()`: an encoder and a decoder: call it with `src` and `tgt`.
#'
#' @param embed_dim Number of features of queries and of the output.
#' @param num_heads Number of attention heads.
#' @param dropout Probability of a zero, while training.
#' @param bias Learn biases?
#' @param add_bias_kv Add learned biases to keys and values?
#' @param add_zero_attn Add a batch of zeros to keys and values?
#' @param kdim Number of features of keys. `NULL`: `embed_dim`.
#' @param vdim Number of features of values. `NULL`: `embed_dim`.
#' @param batch_first Is the batch the first dim?
#' @param device Where the parameters are, such as `"cuda"`. `NULL`: the CPU.
#' @param dtype dtype of the parameters, such as `"float64"`. `NULL`: the default dtype, float32.
#' @param d_model Number of features.
#' @param nhead Number of attention heads.
#' @param dim_feedforward Width of the feed-forward network.
#' @param activation Activation of the feed-forward network: `"relu"`, `"gelu"`, or a function of
#'   a tensor.
#' @param layer_norm_eps `eps` of the layer normalisation.
#' @param norm_first Normalise before attention and feed-forward network (or after)?
#' @param encoder_layer The layer that is copied.
#' @param num_layers Number of layers.
#' @param norm An nn_module for the output, such as `nn_layer_norm()`.
#' @param enable_nested_tensor Skip padding at inference where that is faster?
#' @param mask_check Look at the mask before skipping padding?
#' @param decoder_layer The layer that is copied.
#' @param num_encoder_layers Number of encoder layers.
#' @param num_decoder_layers Number of decoder layers.
#' @param custom_encoder An encoder of your own, an nn_module.
#' @param custom_decoder A decoder of your own, an nn_module.
#' @return An `nn_module`: call it with tensors.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' attention <- nn_multihead_attention(embed_dim = 8, num_heads = 2, batch_first = TRUE)
#' x <- as_torch_tensor(array(0, c(2, 5, 8)), dtype = "float32")
#' dim(attention(x, x, x)[[1]])
#' encoder <- nn_transformer_encoder(nn_transformer_encoder_layer(8, 2), num_layers = 2)
#' @name nn_transformer_layers
NULL

#' @rdname nn_transformer_layers
#' @export
nn_multihead_attention <- function(
  embed_dim, num_heads, dropout = 0, bias = TRUE, add_bias_kv = FALSE, add_zero_attn = FALSE,
  kdim = NULL, vdim = NULL, batch_first = FALSE, device = NULL, dtype = NULL
) NULL

#' @rdname nn_transformer_layers
#' @export
nn_transformer_encoder_layer <- function(
  d_model, nhead, dim_feedforward = 2048, dropout = 0.1, activation = "relu", layer_norm_eps =
  1e-05, batch_first = FALSE, norm_first = FALSE, bias = TRUE, device = NULL, dtype = NULL
) NULL

#' @rdname nn_transformer_layers
#' @export
nn_transformer_decoder_layer <- function(
  d_model, nhead, dim_feedforward = 2048, dropout = 0.1, activation = "relu", layer_norm_eps =
  1e-05, batch_first = FALSE, norm_first = FALSE, bias = TRUE, device = NULL, dtype = NULL
) NULL

#' @rdname nn_transformer_layers
#' @export
nn_transformer_encoder <- function(
  encoder_layer, num_layers, norm = NULL, enable_nested_tensor = TRUE, mask_check = TRUE
) NULL

#' @rdname nn_transformer_layers
#' @export
nn_transformer_decoder <- function(decoder_layer, num_layers, norm = NULL) NULL

#' @rdname nn_transformer_layers
#' @export
nn_transformer <- function(
  d_model = 512, nhead = 8, num_encoder_layers = 6, num_decoder_layers = 6, dim_feedforward =
  2048, dropout = 0.1, activation = "relu", custom_encoder = NULL, custom_decoder = NULL,
  layer_norm_eps = 1e-05, batch_first = FALSE, norm_first = FALSE, bias = TRUE, device = NULL,
  dtype = NULL
) NULL

#' Dropout
#'
#' Values set to 0 at random while training, the others divided by 1 - `p`; nothing happens after
#' `$eval()`.
#'
#' * `nn_dropout()`: single values.
#' * `nn_dropout1d()`: whole channels of sequences.
#' * `nn_dropout2d()`: whole channels of images.
#' * `nn_dropout3d()`: whole channels of volumes.
#' * `nn_alpha_dropout()`: single values, set such that mean and variance are kept, for
#'   `nn_selu()`.
#' * `nn_feature_alpha_dropout()`: the same with whole channels.
#'
#' @param p Probability of a zero.
#' @param inplace Overwrite the input?
#' @return An `nn_module`: call it with a tensor.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' dropout <- nn_dropout(0.5)
#' x <- as_torch_tensor(rep(1, 6), dtype = "float32")
#' dropout(x)
#' dropout$eval()
#' dropout(x)
#' @name nn_dropout_layers
NULL

#' @rdname nn_dropout_layers
#' @export
nn_dropout <- function(p = 0.5, inplace = FALSE) NULL

#' @rdname nn_dropout_layers
#' @export
nn_dropout1d <- function(p = 0.5, inplace = FALSE) NULL

#' @rdname nn_dropout_layers
#' @export
nn_dropout2d <- function(p = 0.5, inplace = FALSE) NULL

#' @rdname nn_dropout_layers
#' @export
nn_dropout3d <- function(p = 0.5, inplace = FALSE) NULL

#' @rdname nn_dropout_layers
#' @export
nn_alpha_dropout <- function(p = 0.5, inplace = FALSE) NULL

#' @rdname nn_dropout_layers
#' @export
nn_feature_alpha_dropout <- function(p = 0.5, inplace = FALSE) NULL

#' Embeddings
#'
#' A learned vector for each of a set of things, such as words. Rows start standard normal.
#'
#' * `nn_embedding()`: the rows for a tensor of indices, of any shape.
#' * `nn_embedding_bag()`: sums, means or maxima of the rows of each bag of indices: one row of a
#'   matrix a bag, or a vector of indices and `offsets`, where each bag begins.
#'
#' @section Indices:
#' Classes and positions count from 1 where R calls the module. Python code that calls it, or a
#' training loop in Python, counts from 0.
#'
#' @param num_embeddings Number of vectors.
#' @param embedding_dim Length of each vector.
#' @param padding_idx Index of the row that stays as it is (0 at first), counted from 1. `NULL`:
#'   none.
#' @param max_norm Rows with a larger norm are scaled down to it when they are used.
#' @param norm_type The p of the norm for `max_norm`.
#' @param scale_grad_by_freq Divide gradients by how often an index is in the batch?
#' @param sparse Make gradients sparse tensors (for [optim_sparse_adam()] and [optim_sgd()])?
#' @param .weight The rows to begin with, a tensor. `NULL`: random.
#' @param device Where the parameters are, such as `"cuda"`. `NULL`: the CPU.
#' @param dtype dtype of the parameters, such as `"float64"`. `NULL`: the default dtype, float32.
#' @param mode `"sum"`, `"mean"` or `"max"`.
#' @param include_last_offset Does `offsets` end with one more, where the last bag ends?
#' @return An `nn_module`: call it with a tensor.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' words <- nn_embedding(10, 3)
#' words(as_torch_tensor(c(1L, 10L)))
#' @name nn_embedding_layers
NULL

#' @rdname nn_embedding_layers
#' @export
nn_embedding <- function(
  num_embeddings, embedding_dim, padding_idx = NULL, max_norm = NULL, norm_type = 2,
  scale_grad_by_freq = FALSE, sparse = FALSE, .weight = NULL, device = NULL, dtype = NULL
) NULL

#' @rdname nn_embedding_layers
#' @export
nn_embedding_bag <- function(
  num_embeddings, embedding_dim, max_norm = NULL, norm_type = 2, scale_grad_by_freq = FALSE,
  mode = "mean", sparse = FALSE, .weight = NULL, include_last_offset = FALSE, padding_idx =
  NULL, device = NULL, dtype = NULL
) NULL

#' Layers that change the shape
#'
#' Nothing is learned here.
#'
#' * `nn_flatten()`: dims `start_dim` to `end_dim` become one.
#' * `nn_unflatten()`: one dim becomes several.
#' * `nn_pixel_shuffle()`: r^2 channels become an image r times as large.
#' * `nn_pixel_unshuffle()`: the reverse.
#' * `nn_channel_shuffle()`: mixes channels of `groups` groups.
#' * `nn_upsample()`: interpolates to another size.
#' * `nn_upsampling_nearest2d()`: the same for images, by the nearest value.
#' * `nn_upsampling_bilinear2d()`: the same for images, bilinear, corners aligned.
#'
#' @param start_dim First dim to flatten, counted from 1. The default keeps the batch.
#' @param end_dim Last dim to flatten, counted from 1; -1 is the last.
#' @param dim The dim, counted from 1; -1 is the last.
#' @param unflattened_size The new dims.
#' @param upscale_factor The r.
#' @param downscale_factor The r.
#' @param groups Number of groups.
#' @param size Size of the output, of each spatial dim.
#' @param scale_factor How many times as large the output is, for each spatial dim.
#' @param mode `"nearest"`, `"nearest-exact"`, `"linear"`, `"bilinear"`, `"bicubic"` or
#'   `"trilinear"`.
#' @param align_corners Keep the values at the corners where they are?
#' @param recompute_scale_factor Compute the scale again from the sizes?
#' @return An `nn_module`: call it with a tensor.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' x <- as_torch_tensor(array(0, c(2, 3, 4)), dtype = "float32")
#' dim(nn_flatten()(x))
#' dim(nn_unflatten(3, c(2, 2))(x))
#' @name nn_shape_layers
NULL

#' @rdname nn_shape_layers
#' @export
nn_flatten <- function(start_dim = 2, end_dim = -1) NULL

#' @rdname nn_shape_layers
#' @export
nn_unflatten <- function(dim, unflattened_size) NULL

#' @rdname nn_shape_layers
#' @export
nn_pixel_shuffle <- function(upscale_factor) NULL

#' @rdname nn_shape_layers
#' @export
nn_pixel_unshuffle <- function(downscale_factor) NULL

#' @rdname nn_shape_layers
#' @export
nn_channel_shuffle <- function(groups) NULL

#' @rdname nn_shape_layers
#' @export
nn_upsample <- function(
  size = NULL, scale_factor = NULL, mode = "nearest", align_corners = NULL,
  recompute_scale_factor = NULL
) NULL

#' @rdname nn_shape_layers
#' @export
nn_upsampling_nearest2d <- function(size = NULL, scale_factor = NULL) NULL

#' @rdname nn_shape_layers
#' @export
nn_upsampling_bilinear2d <- function(size = NULL, scale_factor = NULL) NULL

#' Distances
#'
#' Of two tensors, along one dim.
#'
#' * `nn_cosine_similarity()`: the cosine of the angle.
#' * `nn_pairwise_distance()`: the p-norm of the difference, along the last dim.
#'
#' @param dim The dim, counted from 1; -1 is the last.
#' @param eps Keeps divisions by 0 away.
#' @param p The p of the norm.
#' @param keepdim Keep the dim, with size 1?
#' @return An `nn_module`: call it with two tensors.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' x <- as_torch_tensor(matrix(c(1, 0, 0, 1), 2), dtype = "float32")
#' nn_cosine_similarity()(x, x)
#' @name nn_distance_layers
NULL

#' @rdname nn_distance_layers
#' @export
nn_cosine_similarity <- function(dim = 2, eps = 1e-08) NULL

#' @rdname nn_distance_layers
#' @export
nn_pairwise_distance <- function(p = 2, eps = 1e-06, keepdim = FALSE) NULL

#' Losses for numbers
#'
#' `input` and `target` have one shape.
#'
#' * `nn_mse_loss()`: (`input` - `target`)^2.
#' * `nn_l1_loss()`: |`input` - `target`|.
#' * `nn_smooth_l1_loss()`: quadratic within `beta` of the target, linear beyond.
#' * `nn_huber_loss()`: the same times `delta` (Huber, 1964).
#' * `nn_poisson_nll_loss()`: minus the Poisson log-likelihood of counts.
#' * `nn_gaussian_nll_loss()`: minus the normal log-likelihood: call it with mean, target and
#'   variance.
#'
#' @param reduction `"mean"`, `"sum"` or `"none"`: of the values of all observations. (For
#'   `nn_kl_div_loss()` `"batchmean"` divides by the batch size, as the definition has it.)
#' @param beta Where the loss becomes linear.
#' @param delta Where the loss becomes linear.
#' @param log_input Is `input` the logarithm of the mean (or the mean itself)?
#' @param full Add the constant terms of the likelihood too?
#' @param eps Keeps logarithms of 0, and variances of 0, away.
#' @return An `nn_module`: call it with `input` and `target`; it gives a tensor.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' prediction <- as_torch_tensor(c(1, 2), dtype = "float32")
#' nn_mse_loss()(prediction, as_torch_tensor(c(1, 4), dtype = "float32"))
#' @name nn_regression_losses
NULL

#' @rdname nn_regression_losses
#' @export
nn_mse_loss <- function(reduction = "mean") NULL

#' @rdname nn_regression_losses
#' @export
nn_l1_loss <- function(reduction = "mean") NULL

#' @rdname nn_regression_losses
#' @export
nn_smooth_l1_loss <- function(reduction = "mean", beta = 1) NULL

#' @rdname nn_regression_losses
#' @export
nn_huber_loss <- function(reduction = "mean", delta = 1) NULL

#' @rdname nn_regression_losses
#' @export
nn_poisson_nll_loss <- function(
  log_input = TRUE, full = FALSE, eps = 1e-08, reduction = "mean"
) NULL

#' @rdname nn_regression_losses
#' @export
nn_gaussian_nll_loss <- function(full = FALSE, eps = 1e-06, reduction = "mean") NULL

#' Losses for classes
#'
#' How well scores go with known classes.
#'
#' * `nn_cross_entropy_loss()`: minus the log of the softmax of the right class. `input` are
#'   scores, batch x classes (and more dims); `target` classes, or probabilities of `input`'s
#'   shape.
#' * `nn_nll_loss()`: the same where `input` are log-probabilities already.
#' * `nn_bce_loss()`: two classes: `input` are probabilities, `target` 0 or 1.
#' * `nn_bce_with_logits_loss()`: the same from scores, exact also for large ones.
#' * `nn_kl_div_loss()`: Kullback-Leibler divergence of `target` (probabilities) from `input`
#'   (log-probabilities).
#' * `nn_multi_margin_loss()`: the margin by which other classes come near the right one.
#' * `nn_multilabel_margin_loss()`: the same with several right classes an observation; 0 ends
#'   their list.
#' * `nn_multilabel_soft_margin_loss()`: two classes for each of several labels, from scores.
#' * `nn_soft_margin_loss()`: log(1 + exp(-`target` `input`)), `target` 1 or -1.
#' * `nn_hinge_embedding_loss()`: `input` where `target` is 1, max(0, `margin` - `input`) where
#'   it is -1.
#' * `nn_ctc_loss()`: sequences without known alignment (Graves and others, 2006): call it with
#'   log-probabilities, targets and the lengths of both. Labels are counted as in Python, with
#'   `blank` among them.
#' * `nn_adaptive_log_softmax_with_loss()`: many classes, the rare ones in clusters of their own
#'   (Grave and others, 2017). Gives a list of `output` and `loss`.
#' * `nn_linear_cross_entropy_loss()`: a linear layer and the cross-entropy of its outputs,
#'   without keeping all scores at once.
#'
#' @section Classes:
#' Classes and positions count from 1 where R calls the module. Python code that calls it, or a
#' training loop in Python, counts from 0.
#'
#' @param weight Weights of the classes (of `nn_bce*_loss()`: of the observations), a tensor.
#'   `NULL`: all 1.
#' @param ignore_index A class that does not count, or a mark in `target` for what does not.
#' @param reduction `"mean"`, `"sum"` or `"none"`: of the values of all observations. (For
#'   `nn_kl_div_loss()` `"batchmean"` divides by the batch size, as the definition has it.)
#' @param label_smoothing Share of the probability that is spread over all classes.
#' @param pos_weight Weight of the class 1, for each label, a tensor.
#' @param log_target Is `target` log-probabilities, too?
#' @param p The power of the margin: 1 or 2.
#' @param margin The margin.
#' @param blank Label of the blank.
#' @param zero_infinity Make infinite losses 0?
#' @param in_features Number of features of the input.
#' @param n_classes Number of classes.
#' @param cutoffs Where clusters end: the number of classes in the first, in the first two, ...
#' @param div_value By how much smaller the layer of each further cluster is.
#' @param head_bias Give the first cluster a bias?
#' @param device Where the parameters are, such as `"cuda"`. `NULL`: the CPU.
#' @param dtype dtype of the parameters, such as `"float64"`. `NULL`: the default dtype, float32.
#' @param num_classes Number of classes.
#' @param out_features More dims of the output of the linear layer.
#' @param bias Learn biases?
#' @param options How the computation is split up, an object of Python's.
#' @return An `nn_module`: call it with `input` and `target`; it gives a tensor.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' scores <- as_torch_tensor(matrix(c(2, 0, 0, 3), 2), dtype = "float32")
#' nn_cross_entropy_loss()(scores, as_torch_tensor(c(1L, 2L), dtype = "int64"))
#' @name nn_classification_losses
NULL

#' @rdname nn_classification_losses
#' @export
nn_cross_entropy_loss <- function(
  weight = NULL, ignore_index = -100, reduction = "mean", label_smoothing = 0
) NULL

#' @rdname nn_classification_losses
#' @export
nn_nll_loss <- function(weight = NULL, ignore_index = -100, reduction = "mean") NULL

#' @rdname nn_classification_losses
#' @export
nn_bce_loss <- function(weight = NULL, reduction = "mean") NULL

#' @rdname nn_classification_losses
#' @export
nn_bce_with_logits_loss <- function(weight = NULL, reduction = "mean", pos_weight = NULL) NULL

#' @rdname nn_classification_losses
#' @export
nn_kl_div_loss <- function(reduction = "mean", log_target = FALSE) NULL

#' @rdname nn_classification_losses
#' @export
nn_multi_margin_loss <- function(p = 1, margin = 1, weight = NULL, reduction = "mean") NULL

#' @rdname nn_classification_losses
#' @export
nn_multilabel_margin_loss <- function(reduction = "mean") NULL

#' @rdname nn_classification_losses
#' @export
nn_multilabel_soft_margin_loss <- function(weight = NULL, reduction = "mean") NULL

#' @rdname nn_classification_losses
#' @export
nn_soft_margin_loss <- function(reduction = "mean") NULL

#' @rdname nn_classification_losses
#' @export
nn_hinge_embedding_loss <- function(margin = 1, reduction = "mean") NULL

#' @rdname nn_classification_losses
#' @export
nn_ctc_loss <- function(blank = 0, reduction = "mean", zero_infinity = FALSE) NULL

#' @rdname nn_classification_losses
#' @export
nn_adaptive_log_softmax_with_loss <- function(
  in_features, n_classes, cutoffs, div_value = 4, head_bias = FALSE, device = NULL, dtype = NULL
) NULL

#' @rdname nn_classification_losses
#' @export
nn_linear_cross_entropy_loss <- function(
  in_features, num_classes, out_features = NULL, bias = FALSE, device = NULL, dtype = NULL,
  reduction = "mean", weight = NULL, ignore_index = NULL, label_smoothing = 0, options = NULL
) NULL

#' Losses for pairs and triplets
#'
#' What should be near is near, what should be far away is far away.
#'
#' * `nn_margin_ranking_loss()`: max(0, -y (x1 - x2) + `margin`), y 1 or -1: call it with x1, x2,
#'   y.
#' * `nn_cosine_embedding_loss()`: 1 - cosine for pairs that belong together (y = 1), max(0,
#'   cosine - `margin`) for others (y = -1): call it with x1, x2, y.
#' * `nn_triplet_margin_loss()`: max(0, d(anchor, positive) - d(anchor, negative) + `margin`):
#'   call it with anchor, positive, negative.
#' * `nn_triplet_margin_with_distance_loss()`: the same with a distance of your own.
#'
#' @param margin The margin.
#' @param reduction `"mean"`, `"sum"` or `"none"`: of the values of all observations. (For
#'   `nn_kl_div_loss()` `"batchmean"` divides by the batch size, as the definition has it.)
#' @param p The p of the norm.
#' @param eps Keeps gradients of 0 distances finite.
#' @param swap Use the distance of positive and negative where it is the smaller one?
#' @param distance_function A function of two tensors. `NULL`: the Euclidean distance.
#' @return An `nn_module`: call it with tensors.
#' @examplesIf interactive() || nzchar(Sys.getenv("TORCHBRIDGE_PYTHON"))
#' x <- as_torch_tensor(matrix(c(1, 0, 0, 1), 2), dtype = "float32")
#' nn_triplet_margin_loss()(x, x, -x)
#' @name nn_ranking_losses
NULL

#' @rdname nn_ranking_losses
#' @export
nn_margin_ranking_loss <- function(margin = 0, reduction = "mean") NULL

#' @rdname nn_ranking_losses
#' @export
nn_cosine_embedding_loss <- function(margin = 0, reduction = "mean") NULL

#' @rdname nn_ranking_losses
#' @export
nn_triplet_margin_loss <- function(
  margin = 1, p = 2, eps = 1e-06, swap = FALSE, reduction = "mean"
) NULL

#' @rdname nn_ranking_losses
#' @export
nn_triplet_margin_with_distance_loss <- function(
  distance_function = NULL, margin = 1, swap = FALSE, reduction = "mean"
) NULL

# nolint end
