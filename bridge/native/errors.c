/* An R error never jumps over Python frames, a Python exception never crosses R
 * frames: each becomes the other's native condition, with message, class and
 * traceback. The same goes for Ctrl-C. */
#include "native.h"

#include <R_ext/GraphicsEngine.h> /* R_interrupts_pending: the one public way to see or raise a Ctrl-C */

static SEXP helpers = NULL;
static SEXP protected_call = NULL; /* host.R's protected() */
static SEXP message_call = NULL;   /* geterrmessage(), made while there is memory */
static SEXP caught = NULL; /* a cell: its CAR is the condition just caught, its TAG the calls */

void tb_set_helpers(SEXP environment) {
  helpers = PROTECT(environment);
  protected_call = PROTECT(Rf_lang1(tb_helper("protected")));
  message_call = PROTECT(Rf_lang1(Rf_install("geterrmessage")));
  caught = PROTECT(Rf_cons(R_NilValue, R_NilValue));
  R_PreserveObject(message_call);
  R_PreserveObject(helpers);
  R_PreserveObject(protected_call);
  R_PreserveObject(caught);
  UNPROTECT(4);
}

SEXP tb_helper(const char *name) {
  SEXP symbol = Rf_install(name);
  if (!helpers || !R_existsVarInFrame(helpers, symbol))
    Rf_error("torchbridge: host.R has no function '%s'", name);
  return Rf_eval(symbol, helpers);
}

/* ---- R error -> Python exception ---- */

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
 * jump; host.R's handlers tell what it was. (R_tryCatchError does neither, and costs five
 * times as much.) */
SEXP tb_try(SEXP call, tb_failure *failure) {
  /* In a finalizer: what the code that it interrupts was told and has not looked at yet. */
  SEXP condition = PROTECT(CAR(caught)), calls = PROTECT(TAG(caught));
  tb_entry_caught(R_NilValue, R_NilValue);
  int failed = 0;
  SEXP value = R_tryEvalSilent(call, R_GlobalEnv, &failed);
  *failure = (tb_failure){CAR(caught), TAG(caught)};
  tb_entry_caught(condition, calls);
  UNPROTECT(2);
  return failed ? NULL : value;
}

/* What passed the handlers by: above all that C's stack ran out. */
static void set_uncaught(void) {
  tb_failure ignored;
  SEXP text = PROTECT(tb_try(message_call, &ignored));
  PyObject *type = tb_bridge("torchbridge.process.errors", "RError");
  if (type)
    PyErr_SetString(type, text && TYPEOF(text) == STRSXP ? R_CHAR(STRING_ELT(text, 0))
                                                         : "an R error of no message");
  UNPROTECT(1);
}

void tb_set_caught(const tb_failure *failure) {
  SEXP condition = PROTECT(failure->condition), calls = PROTECT(failure->calls);
  if (condition == R_NilValue)
    set_uncaught();
  else if (tb_has_class(condition, "interrupt"))
    tb_set_keyboard_interrupt();
  else
    tb_set_r_error(condition, calls);
  UNPROTECT(2);
}

/* False after a jump. */
static bool runs(void (*fn)(void *), void *data, tb_failure *failure) {
  size_t held = tb_held();
  work now = {fn, data}, *outer = next_job;
  next_job = &now;
  bool done = tb_try(protected_call, failure) != NULL;
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

int tb_protected(void (*fn)(void *), void *data) {
  if (!helpers) {
    PyErr_SetString(PyExc_RuntimeError, "torchbridge has not joined R: torchbridge.start() does");
    return -1;
  }
  tb_failure failure;
  if (runs(fn, data, &failure))
    return 0;
  tb_set_caught(&failure);
  return -1;
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

void tb_set_r_error(SEXP condition, SEXP calls) {
  PyObject *exception = exception_of(condition);
  if (exception) {
    PyErr_SetObject((PyObject *)Py_TYPE(exception), exception);
    return;
  }
  describe_job job = {condition, calls, tb_bridge("torchbridge.process.errors", "RError")};
  if (!job.type)
    return;
  size_t held = tb_held();
  tb_failure ignored;
  if (!runs(describe_run, &job, &ignored))
    PyErr_SetString(job.type, "an R error that could not be described");
  tb_drop(held);
}

/* ---- Python exception -> R condition ---- */

static SEXP utf8_vector(PyObject *sequence) {
  Py_ssize_t n = sequence ? PySequence_Size(sequence) : 0;
  SEXP x = PROTECT(Rf_allocVector(STRSXP, n < 0 ? 0 : n));
  for (Py_ssize_t i = 0; i < n; i++) {
    PyObject *item = tb_hold(PySequence_GetItem(sequence, i));
    const char *text = item ? PyUnicode_AsUTF8(item) : NULL;
    SET_STRING_ELT(x, i, Rf_mkCharCE(text ? text : "?", CE_UTF8));
    if (item)
      Py_DECREF(tb_unhold());
  }
  UNPROTECT(1);
  return x;
}

void tb_set_keyboard_interrupt(void) {
  R_interrupts_pending = 0;
  PyErr_SetNone(PyExc_KeyboardInterrupt);
}

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
  PyObject *describe = tb_bridge("torchbridge.process.errors", "describe");
  PyObject *parts = tb_hold(describe ? PyObject_CallFunctionObjArgs(describe, value, NULL) : NULL);
  PyObject *original = parts ? PyTuple_GetItem(parts, 3) : NULL;
  SEXP call;
  if (original && tb_is_robject(original)) {
    call = PROTECT(Rf_lang2(tb_helper("signal_condition"), ((RObject *)original)->x));
  } else {
    const char *text = parts ? PyUnicode_AsUTF8(PyTuple_GetItem(parts, 0)) : NULL;
    SEXP message = PROTECT(Rf_allocVector(STRSXP, 1));
    SET_STRING_ELT(
        message, 0,
        Rf_mkCharCE(text ? text : "a Python error that could not be described", CE_UTF8));
    SEXP classes = PROTECT(utf8_vector(parts ? PyTuple_GetItem(parts, 1) : NULL));
    SEXP lines = PROTECT(utf8_vector(parts ? PyTuple_GetItem(parts, 2) : NULL));
    SEXP exception = PROTECT(tb_handle(value, false));
    call = Rf_lang5(tb_helper("signal_python_error"), message, classes, lines, exception);
    UNPROTECT(4);
    PROTECT(call);
  }
  PyErr_Clear();
  tb_drop(held);
  UNPROTECT(1);
  return call;
}

void tb_signal(SEXP condition_call) {
  if (condition_call == R_NilValue) {
    R_interrupts_pending = 1;
    R_CheckUserInterrupt();
    R_interrupts_pending = 0;
    Rf_error("interrupted"); /* only where R has interrupts suspended */
  }
  PROTECT(condition_call);
  Rf_eval(condition_call, R_GlobalEnv);
  Rf_error("torchbridge: a Python error was not signalled");
}

/* ---- Ctrl-C ---- */

/* Python's own handler decides. Where R hosts, that is reticulate's: it asks whether R has
 * the interrupt pending, and then takes it over. */
static void sigint_to_python(int signal_number) {
  if (!tb_python_hosts())
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
  if (state->installed &&
      (state->saved.sa_handler == SIG_IGN || state->saved.sa_handler == SIG_DFL)) {
    sigaction(SIGINT, &state->saved, NULL); /* as in a background job: nobody wants to hear of it */
    state->installed = false;
  }
}

void tb_interrupts_to_python(tb_interrupts *state) { install(state, sigint_to_python); }

void tb_interrupts_to_r(tb_interrupts *state) { install(state, sigint_to_r); }

bool tb_interrupts_restore(tb_interrupts *state) {
  if (!state->installed)
    return false;
  sigaction(SIGINT, &state->saved, NULL);
  return R_interrupts_pending != 0;
}
