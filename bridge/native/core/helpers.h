/* The R side of the core (bridge/process/host.R): an environment of small functions. */
#ifndef TB_HELPERS_H
#define TB_HELPERS_H

#include "core/base.h"

void tb_set_helpers(SEXP environment); /* may jump */
SEXP tb_helper(const char *name);      /* one of them; may jump */

#endif
