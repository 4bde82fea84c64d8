"""A file is written whole or not at all, and nothing is left beside it."""

import fcntl
import os
import subprocess
import sys

import pytest

from torchbridge.process.whole_files import append_file, replacing, write_file


def left_in(folder):
    return sorted(os.listdir(folder))


def test_a_new_file_follows_the_umask_and_an_old_ones_mode_is_kept(tmp_path):
    before = os.umask(0o027)
    try:
        write_file(tmp_path / "new", b"1")
        assert os.stat(tmp_path / "new").st_mode & 0o7777 == 0o640
        for mode in (0o600, 0o604, 0o755):
            os.chmod(tmp_path / "new", mode)
            write_file(tmp_path / "new", b"2")
            assert os.stat(tmp_path / "new").st_mode & 0o7777 == mode
    finally:
        os.umask(before)
    assert (tmp_path / "new").read_bytes() == b"2"
    assert left_in(tmp_path) == ["new"]


def test_what_replaces_a_private_file_is_private_from_the_start(tmp_path):
    path = tmp_path / "private"
    path.touch(0o600)
    with replacing(path) as file:
        assert os.fstat(file.fileno()).st_mode & 0o777 == 0o600


def test_a_symbolic_link_stays_one(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there/file")
    for content in (b"first", b"second"):  # its target is not there yet, and then is
        write_file(tmp_path / "link", content)
        assert os.readlink(tmp_path / "link") == "there/file"
        assert (tmp_path / "there" / "file").read_bytes() == content
    assert left_in(tmp_path) == ["link", "there"]
    assert left_in(tmp_path / "there") == ["file"]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "file"
    write_file(path, b"old")
    with pytest.raises(ZeroDivisionError), replacing(path) as file:
        file.write(b"new")
        1 / 0  # noqa: B018
    assert path.read_bytes() == b"old"
    assert left_in(tmp_path) == ["file"]


def test_what_cannot_be_written_is_named(tmp_path):
    with pytest.raises(IsADirectoryError, match=str(tmp_path)):
        write_file(tmp_path, b"")
    long = tmp_path / ("x" * 300)
    with pytest.raises(OSError, match="File name too long") as error:
        write_file(long, b"")
    assert error.value.filename == str(long)
    with pytest.raises(FileNotFoundError, match="there is no folder .*/no"):
        write_file(tmp_path / "no" / "file", b"")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(OSError, match="symbolic link") as error:
        write_file(tmp_path / "loop", b"")
    assert error.value.filename == str(tmp_path / "loop")
    assert left_in(tmp_path) == ["loop"]


def test_a_name_may_be_as_long_as_the_system_allows(tmp_path):
    write_file(tmp_path / ("x" * 255), b"1")
    assert left_in(tmp_path) == ["x" * 255]


def test_a_full_disk_leaves_the_old_file_and_is_named(tmp_path):
    write_file(tmp_path / "file", b"old")
    write_file(tmp_path / "log", b"old\n")
    code = """
import resource, signal, sys
from torchbridge.process.whole_files import append_file, write_file
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # past the limit is then an error of writing
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
for write, name in ((write_file, "file"), (append_file, "log")):
    try:
        write(f"{sys.argv[1]}/{name}", b"x" * 100_000)
    except OSError as error:
        print(error.filename, error.strerror)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{tmp_path}/file File too large\n{tmp_path}/log File too large\n"
    assert (tmp_path / "file").read_bytes() == b"old"
    assert (tmp_path / "log").read_bytes() == b"old\n"
    assert left_in(tmp_path) == ["file", "log"]


def test_what_killed_writers_left_goes_and_what_others_write_stays(tmp_path):
    code = """
import os, signal, sys
from torchbridge.process.whole_files import replacing
with replacing(sys.argv[1] + "/a") as one, replacing(sys.argv[1] + "/b") as two:
    one.write(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path)])
    assert left_in(tmp_path) == [".torchbridge-0.part", ".torchbridge-1.part"]
    (tmp_path / ".torchbridge-2.part").touch()
    (tmp_path / ".torchbridge-user").touch()
    with open(tmp_path / ".torchbridge-2.part") as living:
        fcntl.flock(living, fcntl.LOCK_EX)
        write_file(tmp_path / "c", b"whole")
    assert left_in(tmp_path) == [".torchbridge-2.part", ".torchbridge-user", "c"]


def test_writers_at_the_same_time_do_not_meet(tmp_path):
    with replacing(tmp_path / "file") as one, replacing(tmp_path / "file") as two:
        one.write(b"one")
        two.write(b"two")
    assert (tmp_path / "file").read_bytes() == b"one"
    code = """
import sys
from torchbridge.process.whole_files import write_file
for i in range(200):
    write_file(sys.argv[1] + f"/{i % 3}", sys.argv[2].encode() * 5000)
"""
    writers = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path), letter]) for letter in "abcd"
    ]
    assert [writer.wait() for writer in writers] == [0, 0, 0, 0]
    assert left_in(tmp_path) == ["0", "1", "2", "file"]
    for name in "012":
        content = (tmp_path / name).read_bytes()
        assert content == content[:1] * 5000


def test_what_is_no_file_is_written_to(tmp_path):
    code = """
from torchbridge.process.whole_files import write_file
write_file("/dev/stdout", b"said")
write_file("/dev/null", b"lost")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout == b"said"


def test_a_log_grows_by_pieces(tmp_path):
    append_file(tmp_path / "log", b"one\n")
    append_file(tmp_path / "log", b"two\n")
    assert (tmp_path / "log").read_bytes() == b"one\ntwo\n"
