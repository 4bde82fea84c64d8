/* R conditions <-> Python exceptions. */
#ifndef TB_ERRORS_H
#define TB_ERRORS_H

#include "core/base.h"

void tb_errors_init(void); /* once the helpers are there; may jump */

/* Runs fn(data), which may jump; that becomes a Python exception: 0, or -1 with it set.
 * No handler, restart or interrupt of R code below reaches into fn. */
int tb_protected(void (*fn)(void *), void *data);

/* Evaluates a call of host.R's call_function(), the GIL held or not: its value, unprotected, or
 * NULL. Then tb_set_caught makes the failure (unprotected too) the Python exception. Where R waits
 * for Python, handlers and restarts of R code further out are in force. */
typedef struct {
  SEXP condition, calls, jump;
} tb_failure;
SEXP tb_try(SEXP call, tb_failure *failure);
void tb_set_caught(const tb_failure *failure);

/* The R call that signals the Python exception now set (R_NilValue for KeyboardInterrupt),
 * which is cleared. May jump. */
SEXP tb_condition_call(void);
/* Evaluates it; by then no Python frame and no reference may be left. */
void tb_signal(SEXP condition_call) __attribute__((noreturn));

/* .Call entries, for host.R's protected() and caught(). */
SEXP tb_entry_run(void);
SEXP tb_entry_caught(SEXP condition, SEXP calls);

#endif
