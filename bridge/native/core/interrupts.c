/* Ctrl-C reaches the language whose code runs. On R's main thread; the handler that was there
 * before is the caller's, who puts it back. */
#include "core/interrupts.h"

#include "core/lifetime.h"

#include <time.h>

#include <R_ext/GraphicsEngine.h> /* R_interrupts_pending, _suspended: the one public way to see or raise a Ctrl-C */

/* Where R hosts, R code runs under Python that is not ours: reticulate's at an import. What jumps
 * out of that, reticulate makes an exception of that no longer says what it was. */
static bool waiting = false;
static Rboolean suspended_by_r = FALSE; /* while we wait */

void tb_interrupts_wait(tb_patience *before) {
  *before = (tb_patience){R_interrupts_suspended, waiting};
  if (tb_python_hosts())
    return;
  if (!waiting || !R_interrupts_suspended)
    suspended_by_r = R_interrupts_suspended;
  waiting = true;
  R_interrupts_suspended = TRUE;
}

void tb_interrupts_wait_no_more(const tb_patience *before) {
  R_interrupts_suspended = before->suspended;
  waiting = before->waiting;
}

bool tb_interrupts_suspended(void) { return waiting ? suspended_by_r : R_interrupts_suspended; }

/* A callback of reticulate's may run for ever: a Ctrl-C that comes a second after another that
 * nobody has answered reaches it. */
static void wait_a_second(void) {
  static struct timespec first;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (!R_interrupts_pending)
    first = now;
  else if (waiting && now.tv_sec - first.tv_sec > 1)
    R_interrupts_suspended = suspended_by_r;
}

/* Python's own handler decides. Where R hosts, that is reticulate's: it asks whether R has
 * the interrupt pending, and then takes it over. */
static void sigint_to_python(int signal_number) {
  if (!tb_python_hosts()) {
    wait_a_second();
    R_interrupts_pending = 1;
  }
  if (tb_interrupts_suspended() && !tb_python_hosts())
    return; /* suspendInterrupts() means what R calls too; R hears of it when it ends */
  PyErr_SetInterruptEx(signal_number);
}

static void sigint_to_r(int signal_number) {
  (void)signal_number;
  R_interrupts_pending = 1;
}

static void install(tb_interrupts *state, void (*handler)(int)) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
  state->installed = tb_on_main_thread() && sigaction(SIGINT, &action, &state->saved) == 0;
  if (state->installed &&
      (state->saved.sa_handler == SIG_IGN || state->saved.sa_handler == SIG_DFL)) {
    sigaction(SIGINT, &state->saved, NULL); /* as in a background job: nobody wants to hear of it */
    state->installed = false;
  }
}

void tb_interrupts_to_python(tb_interrupts *state) {
  state->patience = (tb_patience){R_interrupts_suspended, waiting};
  install(state, sigint_to_python);
}

void tb_interrupts_to_r(tb_interrupts *state) {
  state->patience = (tb_patience){R_interrupts_suspended, waiting};
  if (waiting)
    R_interrupts_suspended = suspended_by_r;
  waiting = false;
  install(state, sigint_to_r);
}

bool tb_interrupts_restore(tb_interrupts *state) {
  tb_interrupts_wait_no_more(&state->patience);
  if (!state->installed)
    return false;
  sigaction(SIGINT, &state->saved, NULL);
  return R_interrupts_pending != 0;
}

void tb_set_keyboard_interrupt(void) {
  R_interrupts_pending = 0;
  PyErr_SetNone(PyExc_KeyboardInterrupt);
}

void tb_interrupt_r(void) {
  R_interrupts_pending = 1;
  R_CheckUserInterrupt();
  R_interrupts_pending = 0;
}
