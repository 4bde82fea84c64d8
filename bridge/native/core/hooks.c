/* The table of hooks. It owns a reference to each hook that was found, and to the lookup, and does
 * not release them at exit: what is called while Python shuts down is still an object. */
#include "core/hooks.h"

static const char *const names[TB_HOOKS] = {
    [TB_HOOK_R_ERROR] = "RError",
    [TB_HOOK_R_JUMP] = "RJump",
    [TB_HOOK_DESCRIBE_ERROR] = "describe_error",
    [TB_HOOK_MODES] = "modes",
    [TB_HOOK_WARN_LOSSY] = "warn_lossy",
    [TB_HOOK_DESCRIBE_TYPE] = "describe_type",
    [TB_HOOK_RESTORE_TYPE] = "restore_type",
    [TB_HOOK_FROM_R] = "from_r",
    [TB_HOOK_TO_R_VALUE] = "to_r_value",
    [TB_HOOK_SCALARS_TO_R] = "scalars_to_r",
    [TB_HOOK_FROM_MAIN] = "from_main",
    [TB_HOOK_BUILTIN_FROM_MAIN] = "builtin_from_main",
    [TB_HOOK_REDUCE] = "reduce",
    [TB_HOOK_SIGNATURE] = "signature",
    [TB_HOOK_FOR_R] = "for_r",
    [TB_HOOK_FREEZE] = "freeze",
    [TB_HOOK_THAW] = "thaw",
    [TB_HOOK_NEW_SHARED] = "new_shared",
    [TB_HOOK_RESOLVE] = "resolve",
    [TB_HOOK_AS_OPERAND] = "as_operand",
    [TB_HOOK_AS_POSITIONS] = "as_positions",
    [TB_HOOK_ZERO_BASED] = "zero_based",
    [TB_HOOK_ONE_BASED] = "one_based",
    [TB_HOOK_AS_DTYPE] = "as_dtype",
    [TB_HOOK_FEW_NUMBERS] = "few_numbers",
    [TB_HOOK_GET_INDEX] = "get_index",
    [TB_HOOK_SET_INDEX] = "set_index",
    [TB_HOOK_R_OPERATOR] = "r_operator",
    [TB_HOOK_R_RULE] = "r_rule",
    [TB_HOOK_SELECT] = "select",
    [TB_HOOK_IN_R_COUNT] = "in_r_count",
    [TB_HOOK_RELEASE_HALF] = "release_half",
};

static PyObject *look_up = NULL, *hooks[TB_HOOKS];

void tb_set_hooks(PyObject *lookup) {
  Py_INCREF(lookup);
  Py_XSETREF(look_up, lookup);
  for (int i = 0; i < TB_HOOKS; i++)
    Py_CLEAR(hooks[i]);
}

PyObject *tb_hook(enum tb_hook which) {
  if (hooks[which])
    return hooks[which];
  if (!look_up)
    return PyErr_Format(PyExc_RuntimeError, "torchbridge has not given its core '%s'",
                        names[which]);
  PyObject *found = PyObject_CallFunction(look_up, "s", names[which]);
  Py_XSETREF(hooks[which], found); /* looking it up may have run any code */
  return found;
}
