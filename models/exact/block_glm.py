"""Generalized linear models of rows in blocks, sparse or streamed: `fit_glm`, a pass an iteration.

Nothing here is as long as the rows, unless it is asked for.

Tests: tests/models/exact/test_block_glm.py.
"""

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from torchbridge.process.interrupts import let_r_look

from ..sparse import is_sparse
from .blocks import Block, Blocks
from .design import all_one, times
from .families import Family, gaussian_log_likelihood, is_least_squares
from .glm_fit import GLMFit
from .least_squares import scales, unscaled_covariance
from .links import Link
from .normal_equations import CrossProduct, Normal, OutOfRange, Sums, Triangle
from .settling import Settling
from .terms import TermRows


@dataclass(frozen=True)
class BlockTask:
    """The arguments of a fit, checked; see `fit_glm`.

    Attributes:
        blocks: gives the rows anew for each pass; y is what the family can give.
        p: columns, without the intercept.
        name: of the family, as the caller has it.
        keeps_rows: whether what is a number a row is found too; else these tensors are empty.
    """

    blocks: Blocks
    p: int
    family: Family
    link: Link
    name: str
    intercept: bool
    tol: float
    max_iter: int
    keeps_rows: bool

    def counted(self) -> Iterator[Block]:
        """The rows that count."""
        for block in self.blocks():
            let_r_look()
            counted = block.counted()
            if len(counted.y):
                yield counted

    @property
    def n_coefficients(self) -> int:
        """With the intercept's."""
        return self.p + self.intercept


@dataclass
class _Seen:
    """Sums of one look at the rows that count."""

    n: int = 0
    weight: float = 0.0
    log_weight: float = 0.0
    weighted_y: float = 0.0
    has_offset: bool = False


@dataclass
class _Found:
    """An end of the iterations: the problem there, the deviance, and what else was seen."""

    b: Tensor
    normal: Normal
    deviance: float
    null_deviance: float
    log_likelihood: float
    pearson: float
    iterations: int = 1
    converged: bool = True
    rows: list[tuple[Tensor, Tensor, Tensor]] = field(default_factory=list)


def fit_blocks(task: BlockTask) -> GLMFit:
    """Fit the model of a task; errors and warnings are those of `fit_glm`."""
    fit = _least_squares if is_least_squares(task.family, task.link) else _reweighted
    try:
        seen, found = fit(task)
        of_column, unit = torch.ones(task.n_coefficients, dtype=torch.float64), 1.0
    except OutOfRange:
        of_column, unit = _scales(task)
        seen, found = fit(_divided(task, of_column, unit))
    return _as_fit(task, seen, found, of_column.cpu(), unit)


def _as_fit(task: BlockTask, seen: _Seen, found: _Found, of_column: Tensor, unit: float) -> GLMFit:
    """In the units of the columns and the response as they are."""
    kept, rank, df = found.normal.kept, len(found.normal.kept), seen.n - len(found.normal.kept)
    back = unit / of_column
    coefficients = torch.full((task.n_coefficients,), torch.nan, dtype=torch.float64)
    coefficients[kept] = found.b.cpu()[kept]
    dispersion = task.family.dispersion
    if dispersion is None:
        dispersion = found.pearson / df if df > 0 else torch.nan
    covariance = dispersion * unscaled_covariance(found.normal.r, kept, task.n_coefficients)
    eta, mu, working = _of_rows(found)
    if unit != 1:
        eta, mu = unit * eta, unit * mu
    return GLMFit(
        family=task.name,
        link=task.link.name,
        intercept=task.intercept,
        coefficients=coefficients * back,
        covariance=back[:, None] * covariance * back,
        standard_errors=back * covariance.diagonal().sqrt(),
        dispersion=dispersion * unit * unit,
        deviance=found.deviance * unit * unit,
        null_deviance=found.null_deviance * unit * unit,
        log_likelihood=found.log_likelihood - seen.n * math.log(unit),
        df=rank + task.family.estimates_scale,
        rank=rank,
        df_residual=df,
        df_null=seen.n - task.intercept,
        n_obs=seen.n,
        iterations=found.iterations,
        converged=found.converged,
        linear_predictor=eta,
        fitted=mu,
        working_weights=working,
    )


def _of_rows(found: _Found) -> tuple[Tensor, ...]:
    if not found.rows:
        return tuple(torch.empty(0, dtype=torch.float64) for _ in range(3))
    eta, mu, working = zip(*found.rows, strict=True)
    whole = torch.cat(eta).cpu()
    same = all(x is y for x, y in zip(eta, mu, strict=True))
    return whole, whole if same else torch.cat(mu).cpu(), torch.cat(working).cpu()


# ---- least squares: one pass ----


def _least_squares(task: BlockTask) -> tuple[_Seen, _Found]:
    sums, seen = CrossProduct(task.intercept), _Seen()
    for block in task.counted():
        _see(seen, block)
        sums.add(block.x, block.w, block.y - block.o)
    _check_seen(seen)
    normal = sums.solved()
    if normal is None:
        triangle = Triangle(task.intercept)
        for block in task.counted():
            triangle.add(block.x, block.w, block.y - block.o)
        normal = triangle.solved()
    left = normal.left
    log_likelihood = torch.inf
    if left > 0:
        log_likelihood = gaussian_log_likelihood(seen.n, seen.log_weight, left)
    b = normal.coefficients(task.n_coefficients)
    found = _Found(b, normal, left, normal.centred, log_likelihood, left)
    if task.keeps_rows:
        for block in task.blocks():
            eta = block.o + times(block.x, b, task.intercept)
            found.rows.append((eta, eta, block.w))
    return seen, found


def _see(seen: _Seen, block: Block) -> None:
    seen.n += len(block.y)
    if all_one(block.w):
        seen.weight += len(block.w)
        seen.weighted_y += float(block.y.sum())
    else:
        seen.weight += float(block.w.sum())
        seen.log_weight += float(block.w.log().sum())
        seen.weighted_y += float(block.w.dot(block.y))
    seen.has_offset = seen.has_offset or bool(block.o.any())


def _check_seen(seen: _Seen) -> None:
    if not seen.n:
        raise ValueError("there is no row with a weight above 0")


# ---- reweighted least squares: a pass an iteration ----


def _reweighted(task: BlockTask) -> tuple[_Seen, _Found]:
    seen, start, kept, stable = _look(task)
    search = _Search(task, start, kept, stable)
    b, normal, deviance, iterations, converged = search.run()
    if not converged:
        warnings.warn(
            f"the fit did not converge in {task.max_iter} iterations (max_iter)", stacklevel=4
        )
    if search.at_edge:
        warnings.warn("fitted probabilities numerically 0 or 1 occurred", stacklevel=4)
    found = _Found(b, normal, deviance, 0.0, 0.0, 0.0, iterations, converged)
    _finish(task, seen, found)
    return seen, found


def _look(task: BlockTask) -> tuple[_Seen, float | None, Tensor, bool]:
    """What is seen, the mean of y where its own values are no start, and independent columns.

    And whether the columns need QR.
    """
    seen, can_start = _Seen(), True
    sums = CrossProduct(task.intercept)
    for block in task.counted():
        _see(seen, block)
        eta = task.link.link(task.family.start(block.y, block.w))
        can_start = can_start and bool(eta.isfinite().all())
        sums.add(block.x, torch.ones_like(block.w), torch.zeros_like(block.y))
    _check_seen(seen)
    found: Normal | None = sums.solved()
    stable = found is None
    if found is None:
        triangle = Triangle(task.intercept)
        for block in task.counted():
            triangle.add(block.x, torch.ones_like(block.w), torch.zeros_like(block.y))
        found = triangle.solved()
    start = None if can_start else _plain_start(task, seen)
    return seen, start, found.kept, stable


def _plain_start(task: BlockTask, seen: _Seen) -> float:
    mean = seen.weighted_y / seen.weight
    if not bool(task.link.link(torch.tensor(mean, dtype=torch.float64)).isfinite()):
        raise ValueError(f'y: its mean, {mean:g}, has no finite value of link "{task.link.name}"')
    return mean


@dataclass
class _Search:
    """The iterations. A pass finds the deviance at b, and the step from there."""

    task: BlockTask
    start: float | None
    kept: Tensor
    stable: bool
    at_edge: bool = False

    def run(self) -> tuple[Tensor, Normal, float, int, bool]:
        """b, the problem there, the deviance, iterations and whether it converged."""
        task = self.task
        if not len(self.kept):
            b = torch.zeros(task.n_coefficients, dtype=torch.float64)
            deviance, normal = self._step(b)
            return b, normal, deviance, 0, True
        deviance, normal = self._step(None)
        if not math.isfinite(deviance):
            raise self._none_found()
        b, previous = normal.coefficients(task.n_coefficients), None
        iteration, converged, still, settling = 1, False, False, Settling()
        while True:
            now, normal, b = self._inside(b, previous)
            converged = abs(now - deviance) <= task.tol * (abs(now) + 0.1)
            # The deviance is flat at its minimum: it stands still digits before b does.
            still = settling.stands(b)
            deviance, previous = now, b
            if (converged and still) or iteration >= task.max_iter:
                return b, normal, deviance, iteration, converged
            b = b + normal.coefficients(task.n_coefficients)
            iteration += 1

    def _inside(self, b: Tensor, previous: Tensor | None) -> tuple[float, Normal, Tensor]:
        """A pass at b, which is halved towards what was before until all means are in range."""
        for _ in range(60):
            deviance, normal = self._step(b)
            if math.isfinite(deviance):
                return deviance, normal, b
            if previous is None:
                break
            b = (b + previous) / 2
        raise self._none_found()

    def _none_found(self) -> ValueError:
        family, link = self.task.family.name, self.task.link.name
        return ValueError(
            f'family "{family}" with link "{link}" found no coefficients for '
            "which every mean is in its range: try another link"
        )

    def _step(self, b: Tensor | None) -> tuple[float, Normal]:
        """The deviance at b, or at the start, and the problem whose solution is the next step.

        (At the start that is b itself.) The deviance is infinite where a mean leaves its range.
        """
        if not self.stable:
            sums = CrossProduct(self.task.intercept)
            deviance = self._pass(b, sums)
            normal = sums.solved(self.kept) if math.isfinite(deviance) else _NOTHING
            if normal is not None:
                return deviance, normal
            self.stable = True
        triangle = Triangle(self.task.intercept)
        deviance = self._pass(b, triangle)
        return deviance, triangle.solved(self.kept) if math.isfinite(deviance) else _NOTHING

    def _pass(self, b: Tensor | None, sums: Sums) -> float:
        task, total = self.task, 0.0
        self.at_edge = False
        for x, y, w, o in task.counted():
            if b is None:
                mu = task.family.start(y, w)
                if self.start is not None:
                    mu = torch.full_like(y, self.start)
                eta = task.link.link(mu)
                from_ = eta - o
            else:
                eta = o + times(x, b.to(x.device), task.intercept)
                mu = task.link.inverse(eta)
                from_ = torch.zeros_like(eta)
            total += float((w * task.family.unit_deviance(y, mu)).sum())
            ends = torch.stack(mu.aminmax())  # the means that a family may have are an interval
            if b is not None and not (task.family.mean(ends) and abs(total) < math.inf):
                return math.inf
            self.at_edge = self.at_edge or _is_at_edge(task.family, ends)
            slope = task.link.slope(eta)
            weights = w * slope**2 / task.family.variance(mu)
            if not bool(weights.sum().isfinite()):
                return math.inf
            sums.add(x, weights, from_ + (y - mu) / slope)
        return total


_NOTHING = Normal(torch.empty(0, dtype=torch.int64), torch.empty(0, 0), torch.empty(0), 0.0, 0.0)


def _is_at_edge(family: Family, ends: Tensor) -> bool:
    return family.takes_shares and bool(ends[0] < 1e-14 or ends[1] > 1 - 1e-14)


def _finish(task: BlockTask, seen: _Seen, found: _Found) -> None:
    """The last pass: what needs the deviance, and the rows where they are asked for."""
    family, link = task.family, task.link
    mean = seen.weighted_y / seen.weight
    likelihood, pearson, null = 0.0, 0.0, 0.0
    b = found.b
    for block in task.counted():
        x, y, w, o = block
        mu = link.inverse(o + times(x, b.to(x.device), task.intercept))
        pearson += float((w * (y - mu) ** 2 / family.variance(mu)).sum())
        alone = torch.full_like(y, mean) if task.intercept else link.inverse(o)
        null += float((w * family.unit_deviance(y, alone)).sum())
        if family.log_likelihood is not None and found.deviance > 0:
            share = family.share_of_scale(w, seen.n, seen.weight)
            likelihood += family.log_likelihood(y, mu, w, found.deviance * share)
    found.pearson = pearson
    found.null_deviance = null
    found.log_likelihood = likelihood
    if family.log_likelihood is None:
        found.log_likelihood = torch.nan
    elif family.estimates_scale and found.deviance <= 0:
        found.log_likelihood = torch.inf
    if task.intercept and seen.has_offset:
        found.null_deviance = _null_deviance(task)
    if task.keeps_rows:
        for x, _, w, o in task.blocks():
            eta = o + times(x, b.to(x.device), task.intercept)
            mu = link.inverse(eta)
            working = w * link.slope(eta) ** 2 / family.variance(mu)
            found.rows.append((eta, mu, torch.where(w > 0, working, 0.0)))


def _null_deviance(task: BlockTask) -> float:
    """Of the intercept beside an offset: a fit of its own."""

    def without_columns() -> Iterator[Block]:
        for _, y, w, o in task.blocks():
            yield Block(y.new_empty(len(y), 0), y, w, o)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        alone = BlockTask(
            without_columns,
            0,
            task.family,
            task.link,
            task.name,
            True,
            task.tol,
            task.max_iter,
            False,
        )
        _, start, kept, stable = _look(alone)
        return _Search(alone, start, kept, stable).run()[2]


# ---- columns whose squares leave the range of float64 ----


def _scales(task: BlockTask) -> tuple[Tensor, float]:
    """What each coefficient's column, and y, is divided by: powers of two, mostly 1."""
    largest, of_y = torch.zeros(task.p, dtype=torch.float64), 0.0
    for x, y, _, o in task.counted():
        if isinstance(x, TermRows):
            found = x.dense().abs().amax(0)
        elif is_sparse(x):
            of_each, size = x.col_indices().long(), x.values().abs()
            found = size.new_zeros(task.p).scatter_reduce(0, of_each, size, "amax")
        else:
            found = x.abs().amax(0)
        largest = torch.maximum(largest, found.cpu())
        of_y = max(of_y, float(y.abs().max()), float(o.abs().max()))
    of_column = scales(largest[None])
    ones = torch.ones(int(task.intercept), dtype=torch.float64)
    is_linear = is_least_squares(task.family, task.link)
    unit = float(scales(torch.tensor([[of_y]], dtype=torch.float64))[0]) if is_linear else 1.0
    return torch.cat([ones, of_column]), unit


def _divided(task: BlockTask, of_column: Tensor, unit: float) -> BlockTask:
    by = of_column[int(task.intercept) :]

    def blocks() -> Iterator[Block]:
        for block in task.blocks():
            yield block.divided(by.to(block.x.device), unit)

    return BlockTask(
        blocks,
        task.p,
        task.family,
        task.link,
        task.name,
        task.intercept,
        task.tol,
        task.max_iter,
        task.keeps_rows,
    )
