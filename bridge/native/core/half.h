/* R's halves of modules (bridge/rtorch/modules.py), whose end Python hears of. */
#ifndef TB_HALF_H
#define TB_HALF_H

#include "core/base.h"

/* .Call from R: when the environment is collected Python's hook is told its address. NULL. */
SEXP tb_entry_watch_half(SEXP half);

/* .Call from R: after the next collection `watched` of this environment is FALSE. NULL. */
SEXP tb_entry_watch_collection(SEXP collections);

#endif
