"""PyTorch's operators as R calls them: names, 1-based dims and indices, whole doubles as ints.

Nothing here lists operators one by one: what an argument is comes from PyTorch's own
operator schemas (``torch.ops.aten``) or, where a function is written in Python, from its
signature. The tables below hold only what no schema says: which arguments count from 1 in
R, and which results do.

Tests: test-tensor-operators.R.
"""

from __future__ import annotations

import inspect
import operator as op
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, overload

import torch
import torch.nn.functional as F
from torch import Tensor

from torchbridge.arrays.from_r import to_array
from torchbridge.arrays.torch_arrays import TorchArrays, import_torch
from torchbridge.process import host
from torchbridge.rtorch import dialect, tensor_members
from torchbridge.rtorch.arguments import Argument, Overload, r_arguments
from torchbridge.values.protocols import RValue

if TYPE_CHECKING:
    from torchbridge._native import Operator
    from torchbridge.arrays.protocols import TorchDType

# What an argument may be; argument.h has the same bits. A value is read by its own type
# where several are possible: torch_max(x, 1) names a dim, torch_max(x, y) another tensor.
TENSOR, TENSORS, DIM, INDEX, POSITION, SCALAR, DTYPE, INT, INTS, NAMES, BOOL = (
    1 << i for i in range(11)
)

#: Arguments that name dims: 1 is the first, -1 the last.
_DIMS = frozenset(
    (
        "dim",
        "dims",
        "dim0",
        "dim1",
        "dim2",
        "axis",
        "axis0",
        "axis1",
        "axes",
        "start_dim",
        "end_dim",
        "dimension",
        "source",
        "destination",
        "batch_dim",
        "feature_dim",
    )
)
#: Arguments that are positions along a dim.
_POSITIONS = {
    "select": {"index"},
    "select_copy": {"index"},
    "select_scatter": {"index"},
    "narrow": {"start"},
    "narrow_copy": {"start"},
    "slice_scatter": {"start"},
    "embedding": {"padding_idx"},
    "embedding_bag": {"padding_idx"},
    "slice_inverse": {"start"},
    "tensorinv": {"ind"},
    "linear_cross_entropy": {"ignore_index"},
    "cross_entropy": {"ignore_index"},
    "nll_loss": {"ignore_index"},
}
#: Tensor arguments that hold positions; integer ones count from 1.
_INDICES = frozenset({"index", "indices"})
_INDICES_OF = {
    "embedding": {"input"},
    "embedding_bag": {"input"},
    "one_hot": {"tensor", "self", "input"},
    "searchsorted": {"sorter"},
    "linear_cross_entropy": {"target"},
    "cross_entropy": {"target"},
    "nll_loss": {"target"},
    "multi_margin_loss": {"target"},
    "multilabel_margin_loss": {"target"},
    "bincount": {"self", "input"},
}
#: Arguments called index or indices that are none.
_NOT_INDICES = {"tensor_split": {"indices"}}
#: Functions whose one result is positions; others say so in the names of their results.
_INDEX_RESULTS = frozenset(
    (
        *("argmax", "argmin", "argsort", "argwhere", "indices", "multinomial", "nonzero_static"),
        *("tril_indices", "triu_indices", "unravel_index"),
    )
)
EVERY = 2**32 - 1
#: Pooling with return_indices = TRUE, and what unpooling takes.
_POOLING = re.compile(r"max_pool\dd(_with_indices)?$")
#: Tensors of functions in Python that are written without types.
_TENSORS = frozenset({"input", "x1", "x2", "gradient"})
#: A tensor where R's numbers are ints: tensor_split(c(2, 4)).
_NOT_TENSORS = frozenset({("tensor_split", "tensor_indices_or_sections")})
#: ``dim`` that is a number of dims, or a size.
_NOT_DIMS = {
    ("tensordot", "dims"),
    ("cross_entropy", "dim"),
    ("tile", "dims"),
    # From 0 in R torch, too.
    ("quantize_per_channel", "axis"),
    ("fake_quantize_per_channel_affine", "axis"),
    ("unfold", "dimension"),
    ("unfold_copy", "dimension"),
}

#: R's comparison: Python's.
COMPARISON: dict[str, Callable[..., Any]] = {
    "==": op.eq,
    "!=": op.ne,
    "<": op.lt,
    "<=": op.le,
    ">": op.gt,
    ">=": op.ge,
}
#: R's arithmetic and comparison: Python's, which take numbers on either side.
_OPS: dict[str, Callable[..., Any]] = {
    "+": op.add,
    "-": op.sub,
    "*": op.mul,
    "/": lambda x, y: op.truediv(_like(x, y), y),
    "^": op.pow,
    "%%": op.mod,
    "%/%": op.floordiv,
    **COMPARISON,
    "&": lambda x, y: torch.logical_and(*_tensors(x, y)),
    "|": lambda x, y: torch.logical_or(*_tensors(x, y)),
    "!": torch.logical_not,
    "%*%": op.matmul,
    "neg": op.neg,
    "pos": op.pos,
}
#: R's own functions on tensors, with the arguments of PyTorch's.
_R_FUNCTIONS = {"mean": dialect.mean}

_PREFIXES = {
    "torch_": torch,
    "nnf_": F,
    "linalg_": torch.linalg,
    "fft_": torch.fft,
    "special_": torch.special,
}


def resolve(name: str) -> Operator:
    """The native Operator of an R name: ``torch_sum``, ``nnf_relu``, ``$sum`` or ``+``.

    Raises:
        AttributeError: PyTorch has no such function; the message names close ones.
    """
    import_torch()
    if name in _OPS:
        return host.native().Operator(name, _OPS[name], (TENSOR | SCALAR,) * 2, {}, (), 0, ())
    function, python_name, method = find(name)
    spec = describe(function, python_name, method)
    arguments = [a for a in spec.arguments(name) or () if a.name != "..."]
    for argument in arguments:
        kinds = NAMES if argument.name == "names" else 0
        spec.named[argument.name] = spec.named.get(argument.schema, (argument.name, kinds, 0))
    order = tuple(argument.name for argument in arguments)
    return host.native().Operator(
        name, function, spec.positional, spec.named, order, spec.index_results, spec.results
    )


def find(name: str) -> tuple[Callable[..., Any], str, bool]:
    """(function, its name in PyTorch, is it a method) of an R name."""
    if name in _R_FUNCTIONS:
        return _R_FUNCTIONS[name], name, False
    if name.startswith("$"):
        python_name = name[1:]
        own = dialect.METHODS.get(python_name) or tensor_members.METHODS.get(python_name)
        if own is not None:
            return own, python_name, True
        function = getattr(torch.Tensor, python_name, None)
        if function is not None:
            return function, python_name, True
    if name.removeprefix("nnf_") in dialect.LAYERS and name.startswith("nnf_"):
        return dialect.LAYERS[name.removeprefix("nnf_")], name.removeprefix("nnf_"), False
    for prefix, module in _PREFIXES.items():
        # torch_fft_rfft is R torch's name for fft_rfft, torch_linalg_det for linalg_det.
        for full in (prefix, f"torch_{prefix}"):
            if name.startswith(full) and prefix != "torch_":
                function = getattr(module, name.removeprefix(full), None)
                if callable(function):
                    return function, name.removeprefix(full), False
    python_name = name.removeprefix("torch_")
    function = dialect.FUNCTIONS.get(python_name) or getattr(torch, python_name, None)
    if function is None:  # an operator that has no function in Python, such as tanh_backward
        function = getattr(torch.ops.aten, python_name, None)
    if name.startswith("torch_") and callable(function):
        return function, python_name, False
    raise AttributeError(f"PyTorch {torch.__version__} has no {name}(): check your spelling")


def _like(x: object, y: Tensor) -> object:
    """A number to be divided by a tensor, as a tensor: PyTorch multiplies it by 1/y, R divides."""
    if isinstance(x, torch.Tensor) or not isinstance(x, (int, float)):
        return x
    dtype = y.dtype if y.is_floating_point() else torch.get_default_dtype()
    return torch.full((), x, dtype=dtype, device=y.device)


def _tensors(*values: Any) -> list[Tensor]:
    device = next(v.device for v in values if isinstance(v, torch.Tensor))
    return [v if isinstance(v, torch.Tensor) else torch.as_tensor(v, device=device) for v in values]


class Spec:
    """What a function takes and gives, overloads together.

    Attributes:
        positional: the kinds of each positional argument.
        named: R's name -> (Python's name, kinds, the places that it has by position, as bits).
        index_results: bit i is set where result i is positions.
        results: the names of several results.
        overloads: for each its (name, type, default text or None).
        variadic: does it take any number of arguments by position?
    """

    def __init__(self) -> None:
        self.positional: tuple[int, ...] = ()
        self.named: dict[str, tuple[str, int, int]] = {}
        self.index_results = 0
        self.results: tuple[str, ...] = ()
        self.overloads: list[Overload] = []
        self.variadic = False

    def arguments(self, name: str) -> list[Argument] | None:
        """R torch's arguments of R's function ``name``; None where any may be given."""
        return None if self.variadic else r_arguments(name, self.overloads)


def describe(function: Callable[..., Any], name: str, method: bool) -> Spec:
    """The Spec of a PyTorch function."""
    found = schemas(function, name)
    spec = Spec()
    if found:
        _from_schemas(spec, found, name, method)
    else:
        _from_signature(spec, function, name)
    if name.rstrip("_") in _INDEX_RESULTS:
        spec.index_results = EVERY
    return spec


def schemas(function: Callable[..., Any], name: str) -> list[torch.FunctionSchema]:
    """PyTorch's schemas of a function, without out= and scripting overloads."""
    if inspect.isfunction(function) and name not in ("norm",):
        return []  # written in Python: it has a signature of its own
    base = getattr(function, "__name__", name) or name
    for candidate in (base, name, f"linalg_{base}", f"fft_{base}", f"special_{base}", f"_{base}"):
        packet = getattr(torch.ops.aten, candidate, None)
        if packet is None:
            continue
        found = [getattr(packet, overload)._schema for overload in packet.overloads()]
        found = [s for s in found if not any(a.is_out for a in s.arguments) and _takes_tensors(s)]
        if found:
            return found
    return []


def _takes_tensors(schema: torch.FunctionSchema) -> bool:
    """Not one of TorchScript's overloads for Python numbers and lists."""
    first = str(schema.arguments[0].type) if schema.arguments else ""
    gives = " ".join(str(r.type) for r in schema.returns)
    return "Tensor" in first or "Tensor" in gives


def _from_schemas(spec: Spec, found: list[torch.FunctionSchema], name: str, method: bool) -> None:
    positional: list[int] = []
    by_name: set[str] = set()
    for schema in found:
        places: dict[str, int] = {}
        for position, argument in enumerate(a for a in schema.arguments if not a.kwarg_only):
            if position == len(positional):
                positional.append(0)
            positional[position] |= _kind_in_schema(name, argument)
            places[argument.name] = 1 << position
        for argument in schema.arguments:
            # torch.* functions call their first tensor input, methods have no name for it.
            python_name = "input" if argument.name == "self" and not method else argument.name
            _, kinds, known = spec.named.get(argument.name, (python_name, 0, 0))
            kinds |= _kind_in_schema(name, argument)
            if argument.kwarg_only:
                by_name.add(argument.name)
            known |= places.get(argument.name, 0)
            spec.named[argument.name] = (python_name, kinds, known)
        names = tuple(r.name for r in schema.returns)
        if len(names) > 1:
            spec.results = names if all(names) else ()
            for position, result in enumerate(schema.returns):
                if result.name and "indices" in result.name:
                    spec.index_results |= 1 << position
    for argument_name in by_name:  # alpha: in one overload only
        spec.named[argument_name] = (*spec.named[argument_name][:2], 0)
    spec.overloads = [[(a.name, str(a.type), _default(a)) for a in s.arguments] for s in found]
    spec.positional = tuple(positional)


def _kind_in_schema(name: str, argument: torch.Argument) -> int:
    kinds = kind_of(name, argument.name, str(argument.type))
    of_any_length = argument.N is None  # type: ignore[attr-defined]
    if str(argument.type) == "List[int]" and of_any_length:
        kinds |= INTS
    elif kinds & INTS:
        kinds = kinds & ~INTS | INT  # of a known length: PyTorch repeats a single int
    return kinds


def _default(argument: torch.Argument) -> str | None:
    if not argument.has_default_value():
        return None
    value = argument.default_value
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if is_dim(argument.name) and isinstance(value, int) and value >= 0:
        value += 1
    return repr(value)


def _from_signature(spec: Spec, function: Callable[..., Any], name: str) -> None:
    # boolean_dispatch hides the signature of the pooling functions; the twin has it.
    twin = getattr(F, f"_{name}", None) or getattr(F, f"{name}_with_indices", None)
    try:
        signature = inspect.signature(function)
        if twin is not None and list(signature.parameters) == ["args", "kwargs"]:
            signature = inspect.signature(twin)
    except (TypeError, ValueError):
        return
    positional: list[int] = []
    arguments = []
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            continue
        kinds = kind_of(name, parameter.name, _annotation(parameter))
        place = 0
        if parameter.kind is not parameter.KEYWORD_ONLY:
            place = 1 << len(positional)
            positional.append(kinds)
        if parameter.kind is not parameter.VAR_POSITIONAL:
            spec.named[parameter.name] = (parameter.name, kinds, place)
            default = None if parameter.default is inspect._empty else repr(parameter.default)
            arguments.append((parameter.name, _annotation(parameter), default))
    spec.variadic = any(p.kind is p.VAR_POSITIONAL for p in signature.parameters.values())
    spec.overloads = [arguments]
    spec.positional = tuple(positional)
    first = next(iter(signature.parameters), None)
    if first in ("input", "tensor", "self") and "self" not in spec.named:
        spec.named["self"] = spec.named[first]
    if _POOLING.search(name):
        spec.index_results |= 2


def _annotation(parameter: inspect.Parameter) -> str:
    if hasattr(parameter.annotation, "__args__"):  # list[int], whose name is list
        return str(parameter.annotation)
    if parameter.annotation is not inspect._empty:
        return str(getattr(parameter.annotation, "__name__", parameter.annotation))
    if parameter.name in _TENSORS:
        return "Tensor"
    default = parameter.default
    if isinstance(default, bool):
        return "bool"
    return type(default).__name__ if isinstance(default, (int, float, str)) else ""


def is_dim(name: str) -> bool:
    """Does an argument of this name count dims?"""
    return name in _DIMS


def kind_of(function: str, name: str, kind: str) -> int:
    """The kinds of an argument, from the schema's (or the signature's) type.

    0 is anything else: there a whole double is an int, as R's plain numbers are doubles.
    """
    base = function.rstrip("_")
    if name in _DIMS and (base, name) not in _NOT_DIMS and "Tensor" not in kind:
        return DIM
    if name in _POSITIONS.get(base, ()) and "Tensor" not in kind:
        return POSITION
    kinds = 0
    listed = re.compile(r"[Ll]ist\[(Optional\[)?Tensor\]+")
    if listed.search(kind):
        kinds |= TENSORS
    if "Tensor" in listed.sub("", kind) and (base, name) not in _NOT_TENSORS:
        kinds |= TENSOR
    if kinds and name in (_INDICES - _NOT_INDICES.get(base, set()) | _INDICES_OF.get(base, set())):
        kinds |= INDEX
    if re.search(r"\b(number|Scalar|float|complex)\b", kind):
        kinds |= SCALAR
    elif re.search(r"\b(int|SymInt)\b", kind):
        # INT matters beside TENSOR: repeat_interleave(x, 2).
        kinds |= INTS if re.fullmatch(r"(typing\.)?[Ll]ist\[int\]( \| None)?", kind) else INT
    if re.search(r"\bbool\b", kind):
        kinds |= BOOL
    if name == "dtype":
        kinds |= DTYPE
    return kinds


# ---- called by the native core ------------------------------------------------------------


def zero_based(x: RValue, name: str) -> Tensor:
    """Positions that count from 1 as PyTorch counts them; probabilities and masks as they are."""
    if not isinstance(x, torch.Tensor):
        x = torch.as_tensor(x)
    if x.is_floating_point() or x.is_complex() or x.dtype == torch.bool:
        return x
    if x.device.type == "cpu" and x.numel():
        least = int(x.min())
        if least > 0:
            return x - 1
        if least == 0 or bool((x == 0).any()):
            raise IndexError(
                f"{name}: Indexing starts at 1 but found a 0. Positions count from 1, negative "
                "ones from the end"
            )
    return x - (x > 0).to(x.dtype)  # negative ones count from the end, or are to be ignored


def as_positions(x: RValue, beside: Tensor | None, name: str) -> Tensor:
    """R's whole numbers that name positions from 1, as PyTorch counts them.

    They are on the device of `beside`, the first tensor that the operator was given.
    """
    found = zero_based(to_array(x, TorchArrays("int64", None), False, "error", first=1), name)
    return found if beside is None else found.to(beside.device)


def one_based(x: Any) -> Any:
    """Positions that PyTorch counts from 0, counted from 1."""
    if isinstance(x, (list, tuple)):
        return [one_based(v) for v in x]
    return x + 1


@overload
def as_dtype(x: TorchDType) -> torch.dtype | None: ...


@overload
def as_dtype(x: object) -> object: ...


def as_dtype(x: object) -> object:
    """A torch.dtype of its name, such as "float32"; what is no name stays."""
    if not isinstance(x, str):
        return x
    found = getattr(torch, x, None)
    if not isinstance(found, torch.dtype):
        raise ValueError(
            f"dtype: PyTorch has no dtype {x!r}; see torch_float(), torch_int64(), ..."
        )
    return found


def names(prefixes: Iterable[str] = tuple(_PREFIXES)) -> list[str]:
    """The R names of every public function of PyTorch that computes with tensors."""
    found = []
    for prefix in prefixes:
        module = _PREFIXES[prefix]
        for name in dir(module):
            function = getattr(module, name)
            if name.startswith("_") or not callable(function) or inspect.isclass(function):
                continue
            if inspect.ismodule(function) or name in _NOT_OPERATORS:
                continue
            if inspect.isfunction(function) and not _public(function):
                continue
            if (
                prefix == "torch_"
                and not inspect.isfunction(function)
                and not schemas(function, name)
            ):
                continue
            found.append(prefix + name)
    if "torch_" in prefixes:
        found += [f"torch_{name}" for name in ("index", "sparse_sampled_addmm")]
    if "linalg_" in prefixes:
        found.append("linalg_cond")
    return sorted(found)


_NOT_OPERATORS = frozenset(
    (
        "Optional",
        "handle_torch_function",
        "has_torch_function",
        "has_torch_function_unary",
        "has_torch_function_variadic",
        "assert_int_or_pair",
        "boolean_dispatch",
        "compile",
        "load",
        "save",
        "from_dlpack",
        "from_numpy",
        "frombuffer",
        "to_dlpack",
        "classproperty",
        "fork",
        "cond",
        "while_loop",
        "vmap",
        "typename",
        "tensor",
        "prepare_multiprocessing_environment",
        "get_file_path",
        "sym_fresh_size",
        "thread_safe_generator",
    )
)


def _public(function: object) -> bool:
    return getattr(function, "__module__", "").startswith("torch")
