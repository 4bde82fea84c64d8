/* R's time limits (setTimeLimit()) while Python works. */
#ifndef TB_LIMITS_H
#define TB_LIMITS_H

#include "core/base.h"

void tb_limits_init(void);
/* The time limit that has passed while Python ran, as an exception: -1, or 0 where none has. */
int tb_limits_raise(void);
/* R looks now, at interrupts, time limits and windows: -1 with an exception, or 0. */
int tb_let_r_look(void);

#endif
