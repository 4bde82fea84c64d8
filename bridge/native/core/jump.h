/* R's jumps through Python: to a handler, a restart or a frame of R code further out. */
#ifndef TB_JUMP_H
#define TB_JUMP_H

#include "core/base.h"

/* Evaluates a call where the handlers and restarts of R code further out are in force: its value,
 * unprotected, or NULL and the jump (unprotected too) that left it. */
SEXP tb_jump_try(SEXP call, SEXP *jump);

void tb_jump_set(SEXP jump); /* sets the Python exception that carries it; may jump */

/* At the end of a call of R's: the jump that the exception now set carries, which is cleared, or
 * NULL where it is another exception, or the jump's way is gone. Then R_ContinueUnwind() goes on
 * with it, once no Python frame is left. */
SEXP tb_jump_take(void);

#endif
