"""What the help pages of PyTorch's functions say, read from operators.txt (see its head)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_name("operators.txt")

#: The family whose functions share one page without examples: some need a GPU of a certain maker.
INTERNALS = "internals"


@dataclass(frozen=True)
class Family:
    """Functions of one kind.

    Attributes:
        name: its short name.
        title: what they have in common.
        value: what they give.
        example: R code, ``{f}`` the function's name.
        functions: their names, in order.
    """

    name: str
    title: str
    value: str
    example: str
    functions: list[str]


@dataclass(frozen=True)
class Text:
    """What is said of one function.

    Attributes:
        family: the one that it belongs to.
        about: sentences in markdown, without the last point; the first is the title.
        extra: how it differs from the function of which it is another name.
        example: R code.
        same_as: the function of which it is another name, or an empty string.
    """

    family: Family
    about: str
    extra: str
    example: str
    same_as: str

    @property
    def title(self) -> str:
        """The first sentence."""
        return re.split(r"(?<=[?]) |[.] ", self.about + " ")[0].rstrip(". ")


def read() -> tuple[dict[str, Text], dict[str, str]]:
    """Function -> its text; argument, or family.argument -> what it means.

    Raises:
        ValueError: a function has two rows.
    """
    texts: dict[str, Text] = {}
    arguments: dict[str, str] = {}
    for line in SOURCE.read_text(encoding="utf-8").splitlines():
        head, *fields = [part.strip() for part in re.split(r" \|(?= |$)", line)]
        fields += [""] * 3
        if line.startswith("## "):
            family = Family(head[3:], *fields[:3], functions=[])
        elif line.startswith("@ "):
            arguments[head[2:]] = fields[0]
        elif head and not line.startswith("#"):
            name, _, same_as = head.partition(" = ")
            if name in texts:
                raise ValueError(f"{SOURCE.name}: {name} has two rows")
            texts[name] = text_of(name, same_as, family, fields, texts)
            family.functions.append(name)
    return texts, arguments


def text_of(
    name: str, same_as: str, family: Family, fields: list[str], before: dict[str, Text]
) -> Text:
    """The text of one row; that of another name is its function's, of a row above."""
    example = fields[1]
    if not same_as:
        return Text(family, fields[0], "", example or family.example.replace("{f}", name), "")
    other = before[same_as]
    example = example or re.sub(rf"\b{same_as}\b", name, other.example)
    return Text(family, other.about, fields[0], example, same_as)
