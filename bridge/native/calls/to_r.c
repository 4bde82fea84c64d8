/* Python calls R: an R function, through host.R's call_function(), which reports errors, warnings
 * and interrupts to the core. The call is preserved while it runs; its arguments are converted
 * before, its value after, where an R error cannot pass Python by.
 *
 * Tests: tests/native/calls/test_calls.py */
#include "calls/to_r.h"

#include "core/depth.h"
#include "core/entry.h"
#include "core/errors.h"
#include "core/held.h"
#include "core/helpers.h"
#include "core/hooks.h"
#include "core/interrupts.h"
#include "core/lifetime.h"
#include "core/robject.h"
#include "values/values.h"

typedef struct {
  SEXP function;
  PyObject *args, *kwargs;
  bool convert;
  SEXP call, value;
  PyObject *result;
} call_job;

/* Builds call_function(f, quote(f(args...))); the arguments are converted here. */
static void build_run(void *p) {
  call_job *job = p;
  PyObject *items = job->kwargs ? tb_hold(PyDict_Items(job->kwargs)) : NULL;
  Py_ssize_t n_args = PyTuple_GET_SIZE(job->args),
             n = n_args + (items ? PyList_GET_SIZE(items) : 0);
  SEXP call = PROTECT(Rf_lcons(Rf_install("f"), R_NilValue)), last = call, value;
  bool failed = job->kwargs && !items;
  for (Py_ssize_t i = 0; i < n && !failed; i++) {
    PyObject *item = i < n_args ? NULL : PyList_GET_ITEM(items, i - n_args);
    const char *name = item ? PyUnicode_AsUTF8(PyTuple_GET_ITEM(item, 0)) : "";
    failed =
        !name || tb_to_r(item ? PyTuple_GET_ITEM(item, 1) : PyTuple_GET_ITEM(job->args, i), &value);
    if (failed)
      break;
    PROTECT(value);
    if (TYPEOF(value) == SYMSXP ||
        TYPEOF(value) == LANGSXP) /* code among the arguments stays code */
      value = Rf_lang2(Rf_install("quote"), value);
    SETCDR(last, Rf_cons(value, R_NilValue));
    last = CDR(last);
    UNPROTECT(1);
    if (item) {
      SEXP text = PROTECT(Rf_mkCharCE(name, CE_UTF8));
      SET_TAG(last, Rf_installTrChar(text));
      UNPROTECT(1);
    }
  }
  if (!failed) {
    call = PROTECT(Rf_lang2(Rf_install("quote"), call));
    SEXP outermost = PROTECT(Rf_ScalarLogical(tb_depth() == 0));
    job->call = Rf_lang4(tb_helper("call_function"), job->function, call, outermost);
    R_PreserveObject(job->call);
    UNPROTECT(2);
  }
  if (items)
    Py_DECREF(tb_unhold());
  UNPROTECT(1);
}

static void result_run(void *p) {
  call_job *job = p;
  job->result = job->convert ? tb_from_r(job->value, TB_AS_NUMPY | TB_LABELLED)
                             : tb_robject(job->value, false);
}

static int running = 0;

bool tb_running_r(void) { return running > 0; }

static PyObject *call_r(SEXP function, PyObject *args, PyObject *kwargs, bool convert) {
  if (!Rf_isFunction(function)) {
    PyErr_Format(PyExc_TypeError, "an R %s is not a function", Rf_type2char(TYPEOF(function)));
    return NULL;
  }
  call_job job = {.function = function, .args = args, .kwargs = kwargs, .convert = convert};
  bool were = tb_set_callbacks(true);
  int failed = tb_protected(build_run, &job);
  tb_set_callbacks(were);
  if (failed || !job.call)
    return NULL;
  tb_interrupts interrupts;
  tb_interrupts_to_r(&interrupts);
  PyThreadState *others = tb_python_hosts() ? PyEval_SaveThread() : NULL;
  tb_failure failure;
  running++;
  job.value = tb_try(job.call, &failure);
  running--;
  if (others)
    PyEval_RestoreThread(others);
  bool interrupted = tb_interrupts_restore(&interrupts);
  PROTECT(job.value ? job.value : R_NilValue);
  PROTECT(failure.condition);
  PROTECT(failure.calls);
  PROTECT(failure.jump);
  R_ReleaseObject(job.call);
  if (!job.value)
    tb_set_caught(&failure);
  if (interrupted)
    tb_set_keyboard_interrupt();
  else if (job.value && tb_protected(result_run, &job))
    job.result = NULL;
  UNPROTECT(4);
  return job.result;
}

static PyObject *call(RObject *self, PyObject *args, PyObject *kwargs) {
  if (tb_check_thread())
    return NULL;
  return call_r(self->x, args, kwargs, true);
}

static PyObject *call_raw(RObject *self, PyObject *args, PyObject *kwargs) {
  if (tb_check_thread())
    return NULL;
  return call_r(self->x, args, kwargs, false);
}

/* ---- what Python asks of a function ---- */

/* An R value that is no function has no attribute of this name. */
static int is_function(RObject *self, const char *name) {
  if (Rf_isFunction(self->x))
    return 1;
  PyErr_Format(PyExc_AttributeError, "an R %s has no attribute '%s'", Rf_type2char(TYPEOF(self->x)),
               name);
  return 0;
}

static PyObject *signature(RObject *self, void *name) {
  if (tb_check_thread() || !is_function(self, name))
    return NULL;
  PyObject *hook = tb_hook(TB_HOOK_SIGNATURE);
  return hook ? PyObject_CallOneArg(hook, (PyObject *)self) : NULL;
}

/* R's functions have no names; what labels them by one has this. */
static PyObject *function_name(RObject *self, void *name) {
  if (tb_check_thread() || !is_function(self, name))
    return NULL;
  return PyUnicode_FromString("r_function");
}

/* A copy of an R value may be the same: neither changes. */
static PyObject *copied(RObject *self, PyObject *unused) {
  (void)unused;
  self->writable = false;
  return Py_NewRef(self);
}

static PyObject *reduce(RObject *self, PyObject *unused) {
  (void)unused;
  PyObject *hook = tb_hook(TB_HOOK_REDUCE);
  return hook ? PyObject_CallOneArg(hook, (PyObject *)self) : NULL;
}

static const PyMethodDef methods[] = {
    {"call", (PyCFunction)(void (*)(void))call_raw, METH_VARARGS | METH_KEYWORDS,
     "Call this R function; the result stays an RObject."},
    {"__copy__", (PyCFunction)copied, METH_NOARGS, "Itself."},
    {"__deepcopy__", (PyCFunction)copied, METH_O, "Itself."},
    {"__reduce__", (PyCFunction)reduce, METH_NOARGS, "What pickle keeps: R's serialization."},
    {NULL, NULL, 0, NULL}};

static const PyGetSetDef properties[] = {
    {"__signature__", (getter)signature, NULL, "A function's arguments.", "__signature__"},
    {"__name__", (getter)function_name, NULL, "A function's name.", "__name__"},
    {"__qualname__", (getter)function_name, NULL, "A function's name.", "__qualname__"},
    {NULL, NULL, NULL, NULL, NULL}};

void tb_to_r_add(void) {
  tb_robject_add(methods, properties);
  tb_RObjectType.tp_call = (ternaryfunc)call;
}
