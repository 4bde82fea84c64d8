"""nn.Modules between R and Python: modules written in R, and R's view of any module.

A module that R has made, or seen, has two halves: the nn.Module, and in R an environment
with a function, its face, that R users hold and call. The R half keeps the nn.Module
alive, as every R handle does. The other way:

*Python holds the R half* of a module written in R wherever Python may use the module by
itself: it is new, or part of a module or container of Python's, or has just been given to
Python code.

*R holds it* where the one owner of the nn.Module is its R half (or other modules whose one
owner that is): then no circle across the two collectors may keep the pair alive. After
each collection of R's, `settle` looks for modules that have come into this state; `keep`
ends it when R gives the module to Python again (native/values.c).

A circle remains where Python holds R code that holds a face: a hook that mentions the
module it is registered on. It goes when the hook is removed.
"""

from __future__ import annotations

import copy
import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.modules import module as _global

from torchbridge import host, layers


#: Parameters whose size is not known yet.
_LAZY = nn.parameter.UninitializedTensorMixin


class _Submodules(dict[str, Any]):
    """The submodules of an RModule: R knows their faces, and is told of every change."""

    def __init__(self, owner: nn.Module, values: Any = ()) -> None:
        super().__init__(values)
        self._owner = weakref.ref(owner)

    def _told(self, *names: str) -> None:
        owner = self._owner()
        if isinstance(owner, RModule) and not owner._r_quiet:
            for name in names:
                owner._r_call("forget", name)

    def __setitem__(self, name: str, module: Any) -> None:
        self._told(name)
        super().__setitem__(name, module)

    def __delitem__(self, name: str) -> None:
        self._told(name)
        super().__delitem__(name)

    def pop(self, name: str, *default: Any) -> Any:
        self._told(name)
        return super().pop(name, *default)

    def popitem(self) -> Any:
        self._told(*self)
        return super().popitem()

    def clear(self) -> None:
        self._told(*self)
        super().clear()

    def update(self, *args: Any, **kwargs: Any) -> None:
        new = dict(*args, **kwargs)
        self._told(*new)
        super().update(new)

    def setdefault(self, name: str, default: Any = None) -> Any:
        self._told(name)
        return super().setdefault(name, default)

    def __ior__(self, other: Any) -> Any:
        self.update(other)
        return self


class RModule(nn.Module):
    """An nn.Module written in R: its methods are R functions, its fields R values.

    Parameters, buffers and submodules are nn.Module's own. R fields and methods are
    attributes for Python code too, apart from names that begin with an underscore.
    """

    # The R half, while Python holds it.
    _r_half: Any = None
    # While R sets something, or a Python base class initializes itself, R need not know.
    _r_quiet = False
    #: The Python class that the R class inherits from.
    _r_base: type[nn.Module] = nn.Module

    def _r_call(self, what: str, *args: Any, **kwargs: Any) -> Any:
        return _half_of(self)(what, *args, **kwargs)

    def _r_keep(self) -> None:
        """R gives the module to Python: from now on Python holds its R half."""
        if self._r_half is None:
            self.__dict__["_r_half"] = _half_of(self)

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name.startswith("_") or not self._r_call("has", name):
                raise
        return self._r_call("get", name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "_modules":
            value = _Submodules(self, value)
        known = name.startswith("_") or self._r_quiet or owns(self, name)
        if known or isinstance(value, nn.Module) or not self._r_call("has", name):
            super().__setattr__(name, value)
        else:
            self._r_call("set", name, value)

    def __deepcopy__(self, memo: dict[int, Any]) -> RModule:
        new = type(self).__new__(type(self))
        memo[id(self)] = new
        new.__dict__["_r_half"] = _half_of(self).call("copy")
        ours = {key: value for key, value in self.__dict__.items() if key != "_r_half"}
        ours["_modules"] = dict(self._modules)
        new.__dict__.update(copy.deepcopy(ours, memo))
        new.__dict__["_modules"] = _Submodules(new, new._modules)
        return new

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError(
            f"{type(self).__name__} is written in R and cannot be pickled: "
            "save its state_dict() and make the module again"
        )


def class_of(name: str, base: Any, methods: list[str], forward: bool) -> type[RModule]:
    """A class for modules that are written in R.

    Args:
        name: the class's name.
        base: the Python class it inherits from: the class, or its name in torch.nn.
        methods: the names of the R methods; those that the base class has, other than
            nn.Module's own, replace the base's.
        forward: is there an R method ``forward``?
    """
    base = layers.class_called(base) if isinstance(base, str) else base
    if not (isinstance(base, type) and issubclass(base, nn.Module)):
        raise TypeError("`inherit` must be a module generator or a Python class of modules")
    body: dict[str, Any] = {"__module__": __name__, "_r_base": base}
    for method in methods:
        if method in ("extra_repr", "reset_parameters") or (
            hasattr(base, method) and not hasattr(nn.Module, method)
        ):
            body[method] = _r_method(method)
    if forward:
        body["forward"] = _r_method("forward")
    elif base is nn.Module:
        body["forward"] = _no_forward
    return type(name, (RModule,) if base is nn.Module else (RModule, base), body)


def _r_method(name: str) -> Callable[..., Any]:
    def method(self: RModule, *args: Any, **kwargs: Any) -> Any:
        return _half_of(self)("call", name, *args, **kwargs)

    method.__name__ = method.__qualname__ = name
    return method


def _no_forward(self: RModule, *args: Any, **kwargs: Any) -> Any:
    raise NotImplementedError(f"the module class `{type(self).__name__}` has no method `forward`")


def create(cls: type[RModule], half: Any) -> RModule:
    """A module of an R class, before R's ``initialize``; its R half is there."""
    module = cls.__new__(cls)
    module.__dict__["_r_half"] = half
    nn.Module.__init__(module)
    module.__dict__["_modules"] = _Submodules(module)
    return module


def initialize_base(module: RModule, /, *args: Any, **kwargs: Any) -> None:
    """R's ``super$initialize(...)`` where the parent is a Python class."""
    base = module._r_base
    with _quiet(module):
        layers.initialize(module, base, args, kwargs)
    if not isinstance(module._modules, _Submodules):
        module.__dict__["_modules"] = _Submodules(module, module._modules)


def base_member(module: RModule, name: str) -> Any:
    """R's ``super$<name>`` where the parent is a Python class."""
    if name == "forward":
        return layers.forward_of(module, module._r_base)
    return getattr(super(RModule, module), name)


@contextmanager
def _quiet(module: nn.Module) -> Iterator[None]:
    if isinstance(module, RModule):
        module.__dict__["_r_quiet"] = True
    try:
        yield
    finally:
        module.__dict__.pop("_r_quiet", None)


# ---- faces ----


@dataclass(frozen=True)
class _Face:
    """Where R has its half of a module; R says when it goes (`release`)."""

    module: weakref.ref[nn.Module]
    face: int
    half: int


#: id(module) -> its face.
_faces: dict[int, _Face] = {}


def face(module: nn.Module) -> Any:
    """The R function (an RObject) that stands for a module in R: always the same one."""
    core = host.native()
    known = _face_of(module)
    if known is not None:
        return core.RObject.from_address(known.face)
    made = core.helper("wrap_module").call(
        core.handle(module),
        float(id(module)),
        layers.r_classes(module),
        layers.counts_from_one(module),
        module.__dict__.get("_r_half"),
    )
    if made.typeof != "list":  # without the R package, a module is a plain R function
        return made
    function, half = made.items()
    _faces[id(module)] = _Face(weakref.ref(module), function.address, half.address)
    return function


def release(address: float, half: Any) -> None:
    """The R half of the module that was at `address` is gone."""
    known = _faces.get(int(address))
    if known is not None and known.half == half.address:
        del _faces[int(address)]


def _face_of(module: nn.Module) -> _Face | None:
    known = _faces.get(id(module))
    return known if known is not None and known.module() is module else None


def _half_of(module: RModule) -> Any:
    """The R half of a module: an R function of what to do, its name and the arguments."""
    known = _face_of(module)
    if known is None and module._r_half is not None:
        face(module)  # its methods need a `self`
    if module._r_half is not None:
        return module._r_half
    if known is None:
        raise RuntimeError(f"the R half of this {type(module).__name__} is gone")
    return host.native().RObject.from_address(known.half)


# ---- who holds the R half ----


def settle() -> None:
    """Let go of the R halves of modules that only R owns."""
    modules = [m for m in (known.module() for known in list(_faces.values())) if m is not None]
    references = _references(modules)  # first: what follows holds more of them
    if any(isinstance(m, RModule) and m._r_half is not None for m in modules):
        parents = _parents(modules)
        ours = _owned_by_r(
            {id(m): n for m, n in zip(modules, references, strict=True)},
            {child: [id(parent) for parent in found] for child, found in parents.items()},
        )
        for module in modules:
            if isinstance(module, RModule) and module._r_half is not None and id(module) in ours:
                for parent in parents[id(module)]:
                    # Instead of Python: R's half of the parent holds that of the child.
                    _access(parent)("hold", str(id(module)), module)
                del module.__dict__["_r_half"]


def _parents(modules: list[nn.Module]) -> dict[int, list[nn.Module]]:
    """id -> those among some modules that have it as a submodule, as often as they do."""
    parents: dict[int, list[nn.Module]] = {id(module): [] for module in modules}
    for module in modules:
        for child in module._modules.values():
            if id(child) in parents:
                parents[id(child)].append(module)
    return parents


def _owned_by_r(references: dict[int, int], parents: dict[int, list[int]]) -> set[int]:
    """The modules (ids) that nobody holds but R's handle and others of this set."""
    ours = {module for module, n in references.items() if n == len(parents[module])}
    while True:
        lost = {module for module in ours if not ours.issuperset(parents[module])}
        if not lost:
            return ours
        ours -= lost


def _references(objects: list[Any]) -> list[int]:
    """How many references there are to each object, besides this list and R's handle."""
    probe = [object()]
    beside = [sys.getrefcount(probe[i]) for i in range(1)][0] + 1
    return [sys.getrefcount(objects[i]) - beside for i in range(len(objects))]


def _access(module: nn.Module) -> Any:
    known = _face_of(module)
    assert known is not None
    return host.native().RObject.from_address(known.half)


# ---- what R asks of a module in every call: short ----


def plain(module: nn.Module) -> bool:
    """May R call the forward of a module written in R itself? Not where there are hooks."""
    return not (
        module._backward_hooks
        or module._backward_pre_hooks
        or module._forward_hooks
        or module._forward_pre_hooks
        or module._compiled_call_impl
        or _global._global_backward_pre_hooks
        or _global._global_backward_hooks
        or _global._global_forward_hooks
        or _global._global_forward_pre_hooks
    )


def is_child(module: nn.Module, name: str, child: nn.Module) -> bool:
    """Is `child` still what the module has under this name?"""
    return module._modules.get(name) is child


def tensor_of(module: nn.Module, name: str) -> torch.Tensor | None:
    """The parameter or buffer of this name, if there is one."""
    found = module._parameters.get(name)
    return module._buffers.get(name) if found is None else found


def owns(module: nn.Module, name: str) -> bool:
    """Does Python hold this attribute of a module (or is it a field of R)?"""
    return (
        name in module._parameters
        or name in module._buffers
        or name in module._modules
        or name in module.__dict__
    )


# ---- members ----


def assign(module: nn.Module, name: str, value: Any) -> bool:
    """R's ``module$name <- value``; False where it is a field of R instead."""
    registered = isinstance(value, (nn.Module, nn.Parameter)) or is_buffer(value)
    if not registered and isinstance(module, RModule) and not owns(module, name):
        return False
    with _quiet(module):
        nn.Module.__setattr__(module, name, value)
    return True


def parameter(x: torch.Tensor, requires_grad: bool) -> nn.Parameter:
    """R's ``nn_parameter``."""
    return nn.Parameter(x, requires_grad)


def buffer(x: torch.Tensor, persistent: bool) -> torch.Tensor:
    """R's ``nn_buffer``: a tensor that becomes a buffer where it is assigned to a module."""
    return nn.Buffer(x, persistent=persistent)


def is_parameter(x: Any) -> bool:
    """R's ``is_nn_parameter``."""
    return isinstance(x, nn.Parameter)


def is_buffer(x: Any) -> bool:
    """R's ``is_nn_buffer``."""
    return isinstance(x, nn.Buffer)


def parameters(module: nn.Module, recursive: bool = True) -> dict[str, nn.Parameter]:
    """Parameters by name."""
    return dict(module.named_parameters(recurse=recursive))


def buffers(module: nn.Module, recursive: bool = True) -> dict[str, torch.Tensor]:
    """Buffers by name."""
    return dict(module.named_buffers(recurse=recursive))


def children(module: nn.Module) -> dict[str, nn.Module]:
    """Submodules by name."""
    return dict(module.named_children())


def modules(module: nn.Module) -> dict[str, nn.Module]:
    """A module (named "") and all below it, by name."""
    return dict(module.named_modules())


def member_names(module: nn.Module) -> list[str]:
    """The names of parameters, buffers and submodules of a module itself."""
    return [*module._parameters, *module._buffers, *module._modules]


def state_dict(module: nn.Module, prefix: str, keepvars: bool) -> dict[str, Any]:
    """R's ``$state_dict()``."""
    return dict(module.state_dict(prefix=prefix, keep_vars=keepvars))


def load_state_dict(module: nn.Module, state: Any, strict: bool) -> None:
    """R's ``$load_state_dict()``: nothing changes unless everything fits."""
    if not isinstance(state, dict) and not (isinstance(state, list) and not state):
        raise TypeError("`state_dict` must be a named list of tensors, each name once")
    given = {
        key: value if _is_state(key, value) else _as_tensor(key, value)
        for key, value in dict(state).items()
    }
    ours = module.state_dict(keep_vars=True)
    missing = [key for key in ours if key not in given]
    unknown = [key for key in given if key not in ours]
    if strict and (missing or unknown):
        reasons = []
        if missing:
            reasons.append(f"it lacks {_listed(missing)}")
        if unknown:
            reasons.append(f"this module has no {_listed(unknown)}")
        raise ValueError(f"`state_dict` does not fit: {'; '.join(reasons)}")
    for key, value in given.items():
        mine = ours.get(key)
        if not isinstance(mine, torch.Tensor) or isinstance(mine, _LAZY):
            continue
        if mine.shape != value.shape:
            raise ValueError(
                f"`state_dict` does not fit: \"{key}\" has shape {_shape(value)}, "
                f"the module's {_shape(mine)}"
            )
    module.load_state_dict(given, strict=strict)


def _is_state(key: str, value: Any) -> bool:
    return isinstance(value, torch.Tensor) or key.endswith("_extra_state")


def _as_tensor(key: str, value: Any) -> torch.Tensor:
    try:
        return torch.as_tensor(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(f'`state_dict`: "{key}" is not a tensor or array') from error


def _listed(names: list[str]) -> str:
    shown = ", ".join(f'"{name}"' for name in names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"


def _shape(x: torch.Tensor) -> str:
    return f"({', '.join(map(str, x.shape))})"


def to(module: nn.Module, args: list[Any], dtype: Any, device: Any, non_blocking: bool) -> None:
    """R's ``$to()``: an unnamed argument is a device or a dtype, whichever it names."""
    for value in args:
        if dtype is None and layers.is_dtype(value):
            dtype = value
        elif device is None:
            device = value
        else:
            raise TypeError("`to()` takes one device and one dtype")
    if device is not None:
        device = layers.as_device(device)
    module.to(device=device, dtype=layers.as_dtype(dtype), non_blocking=non_blocking)


def register(module: nn.Module, kind: str, name: str, value: Any, persistent: bool = True) -> None:
    """R's ``$register_parameter()``, ``$register_buffer()`` and ``$add_module()``."""
    if kind == "buffer":
        module.register_buffer(name, value, persistent=persistent)
    elif kind == "parameter":
        if isinstance(value, torch.Tensor) and not isinstance(value, nn.Parameter):
            value = nn.Parameter(value)
        module.register_parameter(name, value)
    else:
        module.add_module(name, value)


def apply(module: nn.Module, function: Callable[[nn.Module], Any]) -> None:
    """R's ``$apply()``: of every submodule, then of the module itself."""
    module.apply(function)


def clone(module: nn.Module) -> nn.Module:
    """R's ``$clone()``: a copy with parameters of its own."""
    return copy.deepcopy(module)


def summary(module: nn.Module) -> dict[str, Any]:
    """What printing a module needs."""
    return {
        "total": _count(module),
        "class": _class_name(module),
        "modules": [
            {"name": name, "class": _class_name(child), "parameters": _count(child)}
            for name, child in module.named_children()
        ],
        "parameters": _tensors(module._parameters),
        "buffers": _tensors(module._buffers),
    }


def _class_name(module: nn.Module) -> str:
    return layers.r_name(type(module)) or type(module).__name__


def _count(module: nn.Module) -> float:
    return float(sum(p.numel() for p in module.parameters() if not isinstance(p, _LAZY)))


def _tensors(found: dict[str, torch.Tensor | None]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "dtype": str(x.dtype).removeprefix("torch."),
            "shape": None if isinstance(x, _LAZY) else list(x.shape),
        }
        for name, x in found.items()
        if x is not None
    ]


# ---- containers ----


def sequential(modules: list[nn.Module], names: list[str]) -> nn.Sequential:
    """R's ``nn_sequential``; an unnamed module has its place, from 0, for its name."""
    result = nn.Sequential()
    for place, (name, module) in enumerate(zip(names, modules, strict=True)):
        result.add_module(name or str(place), module)
    return result


def container(kind: str, values: Any) -> nn.Module:
    """R's ``nn_module_list``, ``nn_module_dict``, ``nn_parameter_list``, ``..._dict``."""
    return getattr(nn, kind)(values if values else None)


def item(module: Any, position: float) -> Any:
    """R's ``module[[i]]``."""
    return module[_place(module, position)]


def set_item(module: Any, position: float, value: Any) -> None:
    """R's ``module[[i]] <- value``; one past the end appends."""
    if position == len(module) + 1:
        module.append(value)
    else:
        module[_place(module, position)] = value


def subset(module: Any, positions: Any) -> Any:
    """R's ``module[i]``: the same kind of container with some of the modules."""
    chosen = [module[_place(module, p)] for p in layers.as_list(positions)]
    return nn.Sequential(*chosen) if isinstance(module, nn.Sequential) else type(module)(chosen)


def insert(module: Any, position: float, value: Any) -> None:
    """R's ``$insert()``: before the i-th."""
    module.insert(len(module) if position == len(module) + 1 else _place(module, position), value)


def _place(module: Any, position: float) -> int:
    n = len(module)
    if position != int(position) or not 1 <= abs(position) <= n:
        raise IndexError(f"`i` must be a place from 1 to {n} (or -1, the last), not {position:g}")
    return int(position) - 1 if position > 0 else int(position)


def size(module: Any) -> int:
    """R's ``length(module)``."""
    return len(module)


def items(module: Any) -> Any:
    """R's ``as.list(module)``: named where the container is a dict."""
    return dict(module.items()) if hasattr(module, "items") else list(module)
