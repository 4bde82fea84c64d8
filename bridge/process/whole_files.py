"""Files that are written whole, or not at all: what every writer of ours calls.

The content goes into a hidden file beside the target (``.torchbridge-0.part``), to the disk, and
then takes the target's place. Whenever the process ends, by a full disk or by kill -9, the name
stands for the last complete file.

A writer holds a lock on its hidden file, which ends with the process. So what a killed one left is
known by its name and free lock, and goes when the next file is written into that folder.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from typing import IO

#: Hidden files have numbers, for writers at the same time. So many are looked at for leftovers.
_LOOKED_AT = 8


def write_file(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file, whole or not at all.

    Args:
        path: where. A symbolic link stays one, and its target is replaced. The mode of a file that
            is there is kept, a new one's follows the umask. What is no file (a pipe, a terminal)
            is written to as it is.
        content: the bytes.

    Raises:
        OSError: the file could not be written, and names it; what was there before still is.
    """
    with replacing(path) as file:
        file.write(content)


def append_file(path: str | os.PathLike[str], content: bytes) -> None:
    """Add to the end of a file in one piece; where that fails the file is what it was.

    For a log that grows: to write it again as a whole for each line would take ever longer.

    Raises:
        OSError: it could not be written, and names the file.
    """
    with _naming(os.fsdecode(path)):
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            _append(handle, content)
        finally:
            os.close(handle)


def _append(handle: int, content: bytes) -> None:
    about = os.fstat(handle)
    written = 0
    try:
        while written < len(content):
            written += os.write(handle, content[written:])
    except BaseException:
        if written and stat.S_ISREG(about.st_mode):
            os.ftruncate(handle, about.st_size)
        raise


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """A binary file to write to, which takes the place of `path` if the block ends well.

    Args and errors are those of `write_file`.
    """
    shown = os.fsdecode(path)
    target = os.path.realpath(shown)
    with _naming(shown):
        before = _mode(shown)
        if before is not None and not stat.S_ISREG(before):
            with open(shown, "wb") as file:
                yield file
            return
        folder = os.path.dirname(target)
        if not os.path.isdir(folder):
            raise FileNotFoundError(f"{shown}: there is no folder {folder}")
        # One that is there may be for its owner's eyes only: nobody else reads the new one sooner.
        scratch, handle = _begin(folder, 0o666 if before is None else 0o600)
        with os.fdopen(handle, "wb") as file:
            try:
                yield file
                file.flush()
                if before is not None:
                    _keep_owner_and_mode(handle, os.stat(target))
                os.fsync(handle)
                os.replace(scratch, target)
            except BaseException:
                os.unlink(scratch)
                raise
        _sync_folder(folder)


@contextlib.contextmanager
def _naming(path: str) -> Iterator[None]:
    """The system's errors name the file that the caller asked for."""
    try:
        yield
    except OSError as error:
        if error.errno is None or error.filename == path:
            raise
        raise OSError(error.errno, error.strerror, path) from error


def _mode(path: str) -> int | None:
    try:
        return os.stat(path).st_mode
    except FileNotFoundError:
        return None


def _keep_owner_and_mode(handle: int, before: os.stat_result) -> None:
    now = os.fstat(handle)
    if (now.st_uid, now.st_gid) != (before.st_uid, before.st_gid):
        with contextlib.suppress(PermissionError):
            os.fchown(handle, before.st_uid, before.st_gid)
    os.fchmod(handle, stat.S_IMODE(before.st_mode))


def _sync_folder(folder: str) -> None:
    # Else the new name may be lost with the power. Some file systems can't: the file is whole.
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


# ---- the hidden file ----


def _begin(folder: str, mode: int) -> tuple[str, int]:
    """A new hidden file, locked; and what killed writers left in the folder is gone."""
    found: tuple[str, int] | None = None
    number = 0
    while found is None or number < _LOOKED_AT:
        scratch = os.path.join(folder, f".torchbridge-{number}.part")
        number += 1
        try:
            _remove_if_left(scratch)
            if found is None:
                found = _create(scratch, mode)
        except BaseException:
            if found is not None:
                os.close(found[1])
                os.unlink(found[0])
            raise
    return found


def _create(path: str, mode: int) -> tuple[str, int] | None:
    """The file, made and locked; None if the name is another writer's."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    except FileExistsError:
        return None
    # Before it was locked, another writer may have taken it for one that was left.
    if _lock(handle) is not False and _is_at(handle, path):
        return path, handle
    os.close(handle)
    return None


def _remove_if_left(path: str) -> None:
    """Remove a hidden file that no living process writes."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:  # none there, or it is another user's
        return
    try:
        # Who has the lock alone may take the name away: it is still this file's, or nobody's.
        if stat.S_ISREG(os.fstat(handle).st_mode) and _lock(handle) and _is_at(handle, path):
            with contextlib.suppress(PermissionError):
                os.unlink(path)
    finally:
        os.close(handle)


def _lock(handle: int) -> bool | None:
    """Whether the lock is ours now; None where the file system has no locks."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return False if error.errno in (errno.EWOULDBLOCK, errno.EACCES) else None
    return True


def _is_at(handle: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path, follow_symlinks=False))
    except FileNotFoundError:
        return False
