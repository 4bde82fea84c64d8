"""One pass over a table on disk: what it learns is what the table in memory has."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from torchbridge.frames import sources
from torchbridge.frames.sources import open_source
from torchbridge.models.table.formula import parse_formula
from torchbridge.models.table.shape import Shape, classes_of
from torchbridge.models.table.streamed_table import learn

RANDOM = np.random.default_rng(5)
N = 400
DATA = pd.DataFrame(
    {
        "x": RANDOM.normal(1e3, 1, N),
        "z": RANDOM.exponential(size=N),
        "i": RANDOM.integers(0, 5, N),
        "g": RANDOM.choice(["b", "a", "c"], N),
        "f": pd.Categorical(RANDOM.choice(["lo", "hi"], N), categories=["lo", "no", "hi"]),
        "t": RANDOM.random(N) < 0.3,
        "w": RANDOM.integers(1, 4, N).astype(float),
        "y": RANDOM.normal(size=N),
    }
)
DATA.loc[::17, "x"] = np.nan
DATA.loc[3::23, "g"] = None


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(sources, "ROWS", 37)


@pytest.fixture
def folder(tmp_path):
    table = pa.Table.from_pandas(DATA)
    pq.write_table(table.slice(0, 250), tmp_path / "1.parquet", row_group_size=90)
    pq.write_table(table.slice(250), tmp_path / "2.parquet", row_group_size=90)
    return tmp_path


FORMULAS = [
    "y ~ x + log(z) + g",
    "y ~ 0 + g + f",
    "y ~ x * g + f:t + I(z^2):g:f",
    "y ~ . - w",
    "g ~ x + i + t",
    "log(z) ~ x:z + f",
]


def in_memory(formula, frame, weights=None):
    layout = parse_formula(formula, frame)
    classes = classes_of(layout.response, frame, False)
    rows, names, kept = Shape(layout, classes, weights, None).rows("data", frame)
    return layout, classes, rows, names, kept


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_pass_learns_what_the_table_in_memory_has(folder, formula, dtype):
    layout, classes, rows, names, kept = in_memory(formula, DATA, "w")
    table = learn(open_source(folder), formula, weights="w", dtype=dtype)
    assert table.layout == layout and table.shape.classes == classes
    assert table.names == names
    assert table.n_rows == kept.sum() and table.left_out == N - kept.sum()
    found = list(table.blocks())
    for name in ("numeric", "response", "weights"):
        assert np.array_equal(np.concatenate([block[name] for block in found]), rows[name])
    design = rows["numeric"].astype(dtype).astype(float)
    mean, sd = table.moments
    np.testing.assert_allclose(mean, design.mean(0), rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(sd, design.std(0, ddof=1), rtol=1e-11)
    assert table.weight_means[0] == pytest.approx(rows["weights"].mean(), rel=1e-14)
    if classes is None:
        assert table.response.mean == pytest.approx(
            rows["response"].astype(dtype).astype(float).mean(), rel=1e-12, abs=1e-15
        )


def test_pieces_count_their_complete_rows(folder):
    table = learn(open_source(folder), "y ~ x + g")
    complete = DATA[["x", "g", "y"]].notna().all(axis=1).to_numpy()
    edges = [0, 90, 180, 250, 340, 400]
    expected = [int(complete[a:b].sum()) for a, b in zip(edges, edges[1:], strict=False)]
    assert table.counts == expected
    blocks = list(table.blocks([4, 1]))
    assert sum(len(block["response"]) for block in blocks) == expected[4] + expected[1]


def test_streams_and_tables_in_memory_have_the_same_levels():
    table = learn(open_source(pa.Table.from_pandas(DATA).to_reader(max_chunksize=61)), "y ~ f + g")
    assert table.layout.levels == {"f": ["lo", "hi"], "g": ["a", "b", "c"]}
    again = np.concatenate([block["numeric"] for block in table.blocks()])
    assert np.array_equal(again, in_memory("y ~ f + g", DATA)[2]["numeric"])


def test_a_share_for_validation_is_drawn_by_the_seed(folder):
    table = learn(open_source(folder), "y ~ z", share=0.25, seed=3)
    assert table.n_rows + table.n_valid == N and 60 < table.n_valid < 140
    train, valid = (
        np.concatenate([block["numeric"][:, 0] for block in table.blocks(valid=part)])
        for part in (False, True)
    )
    assert len(train) == table.n_rows
    assert sorted([*train, *valid]) == sorted(DATA["z"])
    assert table.moments[0][0] == pytest.approx(train.mean(), rel=1e-14)
    assert learn(open_source(folder), "y ~ z", share=0.25, seed=3).counts == table.counts
    assert learn(open_source(folder), "y ~ z", share=0.25, seed=4).counts != table.counts


def test_coded_factors_and_codes(folder):
    table = learn(open_source(folder), "y ~ x + g + f", coded=True)
    assert table.layout.coded == ["g", "f"] and table.names == ["x"]
    layout = in_memory("y ~ x + g + f", DATA)[0]
    layout.coded = ["g", "f"]
    _, _, kept = Shape(layout, None, None, None).rows("data", DATA)
    codes = np.concatenate([block["codes"] for block in table.blocks()])
    assert np.array_equal(codes, layout.codes(DATA)[kept])


@pytest.mark.parametrize(
    ("formula", "change", "error"),
    [
        ("y ~ q", {}, 'data has no column "q"'),
        ("y ~ x + I(q + 1)", {}, 'data has no column "q"'),
        ("y ~ f", {"f": "one"}, 'column "f" is constant, a factor needs two levels'),
        ("y ~ x", {"x": np.nan}, "data has no complete rows"),
        ("y ~ log(x)", {"x": 0.0}, r'data: "log\(x\)" holds infinite values'),
        ("y ~ x", {"y": np.inf}, "data: the response holds infinite values"),
        ("y ~ x + g", {"g": [["a"]] * N}, 'column "g" is list<.*neither numbers nor text'),
        ("y ~ log(g)", {}, 'column "g" is not numeric'),
        ("y ~ x", {"w": -1.0}, "weights must not be negative"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, formula, change, error):
    pq.write_table(pa.Table.from_pandas(DATA.assign(**change)), tmp_path / "d.parquet")
    with pytest.raises((ValueError, TypeError), match=error):
        learn(open_source(tmp_path), formula, weights="w")
    with pytest.raises((ValueError, TypeError), match=error):  # what an exact fit reads
        list(learn(open_source(tmp_path), formula, weights="w", numbers=False).first_blocks())


@pytest.mark.parametrize("formula", ["y ~ x * g + log(z)", "y ~ x + z", "g ~ x"])
def test_rows_that_were_not_looked_at_are_counted_when_they_are_read(folder, formula):
    whole = learn(open_source(folder), formula, weights="w")
    table = learn(open_source(folder), formula, weights="w", numbers=False)
    assert table.counts == [] and table.names == whole.names and table.layout == whole.layout
    found = list(table.first_blocks())
    assert found[-1]["n_read"] == N
    assert (table.counts, table.left_out) == (whole.counts, whole.left_out)
    for one, other in zip(found, whole.blocks(), strict=True):
        assert all(np.array_equal(one[name], x) for name, x in other.items() if x is not None)


def test_what_is_read_once_is_kept_by_the_pass_that_wants_levels():
    reader = pa.Table.from_pandas(DATA).to_reader(max_chunksize=61)
    table = learn(open_source(reader), "y ~ x + g", numbers=False)
    assert sum(len(block["response"]) for block in table.first_blocks()) == table.n_rows > 0


def test_codes_of_one_byte_and_long_integers_as_classes(tmp_path):
    words = [f"w{i:03}" for i in range(200)]
    codes = pa.array([*range(200), None], pa.uint8())
    long = pa.array([2**60 + i % 2 for i in range(200)] + [None])
    columns = {"g": pa.DictionaryArray.from_arrays(codes, words), "k": long, "y": np.arange(201.0)}
    reader = pa.table(columns).to_reader()
    table = learn(open_source(reader), "k ~ g", takes_classes=True)
    assert table.layout.levels["g"] == words and table.left_out == 1
    assert table.shape.classes == [str(2**60), str(2**60 + 1)]
    rows = np.concatenate([block["numeric"] for block in table.blocks()])
    assert np.array_equal(rows, np.eye(200)[:, 1:])


def test_weights_are_columns(folder):
    with pytest.raises(TypeError, match="weights must be a column's name or an expression where"):
        learn(open_source(folder), "y ~ x", weights=np.ones(N))


def test_a_level_that_came_later_is_an_error(folder):
    table = learn(open_source(folder), "y ~ g")
    pq.write_table(pa.Table.from_pandas(DATA.assign(g="zz")), folder / "3.parquet")
    table.source = open_source(folder)
    with pytest.raises(ValueError, match='data: column "g" has the new level "zz"'):
        list(table.blocks())
