/* An R error never jumps over Python frames, a Python exception never crosses R
 * frames: each becomes the other's native condition, with message, class and
 * traceback. */
#include "core/errors.h"

#include "core/depth.h"
#include "core/handle.h"
#include "core/held.h"
#include "core/helpers.h"
#include "core/hooks.h"
#include "core/interrupts.h"
#include "core/jump.h"
#include "core/robject.h"
#include "core/strings.h"
#include "core/vector.h"

static SEXP protected_call = NULL; /* host.R's protected() */
static SEXP message_call = NULL;   /* host.R's uncaught_message(), made while there is memory */
static SEXP text_call = NULL;      /* geterrmessage(), for when that has no memory itself */
static SEXP caught = NULL; /* a cell: its CAR is the condition just caught, its TAG the calls */

void tb_errors_init(void) {
  protected_call = PROTECT(Rf_lang1(tb_helper("protected")));
  message_call = PROTECT(Rf_lang1(tb_helper("uncaught_message")));
  text_call = PROTECT(Rf_lang1(Rf_install("geterrmessage")));
  caught = PROTECT(Rf_cons(R_NilValue, R_NilValue));
  R_PreserveObject(message_call);
  R_PreserveObject(text_call);
  R_PreserveObject(protected_call);
  R_PreserveObject(caught);
  UNPROTECT(4);
}

/* ---- running what may jump ---- */

typedef struct {
  void (*fn)(void *);
  void *data;
} work;

/* What tb_entry_run is to run. A finalizer may come between, and with it a job of its own. */
static work *next_job = NULL;

SEXP tb_entry_run(void) {
  work *now = next_job;
  next_job = NULL;
  if (now)
    now->fn(now->data);
  return R_NilValue;
}

SEXP tb_entry_caught(SEXP condition, SEXP calls) {
  SETCAR(caught, condition);
  SET_TAG(caught, calls);
  return R_NilValue;
}

/* R_tryEvalSilent keeps out the handlers and restarts of the R code below and stops every
 * jump; host.R's handlers say what it was, in either way of trying. (R_tryCatchError does neither,
 * and costs five times as much.) */
static SEXP try_alone(SEXP call, tb_failure *failure) {
  int failed = 0;
  SEXP value = R_tryEvalSilent(call, R_GlobalEnv, &failed);
  failure->jump = R_NilValue;
  return failed ? NULL : value;
}

static SEXP try_by(SEXP (*try)(SEXP, tb_failure *), SEXP call, tb_failure *failure) {
  /* In a finalizer: what the code that it interrupts was given and has not looked at yet. */
  SEXP condition = PROTECT(CAR(caught)), calls = PROTECT(TAG(caught));
  tb_entry_caught(R_NilValue, R_NilValue);
  SEXP value = try(call, failure);
  failure->condition = CAR(caught);
  failure->calls = TAG(caught);
  tb_entry_caught(condition, calls);
  UNPROTECT(2);
  return failure->condition == R_NilValue ? value : NULL;
}

static SEXP try_within(SEXP call, tb_failure *failure) { return tb_jump_try(call, &failure->jump); }

SEXP tb_try(SEXP call, tb_failure *failure) {
  return try_by(tb_depth() ? try_within : try_alone, call, failure);
}

/* False after a jump. */
static bool runs(void (*fn)(void *), void *data, tb_failure *failure) {
  size_t held = tb_held();
  work now = {fn, data}, *outer = next_job;
  next_job = &now;
  bool done = try_by(try_alone, protected_call, failure) != NULL;
  next_job = outer;
  if (done)
    return true;
  PROTECT(failure->condition);
  PROTECT(failure->calls);
  PyErr_Clear();
  tb_drop(held); /* which may run any code, R's too */
  UNPROTECT(2);
  return false;
}

/* ---- R error -> Python exception ---- */

/* What passed the handlers by: that C's stack ran out, or before they stood a time limit or
 * Ctrl-C. This last leaves no text. */
static void set_uncaught(void) {
  tb_failure ignored;
  SEXP text = try_by(try_alone, message_call, &ignored);
  PROTECT(text = text ? text : try_by(try_alone, text_call, &ignored));
  const char *said = text && TYPEOF(text) == STRSXP ? R_CHAR(STRING_ELT(text, 0)) : "";
  PyObject *type = *said ? tb_hook(TB_HOOK_R_ERROR) : NULL;
  PyObject *message = PyUnicode_DecodeUTF8(said, (Py_ssize_t)strlen(said), "backslashreplace");
  if (!*said)
    tb_set_keyboard_interrupt();
  else if (type && message)
    PyErr_SetObject(type, message);
  Py_XDECREF(message);
  UNPROTECT(1);
}

/* The Python exception that an R condition was made of, or NULL. */
static PyObject *exception_of(SEXP condition) {
  if (TYPEOF(condition) != VECSXP || !tb_has_class(condition, "python_error"))
    return NULL;
  SEXP names = Rf_getAttrib(condition, R_NamesSymbol);
  for (R_xlen_t i = 0; i < Rf_xlength(names); i++)
    if (strcmp(R_CHAR(STRING_ELT(names, i)), "exception") == 0)
      return tb_handle_object(VECTOR_ELT(condition, i));
  return NULL;
}

typedef struct {
  SEXP condition, calls;
  PyObject *type;
} describe_job;

static void describe_run(void *p) {
  describe_job *job = p;
  SEXP call = PROTECT(Rf_lang3(tb_helper("describe_condition"), job->condition, job->calls));
  SEXP parts = PROTECT(Rf_eval(call, R_BaseEnv));
  PyObject *original = tb_hold(tb_robject(job->condition, false));
  PyObject *message = tb_hold(tb_strings_from_r(VECTOR_ELT(parts, 0)));
  PyObject *where = tb_hold(tb_strings_from_r(VECTOR_ELT(parts, 1)));
  PyObject *classes = tb_hold(tb_strings_from_r(VECTOR_ELT(parts, 2)));
  if (original && message && where && classes) {
    PyObject *error = PyObject_CallFunctionObjArgs(job->type, PyTuple_GetItem(message, 0), where,
                                                   classes, original, NULL);
    if (error)
      PyErr_SetObject(job->type, error);
    Py_XDECREF(error);
  }
  UNPROTECT(2);
}

static void set_r_error(SEXP condition, SEXP calls) {
  PyObject *exception = exception_of(condition);
  if (exception) {
    PyErr_SetObject((PyObject *)Py_TYPE(exception), exception);
    return;
  }
  describe_job job = {condition, calls, tb_hook(TB_HOOK_R_ERROR)};
  if (!job.type)
    return;
  size_t held = tb_held();
  tb_failure ignored;
  if (!runs(describe_run, &job, &ignored)) {
    if (tb_has_class(ignored.condition, "interrupt"))
      tb_set_keyboard_interrupt();
    else
      PyErr_SetString(job.type, "an R error that could not be described");
  }
  tb_drop(held);
}

static void jump_run(void *jump) { tb_jump_set(jump); }

void tb_set_caught(const tb_failure *failure) {
  SEXP condition = PROTECT(failure->condition), calls = PROTECT(failure->calls);
  SEXP jump = PROTECT(failure->jump);
  if (condition == R_NilValue && jump != R_NilValue)
    tb_protected(jump_run, jump);
  else if (condition == R_NilValue)
    set_uncaught();
  else if (tb_has_class(condition, "interrupt"))
    tb_set_keyboard_interrupt();
  else
    set_r_error(condition, calls);
  UNPROTECT(3);
}

int tb_protected(void (*fn)(void *), void *data) {
  if (!protected_call) {
    PyErr_SetString(PyExc_RuntimeError, "torchbridge has not joined R: torchbridge.start() does");
    return -1;
  }
  tb_failure failure;
  if (runs(fn, data, &failure))
    return 0;
  tb_set_caught(&failure);
  return -1;
}

/* ---- Python exception -> R condition ---- */

SEXP tb_condition_call(void) {
  PyObject *type, *value, *trace;
  size_t held = tb_held();
  PyErr_Fetch(&type, &value, &trace);
  PyErr_NormalizeException(&type, &value, &trace);
  if (trace)
    PyException_SetTraceback(value, trace);
  tb_hold(type), tb_hold(value), tb_hold(trace);
  if (PyErr_GivenExceptionMatches(type, PyExc_KeyboardInterrupt)) {
    tb_drop(held);
    return R_NilValue;
  }
  /* (message, classes, traceback lines, R condition or None) */
  PyObject *describe = tb_hook(TB_HOOK_DESCRIBE_ERROR);
  PyObject *parts = tb_hold(describe ? PyObject_CallFunctionObjArgs(describe, value, NULL) : NULL);
  if (!parts && PyErr_ExceptionMatches(PyExc_KeyboardInterrupt)) { /* a Ctrl-C just now */
    PyErr_Clear();
    tb_drop(held);
    return R_NilValue;
  }
  PyObject *original = parts ? PyTuple_GetItem(parts, 3) : NULL;
  SEXP call;
  if (original && tb_is_robject(original)) {
    call = PROTECT(Rf_lang2(tb_helper("signal_condition"), ((RObject *)original)->x));
  } else {
    SEXP text = parts ? tb_message_to_r(PyTuple_GetItem(parts, 0)) : NULL;
    if (!text)
      text = Rf_mkChar("a Python error that could not be described");
    SEXP message = PROTECT(Rf_ScalarString(PROTECT(text)));
    SEXP classes = PROTECT(tb_strings_to_r(parts ? PyTuple_GetItem(parts, 1) : NULL));
    SEXP lines = PROTECT(tb_strings_to_r(parts ? PyTuple_GetItem(parts, 2) : NULL));
    SEXP exception = PROTECT(tb_handle(value, false));
    call = Rf_lang5(tb_helper("signal_python_error"), message, classes, lines, exception);
    UNPROTECT(5);
    PROTECT(call);
  }
  PyErr_Clear();
  tb_drop(held);
  UNPROTECT(1);
  return call;
}

void tb_signal(SEXP condition_call) {
  if (condition_call == R_NilValue) {
    tb_interrupt_r();
    Rf_error("interrupted"); /* only where R has interrupts suspended */
  }
  PROTECT(condition_call);
  Rf_eval(condition_call, R_GlobalEnv);
  Rf_error("torchbridge: a Python error was not signalled");
}
