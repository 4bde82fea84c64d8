/* A time limit that has passed is an error out of R_ProcessEvents(). Python's loops call it here
 * (tb_let_r_look), where the error becomes an exception. But reticulate calls it too, twice a
 * second while Python runs, in a place where R prints the error, loses it, and ends a session that
 * is not interactive. R calls R_PolledEvents before it looks at the limits: that is where they are
 * looked at first, and the exception is kept for the next tb_let_r_look, or the end of the call.
 *
 * Tests: tests/native/core/test_interrupts.py */
#include "core/limits.h"

#include "core/errors.h"
#include "core/interrupts.h"

#include <R.h> /* R_ProcessEvents */
#ifndef _WIN32
#include <R_ext/eventloop.h>
#endif

static bool looking = false;
static PyObject *kept = NULL; /* owned */

int tb_limits_raise(void) {
  if (!kept)
    return 0;
  PyErr_SetObject((PyObject *)Py_TYPE(kept), kept);
  Py_CLEAR(kept);
  return -1;
}

#ifndef _WIN32
static void (*former)(void) = NULL;

static void events_run(void *unused) {
  (void)unused;
  R_ProcessEvents();
}

/* With the GIL: it is held where Python runs. */
static void polled(void) {
  if (former)
    former();
  if (!tb_python_runs() || looking || kept)
    return;
  looking = true;
  PyObject *type, *trace;
  if (tb_protected(events_run, NULL)) {
    PyErr_Fetch(&type, &kept, &trace);
    PyErr_NormalizeException(&type, &kept, &trace);
    Py_XDECREF(type);
    Py_XDECREF(trace);
  }
  looking = false;
}

void tb_limits_init(void) {
  if (R_PolledEvents == polled)
    return;
  former = R_PolledEvents;
  R_PolledEvents = polled;
}
#else
void tb_limits_init(void) {}
#endif

static void look_run(void *unused) {
  (void)unused;
  R_CheckUserInterrupt();
}

int tb_let_r_look(void) {
  if (looking || tb_limits_raise())
    return looking ? 0 : -1;
  tb_interrupts interrupts;
  tb_interrupts_to_r(&interrupts);
  looking = true;
  int failed = tb_protected(look_run, NULL);
  looking = false;
  tb_interrupts_restore(&interrupts);
  return failed;
}
