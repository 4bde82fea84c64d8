"""What the tests of training share."""

import pytest
import torch

from torchbridge.models import fit
from torchbridge.models.callbacks import EarlyStopping, GradientClipping, LRSchedule


def _both(module, x, y, compile="xla", **options):
    options = {"epochs": 20, "batch_size": 16, "lr": 0.01, "seed": 3, **options}
    made = options.pop("callbacks", list)
    return [fit(module(), x, y, compile=c, callbacks=made(), **options) for c in (False, compile)]


@pytest.fixture
def equal_fits():
    """Checks that a fit by whole epochs is the eager one: weights, buffers, history and end."""

    def check(module, x, y, tolerance=1e-8, engine="xla", **options):
        eager, fast = _both(module, x, y, **options)
        assert (eager.engine, fast.engine) == ("eager", engine)
        weights = zip(
            eager.module.state_dict().items(), fast.module.state_dict().values(), strict=True
        )
        for (name, p), q in weights:
            torch.testing.assert_close(q, p, rtol=tolerance, atol=tolerance, msg=name)
        assert eager.history.keys() == fast.history.keys()
        for name, values in eager.history.items():
            expected = pytest.approx(values, rel=tolerance, abs=tolerance)
            assert fast.history[name] == expected, name
        assert (eager.status, eager.best_epoch) == (fast.status, fast.best_epoch)
        return eager, fast

    return check


@pytest.fixture
def equal_with_all_that_an_epoch_has(equal_fits):
    """The same of a fit with weights, offsets, metrics, validation and callbacks."""

    def check(network, x, y, patience, **options):
        return equal_fits(
            network,
            x[:40],
            y[:40],
            weights=y[:40, 0].abs(),
            offset=x[:40, 0],
            metrics=["mae", "r_squared"],
            validation=(x[40:], y[40:], y[40:, 0].abs(), x[40:, 0]),
            callbacks=lambda: [
                GradientClipping(max_norm=0.5),
                LRSchedule("one_cycle", cycle_momentum=False),
                EarlyStopping(patience=patience),
            ],
            **options,
        )

    return check
