/* Ctrl-C: while Python (or R) code runs, it must reach that language. */
#ifndef TB_INTERRUPTS_H
#define TB_INTERRUPTS_H

#include "core/base.h"

#include <signal.h>

/* How R's Ctrl-C and time limits stand: see tb_interrupts_wait. */
typedef struct {
  Rboolean suspended;
  bool waiting;
} tb_patience;

typedef struct {
  bool installed;
  struct sigaction saved;
  tb_patience patience;
} tb_interrupts;

/* While Python works for R, R's interrupts and time limits wait for R's own turn (to_r). */
void tb_interrupts_wait(tb_patience *before);
void tb_interrupts_wait_no_more(const tb_patience *before);
bool tb_interrupts_suspended(void); /* by R's own code: suspendInterrupts() */

void tb_interrupts_to_python(tb_interrupts *state);
void tb_interrupts_to_r(tb_interrupts *state);
/* Puts the former handler back; is a Ctrl-C meant for R still waiting? */
bool tb_interrupts_restore(tb_interrupts *state);

void tb_set_keyboard_interrupt(void); /* Python's KeyboardInterrupt, R's taken back */
void tb_interrupt_r(
    void); /* R's interrupt, as if Ctrl-C came now; jumps, or R has them suspended */

#endif
