"""The one table of who answers whom: names that lower rooms and the C core ask for, and where.

Imports point down (saving, autodiff, rtorch, values, frames, arrays, process, native). What a lower
room must ask of a higher one stands here, once; `torchbridge.process.hooks` looks it up when asked.
"""

from __future__ import annotations

from torchbridge.process import hooks

#: Asked by the native core (bridge/native), which keeps what it was given.
CORE = {
    "RError": "torchbridge.process.errors:RError",
    "RJump": "torchbridge.process.errors:RJump",
    "describe_error": "torchbridge.process.errors:describe",
    "modes": "torchbridge.rtorch.modes:CORE",
    "warn_lossy": "torchbridge.process.errors:warn_lossy",
    "describe_type": "torchbridge.frames.kept_types:describe",
    "restore_type": "torchbridge.frames.kept_types:restore",
    "from_r": "torchbridge.values.any_value:from_r",
    "to_r_value": "torchbridge.values.any_value:to_r_value",
    "from_main": "torchbridge.values.main_module:from_main",
    "builtin_from_main": "torchbridge.values.main_module:builtin_from_main",
    "reduce": "torchbridge.values.pickled_objects:reduce",
    "signature": "torchbridge.values.r_functions:signature_of",
    "scalars_to_r": "torchbridge.values.any_value:scalars_to_r",
    "for_r": "torchbridge.for_r",
    "resolve": "torchbridge.rtorch.operators:resolve",
    "as_operand": "torchbridge.rtorch.language:as_operand",
    "as_positions": "torchbridge.rtorch.operators:as_positions",
    "as_dtype": "torchbridge.rtorch.operators:as_dtype",
    "zero_based": "torchbridge.rtorch.operators:zero_based",
    "one_based": "torchbridge.rtorch.operators:one_based",
    "few_numbers": "torchbridge.rtorch.language:few_numbers",
    "get_index": "torchbridge.rtorch.language:get_index",
    "set_index": "torchbridge.rtorch.language:set_index",
    "r_operator": "torchbridge.autodiff.direct_rules:r_operator",
    "r_rule": "torchbridge.autodiff.direct_rules:r_rule",
    "select": "torchbridge.autodiff.direct_rules:select",
    "in_r_count": "torchbridge.rtorch.messages:in_r_count",
    "release_half": "torchbridge.rtorch.modules:release",
    "freeze": "torchbridge.saving.frozen:freeze",
    "thaw": "torchbridge.saving.frozen:thaw",
    "new_shared": "torchbridge.saving.frozen:new_shared",
}

#: Asked by Python's own lower rooms.
ROOMS = {
    "wrap_module": "torchbridge.rtorch.modules:face",
}

hooks.register({**CORE, **ROOMS})
