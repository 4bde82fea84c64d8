"""R's model formulas, for data frames: `medv ~ . - zn + log(lstat) * chas`.

What R's `model.matrix` makes of them with treatment contrasts, for columns of numbers and of
factors (text, categories and truth values). A formula is never run as code, so that a model
file that holds one can run none.
"""

import ast
import keyword
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from .frame import Column, Factor, Frame, Numbers

_FUNCTIONS: dict[str, Any] = {
    "log": np.log,
    "log10": np.log10,
    "log2": np.log2,
    "log1p": np.log1p,
    "exp": np.exp,
    "sqrt": np.sqrt,
    "abs": np.abs,
    "I": lambda x: x,
}
_ARITHMETIC: dict[type, Any] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
}
_EVERYTHING = "everything__"

#: Characters of an expression in a model file, and factors of a term.
_LONGEST, _MOST_FACTORS = 10_000, 100

Term = tuple[str, ...]


class FormulaError(ValueError):
    """A formula, or an expression of one, that cannot be read or computed."""


@dataclass
class Layout:
    """How columns of a table become numbers; plain values, as JSON has them.

    Attributes:
        response: its expression.
        terms: the terms, each a list of expressions whose product it is.
        intercept: whether the formula has one.
        levels: the levels of each factor, in order; the first is the baseline.
        coded: factors that stay codes, for embeddings.
    """

    response: str
    terms: list[list[str]]
    intercept: bool
    levels: dict[str, list[str]] = field(default_factory=dict)
    coded: list[str] = field(default_factory=list)

    def numeric(self, data: Frame, dtype: Any = float) -> tuple[np.ndarray, list[str]]:
        """The design without intercept, shape (n, p), NaN where data are missing; and its names.

        It is computed in float64, and rounded to `dtype`.
        """
        names = self.names()
        design, end = np.empty((len(data), len(names)), dtype), 0
        for factors in self.blocks():
            block = np.ones((len(data), 1))
            for i, (part, shown) in enumerate(factors):
                values = self._part(data, part, shown)
                # (A product with ones would be the same, and takes as long as the rest.)
                block = (
                    (values[:, :, None] * block[:, None, :]).reshape(len(data), -1) if i else values
                )
            start, end = end, end + block.shape[1]
            design[:, start:end] = block
        return design, names

    def blocks(self) -> list[list[tuple[str, list[str] | None]]]:
        """Of each term that has columns its expressions, each with the levels that have one.

        Such levels are None for an expression that is a number. The columns of a term are those of
        all combinations, the first expression's running fastest.
        """
        present = [set(term) for term in self.terms] + ([set()] if self.intercept else [])
        found: list[list[tuple[str, list[str] | None]]] = []
        for term in self.terms:
            if len(term) == 1 and term[0] in self.coded:
                continue
            block: list[tuple[str, list[str] | None]] = []
            for part in term:
                levels = self.levels.get(part)
                contrasts = set(term) - {part} in present
                block.append((part, None if levels is None else levels[contrasts:]))
            found.append(block)
            if len(term) == 1 and term[0] in self.levels:
                present.append(set())  # a factor's dummies span an intercept
        return found

    def names(self) -> list[str]:
        """The names of the design's columns, as R has them."""
        names: list[str] = []
        for block in self.blocks():
            labels = [""]
            for i, (part, shown) in enumerate(block):
                suffixes = [""] if shown is None else shown
                joint = ":" if i else ""
                labels = [f"{old}{joint}{part}{new}" for new in suffixes for old in labels]
            names += labels
        return names

    def codes(self, data: Frame) -> np.ndarray:
        """Codes from 0 of the factors that stay codes, -1 where data are missing."""
        found = [self._factor(data, name) for name in self.coded]
        return np.stack(found, 1).astype(np.int64) if found else np.empty((len(data), 0), np.int64)

    def _part(self, data: Frame, part: str, shown: list[str] | None) -> np.ndarray:
        if shown is None:
            return evaluate(part, data)[:, None]
        codes, levels = self._factor(data, part), self.levels[part]
        dummies = (codes[:, None] == np.arange(len(levels) - len(shown), len(levels))).astype(float)
        dummies[codes < 0] = np.nan
        return dummies

    def _factor(self, data: Frame, name: str) -> np.ndarray:
        """Codes from 0, -1 where data are missing."""
        column, levels = coded_factor(_column(data, name)), self.levels[name]
        codes, words = column.codes, column.words
        places = pd.Index(levels).get_indexer(words) if words else np.empty(0, int)
        unknown = np.flatnonzero(places < 0)
        if len(unknown) and np.isin(codes, unknown).any():
            new = min(words[place] for place in np.unique(codes[np.isin(codes, unknown)]))
            raise ValueError(f'data: column "{name}" has the new level "{new}"')
        return np.append(places, -1)[codes]  # (-1 is the last)


def parse_formula(
    formula: str,
    data: Frame,
    levels: Callable[[str, Any], list[str]] | None = None,
) -> Layout:
    """The layout that a formula means for these data.

    Args:
        formula: "response ~ terms", of columns' names (in backticks where they are no
            names), `.` for all others, `+`, `-`, `:`, `*`, parentheses, `- 1` or `+ 0`, and
            log, log10, log2, log1p, exp, sqrt, abs and `I()` of arithmetic.
        data: their types decide what is a factor.
        levels: gives the levels of a factor, by its name and column; None: `levels_of`.
    """
    if not isinstance(formula, str) or formula.count("~") != 1:
        raise ValueError(f'formula must be "response ~ terms", not {formula!r}')
    left, right = formula.split("~")
    response = _text(_parsed(left, formula)) if left.strip() else ""
    if not response:
        raise ValueError(f"formula {formula!r} has no response")
    used = {response} if response in data.columns else _names(response)
    others = [name for name in data.columns if name not in used]
    terms, intercept = _terms(_parsed(right, formula), others, formula)
    terms = sorted(dict.fromkeys(terms), key=len)  # as R: main effects before interactions
    layout = Layout(response, [list(term) for term in terms], intercept)
    for part in dict.fromkeys(part for term in terms for part in term):
        if part in data.columns and is_factor(data[part]):
            layout.levels[part] = (levels or levels_of)(part, data[part])
    for part in (part for term in terms for part in term if part not in layout.levels):
        evaluate(part, data.head(1))
    return layout


def is_factor(column: pd.Series | Column) -> bool:
    """Is it text, categories or truth values, rather than numbers?"""
    if isinstance(column, Column):
        return isinstance(column, Factor)
    return not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)


def coded_factor(column: pd.Series | Column) -> Factor:
    """The codes of a column, -1 where it is missing, and the words that they stand for."""
    if isinstance(column, Column):
        return column.factor
    if not isinstance(column.dtype, pd.CategoricalDtype):
        column = column.map(str, na_action="ignore").astype("category")
    return Factor(np.asarray(column.cat.codes), [str(word) for word in column.cat.categories])


def levels_of(name: str, column: pd.Series) -> list[str]:
    """The levels of a factor: the categories' order, else sorted."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        present = set(column.dropna())
        levels = [str(level) for level in column.cat.categories if level in present]
    else:
        levels = sorted(set(column.dropna().map(str)))
    if len(levels) < 2:
        raise ValueError(f'data: column "{name}" is constant, a factor needs two levels')
    return levels


def evaluate(expression: str, data: Frame) -> np.ndarray:
    """The numbers that an expression of columns means."""
    if expression in data.columns:
        return _numeric(expression, data)
    try:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            value = _value(_parsed(expression, expression), data)
    except (RecursionError, OverflowError) as error:
        raise FormulaError(f"formula {_shown(expression)} cannot be computed: {error}") from error
    return np.broadcast_to(np.asarray(value, float), (len(data),))


def _value(node: ast.expr, data: Frame) -> Any:
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return float(node.value)
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        return _ARITHMETIC[type(node.op)](_value(node.left, data), _value(node.right, data))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand, data)
    if isinstance(node, ast.Call):
        name = _text(node.func)
        if name not in _FUNCTIONS or len(node.args) != 1 or node.keywords:
            valid = ", ".join(_FUNCTIONS)
            raise FormulaError(
                f"formula: {name}() is not known; there are, of one argument, {valid}"
            )
        return _FUNCTIONS[name](_value(node.args[0], data))
    if isinstance(node, (ast.Name, ast.Attribute)):
        return _numeric(_text(node), data)
    raise FormulaError(f"formula: {ast.unparse(node)} is not understood")


def _numeric(name: str, data: Frame) -> np.ndarray:
    column = _column(data, name)
    if is_factor(column):
        raise ValueError(f'formula: column "{name}" is not numeric, arithmetic needs numbers')
    if isinstance(column, Numbers):
        return column.values
    return column.to_numpy(float, na_value=np.nan)


def _column(data: Frame, name: str) -> Any:
    if name not in data.columns:
        raise ValueError(f'data has no column "{name}"; it has {", ".join(map(str, data.columns))}')
    return data[name]


def _terms(node: ast.expr, others: Sequence[str], formula: str) -> tuple[list[Term], bool]:
    """The terms, and whether there is an intercept."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        terms, intercept = _terms(node.left, others, formula)
        if isinstance(node.right, ast.Constant) and node.right.value in (0, 1):
            return terms, (node.right.value == 1) == isinstance(node.op, ast.Add)
        more, _ = _terms(node.right, others, formula)
        if isinstance(node.op, ast.Add):
            return terms + more, intercept
        return [term for term in terms if term not in more], intercept
    if isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant):
        return [], False
    if isinstance(node, ast.Constant) and node.value in (0, 1):
        return [], node.value == 1
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.MatMult)):
        crossing = isinstance(node.op, ast.Mult)
        if not crossing and isinstance(node.left, ast.BinOp) and isinstance(node.left.op, ast.Mult):
            raise ValueError(f"formula {formula!r}: put a:b in parentheses beside a product")
        (left, _), (right, _) = (_terms(n, others, formula) for n in (node.left, node.right))
        both = [tuple(dict.fromkeys(a + b)) for a in left for b in right]
        return (left + right + both if crossing else both), True
    if isinstance(node, ast.Name) and node.id == _EVERYTHING:
        return [(name,) for name in others], True
    if isinstance(node, (ast.Name, ast.Attribute, ast.Call)):
        return [(_text(node),)], True
    raise ValueError(f"formula {formula!r}: {ast.unparse(node)} is not understood")


# Python's parser reads formulas once three of R's signs are written as it knows them.
def _parsed(text: str, formula: str) -> ast.expr:
    python = re.sub(r"`([^`]*)`", lambda m: _placeholder(m[1]), text)
    python = re.sub(r"(?<![\w.])\.(?![\w.])", _EVERYTHING, python)
    python = re.sub(r"\b[A-Za-z]+\b", _no_keyword, python)
    python = python.replace("^", "**").replace(":", "@").strip()
    try:
        return ast.parse(python, mode="eval").body
    except SyntaxError as error:
        raise FormulaError(f"formula {_shown(formula)} cannot be read: {error.msg}") from error
    except (ValueError, RecursionError, MemoryError) as error:  # what Python's parser bounds
        raise FormulaError(f"formula {_shown(formula)} cannot be read: {error}") from error


def _shown(text: str) -> str:
    return repr(text if len(text) < 200 else f"{text[:196]} ...")


def _no_keyword(word: re.Match[str]) -> str:
    return _placeholder(word[0]) if keyword.iskeyword(word[0]) else word[0]


def _placeholder(name: str) -> str:
    return "quoted__" + name.encode().hex()


def _text(node: ast.expr) -> str:
    """A column's name as it is, or an expression as it can be parsed again."""
    if isinstance(node, ast.Attribute):
        return f"{_text(node.value)}.{node.attr}"
    if isinstance(node, ast.Name) and node.id.startswith("quoted__"):
        return bytes.fromhex(node.id.removeprefix("quoted__")).decode()
    return ast.unparse(node)


def columns_in(expression: str, columns: Sequence[str]) -> list[str]:
    """The columns that an expression names; an error where it names what is none."""
    names = [expression] if expression in columns else _columns_of(_parsed(expression, expression))
    missing = [name for name in names if name not in columns]
    if missing:
        raise FormulaError(f'data has no column "{missing[0]}"; it has {", ".join(columns)}')
    return list(dict.fromkeys(names))


def _columns_of(node: ast.expr) -> list[str]:
    if isinstance(node, (ast.Name, ast.Attribute)):
        return [_text(node)]
    inner = node.args if isinstance(node, ast.Call) else ast.iter_child_nodes(node)
    return [name for child in inner if isinstance(child, ast.expr) for name in _columns_of(child)]


def _names(expression: str) -> set[str]:
    """What in an expression may be a column."""
    nodes = ast.walk(_parsed(expression, expression))
    return {_text(n) for n in nodes if isinstance(n, (ast.Name, ast.Attribute))}


def complete_rows(*columns: np.ndarray) -> np.ndarray:
    """Which rows have no missing value."""
    kept = np.ones(len(columns[0]), bool)
    for column in columns:
        block = column.reshape(len(column), -1)
        if block.dtype.kind == "i":
            kept &= ~(block < 0).any(1)
        elif _may_miss(block):
            kept &= ~np.isnan(block).any(1)
    return kept


def _may_miss(block: np.ndarray) -> bool:
    """Is the sum NaN? Of most blocks it is not, and then nothing is missing."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isnan(block.sum()))


def as_layout(value: Mapping[str, Any]) -> Layout:
    """The layout in a model file."""
    return Layout(**value)


def check_layout(value: Any) -> None:
    """An error that names what in the layout of a model file is not what `asdict` gives of one."""
    checks = {
        "response": is_expression,
        "terms": lambda x: isinstance(x, list) and all(_is_term(term) for term in x),
        "intercept": lambda x: isinstance(x, bool),
        "levels": lambda x: (
            isinstance(x, dict) and all(_are_texts(levels) for levels in x.values())
        ),
        "coded": _are_texts,
    }
    if not isinstance(value, dict) or set(value) != set(checks):
        raise ValueError(f"layout must have {', '.join(checks)}, and no more")
    wrong = [name for name, check in checks.items() if not check(value[name])]
    if wrong:
        raise ValueError(f"layout: {wrong[0]} is not what it must be")
    if not set(value["coded"]) <= set(value["levels"]):
        raise ValueError("layout: a coded factor has no levels")


def is_expression(x: object) -> bool:
    """Text that can be an expression of columns: `evaluate` says what it means."""
    return isinstance(x, str) and 0 < len(x) <= _LONGEST


def _is_term(x: object) -> bool:
    return (
        isinstance(x, list) and len(x) <= _MOST_FACTORS and all(is_expression(part) for part in x)
    )


def _are_texts(x: object) -> bool:
    return isinstance(x, list) and all(isinstance(part, str) for part in x)
