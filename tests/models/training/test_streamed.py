"""Rows that are read in pieces: every row once an epoch, in an order that the seed decides."""

import threading

import numpy as np
import pytest
import torch

from torchbridge.models import fit, mlp
from torchbridge.models.training import streamed
from torchbridge.models.training.data import Data
from torchbridge.models.training.device import Accelerator
from torchbridge.models.training.streamed import StreamBatches, buffer_rows, shuffled

ALONE = Accelerator(torch.device("cpu"))


def of_ranks(rank, world):
    """Where one of several processes runs."""
    found = Accelerator(torch.device("cpu"))
    found.rank, found.world_size = rank, world
    return found


class Rows:
    """Rows whose numbers are 0, 1, 2, ..., in pieces, given five at a time."""

    name = "data"
    about = "rows"

    def __init__(self, counts, weights=False):
        self.counts = counts
        self.weights = weights
        self.read = []
        self.sample = next(self.blocks(int(np.flatnonzero(counts)[0])))

    def whole(self):
        return self.data(torch.arange(sum(self.counts), dtype=torch.float64))

    def data(self, x):
        weights = 1 + x % 2 if self.weights else None
        return Data((x[:, None] / 10,), (x / 100)[:, None], weights)

    def blocks(self, piece):
        first = sum(self.counts[:piece])
        for start in range(0, self.counts[piece], 5):
            self.read.append(piece)
            x = torch.arange(first + start, first + min(start + 5, self.counts[piece]))
            yield self.data(x.double())


def values(batches):
    return [(batch.y[:, 0] * 100).round().long().tolist() for batch in batches]


def test_without_a_shuffle_batches_are_those_of_rows_in_memory():
    rows = Rows([7, 0, 12, 1, 20], weights=True)
    stream = StreamBatches(rows, 6, False, 1, ALONE)
    found = list(stream)
    assert len(stream) == len(found) == 7
    for batch, expected in zip(found, rows.whole().split(stream.sizes), strict=True):
        for a, b in zip(streamed._tensors(batch), streamed._tensors(expected), strict=True):
            assert torch.equal(a, b)
    merged = StreamBatches(rows, 13, False, 2, ALONE)
    assert [batch.n_rows for batch in merged] == [13, 13, 14]  # one row that is left joins


@pytest.mark.parametrize("buffer", [1, 4, 13, 100])
def test_a_shuffle_gives_every_row_once_in_a_new_order_each_epoch(buffer):
    stream = StreamBatches(Rows([7, 0, 12, 1, 20]), 6, True, 1, ALONE, buffer)
    torch.manual_seed(1)
    epochs = [values(stream) for _ in range(3)]
    assert [[len(batch) for batch in epoch] for epoch in epochs] == [stream.sizes] * 3
    joined = [sum(epoch, []) for epoch in epochs]
    assert all(sorted(epoch) == list(range(40)) for epoch in joined)
    assert joined[0] != joined[1] != joined[2]
    torch.manual_seed(1)
    assert values(stream) == epochs[0]


def test_a_buffer_of_all_rows_is_a_full_shuffle():
    """Each row is as likely in each place: chi-squared of 2,000 shuffles of 8 rows."""
    places = np.zeros((8, 8))
    random = np.random.default_rng(0)
    for _ in range(2000):
        rows = Rows([8])
        order = torch.cat([block.y for block in shuffled(rows.blocks(0), 8, random)])
        places[np.arange(8), (order[:, 0] * 100).round().long().numpy()] += 1
    statistic = ((places - 250) ** 2 / 250).sum()
    assert statistic < 90  # 49 degrees of freedom: 1 in 3,000 is above 87


def test_an_epoch_goes_on_in_the_middle():
    stream = StreamBatches(Rows([7, 12, 21]), 6, True, 1, ALONE, 10)
    whole = values(stream)
    again = StreamBatches(Rows([7, 12, 21]), 6, True, 1, ALONE, 10)
    again.seed, again.skip = stream.seed, 4
    state = torch.get_rng_state()
    assert values(again) == whole[4:]
    assert torch.equal(torch.get_rng_state(), state)
    assert values(again) != whole  # the next epoch is whole again, and another
    assert len(values(again)) == 7


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("world", [2, 3])
def test_each_process_reads_its_share_alone(shuffle, world):
    counts = [10, 9, 11, 10, 9]
    seen, steps = [], []
    for rank in range(world):
        rows = Rows(counts)
        rows.read.clear()
        torch.manual_seed(4)
        found = list(StreamBatches(rows, 6, shuffle, 1, of_ranks(rank, world), 8))
        steps.append([batch.share for batch in found])
        counted = [v[: b.share[0]] for v, b in zip(values(found), found, strict=True)]
        assert all(len(batch.y) == max(batch.share[0], 1) for batch in found)
        seen += sum(counted, [])
        assert len(set(rows.read)) < len(counts)
    assert sorted(seen) == list(range(49))
    for shares in zip(*steps, strict=True):  # of each batch: 8 of 6 rows, and 1 row
        assert sum(own for own, _ in shares) == shares[0][1] == shares[-1][1]
    assert [whole for _, whole in steps[0]] == [6] * 8 + [1]


def test_a_process_without_rows_is_an_error():
    with pytest.raises(ValueError, match="data has 2 complete rows, and there are 3 processes"):
        StreamBatches(Rows([2]), 4, False, 1, of_ranks(0, 3), 4)


def test_a_buffer_beyond_memory_is_refused():
    rows = Rows([10**12])
    with pytest.raises(ValueError, match=r"shuffle_buffer of 1,000,000,000,000 rows takes 16000.0"):
        buffer_rows(rows, 10**12, 32)
    assert buffer_rows(rows, None, 32) == 2**18
    assert buffer_rows(Rows([10]), 10**12, 32) == 10
    with pytest.raises(ValueError, match="shuffle_buffer must be at least 1"):
        buffer_rows(rows, 0, 32)


def test_a_fit_equals_that_of_rows_in_memory():
    rows = Rows([30, 50, 21], weights=True)
    whole = rows.whole()
    options = {"epochs": 3, "batch_size": 16, "shuffle": False, "lr": 0.01}
    weights = whole.weights / whole.weights.mean()
    rows.data = lambda x: Rows.data(rows, x)._replace(
        weights=(1 + x % 2) / float(whole.weights.mean())
    )
    results = []
    for x, more in ((whole.x[0], {"y": whole.y, "weights": weights}), (rows, {})):
        module = mlp(1, [4], 1, seed=0).double()
        found = fit(module, x, **more, **options, validation=(whole.x[0], whole.y))
        results.append((found.history, [p.detach() for p in module.parameters()]))
    for name, expected in results[0][0].items():
        np.testing.assert_allclose(results[1][0][name], expected, rtol=1e-13)
    for a, b in zip(results[0][1], results[1][1], strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-14)


def test_an_error_of_the_rows_ends_the_fit_and_its_threads():
    rows = Rows([30, 30, 30])
    blocks = rows.blocks

    def failing(piece):
        if piece == 2:
            raise OSError("the disk is gone")
        return blocks(piece)

    rows.blocks = failing
    with pytest.raises(OSError, match="the disk is gone"):
        list(StreamBatches(rows, 8, True, 1, ALONE, 16))
    rows.counts = [30, 40]
    rows.blocks = blocks
    with pytest.raises(ValueError, match="data has other rows than when it was read first"):
        rows.blocks = lambda piece: iter(list(blocks(piece))[:6])
        list(StreamBatches(rows, 8, False, 1, ALONE, 16))
    taken = iter(StreamBatches(Rows([1000]), 8, True, 1, ALONE, 16))
    next(taken)
    taken.close()
    assert not [t for t in threading.enumerate() if t.name == "torchbridge-rows"]


def test_the_option_is_for_streams():
    x = torch.zeros(8, 1)
    with pytest.raises(TypeError, match="shuffle_buffer must be None"):
        fit(mlp(1, [2], 1), x, x, shuffle_buffer=5)
