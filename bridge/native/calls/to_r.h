/* Python calls R. */
#ifndef TB_TO_R_H
#define TB_TO_R_H

#include "core/base.h"

bool tb_running_r(void); /* is an R function at work that Python has called? */
void tb_to_r_add(void);  /* RObject.call, and calling an RObject */

#endif
