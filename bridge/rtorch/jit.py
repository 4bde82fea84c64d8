"""R's ``jit_*()``: TorchScript, while PyTorch has it.

What R's functions and modules compute is traced with ``torch.jit``: a graph with no R in it.
Tuples, which R has not, come as a dict with the one key ``__tuple__`` (nn-jit.R).

Tests: test-nn-jit.R.
"""

from __future__ import annotations

import io
import textwrap
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from torchbridge.process.whole_files import replacing
from torchbridge.rtorch import layers, registration

#: Methods of a module that was traced in both modes; R chooses by its mode.
BY_MODE = {True: "trainforward", False: "evalforward"}


@contextmanager
def _torchscript() -> Iterator[Any]:
    jit = getattr(torch, "jit", None)
    if jit is None or not hasattr(jit, "trace_module"):
        raise RuntimeError(f"PyTorch {torch.__version__} has no TorchScript any more")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*torch.jit.*", category=DeprecationWarning)
        warnings.filterwarnings("ignore", message=".*torch.jit.*", category=FutureWarning)
        yield jit


class _SizesAreNumbers(TorchFunctionMode):
    """Sizes that R code asks for are R numbers, and constants of the graph, as in R torch.

    PyTorch gives tensors while it traces.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if func not in _SIZES:
            return result
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.Size(map(int, result)) if isinstance(result, tuple) else int(result)


_SIZES = (
    torch.Tensor.shape.__get__,  # type: ignore[attr-defined]
    torch.Tensor.size,
    torch.Tensor.numel,
    torch.numel,
)


def trace(function: Callable[..., Any], inputs: list[Any], strict: bool) -> Any:
    """The script function of an R function."""

    def traced(*args: Any) -> Any:
        with _SizesAreNumbers():
            return from_r(function(*args))

    with _torchscript() as jit:
        return jit.trace(traced, tuple(map(from_r, inputs)), strict=strict, check_trace=False)


def trace_module(
    module: nn.Module,
    name: str,
    methods: dict[str, Callable[..., Any]],
    inputs: dict[str, list[Any]],
    modes: dict[str, bool] | list[Any],
    strict: bool,
) -> Any:
    """The script module of a module: its parameters, buffers and submodules, and some methods.

    Args:
        module: whose tensors the methods use.
        name: of its class.
        methods: by name, R functions.
        inputs: for each method, what it is called with.
        modes: those that are to be traced in training (True) or evaluation, whatever the mode.
    """
    was = {part: part.training for part in module.modules()}

    def method(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def traced(_: nn.Module, *args: Any) -> Any:
            for part, mode in was.items():
                part.training = dict(modes).get(name, mode)
            with _SizesAreNumbers():
                return from_r(function(*args))

        return traced

    body = {key: method(key, function) for key, function in methods.items()}
    skeleton = _skeleton(module, name, body, {})
    given = {key: tuple(map(from_r, values)) for key, values in inputs.items()}
    try:
        with _torchscript() as jit:
            made = jit.trace_module(skeleton, given, strict=strict, check_trace=False)
    finally:
        for part, mode in was.items():
            part.training = mode
    made.train(module.training)
    return made


def _skeleton(
    module: nn.Module, name: str, body: dict[str, Any], known: dict[int, nn.Module]
) -> nn.Module:
    """The very tensors of a module, and what is below it, without its code."""
    if id(module) in known or isinstance(module, torch.jit.ScriptModule):
        return known.get(id(module), module)
    cls = type(name, (nn.Module,), {"__module__": "__main__", **body})
    made: nn.Module = cls()
    known[id(module)] = made
    made.training = module.training
    for kind, held in (("parameter", module._parameters), ("buffer", module._buffers)):
        for key, value in held.items():
            persistent = key not in module._non_persistent_buffers_set
            registration.put(made, kind, key.replace(".", "_"), value, persistent)
    for key, child in module._modules.items():
        if child is not None:
            below = _skeleton(child, _name_of(child), {}, known)
            registration.put(made, "module", key.replace(".", "_"), below)
    return made


def _name_of(module: nn.Module) -> str:
    return layers.r_name(type(module)) or type(module).__name__


def from_r(value: Any) -> Any:
    """R's value with the tuples in it.

    A list of parts of several kinds (what nn_lstm() gives: a tensor and a list) is a tuple, too:
    a list of TorchScript's has one kind.
    """
    value = _with_tuples(value, from_r)
    mixed = isinstance(value, list) and len({_kind(x) for x in value if x is not None}) > 1
    return tuple(value) if mixed else value


def _marked(value: Any) -> Any:
    """R's value with those tuples only that R has marked."""
    return _with_tuples(value, _marked)


def _with_tuples(value: Any, part: Callable[[Any], Any]) -> Any:
    if isinstance(value, dict):
        if list(value) == ["__tuple__"]:
            return tuple(map(part, layers.as_list(value["__tuple__"])))
        return {key: part(x) for key, x in value.items()}
    return list(map(part, value)) if isinstance(value, list) else value


def _kind(value: Any) -> Any:
    """What TorchScript tells apart, for one type in a list."""
    if isinstance(value, dict):
        return (dict, *map(_kind, list(value.values())[:1]))
    if isinstance(value, tuple):
        return (tuple, *map(_kind, value))
    if isinstance(value, list):
        return (list, *map(_kind, value[:1]))
    return torch.Tensor if isinstance(value, torch.Tensor) else type(value)


def call(scripted: Any, args: list[Any]) -> Any:
    """Call a script function or method from R.

    Raises:
        TypeError: it was traced with a tuple where a list is given.
    """
    values = list(map(from_r, args))
    arguments = [a for a in scripted.schema.arguments if a.name != "self"]
    for value, argument in zip(values, arguments, strict=False):
        if isinstance(value, list) and argument.type.kind() == "TupleType":
            raise TypeError(f"`{argument.name}` must be a tuple, as the example was: jit_tuple()")
    return scripted(*values)


def call_module(module: Any, args: list[Any]) -> Any:
    """Call a script module from R, in its mode."""
    return call(forward_of(module), args)


def method_of(module: Any, name: str) -> Any:
    """A method that was traced or scripted, or None."""
    return getattr(module, name) if module._c._has_method(name) else None


def attribute(module: Any, name: str) -> Any:
    """A parameter, buffer, submodule or constant, or None."""
    return getattr(module, name, None)


def forward_of(module: Any) -> Callable[..., Any]:
    """What a script module computes when it is called, in its mode."""
    for name in ("forward", BY_MODE[module.training]):
        if module._c._has_method(name):
            return getattr(module, name)  # type: ignore[no-any-return]
    raise RuntimeError(
        "Forward is not defined. Methods from submodules of traced modules are not traced. Are you "
        "trying to call from a submodule?"
    )


def compiled(source: str) -> Any:
    """The functions that a text in TorchScript's language defines."""
    with _torchscript() as jit:
        # TorchScript wants its last line to end.
        return jit.CompilationUnit(textwrap.dedent(source) + "\n")


def function_of(unit: Any, name: str) -> Any:
    """One of them, or None."""
    return unit.find_function(name)


def operator(namespace: str, name: str, args: list[Any]) -> Any:
    """What an operator of TorchScript gives; R gets its one value, or a list of several.

    All arguments come by position, those too that PyTorch takes by name only (``out``).
    """
    packet = _operator(namespace, name)
    values = list(map(_marked, args))
    schemas = [getattr(packet, overload)._schema for overload in packet.overloads()]
    by_name = next(
        (
            [a.name for a in schema.arguments if a.kwarg_only]
            for schema in schemas
            if len(schema.arguments) == len(values)
        ),
        [],
    )
    first = len(values) - len(by_name)
    result = packet(*values[:first], **dict(zip(by_name, values[first:], strict=True)))
    return list(result) if isinstance(result, tuple) else result


def operator_schemas(namespace: str, name: str) -> list[str]:
    """Its overloads, as text."""
    packet = _operator(namespace, name)
    return [str(getattr(packet, overload)._schema) for overload in packet.overloads()]


def operator_names() -> list[str]:
    """``namespace::name`` of all that PyTorch has."""
    return sorted({schema.name for schema in torch._C._jit_get_all_schemas()})


def _operator(namespace: str, name: str) -> Any:
    packet = getattr(getattr(torch.ops, namespace), name, None)
    if packet is None:
        raise AttributeError(f"PyTorch {torch.__version__} has no operator {namespace}::{name}")
    return packet


def graph(scripted: Any) -> str:
    """The graph of a script function or module, as text."""
    if isinstance(scripted, torch.jit.ScriptModule):
        scripted = forward_of(scripted)
    return str(scripted.graph)


def graph_for(scripted: Any, args: list[Any]) -> str:
    """The graph as it is run for some input, as text."""
    call(forward_of(scripted), args)
    return str(torch._C._last_executed_optimized_graph())


def save(scripted: Any, path: str, mobile: bool) -> None:
    """Write a file, whole or not at all."""
    data = dumps(scripted, mobile)
    with replacing(path) as file:
        file.write(data)


def dumps(scripted: Any, mobile: bool = False) -> bytes:
    """The content of such a file."""
    if not mobile:
        buffer = io.BytesIO()
        with _torchscript() as jit:
            jit.save(scripted, buffer)
        return buffer.getvalue()
    module = scripted if isinstance(scripted, torch.jit.ScriptModule) else loads(dumps(scripted))
    data: bytes = module._save_to_buffer_for_lite_interpreter()
    return data


def load(path: str) -> Any:
    """The script module of a file; one of a function computes it by ``forward``."""
    with open(path, "rb") as file:
        return loads(file.read(), path)


def loads(data: bytes, where: str = "it") -> Any:
    """The same of such a file's content.

    Raises:
        ValueError: it is of another kind, or has code that runs when it is read.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as content:
            code = [content.read(n) for n in content.namelist() if n.endswith(".py")]
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError) as error:
        raise ValueError(f"`path`: {where} is no file of TorchScript ({error})") from error
    if any(b"__setstate__" in text for text in code):
        raise ValueError(f"`path`: {where} has code that runs when it is read (`__setstate__`)")
    with _torchscript() as jit:
        return jit.load(io.BytesIO(data), map_location="cpu")
