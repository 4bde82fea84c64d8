"""Which malloc a library loaded now would get: libc's own, or one that was put before it."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator

_RTLD_DL_SYMENT = 1  # <dlfcn.h>
_SHN_UNDEF = 0  # <elf.h>


def is_libcs() -> bool:
    """False where a sanitizer, jemalloc, ... stands before libc, or nobody can say."""
    try:
        program, libc = ctypes.CDLL(None), ctypes.CDLL("libc.so.6")
        used = _address(program)
        if used == _address(libc):
            return True
        # A program that is no position-independent code (Debian's Python) answers with its own
        # jump to a malloc that is elsewhere. A symbol without a section: libraries pass it over.
        if _symbol(program, used).st_shndx != _SHN_UNDEF:
            return False
        return next(_definitions(program)) == _address(libc)
    except (OSError, AttributeError, ValueError, StopIteration):
        return False


def _address(library: ctypes.CDLL) -> int | None:
    return ctypes.cast(library.malloc, ctypes.c_void_p).value


class _Info(ctypes.Structure):
    """Dl_info of <dlfcn.h>."""

    _fields_ = (
        ("dli_fname", ctypes.c_char_p),
        ("dli_fbase", ctypes.c_void_p),
        ("dli_sname", ctypes.c_char_p),
        ("dli_saddr", ctypes.c_void_p),
    )


class _Symbol(ctypes.Structure):
    """Elf64_Sym of <elf.h>: PyTorch is for 64 bits only."""

    _fields_ = (
        ("st_name", ctypes.c_uint32),
        ("st_info", ctypes.c_ubyte),
        ("st_other", ctypes.c_ubyte),
        ("st_shndx", ctypes.c_uint16),
        ("st_value", ctypes.c_uint64),
        ("st_size", ctypes.c_uint64),
    )


class _LinkMap(ctypes.Structure):
    """The part of struct link_map of <link.h> that is public."""


_LinkMap._fields_ = (
    ("l_addr", ctypes.c_void_p),
    ("l_name", ctypes.c_char_p),
    ("l_ld", ctypes.c_void_p),
    ("l_next", ctypes.POINTER(_LinkMap)),
)


def _symbol(program: ctypes.CDLL, address: int | None) -> _Symbol:
    """The entry of a symbol table that an address is of."""
    entry = ctypes.POINTER(_Symbol)()
    found = program.dladdr1(
        ctypes.c_void_p(address), ctypes.byref(_Info()), ctypes.byref(entry), _RTLD_DL_SYMENT
    )
    if not found or not entry:
        raise ValueError(f"no symbol is at {address}")
    return entry.contents


def _definitions(program: ctypes.CDLL) -> Iterator[int | None]:
    """malloc of each library that has its own, in the order in which the linker looks."""
    info = _Info()
    here = ctypes.cast(program._handle, ctypes.POINTER(_LinkMap)).contents.l_next
    while here:
        name = here.contents.l_name
        here = here.contents.l_next
        try:
            address = _address(ctypes.CDLL(os.fsdecode(name), mode=os.RTLD_NOLOAD))
        except (OSError, AttributeError):  # the kernel's own, which is no file; or none of it
            continue
        # A library answers for those that it needs, too.
        if program.dladdr(ctypes.c_void_p(address), ctypes.byref(info)) and info.dli_fname == name:
            yield address
