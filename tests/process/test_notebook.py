"""R in a Jupyter notebook: the cells of r_in_a_notebook.ipynb, run by a kernel of this Python."""

from __future__ import annotations

import base64
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

nbclient = pytest.importorskip("nbclient", reason="needs Jupyter's nbclient")
pytest.importorskip("ipykernel", reason="needs Jupyter's ipykernel")

NOTEBOOK = Path(__file__).with_name("r_in_a_notebook.ipynb")


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """What stands below each code cell, by the cell's id."""
    import nbformat
    from jupyter_client.manager import AsyncKernelManager

    folder = tmp_path_factory.mktemp("notebook")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    # Sockets in files: no port that somebody else may have.
    kernel = AsyncKernelManager(
        kernel_name="python3", transport="ipc", connection_file=str(folder / "kernel.json")
    )
    kernel.kernel_spec.argv[0] = sys.executable
    client = nbclient.NotebookClient(
        notebook, km=kernel, timeout=120, resources={"metadata": {"path": str(folder)}}
    )
    client.execute(env={**os.environ, "IPYTHONDIR": str(folder / "ipython")})
    return {cell.id: cell.outputs for cell in notebook.cells if cell.cell_type == "code"}


def text_of(cell):
    """The streams of a cell, by their names."""
    streams = {}
    for output in cell:
        if output.output_type == "stream":
            streams[output.name] = streams.get(output.name, "") + output.text
    return streams


def data_of(cell, kind):
    return [o.data[kind] for o in cell if kind in o.get("data", {})]


def error_of(cell):
    return [f"{o.ename}: {o.evalue}" for o in cell if o.output_type == "error"]


def pixels(png):
    import matplotlib.image

    return matplotlib.image.imread(io.BytesIO(base64.b64decode(png)), format="png")


def test_figures_stand_below_the_cell_as_png(outputs):
    for cell, pages in (("base", 1), ("pages", 2), ("ggplot", 1)):
        figures = data_of(outputs[cell], "image/png")
        assert len(figures) == pages, cell
        for figure in figures:
            image = pixels(figure)
            assert image.shape[:2] == (720, 1008)  # 7 x 5 inches
            dark = (image[..., :3] < 0.5).all(axis=-1).mean()
            assert 0.002 < dark < 0.1, cell  # points and axes
    assert outputs["base"][0].metadata["image/png"] == {"width": 504, "height": 360}
    # The figure is the value of a cell that ends with a plot of ggplot2's.
    assert [o.output_type for o in outputs["ggplot"]] == ["execute_result"]
    assert [o.output_type for o in outputs["pages"]] == ["stream", "display_data", "display_data"]
    assert data_of(outputs["nothing"], "text/plain") == ["2"]


def test_svg_and_size_are_options(outputs):
    (drawing,) = data_of(outputs["svg"], "image/svg+xml")
    assert 'width="288' in drawing and 'height="216' in drawing
    assert outputs["svg"][0].metadata["image/svg+xml"] == {"isolated": True}
    assert data_of(outputs["svg"], "image/png") == []
    (drawing,) = data_of(outputs["inch"], "image/svg+xml")
    assert 'width="360' in drawing and 'height="288' in drawing
    (figure,) = data_of(outputs["cell"], "image/png")
    assert pixels(figure).shape[:2] == (400, 600)


def test_values_are_shown_as_r_prints_them(outputs):
    fit = "\nCall:\nlm(formula = mpg ~ wt, data = mtcars)\n\nCoefficients:\n"
    (shown,) = outputs["fit"]
    assert list(shown.data) == ["text/plain"]
    assert shown.data["text/plain"].startswith(fit)
    matrix = "     [,1] [,2]\n[1,]    0    1\n[2,]    2    3"
    assert data_of(outputs["matrix"], "text/plain") == [matrix]
    displayed, figure = outputs["displayed"]
    assert displayed.data["text/plain"].startswith(fit)
    assert "image/png" in figure.data


def test_messages_are_plain_output_in_their_place(outputs):
    assert text_of(outputs["says"]) == {"stdout": "a message\nsome output\nhello\n"}
    assert error_of(outputs["says"]) == []


def test_help_is_rs(outputs):
    title = text_of(outputs["help"])["stdout"]
    assert title.split() == ["lm", "package:stats", "R", "Documentation"]


def test_a_cell_of_r(outputs):
    assert text_of(outputs["cell"]) == {
        "stdout": "first\n"
        "[1] 0 1 4\n"
        "'data.frame':\t2 obs. of  2 variables:\n"
        " $ a: int  1 2\n"
        ' $ b: chr  "u" "v"\n'
        "     [,1] [,2]\n"
        "[1,]    1    1\n"
        "Warning message:\n"
        "careful\n"
    }
    assert data_of(outputs["outputs"], "text/plain") == ["(array([0., 1., 4.]), 'lm')"]
    assert data_of(outputs["line"], "text/plain") == ["array([2., 8.])"]
    assert outputs["no-value"] == []


def test_a_device_of_the_users_is_the_users(outputs):
    assert text_of(outputs["own-device"]) == {"stdout": "[1] TRUE\n"}
    assert len(data_of(outputs["own-device"], "image/png")) == 1  # the one that dev.off() closed


def test_an_error_shows_what_was_drawn_and_says_where(outputs):
    for cell, error in (
        ("error", 'RError: no way\nR traceback (most recent call last):\n  f("way")'),
        (
            "half-a-figure",
            "RError: the second half is missing\nR traceback (most recent call last):\n"
            "  draws_and_fails()",
        ),
    ):
        assert error_of(outputs[cell]) == [error]
        assert len(data_of(outputs[cell], "image/png")) == 1


def test_what_is_wrong_is_named(outputs):
    for cell, error in (
        ("no-input", "-i absent: Python has no variable 'absent'"),
        ("no-output", "-o absent: R has no variable 'absent'"),
        ("no-option", "unrecognized arguments: --colour"),
    ):
        assert f"UsageError: {error}" in text_of(outputs[cell])["stderr"]
    for cell, error in (
        ("no-code", "unexpected end of input"),
        ("bad-option", "options(repr.plot.width = ) must be one number above 0"),
        ("bad-format", 'options(jupyter.plot_mimetypes = ) must be "image/png" or "image/svg+xml"'),
        ("no-cairo", "this R can't draw in a notebook: it was built without cairo"),
    ):
        (found,) = error_of(outputs[cell])
        assert found.startswith("RError: ") and error in found


def test_elsewhere_nothing_changes(r):
    """Neither in Python alone nor in IPython's terminal."""
    from rpy2.rinterface_lib import callbacks

    assert callbacks.consolewrite_print.__module__ == callbacks.__name__
    assert callbacks.consolewrite_warnerror.__module__ == "torchbridge.process.output"
    assert not r.true("any(grepl('figure_', deparse(getOption('device'))))")
    fresh = subprocess.run(
        [sys.executable, "-c", "import sys, torchbridge; print('IPython' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert fresh.stdout.strip() == "False"
