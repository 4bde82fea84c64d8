"""When the coefficients of an iteration stand still."""

import math

from torch import Tensor

#: Of the coefficients' size: a step that is no more, and one that is foretold.
_STEP, _FORETOLD = 1e-10, 1e-12


class Settling:
    """Told each iteration's coefficients, says whether a further one would change them.

    Steps that shrink by a ratio go on by the ratio, or faster: what all of those to come would add
    is known after two. So a last iteration, which would only see that nothing moves, is saved.
    """

    def __init__(self) -> None:
        self._before: list[float] | None = None
        self._step = math.inf

    def stands(self, b: Tensor) -> bool:
        """Do these coefficients stand still?"""
        now, before, last = b.tolist(), self._before, self._step
        self._before = now
        if before is None:
            return False
        step = max(abs(x - y) for x, y in zip(now, before, strict=True))
        size = max(map(abs, now))
        self._step = step
        if step <= _STEP * size:
            return True
        ratio = step / last if last < math.inf else 1.0
        return ratio < 0.5 and step * ratio / (1 - ratio) <= _FORETOLD * size
