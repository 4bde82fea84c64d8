/* Finalizers of what R has collected. */
#ifndef TB_FINALIZERS_H
#define TB_FINALIZERS_H

#include "core/base.h"

/* Runs all that are due: afterwards, and until R collects again, nothing that R has let go of waits
 * for its end. False within a finalizer, where R runs no others. May jump. */
bool tb_run_finalizers(void);

#endif
