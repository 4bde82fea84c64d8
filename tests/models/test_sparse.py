"""Sparse tables: what they are made of, and fits that equal those of the dense copy."""

import numpy as np
import pytest
import torch

from torchbridge import models
from torchbridge.models import sparse

scipy = pytest.importorskip("scipy.sparse")


def table(n=60, p=8, density=0.3, seed=0):
    rng = np.random.default_rng(seed)
    x = scipy.random(n, p, density, "csr", random_state=seed)
    return x, x @ rng.normal(size=p) + rng.normal(size=n)


FORMATS = {
    **{name: lambda x, name=name: x.asformat(name) for name in ("csr", "csc", "coo", "lil", "dia")},
    "array": scipy.csr_array,
    "torch coo": lambda x: torch.from_numpy(x.toarray()).to_sparse_coo(),
    "torch csr": lambda x: torch.from_numpy(x.toarray()).to_sparse_csr(),
    "torch csc": lambda x: torch.from_numpy(x.toarray()).to_sparse_csc(),
    "torch bsr": lambda x: torch.from_numpy(x.toarray()).to_sparse_bsr((2, 2)),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_becomes_rows(name):
    x, _ = table()
    found = sparse.as_rows("x", FORMATS[name](x))
    assert found.layout is torch.sparse_csr
    assert np.array_equal(found.to_dense().numpy(), x.toarray())


def test_entries_that_come_twice_are_added():
    x = scipy.coo_matrix(([1.0, 2.0], ([0, 0], [1, 1])), (2, 2))
    assert sparse.as_rows("x", x).to_dense().tolist() == [[0, 3], [0, 0]]
    places = torch.tensor([[0, 0], [1, 1]])
    twice = torch.sparse_coo_tensor(places, [1.0, 2.0], (2, 2), check_invariants=True)
    assert sparse.as_rows("x", twice).to_dense().tolist() == [[0, 3], [0, 0]]


def test_csr_of_scipy_is_its_memory():
    x, _ = table()
    assert sparse.as_rows("x", x).values().data_ptr() == x.data.ctypes.data


@pytest.mark.parametrize("index", [[], [3], [5, 5, 0], list(range(59, -1, -1))])
def test_rows_and_spans(index):
    x, _ = table()
    rows = sparse.as_rows("x", x)
    taken = sparse.rows(rows, torch.tensor(index).long())
    assert np.array_equal(taken.to_dense(), x[index].todense())
    for start, end in ((0, 60), (0, 0), (7, 9), (59, 60)):
        part = sparse.span(rows, start, end)
        assert np.array_equal(part.to_dense(), x[start:end].todense())
    assert np.array_equal(sparse.transposed(rows).to_dense(), x.T.todense())


def test_what_it_refuses():
    x, y = table()
    x.data[3] = np.nan
    with pytest.raises(ValueError, match="numeric holds 1 stored values that are NaN or infinite"):
        models.fit_table("linear", x, y)
    with pytest.raises(TypeError, match="x must hold real numbers"):
        sparse.as_rows("x", x.astype(complex))
    x, y = table()
    with pytest.raises(TypeError, match='numeric is sparse: model "tabular" takes dense'):
        models.fit_table("tabular", x, y)
    with pytest.raises(TypeError, match="response must be dense"):
        models.fit_table("linear", x, x[:, :1])
    fitted = models.fit_table("linear", x, y)
    with pytest.raises(ValueError, match=r"rows of shape \(8,\), not \(5,\)"):
        fitted.predict(x[:, :5])
    with pytest.raises(ValueError, match="compile must be False where x is sparse"):
        models.fit_table("mlp", x, y, fit_options={"compile": True})
    wide = scipy.csr_matrix((3, 10**6))
    with pytest.raises(ValueError, match="x has 1000000 columns"):
        models.fit_table("linear", wide, np.zeros(3))
    with pytest.raises(ValueError, match="module cannot take rows of x"):
        models.fit(torch.nn.Sequential(torch.nn.Conv1d(8, 1, 1)).double(), x, torch.tensor(y))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"standardize": False},
        {"validation": 0.25},
        {"weights": np.arange(60) % 3 + 1.0},
        {"model_options": {"hidden": [8], "residual": True}},
        {"model_options": {"hidden": [5], "normalization": "batch"}},
    ],
)
def test_network_equals_that_of_the_dense_copy(options):
    x, y = table()
    training = {"epochs": 3, "seed": 1, "batch_size": 16, "progress": False}
    options = {"fit_options": training, "dtype": "float64", **options}
    found = models.fit_table("mlp", x, y, **options)
    dense = models.fit_table("mlp", x.toarray(), y, **options)
    assert torch.allclose(found.fitted, dense.fitted, rtol=0, atol=1e-10)
    assert torch.allclose(found.predict(x[:9]), dense.predict(x[:9].toarray()), atol=1e-10)
    assert torch.allclose(found.predict(x.toarray()), dense.predict(x), atol=1e-10)


def test_own_module_gets_sparse_batches():
    x, y = table()
    seen = []

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = torch.nn.Linear(8, 1).double()

        def forward(self, x):
            seen.append(x.layout)
            return self.linear(x)

    net = Net()
    start = {name: value.clone() for name, value in net.state_dict().items()}
    models.fit(net, x, torch.tensor(y), epochs=3, batch_size=7, seed=1, progress=False)
    assert set(seen) == {torch.sparse_csr}
    again = Net()
    again.load_state_dict(start)
    models.fit(
        again,
        torch.tensor(x.toarray()),
        torch.tensor(y),
        epochs=3,
        batch_size=7,
        seed=1,
        progress=False,
    )
    assert torch.allclose(net.linear.weight, again.linear.weight, rtol=0, atol=1e-12)


def test_checkpoint_knows_the_matrix(tmp_path):
    x, y = table()
    path = str(tmp_path / "state.safetensors")
    options = {"seed": 1, "progress": False, "callbacks": {"model_checkpoint": {"path": path}}}
    models.fit_table("mlp", x, y, fit_options={"epochs": 2, **options})
    whole = models.fit_table("mlp", x, y, fit_options={"epochs": 4, "seed": 1, "progress": False})
    resumed = models.fit_table("mlp", x, y, fit_options={"epochs": 4, **options, "resume": path})
    assert torch.equal(whole.fitted, resumed.fitted)
    x.data[0] += 1
    with pytest.raises(ValueError, match="resume"):
        models.fit_table("mlp", x, y, fit_options={"epochs": 5, **options, "resume": path})


def test_a_wide_table_never_becomes_dense(monkeypatch):
    n = 100_000  # dense it were 40 GB
    rng = np.random.default_rng(0)
    places = (np.repeat(np.arange(n), 2), rng.integers(0, n, 2 * n))
    x = scipy.csr_matrix((np.ones(2 * n), places), (n, n))

    def refuse(*_):
        raise AssertionError("it became dense")

    monkeypatch.setattr(torch.Tensor, "to_dense", refuse)
    found = models.fit_table(
        "mlp",
        x,
        rng.normal(size=n),
        model_options={"hidden": 2},
        fit_options={"epochs": 1, "batch_size": 50_000, "progress": False},
    )
    assert found.fitted.shape == (n,)
