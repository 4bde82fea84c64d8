/* What the core asks of torchbridge's Python code: one table of functions.
 *
 * Python gives a lookup (set_hooks); a hook is looked up by its name when it is first needed, and
 * kept: no call after the first one searches a module. */
#ifndef TB_HOOKS_H
#define TB_HOOKS_H

#include "core/base.h"

enum tb_hook {
  TB_HOOK_R_ERROR,        /* the class of an R error in Python */
  TB_HOOK_R_JUMP,         /* the class of what carries a jump of R's: (token, number of a call) */
  TB_HOOK_DESCRIBE_ERROR, /* (exception): (message, classes, traceback, R condition or None) */
  TB_HOOK_MODES,          /* (functions that read a mode of torch's each, restore(values)) */
  TB_HOOK_WARN_LOSSY,     /* (notes): warns of what was lost in a data frame or a list */
  TB_HOOK_DESCRIBE_TYPE,  /* (RObject): (text that keeps its type, class dropped), each or None */
  TB_HOOK_RESTORE_TYPE,   /* (RObject, text): sets that type; the class dropped, or None */
  TB_HOOK_FROM_R,         /* (RObject, has labels): the value of what has a class or a shape */
  TB_HOOK_TO_R_VALUE,     /* (object): an RObject, a simpler value, or NotImplemented */
  TB_HOOK_SCALARS_TO_R, /* (tuple): an RObject of times; one of plain scalars; or NotImplemented */
  TB_HOOK_FROM_MAIN,    /* (function, ...): calls it, with a frame of the main module */
  TB_HOOK_BUILTIN_FROM_MAIN, /* likewise a function of Python's builtins */
  TB_HOOK_REDUCE,            /* (RObject): what pickle keeps of it; called on any thread */
  TB_HOOK_SIGNATURE,         /* (RObject that is a function): its inspect.Signature */
  TB_HOOK_FOR_R,             /* the object whose attributes R calls by name */
  TB_HOOK_FREEZE,            /* (object): (bytes, R's parts of it or None), for saveRDS() */
  TB_HOOK_THAW,              /* (bytes, parts, shared): the object again */
  TB_HOOK_NEW_SHARED,        /* (): what objects that were saved together have in common */
  TB_HOOK_RESOLVE,           /* (name): the Operator of an R name */
  TB_HOOK_AS_OPERAND,   /* (RObject, tensor or None): the tensor of an R vector, on its device */
  TB_HOOK_AS_POSITIONS, /* (RObject, tensor or None, argument): likewise, counted from 0 */
  TB_HOOK_ZERO_BASED,   /* (object, argument): positions counted from 0 */
  TB_HOOK_ONE_BASED,    /* (object): positions counted from 1 */
  TB_HOOK_AS_DTYPE,     /* (name): the dtype */
  TB_HOOK_FEW_NUMBERS,  /* (list, requires_grad): the tensor of a few plain numbers */
  TB_HOOK_GET_INDEX,  /* (tensor, key): x[i, j] where vectors select; tensors in key count from 1 */
  TB_HOOK_SET_INDEX,  /* (tensor, key, value): x[i, j] <- value; likewise */
  TB_HOOK_R_OPERATOR, /* (name, x, y): R's operator of tensors and numbers; or NotImplemented */
  TB_HOOK_R_RULE, /* (name, ...): R's rule of tensors, numbers, truth values, bytes of doubles */
  TB_HOOK_SELECT, /* (tensor, dim, bytes of int64): the elements at these positions */
  TB_HOOK_IN_R_COUNT,   /* (exception): has its message count dims and positions from 1 */
  TB_HOOK_RELEASE_HALF, /* (address): the environment of a module's R half is collected */
  TB_HOOKS
};

/* Borrowed, and kept until there is another lookup; NULL with an exception. */
PyObject *tb_hook(enum tb_hook which);
/* `lookup(name)` gives the hook of a name; those found so far are forgotten. Once a process, but
 * for tests, which must not do it while a hook runs. */
void tb_set_hooks(PyObject *lookup);

#endif
