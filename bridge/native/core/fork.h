/* Forks that Python does not hear of: R's own. */
#ifndef TB_FORK_H
#define TB_FORK_H

#include "core/base.h"

void tb_fork_init(void);          /* once a process */
void tb_fork_by_python(bool now); /* Python itself forks now, and sees to everything */

#endif
