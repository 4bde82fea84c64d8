"""What the layers and losses of torch.nn do, for R/gen-layers.R: one entry a help page."""

from __future__ import annotations

from dataclasses import dataclass, field

#: Classes that R/nn-containers.R has.
CONTAINERS = {"Sequential", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict"}

_LAYER = "An `nn_module`: call it with a tensor."
_LOSS = "An `nn_module`: call it with `input` and `target`; it gives a tensor."

_POSITIONS = (
    "Classes and positions count from 1 where R calls the module. Python code that calls it, "
    "or a training loop in Python, counts from 0."
)


@dataclass(frozen=True)
class Family:
    """One help page.

    Attributes:
        title: of the page.
        description: paragraphs in markdown.
        layers: class of torch.nn -> what it does, a phrase.
        example: R code.
        arguments: texts of arguments that differ from ARGUMENTS.
        sections: title -> text.
        value: what the functions give.
    """

    title: str
    description: str
    layers: dict[str, str]
    example: str
    arguments: dict[str, str] = field(default_factory=dict)
    sections: dict[str, str] = field(default_factory=dict)
    value: str = _LAYER


FAMILIES = {
    "nn_linear_layers": Family(
        "Linear layers",
        "Affine maps of the last dim. Weights start uniform within 1 / sqrt(`in_features`).",
        {
            "Linear": "x W' + b; the matrix `weight`, W, is `out_features` x `in_features`.",
            "Bilinear": "`x1' W x2 + bias` for two inputs, one matrix `W` for each output.",
            "LazyLinear": "`nn_linear()` that takes `in_features` from its first input.",
            "Identity": "gives its input; takes any arguments.",
        },
        """
layer <- nn_linear(3, 2)
layer$weight
layer(as_torch_tensor(matrix(0, 5, 3), dtype = "float32"))
""",
    ),
    "nn_conv_layers": Family(
        "Convolutions",
        """Sliding windows over one, two or three spatial dims (a cross-correlation: the kernel is
        not flipped). The input is batch x channels x the spatial dims; the batch may be absent.
        An output has floor((n + 2 `padding` - `dilation` (`kernel_size` - 1) - 1) / `stride`) + 1
        places along a dim of n.

        Sizes are one number for all spatial dims, or one for each, as `kernel_size = c(3, 5)`.""",
        {
            "Conv1d": "over sequences.",
            "Conv2d": "over images.",
            "Conv3d": "over volumes.",
            "ConvTranspose1d": "the transpose (the gradient) of `nn_conv1d()`, which enlarges.",
            "ConvTranspose2d": "the transpose of `nn_conv2d()`.",
            "ConvTranspose3d": "the transpose of `nn_conv3d()`.",
            "LazyConv1d": "`nn_conv1d()` that takes `in_channels` from its first input.",
            "LazyConv2d": "the same of `nn_conv2d()`.",
            "LazyConv3d": "the same of `nn_conv3d()`.",
            "LazyConvTranspose1d": "the same of `nn_conv_transpose1d()`.",
            "LazyConvTranspose2d": "the same of `nn_conv_transpose2d()`.",
            "LazyConvTranspose3d": "the same of `nn_conv_transpose3d()`.",
            "Unfold": "the windows themselves, one column each.",
            "Fold": "adds up windows into an image: the transpose of `nn_unfold()`.",
        },
        """
images <- as_torch_tensor(array(0, c(2, 1, 28, 28)), dtype = "float32")
dim(nn_conv2d(1, 8, kernel_size = 3)(images))
dim(nn_conv2d(1, 8, kernel_size = 3, padding = "same")(images))
""",
        {
            "padding": "Zeros (or what `padding_mode` says) added on both sides. For `nn_conv*()` "
            'also `"same"` (output as large as the input) or `"valid"` (none).',
            "output_size": "Height and width of the image.",
        },
    ),
    "nn_pool_layers": Family(
        "Pooling",
        """The largest value, the mean or a norm of each window, channel by channel. The input is
        batch x channels x one, two or three spatial dims.

        Sizes are one number for all spatial dims, or one for each, as `kernel_size = c(2, 3)`.""",
        {
            "MaxPool1d": "the largest value of windows of a sequence.",
            "MaxPool2d": "of an image.",
            "MaxPool3d": "of a volume.",
            "AvgPool1d": "the mean of windows of a sequence.",
            "AvgPool2d": "of an image.",
            "AvgPool3d": "of a volume.",
            "LPPool1d": "the sum of p-th powers of windows, and the p-th root of it.",
            "LPPool2d": "of an image.",
            "LPPool3d": "of a volume.",
            "FractionalMaxPool2d": "largest values of windows of random sizes (Graham, 2014).",
            "FractionalMaxPool3d": "of a volume.",
            "AdaptiveAvgPool1d": "means of as many windows as `output_size` says.",
            "AdaptiveAvgPool2d": "of an image.",
            "AdaptiveAvgPool3d": "of a volume.",
            "AdaptiveMaxPool1d": "largest values of as many windows as `output_size` says.",
            "AdaptiveMaxPool2d": "of an image.",
            "AdaptiveMaxPool3d": "of a volume.",
            "MaxUnpool1d": "puts values back where `nn_max_pool1d()` found them: call it with "
            "the values and the positions. Everything else is 0.",
            "MaxUnpool2d": "for images.",
            "MaxUnpool3d": "for volumes.",
        },
        """
x <- as_torch_tensor(array(1:16, c(1, 1, 4, 4)), dtype = "float32")
nn_max_pool2d(2)(x)
nn_adaptive_avg_pool2d(c(1, 1))(x)
""",
        {
            "padding": "Places added on both sides: minus infinity for the largest value, 0 for "
            "the mean.",
            "output_size": "How many windows along each spatial dim. In adaptive pooling `NA` "
            "keeps a dim as it is.",
            "return_indices": "Also give the position of each value, counted from 1 along the "
            "flattened spatial dims: a list of two tensors, which `nn_max_unpool*()` takes.",
            "norm_type": "The power p.",
        },
    ),
    "nn_pad_layers": Family(
        "Padding",
        """Values added around the last one, two or three dims. `padding` is one number for all
        sides, or begin and end of the last dim, then of the one before, and so on: for images
        `c(left, right, top, bottom)`. A negative number cuts off.""",
        {
            "ZeroPad1d": "zeros around sequences.",
            "ZeroPad2d": "around images.",
            "ZeroPad3d": "around volumes.",
            "ConstantPad1d": "any one value around sequences.",
            "ConstantPad2d": "around images.",
            "ConstantPad3d": "around volumes.",
            "ReflectionPad1d": "the values next to the edge in mirror order, without the edge.",
            "ReflectionPad2d": "for images.",
            "ReflectionPad3d": "for volumes.",
            "ReplicationPad1d": "the value at the edge again.",
            "ReplicationPad2d": "for images.",
            "ReplicationPad3d": "for volumes.",
            "CircularPad1d": "the values from the other end.",
            "CircularPad2d": "for images.",
            "CircularPad3d": "for volumes.",
        },
        """
x <- as_torch_tensor(matrix(1:4, 1), dtype = "float32")
nn_reflection_pad1d(c(2, 1))(x)
""",
        {
            "padding": "One number for all sides, or two for each dim from the last one on.",
            "value": "The value.",
        },
    ),
    "nn_activations": Family(
        "Activations",
        "Functions of each value by itself. Where they have no parameters, `nnf_*()` functions "
        "of the same names do the same without a module.",
        {
            "ReLU": "max(0, x).",
            "ReLU6": "min(max(0, x), 6).",
            "LeakyReLU": "x, times `negative_slope` below 0.",
            "PReLU": "the same with a slope that is learned.",
            "RReLU": "the same with a random slope while training, between `lower` and `upper`, "
            "and with the mean of the two otherwise.",
            "ELU": "x, and `alpha` (exp(x) - 1) below 0.",
            "CELU": "x, and `alpha` (exp(x / `alpha`) - 1) below 0.",
            "SELU": "ELU scaled such that mean 0 and variance 1 are kept (Klambauer and others, "
            "2017).",
            "GELU": "x times the normal distribution function of x.",
            "SiLU": "x / (1 + exp(-x)), also called swish.",
            "Mish": "x tanh(log(1 + exp(x))).",
            "GLU": "halves `dim`: the first half times the sigmoid of the second.",
            "Sigmoid": "1 / (1 + exp(-x)).",
            "LogSigmoid": "its logarithm, exact also for large -x.",
            "Tanh": "the hyperbolic tangent.",
            "Tanhshrink": "x - tanh(x).",
            "Softplus": "log(1 + exp(`beta` x)) / `beta`; x itself where `beta` x > `threshold`.",
            "Softsign": "x / (1 + |x|).",
            "Softshrink": "x moved towards 0 by `lambd`, and 0 within `lambd` of it.",
            "Hardshrink": "x, and 0 where |x| <= `lambd`.",
            "Hardtanh": "x cut off at `min_val` and `max_val`.",
            "Hardsigmoid": "min(max(x / 6 + 1 / 2, 0), 1).",
            "Hardswish": "x times that.",
            "Threshold": "x where x > `threshold`, otherwise `value`.",
        },
        """
x <- as_torch_tensor(c(-2, -0.5, 0, 0.5, 2), dtype = "float32")
nn_relu()(x)
nn_leaky_relu(0.1)(x)
""",
        {
            "threshold": "Where the function becomes another one.",
            "value": "The value at and below the threshold.",
            "num_parameters": "Number of slopes: 1, or one for each channel.",
            "init": "The slopes to begin with.",
            "alpha": "Scale of the part below 0.",
            "beta": "Steepness.",
        },
    ),
    "nn_softmax_layers": Family(
        "Softmax",
        "Positive numbers that add up to 1 along a dim: exp(x) / sum(exp(x)).",
        {
            "Softmax": "along `dim`.",
            "LogSoftmax": "the logarithm of it, exact where softmax would be 0.",
            "Softmin": "the softmax of -x.",
            "Softmax2d": "over the channels of each place of an image.",
        },
        """
nn_softmax(dim = 2)(as_torch_tensor(matrix(1:6, 2), dtype = "float32"))
""",
    ),
    "nn_norm_layers": Family(
        "Normalisation",
        """Values made to have mean 0 and variance 1 (the variance divides by n), and then, with
        `affine` or `elementwise_affine`, multiplied by a learned weight and moved by a learned
        bias. What they differ in is over which values mean and variance are taken.""",
        {
            "BatchNorm1d": "over the batch (and the places of a sequence), channel by channel. "
            "While training from the batch; otherwise from the running estimates.",
            "BatchNorm2d": "over the batch and the places of images.",
            "BatchNorm3d": "over the batch and the places of volumes.",
            "LazyBatchNorm1d": "`nn_batch_norm1d()` that takes `num_features` from its first "
            "input.",
            "LazyBatchNorm2d": "the same of `nn_batch_norm2d()`.",
            "LazyBatchNorm3d": "the same of `nn_batch_norm3d()`.",
            "SyncBatchNorm": "batch normalisation over the batches of all processes.",
            "InstanceNorm1d": "over the places of one sequence, channel by channel.",
            "InstanceNorm2d": "over the places of one image.",
            "InstanceNorm3d": "over the places of one volume.",
            "LazyInstanceNorm1d": "`nn_instance_norm1d()` that takes `num_features` from its first "
            "input.",
            "LazyInstanceNorm2d": "the same of `nn_instance_norm2d()`.",
            "LazyInstanceNorm3d": "the same of `nn_instance_norm3d()`.",
            "GroupNorm": "over groups of channels and all places, one observation at a time.",
            "LayerNorm": "over the last dims, of size `normalized_shape`, one observation at a "
            "time.",
            "RMSNorm": "over the same, without taking the mean away (Zhang and Sennrich, 2019).",
            "LocalResponseNorm": "divides by a power of the squares of `size` neighbouring "
            "channels (Krizhevsky and others, 2012).",
        },
        """
x <- as_torch_tensor(matrix(c(1, 2, 3, 10, 20, 30), 3), dtype = "float32")
nn_batch_norm1d(2)(x)
nn_layer_norm(2)(x)
""",
        {
            "eps": "Added to the variance, so that nothing is divided by 0. `NULL`: the smallest "
            "step of the dtype.",
            "bias": "Learn a bias too?",
            "alpha": "Factor of the sum of squares.",
            "beta": "The power.",
            "size": "How many channels, in all, are neighbours.",
        },
    ),
    "nn_recurrent_layers": Family(
        "Recurrent layers",
        """A state that is carried along a sequence. The input is places x batch x features, with
        `batch_first = TRUE` batch x places x features, or without the batch.

        A layer gives a list: the states of the last layer at every place, and the last state of
        every layer (of an LSTM a list of state and cell). Call it with a second argument for the
        first state (of an LSTM a list of state and cell); without it that is 0. A cell takes one
        place and gives the next state.""",
        {
            "RNN": "tanh (or ReLU) of a linear map of input and state (Elman, 1990).",
            "LSTM": "long short-term memory (Hochreiter and Schmidhuber, 1997).",
            "GRU": "gated recurrent units (Cho and others, 2014).",
            "RNNCell": "one step of `nn_rnn()`.",
            "LSTMCell": "one step of `nn_lstm()`.",
            "GRUCell": "one step of `nn_gru()`.",
        },
        """
lstm <- nn_lstm(input_size = 3, hidden_size = 5, batch_first = TRUE)
x <- as_torch_tensor(array(0, c(2, 7, 3)), dtype = "float32")
out <- lstm(x)
dim(out[[1]])
dim(out[[2]][[1]])
""",
        {
            "bias": "Learn biases?",
            "dropout": "Probability of a zero between layers, while training.",
            "num_layers": "Number of layers, each on the states of the one before.",
        },
        value="An `nn_module`: call it with a tensor (or a packed sequence, see "
        "[nn_utils_rnn_pack_padded_sequence()]) and, if wanted, a first state.",
    ),
    "nn_transformer_layers": Family(
        "Attention and transformers",
        """Sequences that look at sequences (Vaswani and others, 2017). An input is places x batch
        x features, with `batch_first = TRUE` batch x places x features, or without the batch.""",
        {
            "MultiheadAttention": "attention of `query` to `key` and `value` (the arguments it is "
            "called with). Gives a list of the output and the attention weights.",
            "TransformerEncoderLayer": "self-attention and a feed-forward network.",
            "TransformerDecoderLayer": "the same, with attention to a memory between them.",
            "TransformerEncoder": "`num_layers` copies of an encoder layer.",
            "TransformerDecoder": "`num_layers` copies of a decoder layer.",
            "Transformer": "an encoder and a decoder: call it with `src` and `tgt`.",
        },
        """
attention <- nn_multihead_attention(embed_dim = 8, num_heads = 2, batch_first = TRUE)
x <- as_torch_tensor(array(0, c(2, 5, 8)), dtype = "float32")
dim(attention(x, x, x)[[1]])
encoder <- nn_transformer_encoder(nn_transformer_encoder_layer(8, 2), num_layers = 2)
""",
        {
            "activation": 'Activation of the feed-forward network: `"relu"`, `"gelu"`, or a '
            "function of a tensor.",
            "dropout": "Probability of a zero, while training.",
            "bias": "Learn biases? Without, the norms of `nn_transformer_encoder_layer()` learn "
            "nothing, as in R's torch (PyTorch's keep a weight).",
            "num_layers": "Number of layers.",
        },
        value="An `nn_module`: call it with tensors.",
    ),
    "nn_dropout_layers": Family(
        "Dropout",
        """Values set to 0 at random while training, the others divided by 1 - `p`; nothing happens
        after `$eval()`.""",
        {
            "Dropout": "single values.",
            "Dropout1d": "whole channels of sequences.",
            "Dropout2d": "whole channels of images.",
            "Dropout3d": "whole channels of volumes.",
            "AlphaDropout": "single values, set such that mean and variance are kept, for "
            "`nn_selu()`.",
            "FeatureAlphaDropout": "the same with whole channels.",
        },
        """
dropout <- nn_dropout(0.5)
x <- as_torch_tensor(rep(1, 6), dtype = "float32")
dropout(x)
dropout$eval()
dropout(x)
""",
    ),
    "nn_embedding_layers": Family(
        "Embeddings",
        "A learned vector for each of a set of things, such as words. Rows start standard normal.",
        {
            "Embedding": "the rows for a tensor of indices, of any shape.",
            "EmbeddingBag": "sums, means or maxima of the rows of each bag of indices: one row of "
            "a matrix a bag, or a vector of indices and `offsets`, where each bag begins.",
        },
        """
words <- nn_embedding(10, 3)
words(as_torch_tensor(c(1L, 10L)))
""",
        {
            "padding_idx": "Index of the row that stays as it is (0 at first), counted from 1. "
            "`NULL`: none.",
            "norm_type": "The p of the norm for `max_norm`.",
            "mode": '`"sum"`, `"mean"` or `"max"`.',
            "sparse": "Make gradients sparse tensors (for [optim_sparse_adam()] and "
            "[optim_sgd()])?",
        },
        {"Indices": _POSITIONS},
    ),
    "nn_shape_layers": Family(
        "Layers that change the shape",
        "Nothing is learned here.",
        {
            "Flatten": "dims `start_dim` to `end_dim` become one.",
            "Unflatten": "one dim becomes several.",
            "PixelShuffle": "r^2 channels become an image r times as large.",
            "PixelUnshuffle": "the reverse.",
            "ChannelShuffle": "mixes channels of `groups` groups.",
            "Upsample": "interpolates to another size.",
            "UpsamplingNearest2d": "the same for images, by the nearest value.",
            "UpsamplingBilinear2d": "the same for images, bilinear, corners aligned.",
        },
        """
x <- as_torch_tensor(array(0, c(2, 3, 4)), dtype = "float32")
dim(nn_flatten()(x))
dim(nn_unflatten(3, c(2, 2))(x))
""",
        {
            "size": "Size of the output, of each spatial dim.",
            "mode": '`"nearest"`, `"nearest-exact"`, `"linear"`, `"bilinear"`, `"bicubic"` or '
            '`"trilinear"`.',
            "groups": "Number of groups.",
        },
    ),
    "nn_distance_layers": Family(
        "Distances",
        "Of two tensors, along one dim.",
        {
            "CosineSimilarity": "the cosine of the angle.",
            "PairwiseDistance": "the p-norm of the difference, along the last dim.",
        },
        """
x <- as_torch_tensor(matrix(c(1, 0, 0, 1), 2), dtype = "float32")
nn_cosine_similarity()(x, x)
""",
        {"eps": "Keeps divisions by 0 away.", "p": "The p of the norm."},
        value="An `nn_module`: call it with two tensors.",
    ),
    "nn_regression_losses": Family(
        "Losses for numbers",
        "`input` and `target` have one shape.",
        {
            "MSELoss": "(`input` - `target`)^2.",
            "L1Loss": "|`input` - `target`|.",
            "SmoothL1Loss": "quadratic within `beta` of the target, linear beyond.",
            "HuberLoss": "the same times `delta` (Huber, 1964).",
            "PoissonNLLLoss": "minus the Poisson log-likelihood of counts.",
            "GaussianNLLLoss": "minus the normal log-likelihood: call it with mean, target and "
            "variance.",
        },
        """
prediction <- as_torch_tensor(c(1, 2), dtype = "float32")
nn_mse_loss()(prediction, as_torch_tensor(c(1, 4), dtype = "float32"))
""",
        {
            "beta": "Where the loss becomes linear.",
            "delta": "Where the loss becomes linear.",
            "eps": "Keeps logarithms of 0, and variances of 0, away.",
            "full": "Add the constant terms of the likelihood too?",
        },
        value=_LOSS,
    ),
    "nn_classification_losses": Family(
        "Losses for classes",
        "How well scores go with known classes.",
        {
            "CrossEntropyLoss": "minus the log of the softmax of the right class. `input` are "
            "scores, batch x classes (and more dims); `target` classes, or probabilities of "
            "`input`'s shape.",
            "NLLLoss": "the same where `input` are log-probabilities already.",
            "BCELoss": "two classes: `input` are probabilities, `target` 0 or 1.",
            "BCEWithLogitsLoss": "the same from scores, exact also for large ones.",
            "KLDivLoss": "Kullback-Leibler divergence of `target` (probabilities) from `input` "
            "(log-probabilities).",
            "MultiMarginLoss": "the margin by which other classes come near the right one.",
            "MultiLabelMarginLoss": "the same with several right classes an observation; 0 ends "
            "their list.",
            "MultiLabelSoftMarginLoss": "two classes for each of several labels, from scores.",
            "SoftMarginLoss": "log(1 + exp(-`target` `input`)), `target` 1 or -1.",
            "HingeEmbeddingLoss": "`input` where `target` is 1, max(0, `margin` - `input`) where "
            "it is -1.",
            "CTCLoss": "sequences without known alignment (Graves and others, 2006): call it with "
            "log-probabilities, targets and the lengths of both. Labels are counted as in Python, "
            "with `blank` among them.",
            "AdaptiveLogSoftmaxWithLoss": "many classes, the rare ones in clusters of their own "
            "(Grave and others, 2017). Gives a list of `output` and `loss`.",
            "LinearCrossEntropyLoss": "a linear layer and the cross-entropy of its outputs, "
            "without keeping all scores at once.",
        },
        """
scores <- as_torch_tensor(matrix(c(2, 0, 0, 3), 2), dtype = "float32")
nn_cross_entropy_loss()(scores, as_torch_tensor(c(1L, 2L), dtype = "int64"))
""",
        {
            "weight": "Weights of the classes (of `nn_bce*_loss()`: of the observations), a "
            "tensor. `NULL`: all 1.",
            "ignore_index": "A class that does not count, or a mark in `target` for what does not.",
            "margin": "The margin.",
            "p": "The power of the margin: 1 or 2.",
            "bias": "Learn biases?",
            "out_features": "More dims of the output of the linear layer.",
            "log_target": "Is `target` log-probabilities, too?",
        },
        {"Classes": _POSITIONS},
        value=_LOSS,
    ),
    "nn_ranking_losses": Family(
        "Losses for pairs and triplets",
        "What should be near is near, what should be far away is far away.",
        {
            "MarginRankingLoss": "max(0, -y (x1 - x2) + `margin`), y 1 or -1: call it with x1, x2, "
            "y.",
            "CosineEmbeddingLoss": "1 - cosine for pairs that belong together (y = 1), "
            "max(0, cosine - `margin`) for others (y = -1): call it with x1, x2, y.",
            "TripletMarginLoss": "max(0, d(anchor, positive) - d(anchor, negative) + `margin`): "
            "call it with anchor, positive, negative.",
            "TripletMarginWithDistanceLoss": "the same with a distance of your own.",
        },
        """
x <- as_torch_tensor(matrix(c(1, 0, 0, 1), 2), dtype = "float32")
nn_triplet_margin_loss()(x, x, -x)
""",
        {
            "margin": "The margin.",
            "p": "The p of the norm.",
            "eps": "Keeps gradients of 0 distances finite.",
        },
        value="An `nn_module`: call it with tensors.",
    ),
}

#: What an argument means, wherever it is not said otherwise.
ARGUMENTS = {
    "...": "Anything.",
    ".weight": "The rows to begin with, a tensor. `NULL`: random.",
    "activation": "Name of the activation.",
    "add_bias_kv": "Add learned biases to keys and values?",
    "add_zero_attn": "Add a batch of zeros to keys and values?",
    "affine": "Learn a weight and a bias?",
    "align_corners": "Keep the values at the corners where they are?",
    "alpha": "A factor.",
    "approximate": '`"none"`, or `"tanh"` for an approximation.',
    "batch_first": "Is the batch the first dim?",
    "beta": "A factor.",
    "bias": "Learn a bias?",
    "bidirectional": "Also go through the sequence from its end? The states of both ways are "
    "joined.",
    "blank": "Label of the blank.",
    "ceil_mode": "Round sizes of the output up?",
    "count_include_pad": "Count padding in the mean?",
    "custom_decoder": "A decoder of your own, an nn_module.",
    "custom_encoder": "An encoder of your own, an nn_module.",
    "cutoffs": "Where clusters end: the number of classes in the first, in the first two, ...",
    "d_model": "Number of features.",
    "decoder_layer": "The layer that is copied.",
    "delta": "A distance.",
    "device": 'Where the parameters are, such as `"cuda"`. `NULL`: the CPU.',
    "dilation": "Distance between the places that one window takes.",
    "dim": "The dim, counted from 1; -1 is the last.",
    "dim_feedforward": "Width of the feed-forward network.",
    "distance_function": "A function of two tensors. `NULL`: the Euclidean distance.",
    "div_value": "By how much smaller the layer of each further cluster is.",
    "divisor_override": "Divide the sum of a window by this instead of its size.",
    "downscale_factor": "The r.",
    "dropout": "Probability of a zero, while training.",
    "dtype": 'dtype of the parameters, such as `"float64"`. `NULL`: the default dtype, float32.',
    "elementwise_affine": "Learn a weight and a bias for each value?",
    "embed_dim": "Number of features of queries and of the output.",
    "embedding_dim": "Length of each vector.",
    "enable_nested_tensor": "Skip padding at inference where that is faster?",
    "encoder_layer": "The layer that is copied.",
    "end_dim": "Last dim to flatten, counted from 1; -1 is the last.",
    "eps": "A small number.",
    "full": "Add the constant term of the likelihood too?",
    "groups": "Groups of channels that do not see each other.",
    "head_bias": "Give the first cluster a bias?",
    "hidden_size": "Number of features of the state.",
    "ignore_index": "What in `target` does not count.",
    "in1_features": "Number of features of the first input.",
    "in2_features": "Number of features of the second input.",
    "in_channels": "Number of channels of the input.",
    "in_features": "Number of features of the input.",
    "include_last_offset": "Does `offsets` end with one more, where the last bag ends?",
    "init": "The value to begin with.",
    "inplace": "Overwrite the input?",
    "input_size": "Number of features of the input.",
    "k": "Added to the sum of squares.",
    "kdim": "Number of features of keys. `NULL`: `embed_dim`.",
    "keepdim": "Keep the dim, with size 1?",
    "kernel_size": "Size of a window.",
    "label_smoothing": "Share of the probability that is spread over all classes.",
    "lambd": "How far from 0.",
    "layer_norm_eps": "`eps` of the layer normalisation.",
    "log_input": "Is `input` the logarithm of the mean (or the mean itself)?",
    "lower": "The least slope.",
    "margin": "The margin.",
    "mask_check": "Look at the mask before skipping padding?",
    "max_norm": "Rows with a larger norm are scaled down to it when they are used.",
    "max_val": "The greatest value.",
    "min_val": "The least value.",
    "momentum": "How fast running mean and variance change. `NULL`: they are plain means.",
    "n_classes": "Number of classes.",
    "negative_slope": "Slope below 0.",
    "nhead": "Number of attention heads.",
    "nonlinearity": '`"tanh"` or `"relu"`.',
    "norm": "An nn_module for the output, such as `nn_layer_norm()`.",
    "norm_first": "Normalise before attention and feed-forward network (or after)?",
    "normalized_shape": "Size of the last dims, one number or several.",
    "num_channels": "Number of channels.",
    "num_classes": "Number of classes.",
    "num_decoder_layers": "Number of decoder layers.",
    "num_embeddings": "Number of vectors.",
    "num_encoder_layers": "Number of encoder layers.",
    "num_features": "Number of channels (or features).",
    "num_groups": "Number of groups.",
    "num_heads": "Number of attention heads.",
    "num_layers": "Number of layers.",
    "num_parameters": "Number of parameters.",
    "options": "How the computation is split up, an object of Python's.",
    "out_channels": "Number of channels of the output.",
    "out_features": "Number of features of the output.",
    "output_padding": "Places added at the end of the output.",
    "output_ratio": "Size of the output by that of the input, instead of `output_size`.",
    "output_size": "Size of the output.",
    "p": "Probability of a zero.",
    "padding": "Places added on both sides.",
    "padding_idx": "Index that does not count.",
    "padding_mode": '`"zeros"`, `"reflect"`, `"replicate"` or `"circular"` (transposed '
    'convolutions: only `"zeros"`).',
    "pos_weight": "Weight of the class 1, for each label, a tensor.",
    "process_group": "Processes to share with, an object of Python's. `NULL`: all.",
    "proj_size": "Project the state of an LSTM to so many features; 0: do not.",
    "recompute_scale_factor": "Compute the scale again from the sizes?",
    "reduction": '`"mean"`, `"sum"` or `"none"`: of the values of all observations. (For '
    '`nn_kl_div_loss()` `"batchmean"` divides by the batch size, as the definition has it.)',
    "return_indices": "Also give positions?",
    "scale_factor": "How many times as large the output is, for each spatial dim.",
    "scale_grad_by_freq": "Divide gradients by how often an index is in the batch?",
    "size": "A size.",
    "start_dim": "First dim to flatten, counted from 1. The default keeps the batch.",
    "stride": "Distance between windows. `NULL`: `kernel_size`.",
    "swap": "Use the distance of positive and negative where it is the smaller one?",
    "threshold": "The threshold.",
    "track_running_stats": "Keep running mean and variance for evaluation?",
    "unflattened_size": "The new dims.",
    "upper": "The greatest slope.",
    "upscale_factor": "The r.",
    "vdim": "Number of features of values. `NULL`: `embed_dim`.",
    "zero_infinity": "Make infinite losses 0?",
}
