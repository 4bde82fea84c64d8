/* Ctrl-C: while Python (or R) code runs, it must reach that language. */
#ifndef TB_INTERRUPTS_H
#define TB_INTERRUPTS_H

#include "core/base.h"

#include <signal.h>

typedef struct {
  bool installed;
  struct sigaction saved;
} tb_interrupts;

void tb_interrupts_to_python(tb_interrupts *state);
void tb_interrupts_to_r(tb_interrupts *state);
/* Puts the former handler back; is a Ctrl-C meant for R still waiting? */
bool tb_interrupts_restore(tb_interrupts *state);

void tb_set_keyboard_interrupt(void); /* Python's KeyboardInterrupt, R's taken back */
void tb_interrupt_r(
    void); /* R's interrupt, as if Ctrl-C came now; jumps, or R has them suspended */

#endif
