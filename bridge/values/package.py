"""R packages from Python: ``package`` gives an object whose attributes are its functions."""

from __future__ import annotations

from typing import Any

from torchbridge.process import host
from torchbridge.values.r_functions import REnvironment


def package(name: str, attach: bool = False) -> RPackage:
    """The functions and data of an installed R package as attributes.

        survival = tb.package("survival", attach=True)
        formula = tb.package("stats").as_formula("Surv(time, status) ~ age")
        fit = survival.coxph(formula, data=survival.lung)

    ``help(survival.coxph)`` shows R's help page, and completion R's arguments.

    Args:
        name: An R package in one of R's libraries (``.libPaths()``).
        attach: Attach it, too, as R's ``library()`` does: formulas (``Surv()`` in that above) and
            scripts then find its functions.

    Returns:
        An :class:`RPackage`.

    Raises:
        ModuleNotFoundError: R has no such package.
        RError: the package does not load.
    """
    return RPackage(name, attach)


class RPackage(REnvironment):
    """The exported functions and the data of an R package.

    ``package.name`` or ``package["name"]``; a dot in an R name may be written as an
    underscore. Values are converted when read.
    """

    def __init__(self, name: str, attach: bool = False) -> None:
        environment = host.native().helper("package_environment").call(name, attach)
        if environment.typeof == "NULL":
            raise ModuleNotFoundError(
                f'R has no package {name!r}; in R: install.packages("{name}")', name=name
            )
        self.__name__ = name
        self._attached = attach
        self._environment = environment
        self._names: frozenset[str] | None = None  # what it exports, once asked

    def _label(self) -> str:
        return f"R's package {self.__name__}"

    def _those(self) -> str:
        return "; dir() names what it has"

    def _has_function(self, name: str) -> bool:
        if self._names is None:
            self._names = frozenset(self.__dir__())
        return name in self._names and super()._has_function(name)

    def _value(self, name: str) -> Any:
        return host.native().helper("package_value")(self.__name__, name)

    def _doc(self, name: str) -> str | None:
        text: str | None = host.native().helper("help_text")(name, self.__name__)
        return text

    def __dir__(self) -> list[str]:
        names = host.native().helper("package_names")(self.__name__)
        return [names] if isinstance(names, str) else list(names)

    def __reduce__(self) -> tuple[object, tuple[str, bool]]:
        return package, (self.__name__, self._attached)

    def __repr__(self) -> str:
        return f"<R package {self.__name__}>"
