"""The site: its index and every page open, with their plots, and without the network."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
LESSONS = ROOT / "r_scripts" / "lessons"
NAMES = sorted(path.stem for path in LESSONS.glob("[0-9][0-9]-*.R"))
VOID = {"img", "meta", "br", "hr"}


class Page(HTMLParser):
    """A page's images, links, titles and text; its tags must close in order."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.images: list[dict[str, str | None]] = []
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.titles: list[str] = []
        self.open: list[str] = []
        self.feed(file.read_text(encoding="utf-8"))
        self.close()
        assert not self.open, f"{file.name}: {self.open} never close"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if tag == "img":
            self.images.append(found)
        self.links += [str(value) for name, value in attrs if name in ("href", "src")]
        if found.get("id"):
            self.ids.add(str(found["id"]))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["h1"]:
            self.titles.append(data)


@pytest.fixture(scope="module")
def pages(site: Path, r_results: Any) -> dict[str, Page]:
    code = f"source('r_scripts/lessons/site/render.R'); write_index('{site}')"
    subprocess.run(["Rscript", "-e", code], cwd=ROOT, check=True)
    return {path.stem: Page(path) for path in site.glob("*.html")}


def test_every_lesson_has_a_page(pages: dict[str, Page]) -> None:
    assert sorted(pages) == sorted([*NAMES, "index"])


@pytest.mark.parametrize("name", NAMES)
def test_page(name: str, pages: dict[str, Page], site: Path) -> None:
    page = pages[name]
    assert len(page.titles) == 1
    assert page.images, "a lesson draws"
    for image in page.images:
        picture = (site / str(image["src"])).read_bytes()
        assert picture.startswith(b"\x89PNG") and len(picture) > 3000
        assert len(str(image["alt"])) > 10
    text = (site / f"{name}.html").read_text(encoding="utf-8")
    assert re.search("[가-힣]", text), "its Korean title"
    assert not re.search(r"<samp>(Error|## Error|Traceback)", text)


def test_links_lead_to_files_of_the_site(pages: dict[str, Page], site: Path) -> None:
    for name, page in pages.items():
        for link in page.links:
            assert not re.match(r"[a-z]+:|//", link), f"{name} needs the network for {link}"
            file, _, part = link.partition("#")
            target = pages[Path(file).stem] if file.endswith(".html") else page
            assert not file or (site / file).exists(), f"{name} links to {link}"
            assert not part or part in target.ids


def test_index_has_a_card_for_each(pages: dict[str, Page]) -> None:
    index = pages["index"]
    assert [link for link in index.links if link.endswith(".html")] == [f"{n}.html" for n in NAMES]
    assert len(index.images) == len(NAMES)


# For each page in a frame: its width, its pictures, how many of them are seen, its text's colours.
PROBE = """
const loaded = picture => new Promise(done => {
  picture.onload = picture.onerror = done;
  picture.loading = 'eager';
  if (picture.complete) done();
});
const look = async frame => {
  const page = frame.contentDocument, body = frame.contentWindow.getComputedStyle(page.body);
  const pictures = [...page.images];
  await Promise.all(pictures.map(loaded));
  const seen = pictures.filter(picture => picture.naturalWidth && picture.clientWidth > 100);
  const width = page.documentElement.scrollWidth;
  return [width, pictures.length, seen.length, body.color, body.backgroundColor].join(';');
};
onload = async () => {
  document.title = (await Promise.all([...frames_of()].map(look))).join('|');
};
const frames_of = () => document.querySelectorAll('iframe');
"""


def opened(site: Path, names: list[str], width: int, *options: str) -> list[list[str]]:
    """What a browser that is `width` pixels wide sees of each page: see PROBE."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs chromium")
    probe = site / "probe.html"
    frames = "".join(f'<iframe src="{name}.html" width="{width}"></iframe>' for name in names)
    probe.write_text(f"{frames}<script>{PROBE}</script>")
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", *options]
    command += ["--allow-file-access-from-files", "--virtual-time-budget=20000", f"file://{probe}"]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120).stdout
    probe.unlink()
    title = re.search("<title>(.*?)</title>", shown)
    assert title, shown[:500]
    return [page.split(";") for page in title[1].split("|")]


@pytest.mark.parametrize("width", [390, 1280])
def test_every_page_opens_with_its_plots_and_fits(
    width: int, pages: dict[str, Page], site: Path
) -> None:
    found = opened(site, list(pages), width)
    assert len(found) == len(pages)
    for (name, page), (wide, pictures, seen, *_) in zip(pages.items(), found, strict=True):
        assert int(wide) <= width, f"{name} is wider than the window"
        assert int(pictures) == int(seen) == len(page.images), f"{name} shows all of its plots"


@pytest.mark.parametrize("dark", [False, True])
def test_text_stands_out_in_light_and_in_dark(
    dark: bool, pages: dict[str, Page], site: Path
) -> None:
    options = [f"--blink-settings=preferredColorScheme={0 if dark else 1}"]
    for _, _, _, ink, paper in opened(site, list(pages)[:2], 800, *options):
        brightness = [sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in (ink, paper)]
        assert abs(brightness[0] - brightness[1]) > 450
        assert (brightness[0] > brightness[1]) == dark


def test_readme_lists_every_row() -> None:
    table = (LESSONS / "README.md").read_text(encoding="utf-8")
    for path in LESSONS.glob("[0-9][0-9]-*.R"):
        assert f"({path.name})" in table, f"{path.name} is not in the lessons' README"
    for link in re.findall(r"\]\(([^)]+)\)", table):
        assert (LESSONS / link).exists(), link
