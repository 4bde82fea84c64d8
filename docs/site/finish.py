"""Join the site's pages: ``finish.py FOLDER``.

Headings get an id, each longer page its contents, names of functions the way to their help, and
all pages one index for the search. A link inside the site that leads nowhere is an error.
"""

from __future__ import annotations

import html
import json
import os
import re
import sys
from pathlib import Path

#: Characters of a page's text in the index of the search.
KEPT = 600
HEADING = re.compile(r"<h([23])(?: id=\"([^\"]*)\")?>(.*?)</h\1>", re.S)


def finish(folder: Path) -> None:
    """Finish all pages of the site in a folder.

    Raises:
        ValueError: a link leads nowhere.
    """
    aliases = folder / "r" / "aliases.json"
    help_of = {
        alias: f"r/{page}.html"
        for page, names in json.loads(aliases.read_text(encoding="utf-8")).items()
        for alias in ([names] if isinstance(names, str) else names)
    }
    pages = sorted(folder.rglob("*.html"))
    index = []
    for page in pages:
        here = page.relative_to(folder).as_posix()
        text = with_ids(page.read_text(encoding="utf-8"))
        text = text.replace("<!--contents-->", contents(text) if here != "index.html" else "")
        text = with_help(text, here, help_of)
        page.write_text(text, encoding="utf-8")
        index.append(entry(here, text, help_of))
    aliases.unlink()
    shown = json.dumps(index, ensure_ascii=False, separators=(",", ":"))
    (folder / "assets" / "index.js").write_text(f"pages = {shown};\n", encoding="utf-8")
    dead = dead_links(folder, pages)
    if dead:
        raise ValueError("links that lead nowhere:\n" + "\n".join(dead))


def with_ids(text: str) -> str:
    """Every heading of the second and third order with an id."""
    seen: set[str] = set(re.findall(r' id="([^"]*)"', text))

    def named(match: re.Match[str]) -> str:
        level, given, inner = match.groups()
        name = given or re.sub(r"[^\w]+", "-", plain(inner).lower()).strip("-") or "part"
        while not given and name in seen:
            name += "-"
        seen.add(name)
        return f'<h{level} id="{name}">{inner}</h{level}>'

    return HEADING.sub(named, text)


def contents(text: str) -> str:
    """The list of a page's parts, where there are several."""
    parts = [(name, plain(inner)) for level, name, inner in HEADING.findall(text) if level == "2"]
    if len(parts) < 4:
        return ""
    items = "".join(f'<li><a href="#{name}">{html.escape(t)}</a></li>' for name, t in parts)
    return f'<details class="contents"><summary>On this page</summary><ul>{items}</ul></details>'


def with_help(text: str, here: str, help_of: dict[str, str]) -> str:
    """Names of R functions in prose and in R's code lead to their help pages."""
    up = "../" if "/" in here else ""

    def linked(match: re.Match[str]) -> str:
        before, name, after = match.groups()
        page = help_of.get(name)
        if page is None or page == here:
            return match[0]
        return f'{before}<a href="{up}{page}">{name}</a>{after}'

    text = re.sub(r"(?<!\">)(<code>)([\w.]+)(\(\)</code>)(?!</a>)", linked, text)
    parts = re.split(r'(<pre class="code" data-language="r">.*?</pre>)', text, flags=re.S)
    for i in range(1, len(parts), 2):
        parts[i] = re.sub(r'(<span class="call">)([\w.]+)(</span>)', linked, parts[i])
    return "".join(parts)


def entry(here: str, text: str, help_of: dict[str, str]) -> dict[str, object]:
    """What the search knows of a page: address, title, names, headings and its first words."""
    title = re.search(r"<h1>(.*?)</h1>", text, re.S)
    main = text.partition("<main>")[2]
    main = re.sub(r"<(pre|details|math).*?</\1>", " ", main, flags=re.S)
    heads = [[name, plain(inner)] for _, name, inner in HEADING.findall(main)]
    names = sorted(alias for alias, page in help_of.items() if page == here)
    kept = KEPT if here.startswith(("guides", "lessons", "r/")) else 3 * KEPT
    return {
        "u": here,
        "t": plain(title[1]) if title else here,
        "n": names,
        "h": heads if not here.startswith("r/") else [],
        "x": plain(main)[:kept],
    }


def plain(text: str) -> str:
    """Text without tags."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text)).split())


def dead_links(folder: Path, pages: list[Path]) -> list[str]:
    """Links to files or parts of pages that are not there."""
    ids = {
        page.relative_to(folder).as_posix(): set(
            re.findall(r' id="([^"]*)"', page.read_text(encoding="utf-8"))
        )
        for page in pages
    }
    dead = []
    for page in pages:
        here = page.relative_to(folder).as_posix()
        for link in re.findall(r'(?:href|src)="([^"]*)"', page.read_text(encoding="utf-8")):
            if re.match(r"(https?|mailto|data):", link):
                continue
            file, _, part = html.unescape(link).partition("#")
            target = os.path.normpath(os.path.join(os.path.dirname(here), file)) if file else here
            if not (folder / target).exists() or (part and part not in ids.get(target, ())):
                dead.append(f"{here}: {link}")
    return dead


if __name__ == "__main__":
    finish(Path(sys.argv[1]))
