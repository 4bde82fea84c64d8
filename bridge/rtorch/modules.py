"""nn.Modules between R and Python: modules written in R, and R's view of any module.

A module that R has made, or seen, has two halves: the nn.Module, and in R an environment
with a function, its face, that R users hold and call. The R half keeps the nn.Module
alive, as every R handle does. The other way:

*Python holds the R half* of a module written in R wherever Python may use the module by
itself: it is new, or part of a module or container of Python's.

*R holds it* where the one owner of the nn.Module is its R half (or other modules whose one
owner that is): then no circle across the two collectors may keep the pair alive. In the first
call after each collection of R's, `settle` looks for modules that have come into this state; `keep`
ends it where R makes the module a part of another (`assign`, module_members.py).

A circle remains where Python holds R code that holds a face: a hook that mentions the
module it is registered on. It goes when the hook is removed.
"""

from __future__ import annotations

import copy
import functools
import sys
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, SupportsIndex

import torch
from torch import nn
from torch.nn.modules import module as _global

from torchbridge.process import host
from torchbridge.rtorch import layers, registration, rnn_names
from torchbridge.values.protocols import RValue

if TYPE_CHECKING:
    from torchbridge._native import RObject


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

    def __ior__(self, other: Any) -> Any:  # type: ignore[misc]
        self.update(other)
        return self


class RModule(nn.Module):
    """An nn.Module written in R: its methods are R functions, its fields R values.

    Parameters, buffers and submodules are nn.Module's own. R fields and methods are
    attributes for Python code too, apart from names that begin with an underscore.
    """

    # The R half, while Python holds it.
    _r_half: RObject | None = None
    # While R sets something, or a Python base class initializes itself, R need not know.
    _r_quiet = False
    # While it is read from a file, nobody asks for R's fields, which may be code.
    _r_reading = False
    #: The Python class that the R class inherits from.
    _r_base: type[nn.Module] = nn.Module

    def _r_call(self, what: str, *args: object, **kwargs: object) -> Any:
        return _half_of(self)(what, *args, **kwargs)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        _keep_what_is_registered()

    def _r_keep(self) -> None:
        """R gives the module to Python: from now on Python holds its R half."""
        if self._r_half is None:
            self.__dict__["_r_half"] = _half_of(self)

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name.startswith("_") or self._r_reading or not self._r_call("has", name):
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
        new.__dict__["_r_half"] = _half_of(self).call("copy", None, True)
        ours = {key: value for key, value in self.__dict__.items() if key != "_r_half"}
        ours["_modules"] = dict(self._modules)
        new.__dict__.update(copy.deepcopy(ours, memo))
        new.__dict__["_modules"] = _Submodules(new, new._modules)
        return new

    def _r_copy(self) -> RModule:
        """A copy with an R half of its own, and the very same parts."""
        new = type(self).__new__(type(self))
        new.__dict__.update(self.__dict__, _r_half=_half_of(self).call("copy", None, False))
        return new

    def _r_own_submodules(self) -> None:
        """After its dict of submodules was put there anew."""
        self.__dict__["_modules"] = _Submodules(self, self._modules)

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError(
            f"{type(self).__name__} is written in R and cannot be pickled: "
            "save its state_dict() and make the module again"
        )


def class_of(name: str, base: RValue, methods: list[str], forward: bool) -> type[RModule]:
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
    def method(self: RModule, *args: object, **kwargs: object) -> Any:
        return _half_of(self)("call", name, *args, **kwargs)

    method.__name__ = method.__qualname__ = name
    return method


def _no_forward(self: RModule, *args: object, **kwargs: object) -> NoReturn:
    raise NotImplementedError(f"the module class `{type(self).__name__}` has no method `forward`")


def create(cls: type[RModule], half: RObject) -> RModule:
    """A module of an R class, before R's ``initialize``; its R half is there."""
    if not (isinstance(cls, type) and issubclass(cls, RModule)):
        raise TypeError("this is no class of modules written in R")
    module = cls.__new__(cls)
    module.__dict__["_r_half"] = half
    nn.Module.__init__(module)
    module.__dict__["_modules"] = _Submodules(module)
    return module


def initialize_base(module: RModule, /, *args: RValue, **kwargs: RValue) -> None:
    """R's ``super$initialize(...)`` where the parent is a Python class."""
    base = module._r_base
    with _quiet(module):
        layers.initialize(module, base, args, kwargs)
    if not isinstance(module._modules, _Submodules):
        module.__dict__["_modules"] = _Submodules(module, module._modules)


def initialize_sequential(module: RModule, modules: list[nn.Module], names: list[str]) -> None:
    """The same of an nn.Sequential: an unnamed module has its place, from 0, for its name."""
    initialize_base(module)
    for place, (name, part) in enumerate(zip(names, modules, strict=True)):
        keep(part)
        registration.put(module, "module", name or str(place), part)


def base_member(module: RModule, name: str) -> Any:
    """R's ``super$<name>`` where the parent is a Python class."""
    if name == "forward":
        return layers.forward_of(module, module._r_base)
    return layers.member_for_r(module, name, getattr(super(RModule, module), name))


@contextmanager
def _quiet(module: nn.Module) -> Iterator[None]:
    if isinstance(module, RModule):
        module.__dict__["_r_quiet"] = True
    try:
        yield
    finally:
        module.__dict__.pop("_r_quiet", None)


@contextmanager
def without_fields(module: nn.Module) -> Iterator[None]:
    """While what a file has of a module is put into it."""
    if isinstance(module, RModule):
        module.__dict__["_r_reading"] = True
    try:
        yield
    finally:
        module.__dict__.pop("_r_reading", None)


# ---- faces ----


@dataclass(frozen=True)
class _Face:
    """Where R has its half of a module; R says when it goes (`release`)."""

    module: weakref.ref[nn.Module]
    face: int
    half: int
    environment: int


#: id(module) -> its face.
_faces: dict[int, _Face] = {}

#: The environment of a face -> id(module).
_owners: dict[int, int] = {}


def face(module: nn.Module) -> RObject:
    """The R function (an RObject) that stands for a module in R: always the same one."""
    core = host.native()
    known = _living_face_of(module)
    if known is not None:
        return core.RObject.from_address(known.face)
    half = module._r_half if isinstance(module, RModule) else None
    if half is None and isinstance(module, RModule):
        raise _gone(module)
    made = core.helper("wrap_module").call(
        core.handle(module),
        float(id(module)),
        layers.r_classes(module),
        layers.counts_from_one(module),
        layers.forward_signature(type(module)),
        half,
    )
    if made.typeof != "list":  # without the R package, a module is a plain R function
        return made
    return _know(module, *made.items())


def _know(module: nn.Module, face: RObject, half: RObject, environment: RObject) -> RObject:
    """Remember where R has them, as long as it has."""
    _faces[id(module)] = _Face(weakref.ref(module), face.address, half.address, environment.address)
    _owners[environment.address] = id(module)
    return face


def release(environment: int) -> None:
    """The environment of an R half, by its address, is gone. The core asks, in a finalizer."""
    owner = _owners.pop(environment, None)
    known = None if owner is None else _faces.get(owner)
    if owner is not None and known is not None and known.environment == environment:
        del _faces[owner]


def half_in_r(module: nn.Module) -> RObject | None:
    """The R half of any module, if it has one."""
    known = _living_face_of(module)
    if known is not None:
        return host.native().RObject.from_address(known.half)
    return module._r_half if isinstance(module, RModule) else None


def revive(module: nn.Module, half: RObject) -> None:
    """An R half that ``readRDS()`` has read is this module's."""
    _know(module, *half.call("revive", float(id(module))).items())


def _face_of(module: nn.Module) -> _Face | None:
    known = _faces.get(id(module))
    return known if known is not None and known.module() is module else None


def _living_face_of(module: nn.Module) -> _Face | None:
    """The same, until R collects again; what R has let go of must not be given away."""
    if _face_of(module) is None or host.native().run_finalizers():  # `release` says what is gone
        return _face_of(module)
    # In a finalizer nobody knows; another face of the same module is safe, where R keeps nothing.
    return _face_of(module) if isinstance(module, RModule) else None


def _half_of(module: RModule) -> RObject:
    """The R half of a module: an R function of what to do, its name and the arguments."""
    if module._r_half is not None:
        if _face_of(module) is None:
            face(module)  # its methods need a `self`
        return module._r_half
    known = _living_face_of(module)
    if known is None:
        raise _gone(module)
    return host.native().RObject.from_address(known.half)


def _gone(module: RModule) -> RuntimeError:
    return RuntimeError(
        f"the R code of this {type(module).__name__} is gone: R had let go of the module "
        "before Python code kept it"
    )


# ---- who holds the R half ----


def keep(value: object) -> None:
    """A part of Python's is about to hold this value, maybe a module that only R has held."""
    if isinstance(value, RModule):
        value._r_keep()
    elif isinstance(value, nn.Module):  # the R half of a module of Python's holds no others
        for child in value._modules.values():
            keep(child)


@functools.cache
def _keep_what_is_registered() -> None:
    """From the first class written in R on: Python code makes modules of R's a part of its own."""
    _global.register_module_module_registration_hook(lambda _parent, _name, part: keep(part))


def settle() -> None:
    """Let go of the R halves of modules that only R owns."""
    modules, _halves = _in_r()  # none of the halves goes while we look
    references = _references(modules)  # first: what follows holds more of them
    if any(isinstance(m, RModule) and m._r_half is not None for m in modules):
        parents = _parents(modules)
        ours = _owned_by_r(
            {id(m): n for m, n in zip(modules, references, strict=True)},
            {child: [id(parent) for parent in found] for child, found in parents.items()},
        )
        for module in modules:
            if isinstance(module, RModule) and module._r_half is not None and id(module) in ours:
                _hold(module, parents)
                del module.__dict__["_r_half"]


def _in_r() -> tuple[list[nn.Module], list[RObject]]:
    """The modules that have a half in R, and these halves."""
    core = host.native()
    core.run_finalizers()  # `release` says what is gone
    modules, halves = [], []
    for address in list(_faces):
        known = _faces.get(address)  # to hold one may collect others: asked one by one
        module = None if known is None else known.module()
        if known is not None and module is not None:
            modules.append(module)
            halves.append(core.RObject.from_address(known.half))
    return modules, halves


def _hold(module: nn.Module, parents: dict[int, list[nn.Module]]) -> None:
    """Instead of Python: R's half of the parent holds that of the child."""
    for parent in parents[id(module)]:
        _access(parent)("hold", str(id(module)), module)
        if not isinstance(parent, RModule):  # R has its half only while somebody looks at it
            _hold(parent, parents)


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


def _references(objects: Sequence[object]) -> list[int]:
    """How many references there are to each object, besides this list and R's handle."""
    probe = [object()]
    beside = [sys.getrefcount(probe[i]) for i in range(1)][0] + 1
    return [sys.getrefcount(objects[i]) - beside for i in range(len(objects))]


def _access(module: nn.Module) -> RObject:
    known = _living_face_of(module)
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
    if isinstance(module, nn.RNNBase):
        name = rnn_names.python_name(module, name)
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


def assign(module: nn.Module, name: str, value: Any) -> bool:
    """R's ``module$name <- value``; False where it is a field of R instead."""
    keep(value)
    registered = isinstance(value, (nn.Module, nn.Parameter, nn.Buffer))
    if not registered and isinstance(module, RModule) and not owns(module, name):
        return False
    with _quiet(module):
        if registered:
            registration.put_value(module, rnn_names.python_name(module, name), value)
        else:
            nn.Module.__setattr__(module, name, layers.member_from_r(module, name, value))
    return True
