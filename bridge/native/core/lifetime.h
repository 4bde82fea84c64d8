/* R objects kept alive for others, the queue of releases, the counts of what is alive. */
#ifndef TB_LIFETIME_H
#define TB_LIFETIME_H

#include "core/base.h"

enum tb_count { TB_R_OBJECTS, TB_PY_HANDLES, TB_FOREIGN, TB_FOREIGN_BYTES, TB_COUNTS };

void tb_count_add(enum tb_count which, int64_t change); /* any thread */
int64_t tb_count_get(enum tb_count which);

void tb_lifetime_init(void);         /* from R_init__native: makes the list of roots */
void tb_lifetime_adopt_thread(void); /* this thread is R's main thread */
void tb_lifetime_close(void);        /* R is going away: later releases do nothing */
bool tb_r_ready(void);
/* Where Python hosts R, other Python threads run while R code does. Where R hosts
 * Python they wait: reticulate (1.28 at least) frees Python objects in R finalizers
 * without taking the GIL, so the main thread must hold it. */
void tb_set_python_hosts(bool yes);
bool tb_python_hosts(void);
bool tb_on_main_thread(void);
bool tb_stack_is_low(void); /* on the main thread */

SEXP tb_root(SEXP x);      /* keep x alive; may jump */
void tb_unroot(SEXP cell); /* any thread, with or without the GIL */
void tb_drain(void);       /* main thread: release what other threads queued */

#endif
