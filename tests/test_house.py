"""The house's rules: each source has its test, imports point one way, a long function says why.

Each test reads the sources, runs none of them, and lists all that is wrong at once.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "r_scripts" / "torchbridge"
TESTTHAT = PACKAGE / "tests" / "testthat"

#: From the lowest up: a room imports from its own line or a lower one, never from a higher.
BRIDGE = ["native", "process", "arrays", "frames", "values", "rtorch", "autodiff", "saving"]
MODELS = [
    "arguments, randomness, sparse",
    "networks, exact",
    "callbacks",
    "training",
    "table",
    "tuning",
    "for_r",
]

#: Lines that a function may have before its comment must say why: "Long: ...".
LONG = 60

#: What a function may import: libraries that take long to load and that few calls need.
HEAVY = {
    *("numpy", "pandas", "polars", "pyarrow", "duckdb", "scipy", "torch", "rpy2"),
    *("lightning_fabric", "onnx", "onnxscript", "optuna", "tqdm", "jax", "pyro"),
}
#: Files whose functions may import our own: the shell's `doctor` must not wait for PyTorch.
LATE = {"bridge/__main__.py"}


def test_each_source_has_its_test() -> None:
    """A test of the same name in the mirrored place, or a line "Tests: path" in the first comment.

    Two kinds have none of their own: an __init__.py that only names what is in its folder, and
    gen-*.R, whose generators have tests.
    """
    wrong = []
    for source, mirrored in [*python_sources(), *c_sources(), *r_sources()]:
        named = re.search(r"\bTests: ((?:[\w./-]+\.(?:py|R)[,.]?[\s#*]*)*)", heading(source))
        if named is None:
            if not mirrored.exists():
                wrong.append(f"{short(source)}: no {short(mirrored)}, and no line 'Tests: ...'")
            continue
        paths = re.findall(r"[\w./-]+\.(?:py|R)\b", named[1])
        missing = [path for path in paths if not (TESTTHAT / path).exists()]
        missing = [path for path in missing if not (ROOT / path).exists()]
        wrong += [f"{short(source)}: names {path}, which is not there" for path in missing]
        if not paths:
            wrong.append(f"{short(source)}: its line 'Tests: ...' names no file")
    assert not wrong, "\n".join(wrong)


def test_imports_point_one_way() -> None:
    wrong = [
        *against(ROOT / "bridge", "torchbridge", BRIDGE),
        *against(ROOT / "models", "torchbridge.models", MODELS),
    ]
    assert not wrong, "\n".join(wrong)


def test_functions_import_heavy_libraries_alone() -> None:
    """Our own files are imported at the top: an import in a function would hide a knot."""
    wrong = [
        f"{short(source)}:{node.lineno} {function.name} imports {name}"
        for source, _ in python_sources()
        if short(source) not in LATE
        for function in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        for name in imported_names(node)
        if name.split(".")[0] not in HEAVY
    ]
    assert not wrong, "\n".join(wrong)


def test_a_long_function_says_why() -> None:
    wrong = [
        f"{short(found.file)}:{found.line} {found.name}: {found.length} lines"
        for found in [*python_functions(), *c_functions(), *r_functions()]
        if found.length > LONG and "Long:" not in found.words
    ]
    assert not wrong, "\n".join(wrong)


# ---- sources and their tests ----


def test_no_two_functions_of_r_have_one_name() -> None:
    """R reads its files one after another, and the later function takes the earlier one's place."""
    places: dict[str, list[str]] = {}
    for source in sorted((PACKAGE / "R").glob("*.R")):
        for name in re.findall(r"^([\w.]+) <- function\(", source.read_text(), re.M):
            places.setdefault(name, []).append(source.name)
    assert {name: files for name, files in places.items() if len(files) > 1} == {}


def python_sources() -> Iterator[tuple[Path, Path]]:
    for top, tests in ((ROOT / "bridge", ROOT / "tests"), (ROOT / "models", ROOT / "tests/models")):
        for source in sorted(top.rglob("*.py")):
            if source.name != "__init__.py":
                folder = tests / source.relative_to(top).parent
                yield source, folder / f"test_{source.stem.strip('_')}.py"


def c_sources() -> Iterator[tuple[Path, Path]]:
    native = ROOT / "bridge" / "native"
    for source in sorted(native.rglob("*.c")):
        folder = ROOT / "tests" / "native" / source.relative_to(native).parent
        yield source, folder / f"test_{source.stem}.py"


def r_sources() -> Iterator[tuple[Path, Path]]:
    for source in sorted((PACKAGE / "R").glob("*.R")):
        if not source.name.startswith("gen-"):
            yield source, TESTTHAT / f"test-{source.name}"


def heading(source: Path) -> str:
    """A module's docstring, or the comment that a file of another language begins with."""
    text = source.read_text(encoding="utf-8")
    if source.suffix == ".py":
        return ast.get_docstring(ast.parse(text)) or ""
    first = re.match(r"(?:#[^\n]*\n)+" if source.suffix == ".R" else r"(?s)/\*.*?\*/", text)
    return first[0] if first else ""


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


# ---- imports ----


def against(top: Path, package: str, rooms: list[str]) -> list[str]:
    """Imports below ``top`` that point up, at the module's level or in a function."""
    level = {room: i for i, line in enumerate(rooms) for room in line.split(", ")}
    wrong = []
    for source in sorted(top.rglob("*.py")):
        inside = source.relative_to(top).parts
        here = level.get(inside[0].removesuffix(".py"))
        if here is None:  # what stands above the rooms: __init__, __main__, wiring, for_r
            continue
        folder = [*package.split("."), *inside[:-1]]
        for node, names in imported(source, folder):
            for name in names:
                room = name.removeprefix(f"{package}.").split(".")[0]
                below = name.startswith(f"{package}.") and level.get(room, len(rooms)) <= here
                outside = not name.startswith("torchbridge.") or (
                    package == "torchbridge.models" and not name.startswith(package)
                )
                if not below and not outside:
                    wrong.append(f"{short(source)}:{node.lineno} imports {name}, which is above it")
    return wrong


def imported(source: Path, folder: list[str]) -> Iterator[tuple[ast.stmt, list[str]]]:
    """The import statements of a file, and the full names that each asks for.

    What stands under ``if TYPE_CHECKING:`` imports nothing.
    """
    tree = ast.parse(source.read_text(encoding="utf-8"))
    typing = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
    ]
    unseen = {id(inner) for node in typing for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in unseen:
            continue
        if isinstance(node, ast.Import):
            yield node, [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = folder[: len(folder) - node.level + 1] if node.level else []
            module = [*start, *([node.module] if node.module else [])]
            yield node, [".".join([*module, alias.name]) for alias in node.names]


def imported_names(node: ast.AST) -> list[str]:
    """What a node imports, if it does: names of modules, with a dot before what is our own."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return ["." * node.level + (node.module or "")]
    return []


# ---- long functions ----


@dataclass(frozen=True)
class Function:
    """A function: where it stands, its lines without a docstring, what it says of itself."""

    file: Path
    line: int
    name: str
    length: int
    words: str


def python_functions() -> Iterator[Function]:
    for top in ("bridge", "models"):
        for file in sorted((ROOT / top).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    words = ast.get_docstring(node) or ""
                    docstring = words.count("\n") + 1 if words else 0
                    length = (node.end_lineno or node.lineno) - node.lineno + 1 - docstring
                    yield Function(file, node.lineno, node.name, length, words)


def c_functions() -> Iterator[Function]:
    for file in sorted((ROOT / "bridge" / "native").rglob("*.[ch]")):
        # clang-format lets a function's text begin at the margin, and end there.
        yield from braced(file, r"^\w[^;{}]*?\b(\w+)\([^;{}]*\) \{$")


def r_functions() -> Iterator[Function]:
    for file in sorted((PACKAGE / "R").glob("*.R")):
        if not file.name.startswith("gen-"):
            yield from braced(
                file, r"^ *`?([\w.\[\]<$-]+)`? (?:<-|=) function\((?:[^(){}]|\([^()]*\))*\) \{$"
            )


def braced(file: Path, opening: str) -> Iterator[Function]:
    """The functions of a file whose layout a tool holds: the } stands below the first line."""
    text = file.read_text(encoding="utf-8")
    for found in re.finditer(opening, text, re.M):
        indent = re.match(" *", found[0])
        end = re.compile(rf"^{indent[0] if indent else ''}\}}", re.M).search(text, found.end())
        before = re.search(r"(?:^ *(?:#|//|/\*| \*)[^\n]*\n)*\Z", text[: found.start()], re.M)
        if end:
            length = text.count("\n", found.start(), end.start()) + 1
            line = text.count("\n", 0, found.start()) + 1
            yield Function(file, line, found[1], length, before[0] if before else "")
