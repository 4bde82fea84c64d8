/* An R error never jumps over Python frames, a Python exception never crosses R
 * frames: each becomes the other's native condition, with message, class and
 * traceback. The same goes for Ctrl-C. */
#include "native.h"

#include <R_ext/GraphicsEngine.h> /* R_interrupts_pending, Rf_onintr */

static SEXP helpers = NULL;

void tb_set_helpers(SEXP environment) {
  R_PreserveObject(environment);
  if (helpers)
    R_ReleaseObject(helpers);
  helpers = environment;
}

SEXP tb_helper(const char *name) {
  SEXP found = helpers ? Rf_findVarInFrame(helpers, Rf_install(name)) : R_UnboundValue;
  if (found == R_UnboundValue)
    Rf_error("torchbridge: host.R has no function '%s'", name);
  return found;
}

/* ---- R error -> Python exception ---- */

typedef struct {
  void (*fn)(void *);
  void *data;
  bool failed;
} protected_run;

static SEXP run_body(void *p) {
  protected_run *run = p;
  run->fn(run->data);
  return R_NilValue;
}

static SEXP run_failed(SEXP condition, void *p) {
  ((protected_run *)p)->failed = true;
  return condition;
}

int tb_protected(void (*fn)(void *), void *data) {
  protected_run run = {fn, data, false};
  SEXP condition = PROTECT(R_tryCatchError(run_body, &run, run_failed, &run));
  if (run.failed)
    tb_set_r_error(condition, R_NilValue);
  UNPROTECT(1);
  return run.failed ? -1 : 0;
}

static PyObject *strings_to_tuple(SEXP x) {
  R_xlen_t n = TYPEOF(x) == STRSXP ? Rf_xlength(x) : 0;
  PyObject *tuple = PyTuple_New(n);
  for (R_xlen_t i = 0; tuple && i < n; i++) {
    PyObject *item = PyUnicode_DecodeUTF8(R_CHAR(STRING_ELT(x, i)), LENGTH(STRING_ELT(x, i)), "replace");
    if (!item)
      Py_CLEAR(tuple);
    else
      PyTuple_SET_ITEM(tuple, i, item);
  }
  return tuple;
}

/* The Python exception that an R condition was made of, or NULL. */
static PyObject *exception_of(SEXP condition) {
  if (TYPEOF(condition) != VECSXP || !Rf_inherits(condition, "python_error"))
    return NULL;
  SEXP names = Rf_getAttrib(condition, R_NamesSymbol);
  for (R_xlen_t i = 0; i < Rf_xlength(names); i++)
    if (strcmp(R_CHAR(STRING_ELT(names, i)), "exception") == 0)
      return tb_handle_object(VECTOR_ELT(condition, i));
  return NULL;
}

void tb_set_r_error(SEXP condition, SEXP calls) {
  PyObject *exception = exception_of(condition);
  if (exception) {
    PyErr_SetObject((PyObject *)Py_TYPE(exception), exception);
    return;
  }
  if (!helpers) {
    PyErr_SetString(PyExc_RuntimeError, "R failed before torchbridge was attached to it");
    return;
  }
  PROTECT(condition);
  PROTECT(calls);
  int failed = 0;
  SEXP call = PROTECT(Rf_lang3(tb_helper("describe_condition"), condition, calls));
  SEXP parts = PROTECT(R_tryEvalSilent(call, R_BaseEnv, &failed));
  PyObject *type = tb_bridge("torchbridge.errors", "RError");
  if (type && failed)
    PyErr_SetString(type, "an R error that could not be described");
  else if (type) {
    PyObject *message = strings_to_tuple(VECTOR_ELT(parts, 0));
    PyObject *where = strings_to_tuple(VECTOR_ELT(parts, 1));
    PyObject *classes = strings_to_tuple(VECTOR_ELT(parts, 2));
    PyObject *original = tb_robject(condition, false);
    PyObject *error = NULL;
    if (message && where && classes && original)
      error = PyObject_CallFunctionObjArgs(type, PyTuple_GetItem(message, 0), where, classes, original, NULL);
    if (error)
      PyErr_SetObject(type, error);
    Py_XDECREF(error);
    Py_XDECREF(message);
    Py_XDECREF(where);
    Py_XDECREF(classes);
    Py_XDECREF(original);
  }
  UNPROTECT(4);
}

/* ---- Python exception -> R condition ---- */

static SEXP utf8_vector(PyObject *sequence) {
  Py_ssize_t n = sequence ? PySequence_Size(sequence) : 0;
  SEXP x = PROTECT(Rf_allocVector(STRSXP, n < 0 ? 0 : n));
  for (Py_ssize_t i = 0; i < n; i++) {
    PyObject *item = PySequence_GetItem(sequence, i);
    const char *text = item ? PyUnicode_AsUTF8(item) : NULL;
    SET_STRING_ELT(x, i, Rf_mkCharCE(text ? text : "?", CE_UTF8));
    Py_XDECREF(item);
  }
  UNPROTECT(1);
  return x;
}

void tb_set_keyboard_interrupt(void) {
  R_interrupts_pending = 0;
  PyErr_SetNone(PyExc_KeyboardInterrupt);
}

void tb_signal_python_error(PyGILState_STATE gil) {
  PyObject *type, *value, *trace;
  PyErr_Fetch(&type, &value, &trace);
  PyErr_NormalizeException(&type, &value, &trace);
  if (trace)
    PyException_SetTraceback(value, trace);
  if (PyErr_GivenExceptionMatches(type, PyExc_KeyboardInterrupt)) {
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(trace);
    PyGILState_Release(gil);
    R_interrupts_pending = 0;
    Rf_onintr();
    Rf_error("interrupted"); /* only where R has interrupts suspended */
  }
  /* (message, classes, traceback lines, R condition or None) */
  PyObject *describe = tb_bridge("torchbridge.errors", "describe");
  PyObject *parts = describe ? PyObject_CallFunctionObjArgs(describe, value, NULL) : NULL;
  SEXP call;
  PyObject *original = parts ? PyTuple_GetItem(parts, 3) : NULL;
  if (original && tb_is_robject(original)) {
    call = PROTECT(Rf_lang2(tb_helper("signal_condition"), ((RObject *)original)->x));
  } else {
    SEXP message = PROTECT(Rf_allocVector(STRSXP, 1));
    const char *text = parts ? PyUnicode_AsUTF8(PyTuple_GetItem(parts, 0)) : NULL;
    SET_STRING_ELT(message, 0, Rf_mkCharCE(text ? text : "a Python error that could not be described", CE_UTF8));
    SEXP classes = PROTECT(utf8_vector(parts ? PyTuple_GetItem(parts, 1) : NULL));
    SEXP lines = PROTECT(utf8_vector(parts ? PyTuple_GetItem(parts, 2) : NULL));
    SEXP exception = PROTECT(tb_handle(value, false));
    call = Rf_lang5(tb_helper("signal_python_error"), message, classes, lines, exception);
    UNPROTECT(4);
    PROTECT(call);
  }
  PyErr_Clear();
  Py_XDECREF(parts);
  Py_XDECREF(type);
  Py_XDECREF(value);
  Py_XDECREF(trace);
  PyGILState_Release(gil);
  Rf_eval(call, R_GlobalEnv);
  UNPROTECT(1);
  Rf_error("torchbridge: a Python error was not signalled");
}

/* ---- Ctrl-C ---- */

/* Python first, but R keeps it pending: reticulate's Python handler asks R whether it is,
 * and an interrupt that came too late for Python must not get lost. */
static void sigint_to_python(int signal_number) {
  R_interrupts_pending = 1;
  PyErr_SetInterruptEx(signal_number);
}

static void sigint_to_r(int signal_number) {
  (void)signal_number;
  R_interrupts_pending = 1;
}

static void install(tb_interrupts *state, void (*handler)(int)) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
  state->installed = tb_on_main_thread() && sigaction(SIGINT, &action, &state->saved) == 0;
}

void tb_interrupts_to_python(tb_interrupts *state) { install(state, sigint_to_python); }

void tb_interrupts_to_r(tb_interrupts *state) { install(state, sigint_to_r); }

bool tb_interrupts_restore(tb_interrupts *state) {
  if (!state->installed)
    return false;
  sigaction(SIGINT, &state->saved, NULL);
  return R_interrupts_pending != 0;
}
