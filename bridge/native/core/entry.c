/* Entries into the core.
 *
 * Every entry from R: release what other threads queued, take the GIL, do the work,
 * drop what it held, give the GIL back (an R error on the way does the same), and only
 * then, with no Python frame below, signal a Python error. An entry from Python looks first
 * whether R may be called at all.
 *
 * Tests: tests/native/calls/test_calls.py */
#include "core/entry.h"

#include "core/blocks.h"
#include "core/depth.h"
#include "core/errors.h"
#include "core/frozen.h"
#include "core/handle.h"
#include "core/held.h"
#include "core/interrupts.h"
#include "core/jump.h"
#include "core/lifetime.h"
#include "core/limits.h"
#include "core/notes.h"
#include "core/pressure.h"
#include "core/strings.h"

static void look_run(void *unused) {
  (void)unused;
  tb_blocks_look();
}

int tb_check_thread(void) {
  if (!tb_r_ready()) {
    PyErr_SetString(
        PyExc_RuntimeError,
        "R is not running in this process, or has ended; torchbridge.start() starts it");
    return -1;
  }
  if (!tb_on_main_thread()) {
    PyErr_SetString(PyExc_RuntimeError,
                    "R can be called only on the thread that started it; convert the value there, "
                    "or hand the call over: torchbridge.on_r_thread(f, ...)");
    return -1;
  }
  if (tb_stack_is_low()) {
    PyErr_SetString(PyExc_RecursionError, "R and Python call each other too deeply");
    return -1;
  }
  tb_drain();
  tb_relieve_pressure();
  if (tb_blocks_behind() && tb_protected(look_run, NULL))
    PyErr_Clear();
  tb_frozen_release();
  return 0;
}

/* ---- from R ---- */

typedef struct {
  int (*work)(void *data, SEXP *result);
  void *data;
  bool done, failed, jumps, entered; /* done: there is a tensor already */
  PyGILState_STATE gil;
  size_t held;
  tb_call from;
  tb_patience patience;
  PROTECT_INDEX result; /* protected while what was held is dropped */
} entry;

/* One continuation token for each depth of calls within calls: without one, R would make
 * one at every call. */
enum { TOKENS = 32 };
static SEXP tokens[TOKENS];
static int jumped = -1; /* the deepest call that R jumped out of: its token holds a value */

static SEXP token(void) {
  int depth = tb_depth();
  for (; jumped >= depth; jumped--)
    SETCAR(tokens[jumped], R_NilValue);
  if (depth >= TOKENS)
    return NULL;
  if (!tokens[depth]) {
    tokens[depth] = R_MakeUnwindCont();
    R_PreserveObject(tokens[depth]);
  }
  return tokens[depth];
}

/* Nothing here may jump. */
static void enter_python(entry *e) {
  e->gil = PyGILState_Ensure();
  e->held = tb_held();
  e->from = tb_call_begins();
  tb_interrupts_wait(&e->patience);
  tb_limits_begin();
  e->entered = true;
  tb_frozen_release();
}

static void leave_python(entry *e) {
  tb_drop(e->held);
  PyGILState_Release(e->gil);
  tb_interrupts_wait_no_more(&e->patience);
  tb_call_ends(e->from);
}

/* The R value of what the work gave, or (failed) the call that signals its error, or (jumps) the
 * jump that goes on. */
static SEXP entry_body(void *p) {
  entry *e = p;
  SEXP result = R_NilValue;
  if (!e->entered)
    enter_python(e); /* here: R may raise an error before it comes here */
  if (!e->done)
    e->failed = e->work(e->data, &result) != 0;
  REPROTECT(result, e->result);
  if (tb_limits_end())
    e->failed = true;
  SEXP jump = e->failed ? tb_jump_take() : NULL;
  e->jumps = jump != NULL;
  if (e->failed)
    result = jump ? jump : tb_condition_call();
  REPROTECT(result, e->result);
  return result;
}

static void entry_leave(void *p, Rboolean jump) {
  entry *e = p;
  if (!e->entered)
    return;
  if (jump) {
    PyErr_Clear();
    tb_notes_drop();
  }
  leave_python(e);
  if (jump && e->from.depth < TOKENS && e->from.depth > jumped)
    jumped = e->from.depth;
}

static void check_entry(void) {
  if (!Py_IsInitialized() || !tb_r_ready())
    Rf_error("Python is not running in this process");
  if (tb_stack_is_low())
    Rf_error("R and Python call each other too deeply");
  R_CheckUserInterrupt(); /* what has come by now, R raises itself */
  tb_drain();
  tb_relieve_pressure();
  tb_blocks_look();
}

/* What may jump, and the end of the entry. `e->result` is on R's stack of protected objects. */
static SEXP enter_protected(entry *e, SEXP continuation) {
  SEXP result = R_UnwindProtect(entry_body, e, entry_leave, e, continuation);
  if (continuation)
    SETCAR(continuation, R_NilValue); /* it must not keep the result */
  tb_notes_tell();
  UNPROTECT(1);
  if (e->jumps)
    R_ContinueUnwind(result);
  if (e->failed)
    tb_signal(result);
  return result;
}

SEXP tb_enter(int (*work)(void *data, SEXP *result), void *data) {
  check_entry();
  entry e = {.work = work, .data = data};
  PROTECT_WITH_INDEX(R_NilValue, &e.result);
  return enter_protected(&e, token());
}

SEXP tb_enter_for_tensor(PyObject *(*quick)(void *data, bool *little),
                         int (*work)(void *data, SEXP *result), void *data) {
  if (tb_depth() >= TOKENS)
    return tb_enter(work, data);
  check_entry();
  entry e = {.work = work, .data = data};
  SEXP handle = tb_handle_ready();
  PROTECT_WITH_INDEX(handle, &e.result);
  SEXP continuation = token();
  enter_python(&e);
  bool little = false;
  PyObject *tensor = quick(data, &little);
  e.done = tensor && tb_handle_fill(handle, tensor, little);
  if (!e.done)
    tb_handle_keep_ready(handle);
  if (!e.done || tb_limits_end()) {
    e.failed = e.done;
    return enter_protected(&e, continuation);
  }
  leave_python(&e);
  tb_notes_tell();
  UNPROTECT(1);
  return handle;
}

/* ---- arguments ---- */

const char *tb_string_argument(SEXP x, const char *name) {
  if (TYPEOF(x) != STRSXP || Rf_xlength(x) != 1 || STRING_ELT(x, 0) == NA_STRING)
    Rf_error("`%s` must be one string", name);
  int64_t size;
  const char *why, *text = tb_utf8(STRING_ELT(x, 0), &size, &why);
  if (!text)
    Rf_error("`%s` %s", name, why);
  return text;
}

static int thaw_work(void *p, SEXP *result) {
  *result = R_NilValue;
  return tb_thaw(p) ? 0 : -1;
}

PyObject *tb_object_argument(SEXP x) {
  x = tb_handle_of(x);
  if (!tb_is_handle(x))
    Rf_error("expected a Python object, got an R %s", Rf_type2char(TYPEOF(x)));
  if (!tb_handle_object(x))
    tb_enter(thaw_work, x);
  return tb_handle_object(x);
}
