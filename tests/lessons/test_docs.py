"""The documentation's site: its parts alone, and what `make docs` has built in a browser."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import pytest

from torchbridge.process.rhome import find_r_home

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "docs" / "site"
BUILT = ROOT / "output" / "docs"
RSCRIPT = Path(find_r_home()) / "bin" / "Rscript"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"site_{name}", SITE / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# ---- parts ----


def math(tex: str) -> str:
    code = (
        "source('r_scripts/lessons/site/highlight.R'); source('r_scripts/lessons/site/math.R');"
        "cat(with_math(readLines(file('stdin')), identity))"
    )
    done = subprocess.run(
        [RSCRIPT, "--vanilla", "-e", code], input=tex, capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_mathematics_is_mathml_and_code_keeps_its_dollars() -> None:
    html = math(r"`x$y` and x$grad()$to($a) cost $\frac{1}{2} \sum_i x_i^2$")
    assert html.startswith("`x$y` and x$grad()$to($a) cost <math><mrow><mfrac>")
    assert (
        "<msub><mo>∑</mo><mi>i</mi></msub><msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup>" in html
    )


def test_docstrings_become_markdown() -> None:
    markdown = load("reference").markdown
    text = "Do it.\n\nArgs:\n    x: a ``Tensor`` of\n        two.\n\nReturns:\n    It."
    assert markdown(text).split("\n\n") == [
        "Do it.", "\n**Args**", "* `x`: a `Tensor` of\n  two.", "\n**Returns**", "It."
    ]  # fmt: skip


def small_site(folder: Path, link: str) -> ModuleType:
    for name in ("r", "assets"):
        (folder / name).mkdir()
    (folder / "r" / "aliases.json").write_text(json.dumps({"f": ["f", "g"]}))
    (folder / "r" / "f.html").write_text("<h1>F</h1><main><h2>Value</h2>A number.</main>")
    (folder / "index.html").write_text(
        f'<h1>Home</h1><main><code>g()</code> <a href="{link}">x</a></main>'
    )
    return load("finish")


def test_names_lead_to_help_and_the_search_knows_them(tmp_path: Path) -> None:
    small_site(tmp_path, "r/f.html#value").finish(tmp_path)
    assert '<code><a href="r/f.html">g</a>()</code>' in (tmp_path / "index.html").read_text()
    index = (tmp_path / "assets" / "index.js").read_text()
    assert {"u": "r/f.html", "t": "F", "n": ["f", "g"], "h": [], "x": "Value A number."} in (
        json.loads(index.removeprefix("pages = ").rstrip(";\n"))
    )


def test_a_dead_link_is_an_error(tmp_path: Path) -> None:
    finish = small_site(tmp_path, "r/f.html#nowhere")
    with pytest.raises(ValueError, match="index.html: r/f.html#nowhere"):
        finish.finish(tmp_path)


def test_every_guide_has_its_place() -> None:
    listed = (SITE / "guides.R").read_text(encoding="utf-8")
    for path in (ROOT / "docs" / "guides").iterdir():
        assert path.stem == "home" or re.search(rf"[ `]{path.stem}`? = ", listed), path.name


# ---- in a browser, where `make docs` has run ----

# Of each page in a frame: width, pictures that are not seen, and text of too little contrast.
PROBE = """
const light = c => {
  const v = c.map(x => (x /= 255) <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
  return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2];
};
const rgba = text => text.match(/[\\d.]+/g).map(Number);
const paper = (win, node) => {
  for (; node; node = node.parentElement) {
    const c = rgba(win.getComputedStyle(node).backgroundColor);
    if (c.length < 4 || c[3] > 0) return c;
  }
  return [255, 255, 255];
};
const faint = (win, node) => {
  const style = win.getComputedStyle(node);
  const a = light(rgba(style.color)), b = light(paper(win, node));
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5;
};
const ready = picture => new Promise(done => {
  picture.onload = picture.onerror = done;
  picture.loading = 'eager';
  if (picture.complete) done();
});
const look = async frame => {
  const win = frame.contentWindow, page = frame.contentDocument;
  await Promise.all([...page.images].map(ready));
  const bad = [...page.images].filter(picture => !picture.naturalWidth).length;
  const texts = [...page.querySelectorAll('p, a, li, h1, h2, dd, code, samp, span, small')];
  const pale = texts.filter(node => node.clientWidth !== 0 && faint(win, node));
  return [page.documentElement.scrollWidth, bad, pale.length, pale[0]?.outerHTML.slice(0, 60)]
    .join(';').replaceAll('|', ' ');
};
const find = async frame => {
  const page = frame.contentDocument, field = page.getElementById('search');
  field.value = 'torch_fit';
  field.dispatchEvent(new Event('input'));
  for (let i = 0; i < 100 && page.getElementById('found').hidden; i++) {
    await new Promise(done => setTimeout(done, 50));
  }
  return page.querySelector('#found a')?.getAttribute('href');
};
onload = async () => {
  const frames = [...document.querySelectorAll('iframe')];
  const results = await Promise.all(frames.map(look));
  document.title = [...results, await find(frames[0])].join('|');
};
"""


def opened(names: list[str], width: int, dark: bool) -> tuple[list[list[str]], str]:
    """What the probe sees of pages in a window of a width, and the search's first answer."""
    chromium = shutil.which("chromium")
    if chromium is None or not (BUILT / "assets" / "index.js").exists():
        pytest.skip("needs chromium and `make docs`")
    probe = BUILT / f"probe-{width}-{dark}.html"
    frames = "".join(f'<iframe src="{name}" width="{width}"></iframe>' for name in names)
    probe.write_text(f"{frames}<script>{PROBE}</script>", encoding="utf-8")
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    command += ["--allow-file-access-from-files", "--virtual-time-budget=60000"]
    command += [f"--blink-settings=preferredColorScheme={0 if dark else 1}"]
    command += ["--enable-logging=stderr", f"file://{probe}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    probe.unlink()
    complaints = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert complaints == []
    title = re.search("<title>(.*?)</title>", done.stdout, re.S)
    assert title, done.stdout[:500]
    *pages, first = title[1].split("|")
    return [page.split(";") for page in pages], first


def shown() -> list[str]:
    """The pages to look at: all but the reference's, and some of these."""
    pages = sorted(path.relative_to(BUILT).as_posix() for path in BUILT.rglob("*.html"))
    reference = [page for page in pages if page.startswith("r/")]
    return [page for page in pages if page not in reference] + reference[::40]


@pytest.mark.parametrize(("width", "dark"), [(380, False), (1280, True)])
def test_pages_open_fit_and_are_readable(width: int, dark: bool) -> None:
    names = shown()
    for start in range(0, len(names), 60):
        part = names[start : start + 60]
        found, first = opened(part, width, dark)
        assert first.endswith(("guides/torch_fit.html", "r/torch_fit.html"))
        for name, (wide, unseen, pale, *which) in zip(part, found, strict=True):
            assert int(wide) <= width, f"{name} is wider than the window"
            assert int(unseen) == 0, f"{name} does not show all pictures"
            assert int(pale) == 0, f"{name} has faint text: {which}"


class Fetched(HTMLParser):
    """What a browser fetches to show a page: addresses, but for those of text and links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.styled = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.styled = tag == "style"
        for name, value in attrs:
            if name in ("src", "srcset", "poster", "data") or (tag, name) == ("link", "href"):
                self.addresses.append(value or "")
            elif name == "style":
                self.addresses += of_style(value or "")

    handle_startendtag = handle_starttag

    def handle_data(self, data: str) -> None:
        if self.styled:
            self.addresses += of_style(data)
            self.styled = False


def of_style(css: str) -> list[str]:
    """Addresses in CSS."""
    return re.findall(r"""(?:@import\s|url\()\s*(?:url\()?["']?([^"')\s;]*)""", css)


def is_elsewhere(address: str) -> bool:
    return re.match(r"(https?:)?//", address) is not None


def test_text_that_looks_like_an_address_is_none() -> None:
    page = (
        "<p><code>get_install_libs_url(//a)</code> @import <a href='https://a.org'>a</a>"
        "<img src='p.png' style='background: url(data:image/png;base64,AA)'>"
        "<style>@import 'https://b.org/b.css'; p { background: url( \"//c.org/c.png\" ) }</style>"
        "<p>url(https://d.org)</p><link rel='icon' href='//e.org'/>"
    )
    assert [address for address in Fetched(page).addresses if is_elsewhere(address)] == [
        "https://b.org/b.css", "//c.org/c.png", "//e.org"
    ]  # fmt: skip


def test_the_site_is_small_and_needs_no_network() -> None:
    if not BUILT.exists():
        pytest.skip("needs `make docs`")
    assert sum(path.stat().st_size for path in BUILT.rglob("*") if path.is_file()) < 30e6
    for path in [*BUILT.rglob("*.html"), *BUILT.rglob("*.css")]:
        text = path.read_text(encoding="utf-8")
        fetched = of_style(text) if path.suffix == ".css" else Fetched(text).addresses
        assert [address for address in fetched if is_elsewhere(address)] == [], path
