"""The native core of torchbridge: C, built from bridge/native. `torchbridge.process.host.native()`
gives it with R running; until `attach()` has joined R, what needs R raises RuntimeError, and so
does a call on another thread than R's.

R objects stand in Python as `RObject`, Python objects in R as external pointers ("handles").
"""

from collections.abc import Callable
from inspect import Signature
from typing import Any, TypedDict, final

from typing_extensions import CapsuleType

class _ArrayInterface(TypedDict):
    version: int
    typestr: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    data: tuple[int, bool]

@final
class RObject:
    """One R object, kept alive as long as this Python object. Only the core makes them."""

    @classmethod
    def new_vector(cls, type: str, shape: tuple[int, ...], /) -> RObject:
        """An uninitialised R vector or array, writable until R sees it.

        ``type`` is "logical", "integer", "double", "complex" or "raw"; a shape of two and more
        becomes R's dim.

        Raises:
            ValueError: another type, or a shape that R cannot have.
            RError: there is no memory for it.
        """

    @classmethod
    def from_address(cls, address: int, /) -> RObject:
        """Take a share in a live R object, which somebody else (rpy2) keeps alive now."""

    @property
    def typeof(self) -> str:
        """R's typeof()."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The class attribute; empty where there is none."""

    @property
    def dim(self) -> tuple[int, ...] | None:
        """The dim attribute, or None."""

    @property
    def address(self) -> int:
        """Where the R object is."""

    @property
    def altrep(self) -> bool:
        """Does R know this vector otherwise than by its memory (a sequence, a sorted vector)?"""

    @property
    def writable(self) -> bool:
        """Was this vector just made by the core, and has R not seen it yet?"""

    def __len__(self) -> int: ...
    def __call__(self, *args: object, **kwargs: object) -> Any:
        """Call this R function; the result is a Python value.

        Raises:
            TypeError: it is no function.
            RError: what R raised; a Python exception that passed through R is raised itself.
        """

    def call(self, *args: object, **kwargs: object) -> RObject:
        """Call this R function; the result stays an RObject."""

    @property
    def __signature__(self) -> Signature:
        """The arguments of this R function, with R's text of their defaults.

        Raises:
            AttributeError: it is no function.
        """

    @property
    def __name__(self) -> str:
        """ "r_function": R's functions have no names.

        Raises:
            AttributeError: it is no function.
        """

    @property
    def __qualname__(self) -> str:
        """The same as `__name__`."""

    def __reduce__(self) -> tuple[Any, ...]:
        """What pickle keeps, on any thread: R's serialization (values/pickled_objects.py)."""

    def __copy__(self) -> RObject:
        """The same object: R's values do not change."""

    def __deepcopy__(self, memo: object, /) -> RObject:
        """The same object."""

    def value(self) -> Any:
        """The Python value of this R object; vectors of numbers are NumPy arrays."""

    def check(self, name: str = "", /) -> None:
        """Does it hold what it says of itself: dim, names, class, levels, rows of a data frame?

        The codes of a factor are looked at by `any_na`.

        Raises:
            ValueError: it is damaged; the message begins with `name`.
        """

    def items(self) -> list[RObject]:
        """The elements of an R list.

        Raises:
            TypeError: it is no list.
        """

    def attr(self, name: str, /) -> RObject | None:
        """An attribute, or None."""

    def slot(self, name: str, /) -> RObject | None:
        """An S4 slot, or None."""

    def set_attr(self, name: str, value: RObject, /) -> None:
        """Set an attribute of a vector just made.

        Raises:
            ValueError: R has seen the vector.
        """

    def freeze(self) -> None:
        """From now on R duplicates this vector before changing it, and it is not `writable`."""

    def any_na(self) -> bool:
        """Is any element of this vector of numbers R's NA?

        Raises:
            ValueError: a code of a factor is none of its levels.
        """

    def na_mask(self) -> RObject:
        """A raw vector of the same shape: 1 where there is a value, 0 where there is NA."""

    def copy_to(self, array: object, /) -> bool:
        """Copy a double, integer or logical vector, and look for NA on the way.

        Args:
            array: contiguous float64, int32 or bool, with as many elements, to be written to.

        Returns:
            Is there NA among integers or logicals? (It is INT_MIN or False then. A double's NA is
            itself, and not looked for.)

        Raises:
            TypeError, ValueError: another type on either side, or another length.
        """

    def frame_parts(self) -> tuple[list[str], int, RObject | None, list[RObject], str]:
        """A data frame's names, number of rows, row names, columns, and a letter for each.

        Row names that only count are None. The letter of a column that `copy_to` takes as it is,
        without class or dim, is that of its NumPy dtype ("d", "i", "?"), else ".".

        Raises:
            TypeError: it is no data frame.
            ValueError: it is damaged.
        """

    @classmethod
    def new_frame(
        cls, columns: list[Any], names: list[str], rows: int, row_names: RObject | None, /
    ) -> RObject | int:
        """An R data frame of R's vectors and of NumPy arrays of numbers, which are copied.

        Args:
            columns: RObjects and arrays of one dim, of `rows` elements each: float64, float32,
                int32, int64, bool. Integers are R's integers if all are, else doubles.
            names: their names.
            rows: how many rows there are.
            row_names: integers or text; None: 1, 2, ...

        Returns:
            The data frame; or the place of the first column that is anything else, or that has
            integers that a double may not hold: then nothing was made.
        """

    @property
    def __array_interface__(self) -> _ArrayInterface:
        """NumPy's array interface, over R's own memory.

        Raises:
            AttributeError: it is no vector of numbers.
        """

    def __dlpack__(
        self,
        *,
        stream: int | None = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> CapsuleType:
        """The vector's own memory, column-major, read-only unless just made.

        Raises:
            TypeError: it is no vector of numbers.
            BufferError: a copy, or another device than the CPU, was asked for.
        """

    def __dlpack_device__(self) -> tuple[int, int]:
        """``(1, 0)``: the CPU."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> CapsuleType:
        """A data frame, or a vector, as an Arrow stream of one array; warns of what is lost.

        Raises:
            TypeError, ValueError: what Arrow has no type for, naming the column.
        """

    def __arrow_c_schema__(self) -> CapsuleType:
        """The schema of that stream."""

@final
class Operator:
    """A PyTorch function and what its arguments are to R."""

    def __new__(
        cls,
        name: str,
        function: Callable[..., object],
        positional: tuple[int, ...],
        named: dict[str, tuple[str, int, int]],
        order: tuple[str, ...],
        index_results: int,
        results: tuple[str, ...],
        /,
    ) -> Operator:
        """Kinds are the bits of `torchbridge.rtorch.operators`.

        Args:
            name: its name in R.
            function: what is called.
            positional: the kinds of arguments by position; the last one's are those of all after.
            named: R's name of an argument: Python's, its kinds, and as bits the places that it
                may have by position.
            order: R's names of the arguments, in the order in which R's function has them.
            index_results: bit i says that result i is positions, which count from 1 in R.
            results: the names of several results.
        """

def set_hooks(lookup: Callable[[str], object], /) -> None:
    """``lookup(name)`` gives what the core asks of Python; those found before are forgotten."""

def attach(library: str, helpers: str, python_hosts: bool, /) -> None:
    """Join the R running in this process: this thread is R's from now on.

    Args:
        library: this module's own file, which R loads too.
        helpers: the path of host.R.
        python_hosts: did Python start R?
    """

def close() -> None:
    """R is ending: releases do nothing from now on."""

def running_r() -> bool:
    """Is an R function at work that Python has called by the core?"""

def python_forks(now: bool, /) -> None:
    """Python forks from now on (True), and sees to everything; or has forked (False)."""

def let_r_look() -> None:
    """Where R waits for this Python code: let R look for interrupts, time limits and windows.

    Raises:
        KeyboardInterrupt, RError: what R found.
    """

def run_finalizers() -> bool:
    """Of what R has found to be gone, the finalizers run now: it must not come back to life."""

def suspended() -> bool:
    """Has R code suspended interrupts (``suspendInterrupts()``)?

    R's own flag says so only while R runs: where Python works for R, interrupts wait in any case.
    """

def live() -> dict[str, int]:
    """How many objects each side holds of the other, and their bytes.

    ``r_objects`` and ``foreign_vectors`` are held by Python, ``py_handles`` by R;
    ``foreign_bytes`` are those that R's handles and vectors keep outside of R's memory.
    """

def base_function(name: str, /) -> RObject:
    """A function of R's base package."""

def helper(name: str, /) -> RObject:
    """A function of host.R."""

def put(environment: RObject, value: RObject = ..., /) -> None:
    """Set the variable ``value`` of an R environment; without one, to NULL."""

def has_function(environment: RObject, name: str, /) -> bool:
    """Is this variable of an R environment's own (not of its parents') a function?"""

def to_r(value: object, /) -> RObject:
    """The R object of a Python value."""

def handle(value: object, /) -> RObject:
    """The R external pointer that owns a Python object: a torch_tensor, or a python_object."""

def object_handle(value: object, /) -> RObject:
    """The same, of class python_object only."""

def foreign_vector(capsule: CapsuleType, /) -> RObject:
    """An R vector over the memory of a DLPack capsule, which is then used.

    Raises:
        ValueError, TypeError, BufferError: memory that R cannot have; the capsule stays as it was.
    """

def arrow_to_r(capsule: CapsuleType, /) -> RObject:
    """The R data frame or vector of an Arrow stream, which is consumed; warns of what is lost."""

def arrow_classes() -> list[tuple[str, str | None]]:
    """(class, further class or None) of each type of R's that Arrow has."""

def note(message: str, classes: list[str], /) -> bool:
    """R warns of a condition of these classes when its call ends; False where none runs."""

def soon(f: Callable[[], object], /) -> bool:
    """R's thread calls f() when it runs Python code next; False where too many calls wait."""

def set_tensor_type(cls: type, /) -> None:
    """What R gets as a torch_tensor."""
