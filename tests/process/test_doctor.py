"""doctor: each thing that can be wrong is named with its fix, and nothing is started here."""

import subprocess
import sys
from pathlib import Path

import pytest

from torchbridge.__main__ import main
from torchbridge.process import doctor
from torchbridge.process.rhome import RNotFound, find_r_home

PYTHON_OF_R = f"{sys.executable}\n"


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine where all is well; tests break one thing of it."""
    for variable in ("TORCHBRIDGE_PYTHON", "RETICULATE_PYTHON"):
        monkeypatch.delenv(variable, raising=False)
    place = tmp_path / "library" / "torchbridge"
    place.mkdir(parents=True)
    (place / "python.txt").write_text(PYTHON_OF_R)

    class Machine:
        r_package = place
        r_version = (4, 2, 2)
        versions = {
            "torchbridge": "0.1.0",
            "torch": "2.13.0+cpu",
            "rpy2-rinterface": "3.6.5",
        }
        r_packages = {"torchbridge": "0.1.0", "reticulate": "1.28"}
        failures: dict[str, str] = {}
        r_failure = None

        def python(self, code, *arguments):
            for needle, failure in self.failures.items():
                if needle in code:
                    return doctor._Answer("", failure)
            return doctor._Answer('noise\ntorchbridge:{"cpu": "2 threads"}\n', None)

        def r(self, command):
            rows = [f"torchbridge:library={place.parent}", f"torchbridge:place={place}"]
            rows += [f"torchbridge:{name}={version}" for name, version in self.r_packages.items()]
            return doctor._Answer("\n".join(rows), self.r_failure)

        def problems(self):
            return [(problem.what, problem.fix) for problem in doctor.examine().problems]

    machine = Machine()
    machine.versions = {**dict.fromkeys(doctor._DISTRIBUTIONS, "1.0"), **Machine.versions}
    monkeypatch.setattr(doctor, "find_r_home", lambda: str(tmp_path))
    monkeypatch.setattr(doctor, "libr_path", lambda home: f"{home}/lib/libR.so")
    monkeypatch.setattr(doctor, "r_version", lambda home: machine.r_version)
    monkeypatch.setattr(doctor, "_distribution_version", lambda name: machine.versions[name])
    monkeypatch.setattr(doctor, "_python", machine.python)
    monkeypatch.setattr(doctor, "_ask", machine.r)
    monkeypatch.setattr(doctor, "_examine_libpython", lambda report: None)
    return machine


def test_a_healthy_machine_has_no_problems(machine, capsys):
    assert main(["doctor"]) == 0
    printed = capsys.readouterr().out
    assert printed.endswith("problems: none\n")
    assert f"{sys.executable} (from {machine.r_package}/python.txt)" in printed
    assert "2 threads" in printed


def test_rpy2_too_new_for_r_is_named_with_the_version_that_works(machine):
    machine.versions["rpy2-rinterface"] = "3.6.10"
    [(what, fix)] = machine.problems()
    assert what == "rpy2-rinterface 3.6.10 needs R 4.5 or later; R is 4.2.2"
    rpy2 = doctor._tested_versions(None)["rpy2"]
    assert fix.endswith(f"-m pip install rpy2-rinterface==3.6.5 rpy2=={rpy2}")


def test_the_same_rpy2_is_right_for_a_new_r(machine):
    machine.versions["rpy2-rinterface"] = "3.6.10"
    machine.r_version = (4, 5, 0)
    assert machine.problems() == []


def test_a_problem_makes_the_exit_code_one_and_is_numbered(machine, capsys):
    machine.versions["torch"] = None
    assert main(["doctor"]) == 1
    printed = capsys.readouterr().out
    assert f"1. torch is not installed\n     fix: {sys.executable} -m pip install torch" in printed


@pytest.mark.parametrize(
    ("needle", "what"),
    [
        ("torch.cuda", "torch cannot be imported: ImportError: broken"),
        ("import numpy", "numpy cannot be imported: ImportError: broken"),
        ("import rpy2", "rpy2 cannot be imported: ImportError: broken"),
        ("import torchbridge._native", "torchbridge's native core cannot be loaded: "),
    ],
)
def test_what_cannot_be_imported_is_reported_with_the_reason(machine, needle, what):
    machine.failures = {needle: "ImportError: broken"}
    [(found, fix)] = machine.problems()
    assert found.startswith(what)
    assert "--force-reinstall" in fix


def test_parts_that_are_well_and_do_not_fit_are_a_problem(machine, monkeypatch):
    machine.failures = {"tb.to_r(": "RNotFound: no R"}
    monkeypatch.setattr(
        doctor,
        "_ask",
        lambda command: (
            doctor._Answer("", "no NumPy")
            if command[-1] == doctor._R_HOSTS_CODE
            else machine.r(command)
        ),
    )
    (python, fix), (r, _) = machine.problems()
    parts = "(with Python 3"
    assert python.startswith(f"R does not start in Python: RNotFound: no R {parts}")
    assert python.endswith("R 4.2.2, reticulate 1.28, rpy2-rinterface 3.6.5, numpy 1.0)")
    assert fix.endswith("--no-cache-dir rpy2-rinterface==3.6.5")
    assert r.startswith(f"Python does not start in R: no NumPy {parts}")


def test_the_python_that_install_torch_made_is_rs(machine, tmp_path):
    (machine.r_package / "python.txt").unlink()
    chosen = tmp_path / "python.txt"
    chosen.write_text(PYTHON_OF_R)
    machine.r_packages["chosen"] = str(chosen)
    assert machine.problems() == []
    chosen.write_text("/elsewhere/bin/python\n")
    [(what, _)] = machine.problems()
    assert what == f"R uses another Python than this one: /elsewhere/bin/python (from {chosen})"


def test_r_says_what_failed_and_not_that_it_halted():
    for calls in ("", "Calls: library -> f -> g"):
        said = "\n".join(filter(None, ["Error : boom", calls, "Execution halted"]))
        answer = doctor._ask(["sh", "-c", 'echo "$0" >&2; exit 1', said])
        assert answer.failure == "Error : boom"


def test_pins_are_those_of_this_python():
    assert doctor._is_for_this_python("")
    assert doctor._is_for_this_python(' python_version >= "3.10"')
    assert not doctor._is_for_this_python(' python_version < "3.10"')
    assert not doctor._is_for_this_python(" sys_platform == 'x'")


def test_without_r_the_rest_is_still_reported(machine, monkeypatch, capsys):
    def missing():
        raise RNotFound("R was not found")

    monkeypatch.setattr(doctor, "find_r_home", missing)
    assert main(["doctor"]) == 1
    printed = capsys.readouterr().out
    assert "2 threads" in printed
    assert "1. R was not found\n     fix: apt-get install r-base-dev" in printed


def test_an_r_that_does_not_start_is_reported(machine):
    machine.r_failure = "Error in .First() : boom"
    [(what, _)] = machine.problems()
    assert what == "R does not start: Error in .First() : boom"


def test_missing_r_packages_are_reported(machine):
    machine.r_packages = {}
    whats = [what for what, _ in machine.problems()]
    assert whats == [
        "the R package reticulate is not installed",
        "the R package torchbridge is not installed",
    ]


def test_two_versions_of_torchbridge_are_reported(machine):
    machine.r_packages["torchbridge"] = "0.0.9"
    [(what, fix)] = machine.problems()
    assert what == "torchbridge is 0.1.0 in Python and 0.0.9 in R"
    assert fix.endswith("-m torchbridge install-r")
    machine.r_packages["torchbridge"] = "0.2.0"
    [(what, fix)] = machine.problems()
    assert what == "torchbridge is 0.1.0 in Python and 0.2.0 in R"
    assert fix == "Rscript -e 'torchbridge::install_torch()'"


def test_another_python_in_r_is_reported(machine):
    (machine.r_package / "python.txt").write_text("/elsewhere/bin/python\n")
    [(what, fix)] = machine.problems()
    assert "/elsewhere/bin/python" in what
    assert fix.endswith("-m torchbridge install-r")


@pytest.mark.parametrize("variable", ["TORCHBRIDGE_PYTHON", "RETICULATE_PYTHON"])
def test_another_python_in_the_environment_is_reported(machine, monkeypatch, variable):
    monkeypatch.setenv(variable, "/elsewhere/bin/python")
    [(what, fix)] = machine.problems()
    assert what.endswith(f"/elsewhere/bin/python (from {variable})")
    assert fix == f"export {variable}={sys.executable}"


@pytest.mark.parametrize(
    ("reticulate", "numpy", "arrays"),
    [
        ("1.28", "2.4.1", True),
        ("1.28", "1.26.4", False),
        ("1.37.0", "2.0.0", True),
        ("1.38.0", "2.4.1", False),
    ],
)
def test_what_reticulate_cannot_carry_is_a_note(machine, capsys, reticulate, numpy, arrays):
    machine.r_packages["reticulate"] = reticulate
    machine.versions["numpy"] = numpy
    assert main(["doctor"]) == 0
    printed = capsys.readouterr().out
    assert (f"reticulate {reticulate} carries no arrays of NumPy {numpy}" in printed) == arrays
    assert f"reticulate {reticulate} loses NA of data frames in its own calls" in printed
    assert "way out: as_py_frame(df)" in printed


def test_a_version_other_than_the_tested_one_is_shown_but_is_no_problem(machine):
    machine.versions["torch"] = "2.14.1"
    report = doctor.examine()
    tested = doctor._tested_versions(None)["torch"]
    assert ("torch", f"2.14.1 (tested with {tested})") in report.versions
    assert report.problems == []


def test_a_python_without_shared_library_is_reported(monkeypatch):
    monkeypatch.setattr(doctor.sysconfig, "get_config_var", lambda name: None)
    report = doctor.Report()
    doctor._examine_libpython(report)
    assert report.problems[0].what == "this Python has no shared library, so R cannot load it"


def test_two_environments_over_one_python_are_told_apart(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "python").symlink_to(sys.executable)
    (tmp_path / "one" / "python3").symlink_to("python")
    one, two = tmp_path / "one" / "python", tmp_path / "two" / "python"
    assert doctor._same_environment(str(one), str(tmp_path / "one" / "python3"))
    assert not doctor._same_environment(str(one), str(two))


def test_a_process_that_crashes_or_hangs_is_an_answer(monkeypatch):
    crash = doctor._ask([sys.executable, "-c", "import os; os.abort()"])
    assert crash.failure == "exit code -6"
    monkeypatch.setattr(doctor, "_TIMEOUT_SECONDS", 0.2)
    hang = doctor._ask([sys.executable, "-c", "import time; time.sleep(60)"])
    assert hang.failure == "no answer within 0.2 s"


def test_r_and_torch_are_not_started_in_this_process():
    code = (
        "import sys; from torchbridge.process.doctor import examine; examine()\n"
        "print([name for name in ('torch', 'numpy', 'rpy2') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("field", "whose"),
    [
        ("Config/torchbridge/stand-in: 0.1.0", "torchbridge's stand-in"),
        ("Title: Tensors", "R's own: not in one session with torchbridge"),
    ],
)
def test_the_package_torch_is_shown_with_whose_it_is(tmp_path, monkeypatch, field, whose):
    place = tmp_path / "torch"
    place.mkdir()
    (place / "DESCRIPTION").write_text(f"Package: torch\nVersion: 0.17.0\n{field}\n")
    monkeypatch.setenv("R_LIBS", str(tmp_path))
    rscript = str(Path(find_r_home()) / "bin" / "Rscript")
    answer = doctor._ask([rscript, "-e", doctor._R_CODE, "torchbridge"])
    assert f"torch=0.17.0 ({whose})" in answer.marked()
    assert f"torch place={place}" in answer.marked()


def test_the_report_has_the_package_torch(machine):
    machine.r_packages = {**machine.r_packages, "torch": "0.17.0 (ours)", "torch place": "/there"}
    report = doctor.examine()
    assert ("R: torch", "0.17.0 (ours)") in report.versions
    assert ("R: torch", "/there") in report.paths
