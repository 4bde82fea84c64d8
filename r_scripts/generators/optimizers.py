"""R/gen-optimizers.R: PyTorch's optimizers and learning-rate schedulers as R functions.

Names, arguments and defaults are those of the installed PyTorch; what the arguments mean is
said here, once each.
"""

from __future__ import annotations

import inspect
import itertools
import math
import re
import textwrap
from collections.abc import Callable
from typing import Any

import header
import torch
from torch.optim import Optimizer, lr_scheduler

# Class -> title, and what it does with its source.
OPTIMIZERS = {
    "ASGD": (
        "Averaged stochastic gradient descent",
        "Stochastic gradient descent whose iterates are averaged from step `t0` on (Polyak and "
        "Juditsky, 1992).",
    ),
    "Adadelta": (
        "Adadelta",
        "Scales each step by the ratio of running averages of past steps and of past gradients, "
        "both squared (Zeiler, 2012).",
    ),
    "Adafactor": (
        "Adafactor",
        "Adaptive steps whose second moments of a matrix are kept as row and column sums: little "
        "memory for large models (Shazeer and Stern, 2018).",
    ),
    "Adagrad": (
        "Adagrad",
        "Divides each step by the root of the sum of all squared gradients so far (Duchi, Hazan "
        "and Singer, 2011).",
    ),
    "Adam": (
        "Adam",
        "Steps along a running mean of the gradients, divided by the root of a running mean of "
        "their squares (Kingma and Ba, 2015).",
    ),
    "AdamW": (
        "AdamW",
        "Adam with weight decay taken from the parameters themselves, apart from the gradient "
        "(Loshchilov and Hutter, 2019).",
    ),
    "Adamax": (
        "Adamax",
        "Adam with a running maximum of absolute gradients in place of the mean of squares "
        "(Kingma and Ba, 2015).",
    ),
    "LBFGS": (
        "L-BFGS",
        "The quasi-Newton method with limited memory (Liu and Nocedal, 1989). It evaluates the "
        "loss several times a step, so `$step(closure)` needs a function that clears the "
        "gradients, computes the loss, calls `$backward()` on it and gives it.",
    ),
    "Muon": (
        "Muon",
        "Momentum whose update of each matrix is made nearly orthogonal by Newton-Schulz "
        "iterations (Jordan, 2024). For matrices only: hidden layers' weights.",
    ),
    "NAdam": (
        "NAdam",
        "Adam with Nesterov momentum (Dozat, 2016).",
    ),
    "RAdam": (
        "RAdam",
        "Adam that leaves out the division while the variance of its running mean is not yet "
        "known well (Liu and others, 2020).",
    ),
    "RMSprop": (
        "RMSprop",
        "Divides each step by the root of a running mean of squared gradients (Hinton's lecture, "
        "2012).",
    ),
    "Rprop": (
        "Resilient backpropagation",
        "Steps by the sign of the gradient, with a step size of its own for each value (Riedmiller "
        "and Braun, 1993). For full batches.",
    ),
    "SGD": (
        "Stochastic gradient descent",
        "Steps against the gradient, with momentum if wanted (Sutskever and others, 2013).",
    ),
    "SparseAdam": (
        "Adam for sparse gradients",
        "Adam that changes only the moments and values whose gradient is stored, as those of an "
        "embedding with `sparse = TRUE` are.",
    ),
}

SCHEDULERS = {
    "ChainedScheduler": (
        "Several schedules at once",
        "Each step takes a step of all `schedulers`, whose factors multiply.",
    ),
    "ConstantLR": (
        "Constant factor for some steps",
        "The learning rate times `factor` for the first `total_iters` steps, then as it was.",
    ),
    "CosineAnnealingLR": (
        "Cosine annealing",
        "Half a cosine wave from the learning rate down to `eta_min` in `T_max` steps (Loshchilov "
        "and Hutter, 2017, without restarts).",
    ),
    "CosineAnnealingWarmRestarts": (
        "Cosine annealing with warm restarts",
        "Cosine annealing that starts again after `T_0` steps, each time `T_mult` times as long "
        "(Loshchilov and Hutter, 2017).",
    ),
    "CyclicLR": (
        "Cycles between two learning rates",
        "Goes up from `base_lr` to `max_lr` and down again, over and over (Smith, 2017). One step "
        "a batch.",
    ),
    "ExponentialLR": (
        "Exponential decay",
        "Multiplies the learning rate by `gamma` at every step.",
    ),
    "LambdaLR": (
        "Learning rate by a function",
        "The learning rate is the first one times `lr_lambda(epoch)`, `epoch` counting from 0.",
    ),
    "LinearLR": (
        "Linear warm-up or decay",
        "A factor that goes from `start_factor` to `end_factor` in `total_iters` equal steps.",
    ),
    "MultiStepLR": (
        "Decay at given steps",
        "Multiplies the learning rate by `gamma` after each number of steps in `milestones`.",
    ),
    "MultiplicativeLR": (
        "Learning rate multiplied by a function",
        "Every step multiplies the learning rate by `lr_lambda(epoch)`, `epoch` counting from 1.",
    ),
    "OneCycleLR": (
        "One cycle",
        "Up to `max_lr`, and down to far below the start, once in the whole training (Smith and "
        "Topin, 2018). One step a batch; its length is `total_steps`, or `epochs` times "
        "`steps_per_epoch`.",
    ),
    "PolynomialLR": (
        "Polynomial decay",
        "Goes to 0 in `total_iters` steps, as `(1 - step / total_iters)^power`.",
    ),
    "ReduceLROnPlateau": (
        "Decay when a metric stops to improve",
        "`$step(metrics)` multiplies the learning rate by `factor` once `metrics` has not improved "
        "for more than `patience` steps.",
    ),
    "SequentialLR": (
        "One schedule after the other",
        "Follows the first of `schedulers` up to the first of `milestones`, and so on.",
    ),
    "StepLR": (
        "Decay at equal distances",
        "Multiplies the learning rate by `gamma` every `step_size` steps.",
    ),
}

# Argument -> kind (checks in R/optim-arguments.R), and what it means. A kind ending in "?"
# may be NULL; "numbers2" are exactly two.
NOT_ALWAYS = "`NULL` lets PyTorch choose."
ARGUMENTS = {
    "T_0": ("whole", "Steps until the first restart."),
    "T_max": ("whole", "Steps from the highest learning rate to the lowest."),
    "T_mult": ("whole", "How many times longer each cycle is than the one before."),
    "adjust_lr_fn": (
        "string?",
        'How the step is scaled by the shape of a matrix: `"original"` (the default) or '
        '`"match_rms_adamw"`, which suits learning rates tuned for AdamW.',
    ),
    "alpha": ("number", "How much of a running mean (or, in `optim_asgd()`, power) is kept."),
    "amsgrad": ("flag", "Divide by the largest second moment so far (Reddi and others, 2018)?"),
    "anneal_strategy": ("string", 'The shape of the way down: `"cos"` or `"linear"`.'),
    "base_lr": ("numbers", "The lower learning rate: one, or one for each parameter group."),
    "base_momentum": (
        "numbers",
        "Lower momentum of the cycle, held when the learning rate is highest.",
    ),
    "beta2_decay": ("number", "The power of the step by which the second moment's memory grows."),
    "betas": ("numbers2", "How much of the running means of the gradient and its square is kept."),
    "capturable": ("flag", "May the step be part of a CUDA graph? Slower where it is not."),
    "centered": ("flag", "Divide by the standard deviation of the gradient, not its root square?"),
    "cooldown": ("whole", "Steps to wait after a decay before looking at the metric again."),
    "cycle_momentum": ("flag", "Let momentum go down as the learning rate goes up?"),
    "d": ("number", "The largest root mean square that an update may have."),
    "dampening": ("number", "How much of the new gradient is left out of the momentum."),
    "decoupled_weight_decay": ("flag", "Decay the parameters themselves, as AdamW does?"),
    "differentiable": ("flag", "Record the step itself for gradients?"),
    "div_factor": ("number", "`max_lr` over the first learning rate."),
    "end_factor": ("number", "The factor at the end."),
    "epochs": ("whole?", "Number of epochs; with `steps_per_epoch`, in place of `total_steps`."),
    "eps": ("numbers", "Added to a divisor so that it is not zero."),
    "eta_min": ("number", "The lowest learning rate."),
    "etas": ("numbers2", "Factors by which a step size shrinks and grows."),
    "factor": ("number", "What the learning rate is multiplied by."),
    "final_div_factor": ("number", "The first learning rate over the last."),
    "foreach": ("flag?", f"Update all tensors together, faster on a GPU? {NOT_ALWAYS}"),
    "fused": ("flag?", f"Do a whole step in one kernel, which is fastest? {NOT_ALWAYS}"),
    "gamma": ("number", "What the learning rate is multiplied by."),
    "history_size": ("whole", "How many past steps the approximation of the Hessian uses."),
    "initial_accumulator_value": ("number", "What the sum of squares starts from."),
    "lambda": ("number", "Decay of the learning rate and the parameters."),
    "last_epoch": ("whole", "The epoch to go on from; -1 starts anew."),
    "line_search_fn": (
        "string?",
        '`"strong_wolfe"` looks for a good step length along the direction; `NULL` takes `lr`.',
    ),
    "lr": ("number", "Learning rate."),
    "lr_decay": ("number", "Decay of the learning rate."),
    "lr_lambda": (
        "functions",
        "A function of the epoch that gives a factor, or a list with one for each parameter group.",
    ),
    "max_eval": ("whole?", "The most evaluations of the loss a step; `NULL`: `max_iter * 5 / 4`."),
    "max_iter": ("whole", "The most iterations a step."),
    "max_lr": ("numbers", "The highest learning rate: one, or one for each parameter group."),
    "max_momentum": ("numbers", "Upper momentum of the cycle."),
    "maximize": ("flag", "Go up the gradient, not down?"),
    "milestones": ("wholes", "Numbers of steps, increasing."),
    "min_lr": ("numbers", "The lowest learning rate: one, or one for each parameter group."),
    "mode": (
        "string",
        '`"min"` if smaller metrics are better, `"max"` if larger are. Of a cycle: '
        '`"triangular"`, `"triangular2"` (each half as high) or `"exp_range"` (shrinking by '
        "`gamma`).",
    ),
    "momentum": ("number", "How much of the last step is kept in the next."),
    "momentum_decay": ("number", "Decay of the momentum."),
    "nesterov": ("flag", "Nesterov's momentum, which looks ahead?"),
    "ns_coefficients": ("numbers3", "Coefficients of the Newton-Schulz polynomial."),
    "ns_steps": ("whole", "Newton-Schulz iterations."),
    "optimizer": ("optimizer", "The optimizer whose learning rate is set."),
    "params": (
        "params",
        "A list of tensors, such as `model$parameters`, or a list of groups, each a list of "
        "`params` and the options that are its own.",
    ),
    "patience": ("whole", "Steps without improvement that are let pass."),
    "pct_start": ("number", "The part of the cycle in which the learning rate goes up."),
    "power": ("number", "The power of the polynomial."),
    "rho": ("number", "How much of the running means is kept."),
    "scale_fn": (
        "function?",
        "A function of the cycle or the iteration (`scale_mode`) that scales the height of a "
        "cycle, in place of `mode`.",
    ),
    "scale_mode": ("string", 'What `scale_fn` is a function of: `"cycle"` or `"iterations"`.'),
    "schedulers": ("schedulers", "A list of schedulers of the same optimizer."),
    "start_factor": ("number", "The factor at the start."),
    "step_size": ("whole", "Steps from one decay to the next."),
    "step_size_down": ("whole?", "Steps on the way down; `NULL`: as many as up."),
    "step_size_up": ("whole", "Steps on the way up."),
    "step_sizes": ("numbers2", "The smallest and the largest step size."),
    "steps_per_epoch": ("whole?", "Steps in each of `epochs`."),
    "t0": ("number", "The step from which the iterates are averaged."),
    "three_phase": ("flag", "Go down in two phases, first to where it started?"),
    "threshold": ("number", "The least change that counts as an improvement."),
    "threshold_mode": (
        "string",
        'Is `threshold` relative to the best metric (`"rel"`) or a difference (`"abs"`)?',
    ),
    "tolerance_change": ("number", "Stop when loss and parameters change by less."),
    "tolerance_grad": ("number", "Stop when no gradient is larger."),
    "total_iters": ("whole", "The number of steps that it takes."),
    "total_steps": ("whole?", "The number of all steps."),
    "verbose": ("flag", "Say in a message what the learning rate becomes?"),
    "weight_decay": ("number", "Factor of the L2 penalty."),
}

# PyTorch's names -> R torch's.
R_NAMES = {"lambd": "lambda"}

# Arguments that R torch has not, behind those that it has.
BEHIND = {"OneCycleLR": "three_phase"}
# Those of optimizers go through `...`, so that packages which read the arguments of an optimizer
# find those that they know.
BESIDES = ("capturable", "decoupled_weight_decay", "differentiable", "foreach", "fused", "maximize")


def files() -> dict[str, str]:
    """The R file for the installed PyTorch."""
    optimizers = sorted(name for name, c in vars(torch.optim).items() if _is_subclass(c, Optimizer))
    schedulers = sorted(
        name
        for name in lr_scheduler.__all__
        if _is_subclass(getattr(lr_scheduler, name), lr_scheduler.LRScheduler)
    )
    # The names are PyTorch's.
    overlooked = "# nolint start: object_name_linter, object_length_linter.\n"
    parts = [header.of_r() + header.of_torch() + overlooked]
    parts += [
        _table("optimizers", "torch.optim", optimizers, optimizer_name),
        _table("schedulers", "torch.optim.lr_scheduler", schedulers, scheduler_name),
        _kinds(),
        _further(optimizers),
    ]
    for name in optimizers:
        parts.append(_function(getattr(torch.optim, name), optimizer_name(name), OPTIMIZERS[name]))
    for name in schedulers:
        parts.append(_function(getattr(lr_scheduler, name), scheduler_name(name), SCHEDULERS[name]))
    return {"R/gen-optimizers.R": "\n".join([*parts, "# nolint end\n"])}


def _is_subclass(x: Any, base: type) -> bool:
    return inspect.isclass(x) and issubclass(x, base) and x is not base


def optimizer_name(name: str) -> str:
    """optim_adamw of AdamW, optim_sparse_adam of SparseAdam."""
    return "optim_" + re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", "_", name).lower()


def scheduler_name(name: str) -> str:
    """lr_one_cycle of OneCycleLR, lr_reduce_on_plateau of ReduceLROnPlateau."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", "_", re.sub(r"LR|Scheduler", "", name))
    return "lr_" + words.lower()


def _table(variable: str, module: str, names: list[str], r_name: Callable[[str], str]) -> str:
    rows = ",\n".join(f'  {r_name(name)} = "{name}"' for name in names)
    return f"# R function -> class of {module}.\n{variable} <- c(\n{rows}\n)\n"


def _kinds() -> str:
    rows = ",\n".join(f'  {name} = "{kind}"' for name, (kind, _) in sorted(ARGUMENTS.items()))
    about = "# What each argument must be: see optim-arguments.R."
    return f"{about}\nargument_kinds <- c(\n{rows}\n)\n"


def _further(optimizers: list[str]) -> str:
    rows = []
    for name in optimizers:
        quoted = ", ".join(f'"{p.name}"' for p in _besides(getattr(torch.optim, name)))
        if quoted:
            row = f"{optimizer_name(name)} = c({quoted})"
            rows += [
                "\n".join(textwrap.wrap(row, 98, initial_indent="  ", subsequent_indent="    "))
            ]
    head = "# What goes through `...` of an optimizer, as R's torch has not got it."
    return "\n".join((head, "further_options <- list(", ",\n".join(rows), ")", ""))


def _besides(python_class: type) -> list[inspect.Parameter]:
    """What comes last of a class and R's torch has not got, in PyTorch's order."""
    if not issubclass(python_class, Optimizer):
        return []
    there = reversed(inspect.signature(python_class).parameters.values())
    return list(itertools.takewhile(lambda parameter: parameter.name in BESIDES, there))[::-1]


def _function(python_class: type, name: str, about: tuple[str, str]) -> str:
    title, description = about
    is_scheduler = name.startswith("lr_")
    besides = _besides(python_class)
    parameters = [
        p
        for p in _parameters(python_class, is_scheduler)
        if p.name not in {further.name for further in besides}
    ]
    lines = [title, "", description, ""]
    for parameter in parameters:
        name_in_r = _r_name(parameter)
        lines += _wrap(f"@param {name_in_r} {ARGUMENTS[name_in_r][1]}", indent=True)
    if besides:
        lines += ["@param ... What R's torch has not got, by name:"]
        lines += [
            "  " + line
            for p in besides
            for line in _wrap(f"* `{p.name}`: {ARGUMENTS[p.name][1]}", indent=True)
        ]
    if is_scheduler:
        lines += ["@inherit lr_schedulers return"]
    else:
        lines += ["@inherit optimizers return"]
    lines += ["@family " + ("learning-rate schedules" if is_scheduler else "optimizers"), "@export"]
    documented = []
    for line in lines:
        documented += [line] if line.startswith((" ", "@")) else _wrap(line)
    comment = "\n".join(f"#' {line}".rstrip() for line in documented)
    formals = [_formal(parameter) for parameter in parameters]
    head = _head(f"{name} <- function(", [*formals, "..."] if besides else formals)
    maker = "new_scheduler" if is_scheduler else "new_optimizer"
    return f'{comment}\n{head}\n  {maker}("{name}", match.call(), environment())\n}}\n'


def _parameters(python_class: type, is_scheduler: bool) -> list[inspect.Parameter]:
    """In the order of R's torch; every scheduler has `verbose`."""
    found = list(inspect.signature(python_class).parameters.values())
    if is_scheduler:
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        found.append(inspect.Parameter("verbose", kind, default=False))
    behind = BEHIND.get(python_class.__name__)
    return sorted(found, key=lambda parameter: parameter.name == behind)


def _r_name(parameter: inspect.Parameter) -> str:
    return R_NAMES.get(parameter.name, parameter.name)


def _head(start: str, formals: list[str]) -> str:
    lines = [start]
    for formal in (*(f"{f}, " for f in formals[:-1]), f"{formals[-1]}) {{"):
        if len(lines[-1]) + len(formal.rstrip()) > 100:
            lines.append(" " * len(start))
        lines[-1] += formal
    return "\n".join(line.rstrip() for line in lines)


def _wrap(line: str, indent: bool = False) -> list[str]:
    if not line:
        return [""]
    return textwrap.wrap(
        line,
        92,
        subsequent_indent="  " if indent else "",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _formal(parameter: inspect.Parameter) -> str:
    if parameter.default is inspect.Parameter.empty:
        return _r_name(parameter)
    return f"{_r_name(parameter)} = {_r_value(parameter.default)}"


def _r_value(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple):
        kind = "list" if None in value else "c"
        return f"{kind}({', '.join(map(_r_value, value))})"
    if value == 1 / 3:
        return "1 / 3"
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        return repr(int(value)) if abs(value) < 1e5 else f"{value:g}"
    return repr(value)
