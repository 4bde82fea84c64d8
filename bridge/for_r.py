"""What the R package calls in Python: R's names, and where their functions are.

R asks for ``"optim.step"`` or, for what gets R's own vectors, ``"as_torch_tensor"``; a name's
first part stands in `MODULES`, a name without a dot in `VERBS`. R knows no other place.
"""

from __future__ import annotations

from typing import Any

import torchbridge
from torchbridge.process import hooks

#: The first part of a name -> the module.
MODULES = {
    "host": "torchbridge.process.host",
    "install": "torchbridge.process.install",
    "own_blas": "torchbridge.process.own_blas",
    "autograd": "torchbridge.autodiff.autograd_functions",
    "bessel": "torchbridge.autodiff.bessel",
    "decompositions": "torchbridge.autodiff.decompositions",
    "derivatives": "torchbridge.autodiff.derivatives",
    "laplace": "torchbridge.autodiff.laplace",
    "sparse_hessian": "torchbridge.autodiff.sparse_hessian",
    "minimise": "torchbridge.autodiff.minimise",
    "missing": "torchbridge.autodiff.missing",
    "evaluator": "torchbridge.autodiff.evaluator",
    "replay": "torchbridge.autodiff.replay",
    "rules": "torchbridge.autodiff.rules",
    "sampling": "torchbridge.autodiff.sampling",
    "statistics": "torchbridge.autodiff.statistics",
    "tracing": "torchbridge.autodiff.tracing",
    "contexts": "torchbridge.rtorch.contexts",
    "data": "torchbridge.rtorch.data",
    "distributions": "torchbridge.rtorch.distributions",
    "jit": "torchbridge.rtorch.jit",
    "layers": "torchbridge.rtorch.layers",
    "module_members": "torchbridge.rtorch.module_members",
    "modules": "torchbridge.rtorch.modules",
    "members": "torchbridge.rtorch.tensor_members",
    "nn_utils": "torchbridge.rtorch.nn_utils",
    "optim": "torchbridge.rtorch.optim",
    "printing": "torchbridge.rtorch.printing",
    "seeds": "torchbridge.rtorch.seeds",
    "own_functions": "torchbridge.rtorch.own_functions",
    "chunks": "torchbridge.values.chunks",
    "main": "torchbridge.values.main_module",
    "objects": "torchbridge.values.objects",
    "files": "torchbridge.saving.files",
    "pickled_states": "torchbridge.saving.pickled_states",
    "r_stream": "torchbridge.saving.r_stream",
    "rds": "torchbridge.saving.rds",
    "tensor_archives": "torchbridge.saving.tensor_archives",
    "saved_modules": "torchbridge.saving.saved_modules",
    "exact": "torchbridge.models.for_r.exact",
    "fit": "torchbridge.models.for_r.fit",
    "mixed": "torchbridge.models.exact.mixed_families",
    "loader": "torchbridge.models.for_r.loader",
    "predict": "torchbridge.models.for_r.predict",
    "registry": "torchbridge.models.for_r.registry",
    "streamed": "torchbridge.models.for_r.streamed",
    "tune": "torchbridge.models.for_r.tune",
}

_FRAMES = (
    *("frame_to_r", "as_py_frame", "frame_tensors", "frame_batches", "next_batch"),
    *("stream_at", "new_stream", "put_stream"),
)
_TENSORS = (
    *("as_torch_tensor", "tensor_to_read", "sparse_to_read", "damage", "to_r", "values"),
    *("levels", "shape", "numel"),
)
_DATA = ("batch_of_numbers",)
_RETICULATE = ("put", "take")
_LANGUAGE = (
    *("torch_tensor", "torch_arange", "python", "same", "is_method"),
    *("summarise", "bind", "signif", "gamma", "trigamma", "cospi", "sinpi", "tanpi"),
)

#: Names without a dot -> their places.
VERBS = {
    **{name: f"torchbridge.frames.for_r:{name}" for name in _FRAMES},
    **{name: f"torchbridge.rtorch.tensors:{name}" for name in _TENSORS},
    **{name: f"torchbridge.rtorch.data:{name}" for name in _DATA},
    **{name: f"torchbridge.values.reticulate_objects:{name}" for name in _RETICULATE},
    **{name: f"torchbridge.rtorch.language:{name}" for name in _LANGUAGE},
}


def version(_: object) -> str:
    """The version of the Python package, which must be the R package's."""
    return torchbridge.__version__


def __getattr__(name: str) -> Any:
    module, _, function = name.rpartition(".")
    place = VERBS.get(name, f"{MODULES[module]}:{function}" if module in MODULES else None)
    if place is None:
        raise AttributeError(f"the R package has no function of Python called {name!r}")
    found = globals()[name] = hooks.load(place)  # a call by name finds it there
    return found
