/* A time limit that has passed is an error out of R_ProcessEvents(). Python's loops call it here
 * (tb_let_r_look), where the error becomes an exception. But reticulate calls it too, twice a
 * second while Python runs, at R's top level: there R prints the error, loses it, and ends a
 * session that is not interactive. What R does with an error there is told by options(error = ).
 * From the first look of a call to its end that is ours (host.R): it keeps a time limit for the
 * next look, or the end of the call.
 *
 * Tests: tests/native/core/test_interrupts.py */
#include "core/limits.h"

#include "core/entry.h"
#include "core/errors.h"
#include "core/helpers.h"
#include "core/interrupts.h"
#include "core/lifetime.h"

static bool looking = false;
static bool passed = false;
static int watched_at = 0; /* the depth of the call that set the option; 0 for none */

SEXP tb_entry_limit(void) {
  passed = true;
  return R_NilValue;
}

static void call_run(void *helper) {
  Rf_eval(PROTECT(Rf_lang1(tb_helper(helper))), R_BaseEnv);
  UNPROTECT(1);
}

static int raise_passed(void) {
  if (!passed)
    return 0;
  passed = false;
  return tb_protected(call_run, "raise_limit");
}

int tb_limits_end(void) {
  if (!watched_at || tb_depth() > watched_at)
    return 0;
  watched_at = 0;
  PyObject *type, *value, *trace; /* what the call itself raised */
  PyErr_Fetch(&type, &value, &trace);
  int failed = tb_protected(call_run, "unwatch_limits");
  if (failed) { /* the limit or Ctrl-C came just there, and comes once */
    PyObject *ours[3];
    PyErr_Fetch(&ours[0], &ours[1], &ours[2]);
    if (tb_protected(call_run, "unwatch_limits"))
      PyErr_Clear();
    PyErr_Restore(ours[0], ours[1], ours[2]);
    passed = false;
  }
  if (failed || raise_passed()) {
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(trace);
    return -1;
  }
  PyErr_Restore(type, value, trace);
  return 0;
}

static void look_run(void *unused) {
  (void)unused;
  R_CheckUserInterrupt();
}

int tb_let_r_look(void) {
  if (looking)
    return 0;
  if (!watched_at && !tb_python_hosts()) {
    watched_at = tb_depth();
    if (tb_protected(call_run, "watch_limits"))
      return -1;
  }
  if (raise_passed())
    return -1;
  tb_interrupts interrupts;
  tb_interrupts_to_r(&interrupts);
  looking = true;
  int failed = tb_protected(look_run, NULL);
  looking = false;
  tb_interrupts_restore(&interrupts);
  return failed;
}
