/* Starting Python in R's process. */
#ifndef TB_START_H
#define TB_START_H

#include "core/base.h"

/* Of R, Python not running: starts the Python at a path, and runs a code there. */
SEXP tb_entry_start(SEXP python, SEXP code);

#endif
