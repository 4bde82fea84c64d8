/* R's time limits (setTimeLimit()) while Python works. */
#ifndef TB_LIMITS_H
#define TB_LIMITS_H

#include "core/base.h"

/* At the beginning of a call of R's into Python. */
void tb_limits_begin(void);
/* At the end of a call of R's into Python: the time limit that has passed where R lost it, as an
 * exception: -1, or 0 where none has. */
int tb_limits_end(void);
/* R looks now, at interrupts, time limits and windows: -1 with an exception, or 0. */
int tb_let_r_look(void);

/* .Call entry, for host.R: a time limit has passed at R's top level. */
SEXP tb_entry_limit(void);

#endif
