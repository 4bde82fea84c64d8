"""The layers and losses of torch.nn as R calls them.

R's name of a class, what R's arguments become (whole doubles are ints, dims and classes
count from 1), and the one table of what no signature says: which inputs and outputs are
positions.
"""

from __future__ import annotations

import functools
import inspect
import re
import typing
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.modules import batchnorm, conv, dropout, loss, pooling

from torchbridge.rtorch import norms
from torchbridge.rtorch.operators import as_dtype
from torchbridge.values.protocols import RValue

_Positions = tuple[frozenset[int | str], frozenset[int]]

#: Inputs of a layer that are classes or positions, which count from 1 in R; and the
#: outputs that do (of pooling with return_indices = TRUE). Labels of nn_ctc_loss() are
#: not among them: there 0 is the blank, and real labels start at 1 anyway.
POSITIONS: dict[type, _Positions] = {
    getattr(nn, name): (frozenset(inputs), frozenset(outputs))
    for names, inputs, outputs in (
        ("Embedding", (0, "input"), ()),
        ("EmbeddingBag", (0, "input", 1, "offsets"), ()),
        ("CrossEntropyLoss NLLLoss MultiMarginLoss MultiLabelMarginLoss", (1, "target"), ()),
        ("AdaptiveLogSoftmaxWithLoss", (1, "target_"), ()),
        ("LinearCrossEntropyLoss", (1, "target"), ()),
        ("MaxPool1d MaxPool2d MaxPool3d FractionalMaxPool2d FractionalMaxPool3d", (), (1,)),
        ("AdaptiveMaxPool1d AdaptiveMaxPool2d AdaptiveMaxPool3d", (), (1,)),
        ("MaxUnpool1d MaxUnpool2d MaxUnpool3d", (1, "indices"), ()),
    )
    for name in names.split()
    if hasattr(nn, name)
}

#: What takes modules or parameters, and no numbers.
CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict, nn.ParameterList, nn.ParameterDict)

#: Arguments of constructors that name dims, and those that name a class.
DIMS = frozenset(("dim", "dims", "start_dim", "end_dim"))
_CLASSES = frozenset(("padding_idx", "ignore_index"))

# CamelCase that no rule takes apart as R users write it.
_SPELLINGS = {"MultiLabelMargin": "MultilabelMargin", "MultiLabelSoft": "MultilabelSoft"}


# ---- names ----


def r_spelling(name: str) -> str:
    """R's name of a class: BatchNorm1d -> nn_batch_norm1d, BCELoss -> nn_bce_loss."""
    for camel, spelling in _SPELLINGS.items():
        name = name.replace(camel, spelling)
    # ReLU, PReLU, LeakyReLU, SiLU, ...: one word each; then acronyms end before a word.
    name = re.sub(r"(^|[a-z0-9])([A-Z]?)(ReLU|ELU|GLU|SiLU)", _one_word, name)
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return "nn_" + name.lower()


def _one_word(found: re.Match[str]) -> str:
    before, letter, word = found.groups()
    return before + (letter + word).capitalize()


@functools.cache
def names() -> dict[str, str]:
    """R's name -> class of torch.nn, of every layer, loss and container there."""
    found = {}
    for name in dir(nn):
        cls = getattr(nn, name)
        if isinstance(cls, type) and issubclass(cls, nn.Module) and name not in _NO_LAYERS:
            found[r_spelling(name)] = name
    return found


#: What is a base class, deprecated, or trains on several devices by itself.
_NO_LAYERS = frozenset(
    ("Module", "Container", "RNNBase", "RNNCellBase", "NLLLoss2d", "DataParallel", "CrossMapLRN2d")
)


@functools.cache
def _r_names() -> dict[type[nn.Module], str]:
    return {getattr(nn, name): r for r, name in names().items()}


def r_name(cls: type[nn.Module]) -> str | None:
    """R's name of a class of torch.nn; None for any other class."""
    return _r_names().get(cls)


def r_classes(module: nn.Module) -> list[str]:
    """The R classes of a module."""
    if isinstance(module, torch.jit.ScriptModule):
        return ["script_module", "nn_module"]
    return [*classes_of(type(module)), "nn_module"]


def classes_of(cls: type[nn.Module]) -> tuple[str, ...]:
    """R's names of a class and of the classes it is made from, without nn_module."""
    known = _r_names()
    names = ((known.get(base) or _FAMILIES.get(base)) for base in cls.__mro__)
    return tuple(name for name in names if name is not None)


#: What R's torch calls the classes that layers have in common.
_FAMILIES: dict[type, str] = {
    batchnorm._BatchNorm: "nn_batch_norm_",
    batchnorm._NormBase: "nn_norm_base_",
    conv._ConvNd: "nn_conv_nd",
    conv._ConvTransposeNd: "nn_conv_transpose_nd",
    dropout._DropoutNd: "nn_dropout_nd",
    loss._Loss: "nn_loss",
    loss._WeightedLoss: "nn_weighted_loss",
    nn.RNNBase: "nn_rnn_base",
    pooling._LPPoolNd: "lp_pool_nd",
    pooling._MaxPoolNd: "nn_max_pool_nd",
}


def class_called(name: str) -> type[nn.Module]:
    """A class of torch.nn by its Python name."""
    if name == "Module":
        return nn.Module
    found: type[nn.Module] | None = getattr(nn, name, None)
    if found is None:
        raise AttributeError(f"PyTorch {torch.__version__} has no torch.nn.{name}")
    return found


# ---- constructors ----


def make(name: str, /, *args: RValue, **kwargs: RValue) -> nn.Module:
    """The layer of a class of torch.nn, from R's arguments."""
    cls = class_called(name)
    args, kwargs = _converted(cls, args, kwargs)
    module = cls(*args, **kwargs)
    _finish(module)
    return module


def initialize(
    module: nn.Module, cls: type[nn.Module], args: tuple[RValue, ...], kwargs: dict[str, RValue]
) -> None:
    """Run the constructor of `cls` on a module of a class derived from it."""
    if not issubclass(cls, CONTAINERS):
        args, kwargs = _converted(cls, args, kwargs)
    cls.__init__(module, *args, **kwargs)
    _finish(module)


def _finish(module: nn.Module) -> None:
    """Make a new layer as R's torch has it: without bias, its encoder's norms learn nothing."""
    if isinstance(module, nn.TransformerEncoderLayer) and module.linear1.bias is None:
        for name in ("norm1", "norm2"):
            norm = getattr(module, name)
            plain = nn.LayerNorm(norm.normalized_shape, norm.eps, elementwise_affine=False)
            setattr(module, name, plain)


def _converted(
    cls: type[nn.Module], args: tuple[RValue, ...], kwargs: dict[str, RValue]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """R's arguments as Python's; of a class that is not torch.nn's, only numbers change."""
    ours = cls.__module__.startswith("torch.nn.")
    known = _signature_of(cls.__name__) if ours else {p.name: p for p in signature(cls)}
    by_place = [p for p in known.values() if p.kind is not inspect.Parameter.KEYWORD_ONLY]
    converted = tuple(
        argument(by_place[i], value, ours) if i < len(by_place) else value
        for i, value in enumerate(args)
    )
    named = {
        name: argument(known[name], value, ours) if name in known else value
        for name, value in kwargs.items()
    }
    return converted, named


@functools.cache
def _signature_of(name: str) -> dict[str, inspect.Parameter]:
    return {p.name: p for p in signature(class_called(name))}


def signature(cls: type[nn.Module]) -> list[inspect.Parameter]:
    """The parameters of a constructor that have names, annotations as text.

    Where the constructor takes anything and its overloads say what (LSTM, ...), the first
    overload's.
    """
    init = cls.__init__
    # (Python 3.10 cannot tell overloads.)
    overloads: list[Any] = getattr(typing, "get_overloads", lambda _: [])(init)
    if not overloads and issubclass(cls, nn.RNNBase) and cls is not nn.RNNBase:
        overloads = [nn.RNNBase.__init__]
    found = inspect.signature(overloads[0] if overloads else init).parameters.values()
    several = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [
        p
        for p in found
        if p.kind not in several and p.name not in ("self", "mode" if overloads else "self")
    ]


def argument(parameter: inspect.Parameter, value: RValue, ours: bool) -> Any:
    """R's value for a parameter; only those of torch.nn's own count dims and classes from 1."""
    name = parameter.name
    if name == "dtype":
        return as_dtype(value)
    if name == "device":
        return as_device(value)
    if value is None or isinstance(value, (bool, str)):
        return value
    if ours and name in DIMS:
        return _each(value, functools.partial(_dim, name))
    if ours and name in _CLASSES:
        return _class(name, value)
    kind = annotation(parameter)
    if "Tensor" in kind and isinstance(value, (int, float, list, np.ndarray)):
        return torch.as_tensor(np.atleast_1d(value), dtype=torch.get_default_dtype())
    if re.search(r"(Module|Layer)\b", kind) and not isinstance(value, nn.Module):
        raise TypeError(f"`{name}` must be an nn_module, not {described(value)}")
    if takes_ints(parameter):
        return _each(value, functools.partial(_whole, name))
    return tuple(value) if isinstance(value, list) and "uple" in kind else value


def annotation(parameter: inspect.Parameter) -> str:
    """The annotation of a parameter as text; "" where there is none."""
    found = parameter.annotation
    return "" if found is inspect.Parameter.empty else str(found)


def takes_ints(parameter: inspect.Parameter) -> bool:
    """Does a parameter take whole numbers: by its annotation, else by its default?"""
    kind = annotation(parameter)
    if kind:
        return re.search(r"\bint\b", kind) is not None and "float" not in kind
    # (A share, where PyTorch 2.6 has no annotation.)
    return parameter.name != "sparsity" and not isinstance(parameter.default, (float, str, bool))


def _each(value: RValue, convert: Callable[[RValue], object]) -> object:
    if isinstance(value, (list, tuple)):
        return tuple(_each(part, convert) for part in value)
    return convert(value)


def _whole(name: str, value: RValue) -> Any:
    """A whole number as an int; NA (any size, in adaptive pooling) as None."""
    if not isinstance(value, float):
        return value
    if value != value:
        return None
    if value != int(value):
        raise TypeError(f"`{name}` must be a whole number, not {value:g}")
    return int(value)


def _counted(name: str, value: RValue) -> int:
    """A whole number that counts something, so that NA will not do."""
    number: int | None = _whole(name, value)
    if number is None:
        raise TypeError(f"`{name}` must be a whole number, not NA")
    return number


def _dim(name: str, value: RValue) -> int:
    dim = _counted(name, value)
    if dim == 0:
        raise ValueError(f"`{name}` counts dims from 1 (or -1, the last), not from 0")
    return dim - 1 if dim > 0 else dim


def _class(name: str, value: RValue) -> int:
    place = _counted(name, value)
    if name == "padding_idx" and place == 0:
        raise ValueError("`padding_idx` counts from 1 (or -1, the last), not from 0")
    return place - 1 if place >= 0 else place


# ---- members ----


def counts(module: nn.Module, name: str) -> bool:
    """Is this a member of one of PyTorch's layers that names a dim or a class?"""
    return (
        name in DIMS | _CLASSES
        and name in vars(module)
        and any(name in _signature_of(cls.__name__) for cls in type(module).__mro__ if r_name(cls))
    )


def member_for_r(module: nn.Module, name: str, value: object) -> object:
    """A member as R reads it: dims and classes count from 1."""
    if isinstance(value, int) and value >= 0 and counts(module, name):
        return value + 1
    return value


def member_from_r(module: nn.Module, name: str, value: Any) -> Any:
    """What R assigns to a member, as PyTorch's layer has it."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and counts(module, name):
        return _dim(name, value) if name in DIMS else _class(name, value)
    return value


def is_dtype(x: object) -> bool:
    """Is this a dtype, or the name of one?"""
    return isinstance(getattr(torch, x, None) if isinstance(x, str) else x, torch.dtype)


def as_device(x: Any) -> Any:
    """A torch.device of its name; "auto" is the CPU, as in R's torch."""
    if not isinstance(x, str):
        return x
    try:
        return torch.device("cpu" if x == "auto" else x)
    except RuntimeError as error:
        raise ValueError(f"`device`: {str(error).splitlines()[0]}") from error


def as_list(x: RValue) -> list[Any]:
    """R's vector as a list, also where it has one element."""
    return list(x) if isinstance(x, (list, tuple)) else [x]


def described(x: object) -> str:
    """What an error calls a value of the wrong type."""
    return f"a {type(x).__name__}"


# ---- calls ----


def counts_from_one(module: nn.Module) -> bool:
    """Are there positions, or other things of R's, among what a module takes or gives?"""
    if isinstance(module, (nn.Sequential, *_TAKES_R, *_CAUSAL, *norms.LAYERS)):
        return True
    return _positions_of(module) is not None


def _like_input(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    """A target that differs from the input in dims of size 1, in the input's shape."""
    if len(args) != 2 or kwargs or not all(isinstance(x, torch.Tensor) for x in args):
        return args
    x, target = args
    if target.shape != x.shape and target.squeeze().shape == x.squeeze().shape:
        target = target.reshape(x.shape)
    return x, target


def _whole_sizes(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    """Sizes of an output as whole numbers: R's are doubles."""
    if isinstance(kwargs.get("output_size"), (list, tuple)):
        kwargs["output_size"] = [int(size) for size in kwargs["output_size"]]
    return args


#: Layers whose arguments R has otherwise, in other ways than counting.
_TAKES_R: dict[type[nn.Module], Callable[[tuple[Any, ...], dict[str, Any]], tuple[Any, ...]]] = {
    nn.BCELoss: _like_input,
    **dict.fromkeys((nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d), _whole_sizes),
    **dict.fromkeys((nn.MaxUnpool1d, nn.MaxUnpool2d, nn.MaxUnpool3d), _whole_sizes),
}


def forward_signature(cls: type[nn.Module]) -> str | None:
    """The names of the arguments of a class's forward, apart by blanks.

    Those that may be left out end in ``=``, those of PyTorch's own layers that are tensors in ``~``
    (R's numbers become tensors there). None where R must pass on anything (``*args``).
    """
    if cls not in _signatures:
        _signatures[cls] = _signature_text(cls)
    return _signatures[cls]


_signatures: weakref.WeakKeyDictionary[type[nn.Module], str | None] = weakref.WeakKeyDictionary()


def _signature_text(cls: type[nn.Module]) -> str | None:
    try:
        _, *found = inspect.signature(cls.forward).parameters.values()
    except (ValueError, TypeError, AttributeError):  # of a script module, there is none
        return None
    if any(p.kind not in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) for p in found):
        return None
    ours = (getattr(cls.forward, "__module__", None) or "").startswith("torch.nn.")
    text = " ".join(
        p.name + ("~" if ours and _is_tensor(p) else "") + ("" if p.default is p.empty else "=")
        for p in found
    )
    return text.replace("average_attn_weights", "avg_weights")


def _is_tensor(parameter: inspect.Parameter) -> bool:
    kind = parameter.annotation
    return kind in (torch.Tensor, torch.Tensor | None) or parameter.name == "input"


def forward_signature_of(name: str | type[nn.Module]) -> str | None:
    """The same of a class by its name in torch.nn."""
    return forward_signature(class_called(name) if isinstance(name, str) else name)


def call(module: nn.Module, /, *args: Any, **kwargs: Any) -> Any:
    """R's call of a module whose inputs or outputs may be positions, or that may refuse them."""
    if isinstance(module, norms.LAYERS):
        return norms.unchecked(module, module, args, kwargs)(*args, **kwargs)
    return _shifted(module, module, args, kwargs)


def device_of(module: nn.Module) -> str | None:
    """Where a layer's parameters are; None where it has none."""
    parameter = next(module.parameters(), None)
    return None if parameter is None else str(parameter.device)


def forward_of(module: nn.Module, cls: type[nn.Module]) -> Callable[..., Any]:
    """The forward of class `cls` for a module of a class derived from it, as R calls it."""

    def forward(*args: Any, **kwargs: Any) -> Any:
        return _shifted(module, functools.partial(cls.forward, module), args, kwargs)

    return forward


def _shifted(
    module: nn.Module, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    adapt = _TAKES_R.get(type(module))
    if adapt is not None:
        args = adapt(args, kwargs)
    if isinstance(module, tuple(_CAUSAL)):
        kwargs = _with_mask(module, args, kwargs)
    inputs = _positions_of(_first(module))
    if inputs is not None and inputs[0]:
        ignored = getattr(_first(module), "ignore_index", None)
        if isinstance(_first(module), nn.MultiLabelMarginLoss):
            ignored = -1  # the end of the labels, in R as in Python
            _check_labels(kwargs.get("target", args[1] if len(args) > 1 else None))
        args = tuple(_from_one(x, ignored) if i in inputs[0] else x for i, x in enumerate(args))
        kwargs = {k: _from_one(x, ignored) if k in inputs[0] else x for k, x in kwargs.items()}
    function = norms.unchecked(module, function, args, kwargs)
    try:
        result = function(*args, **kwargs)
    except IndexError as error:
        raise _from_one_error(error) from error
    outputs = _positions_of(_last(module))
    if outputs is not None and outputs[1] and isinstance(result, tuple):
        return [x + 1 if i in outputs[1] else x for i, x in enumerate(result)]
    return result._asdict() if hasattr(result, "_fields") else result


#: Layers with an argument that says "causal", and the one for its mask, which R torch makes.
_CAUSAL: dict[type[nn.Module], tuple[str, str]] = {
    nn.MultiheadAttention: ("is_causal", "attn_mask"),
    nn.TransformerEncoderLayer: ("is_causal", "src_mask"),
    nn.TransformerEncoder: ("is_causal", "mask"),
    nn.TransformerDecoderLayer: ("tgt_is_causal", "tgt_mask"),
    nn.TransformerDecoder: ("tgt_is_causal", "tgt_mask"),
}


def _with_mask(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """R torch's name of an argument, and the mask of what is causal."""
    if "avg_weights" in kwargs:
        kwargs["average_attn_weights"] = kwargs.pop("avg_weights")
    causal, mask = next(_CAUSAL[cls] for cls in type(module).__mro__ if cls in _CAUSAL)
    given = list(inspect.signature(type(module).forward).parameters)[1 : 1 + len(args)]
    x = args[0] if args else None
    if not kwargs.get(causal) or kwargs.get(mask) is not None or mask in given:
        return kwargs
    if isinstance(x, torch.Tensor):
        attention = next(m for m in module.modules() if isinstance(m, nn.MultiheadAttention))
        n = x.shape[1 if attention.batch_first and x.dim() == 3 else 0]
        kwargs[mask] = nn.Transformer.generate_square_subsequent_mask(
            n, device=x.device, dtype=x.dtype
        )
    return kwargs


def _check_labels(target: object) -> None:
    if isinstance(target, torch.Tensor) and bool((target == 0).any()):
        raise ValueError("`target` counts classes from 1 (-1 ends them), not from 0")


def _positions_of(module: nn.Module) -> _Positions | None:
    return next((POSITIONS[cls] for cls in type(module).__mro__ if cls in POSITIONS), None)


def _first(module: nn.Module) -> nn.Module:
    """The layer that gets the input of a (nested) nn.Sequential."""
    while isinstance(module, nn.Sequential) and len(module):
        module = module[0]
    return module


def _last(module: nn.Module) -> nn.Module:
    while isinstance(module, nn.Sequential) and len(module):
        module = module[-1]
    return module


def _from_one(x: object, ignored: int | None) -> object:
    if not isinstance(x, torch.Tensor) or x.is_floating_point() or x.dtype == torch.bool:
        return x
    shifted = x - 1
    # A class to ignore has its own number; a mark such as -100 is the same in R.
    if ignored is not None and ignored < 0:
        shifted = torch.where(x == ignored, x, shifted)
    return shifted


def _from_one_error(error: IndexError) -> IndexError:
    """PyTorch's complaint about a position, in R's numbers."""
    message = re.sub(r"Target (-?\d+)", lambda m: f"Target {int(m[1]) + 1}", str(error))
    if "index out of range in self" in message:
        message = "an index is out of range: indices go from 1 to `num_embeddings`"
    return IndexError(message)
