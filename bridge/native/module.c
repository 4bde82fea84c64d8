/* The Python module torchbridge._native and, in the same file, the R library that
 * dyn.load() finds in it: both languages share one set of counters and one queue. */
#include "arrow/stream.h"
#include "arrow/types.h"
#include "calls/to_python.h"
#include "calls/to_r.h"
#include "core/blocks.h"
#include "core/depth.h"
#include "core/entry.h"
#include "core/errors.h"
#include "core/finalizers.h"
#include "core/fork.h"
#include "core/frozen.h"
#include "core/half.h"
#include "core/handle.h"
#include "core/helpers.h"
#include "core/hooks.h"
#include "core/interrupts.h"
#include "core/lifetime.h"
#include "core/limits.h"
#include "core/memory.h"
#include "core/notes.h"
#include "core/pressure.h"
#include "core/robject.h"
#include "core/sound.h"
#include "core/start.h"
#include "torch/dispatch.h"
#include "torch/dlpack.h"
#include "torch/foreign.h"
#include "torch/few.h"
#include "torch/index.h"
#include "torch/numeric.h"
#include "torch/numeric_index.h"
#include "torch/operator.h"
#include "torch/subscripts.h"
#include "values/array.h"
#include "values/missing.h"
#include "values/object.h"
#include "values/observed.h"
#include "values/plain_columns.h"
#include "values/saved.h"
#include "values/values.h"

#include <R_ext/Rdynload.h>

/* ---- the R library ---- */

#define ROUTINE(name, n_args) {"tb_" #name, (DL_FUNC)(void (*)(void))tb_entry_##name, n_args}

static const R_CallMethodDef routines[] = {
    ROUTINE(call, 2),        ROUTINE(getattr, 2),      ROUTINE(setattr, 3),
    ROUTINE(import, 1),      ROUTINE(api, 3),          ROUTINE(is_live, 1),
    ROUTINE(op1, 2),         ROUTINE(op2, 3),          ROUTINE(index, 4),
    ROUTINE(index_set, 4),   ROUTINE(run, 0),          ROUTINE(caught, 2),
    ROUTINE(limit, 0),       ROUTINE(call_back, 2),    ROUTINE(call_found, 2),
    ROUTINE(numbers, 2),     ROUTINE(watch_half, 1),   ROUTINE(watch_collection, 1),
    ROUTINE(few_numbers, 2), ROUTINE(observe, 2),      ROUTINE(observed, 2),
    ROUTINE(start, 2),       ROUTINE(numeric_rule, 2), ROUTINE(numeric_index, 3),
    {NULL, NULL, 0},
};

static const R_ExternalMethodDef external_routines[] = {ROUTINE(op, -1), {NULL, NULL, 0}};

/* Has R loaded this library? It may have before Python has (core/start.h), and a second time it
 * would be another. */
static bool in_r = false;

TB_EXPORT void R_init__native(DllInfo *dll) {
  in_r = true;
  tb_lifetime_init();
  tb_pressure_init();
  tb_sound_init();
  tb_blocks_init();
  tb_handle_init();
  tb_notes_init();
  tb_frozen_init(dll, &tb_saved);
  tb_foreign_init(dll);
  tb_observed_init(dll);
  tb_subscripts_init();
  R_registerRoutines(dll, NULL, routines, NULL, external_routines);
  R_useDynamicSymbols(dll, FALSE);
}

/* ---- joining R ---- */

/* Joining R is the one time that tb_protected, which needs host.R, is not there yet. */
static SEXP try_call(const char *function, SEXP first, SEXP second, int *failed) {
  PROTECT(first);
  PROTECT(second);
  SEXP call = PROTECT(second != R_NilValue  ? Rf_lang3(Rf_install(function), first, second)
                      : first != R_NilValue ? Rf_lang2(Rf_install(function), first)
                                            : Rf_lang1(Rf_install(function)));
  SEXP result = *failed ? R_NilValue : R_tryEvalSilent(call, R_BaseEnv, failed);
  UNPROTECT(3);
  return *failed ? R_NilValue : result;
}

static void set_helpers_run(void *environment) {
  tb_set_helpers(environment);
  tb_errors_init();
}

/* attach(library, helpers, python_hosts): loads this library into the running R, and host.R's
 * functions into an environment of their own. Called on R's main thread. */
static PyObject *native_attach(PyObject *self, PyObject *args) {
  (void)self;
  const char *library, *file;
  int python_hosts, failed = 0;
  if (!PyArg_ParseTuple(args, "ssp", &library, &file, &python_hosts))
    return NULL;
  tb_set_python_hosts(python_hosts);
  tb_lifetime_adopt_thread();
  tb_fork_init();
  if (!python_hosts)
    tb_join_freed_memory();
  if (!in_r)
    try_call("dyn.load", Rf_mkString(library), R_NilValue, &failed);
  /* Below the base namespace come the user's own methods, such as conditionMessage.mine. */
  SEXP environment = PROTECT(try_call("new.env", Rf_ScalarLogical(TRUE), R_BaseNamespace, &failed));
  try_call("sys.source", Rf_mkString(file), environment, &failed);
  if (!failed)
    failed = !R_ToplevelExec(set_helpers_run, environment);
  UNPROTECT(1);
  if (!failed)
    Py_RETURN_NONE;
  SEXP reason = try_call("geterrmessage", R_NilValue, R_NilValue, &(int){0});
  return PyErr_Format(PyExc_RuntimeError, "R could not load torchbridge's native core: %s",
                      TYPEOF(reason) == STRSXP ? R_CHAR(STRING_ELT(reason, 0)) : "");
}

static PyObject *native_set_hooks(PyObject *self, PyObject *lookup) {
  (void)self;
  if (!PyCallable_Check(lookup)) {
    PyErr_SetString(PyExc_TypeError, "lookup: expected a function");
    return NULL;
  }
  tb_set_hooks(lookup);
  Py_RETURN_NONE;
}

static PyObject *native_close(PyObject *self, PyObject *unused) {
  (void)self, (void)unused;
  tb_lifetime_close();
  Py_RETURN_NONE;
}

static PyObject *native_let_r_look(PyObject *self, PyObject *unused) {
  (void)self, (void)unused;
  if (!tb_r_ready() || !tb_on_main_thread() || !tb_depth())
    Py_RETURN_NONE;
  if (tb_let_r_look())
    return NULL;
  Py_RETURN_NONE;
}

static PyObject *native_suspended(PyObject *self, PyObject *unused) {
  (void)self, (void)unused;
  return PyBool_FromLong(tb_interrupts_suspended());
}

static PyObject *native_running_r(PyObject *self, PyObject *unused) {
  (void)self, (void)unused;
  return PyBool_FromLong(tb_running_r());
}

static PyObject *native_python_forks(PyObject *self, PyObject *now) {
  (void)self;
  tb_fork_by_python(now == Py_True);
  Py_RETURN_NONE;
}

static PyObject *native_live(PyObject *self, PyObject *unused) {
  (void)self, (void)unused;
  if (tb_r_ready() && tb_on_main_thread())
    tb_drain();
  return Py_BuildValue("{s:L,s:L,s:L,s:L}", "r_objects", (long long)tb_count_get(TB_R_OBJECTS),
                       "py_handles", (long long)tb_count_get(TB_PY_HANDLES), "foreign_vectors",
                       (long long)tb_count_get(TB_FOREIGN), "foreign_bytes",
                       (long long)tb_count_get(TB_FOREIGN_BYTES));
}

typedef struct {
  PyObject *value;
  const char *name;
  PyObject *made;
} object_job;

/* Runs one of the jobs below; `value` or `name` is what the caller gave. */
static PyObject *run(void (*fn)(void *), object_job job) {
  return tb_check_thread() || tb_protected(fn, &job) ? NULL : job.made;
}

static void function_run(void *p) {
  object_job *job = p;
  job->made = tb_robject(Rf_eval(Rf_install(job->name), R_BaseEnv), false);
}

static PyObject *native_base_function(PyObject *self, PyObject *name) {
  (void)self;
  object_job job = {.name = PyUnicode_AsUTF8(name)};
  return job.name ? run(function_run, job) : NULL;
}

static void helper_run(void *p) {
  object_job *job = p;
  job->made = tb_robject(tb_helper(job->name), false);
}

static PyObject *native_helper(PyObject *self, PyObject *name) {
  (void)self;
  object_job job = {.name = PyUnicode_AsUTF8(name)};
  return job.name ? run(helper_run, job) : NULL;
}

typedef struct {
  RObject *environment, *value;
} put_job;

static void put_run(void *p) {
  put_job *job = p;
  Rf_defineVar(Rf_install("value"), job->value ? job->value->x : R_NilValue, job->environment->x);
}

static PyObject *native_put(PyObject *self, PyObject *args) {
  (void)self;
  put_job job = {0};
  if (!PyArg_ParseTuple(args, "O!|O!", &tb_RObjectType, &job.environment, &tb_RObjectType,
                        &job.value) ||
      tb_check_thread())
    return NULL;
  if (TYPEOF(job.environment->x) != ENVSXP) {
    PyErr_SetString(PyExc_TypeError, "environment: expected an R environment");
    return NULL;
  }
  if (tb_protected(put_run, &job))
    return NULL;
  Py_RETURN_NONE;
}

typedef struct {
  SEXP environment;
  const char *name;
  bool found;
} named_job;

static void named_run(void *p) {
  named_job *job = p;
  SEXP text = PROTECT(Rf_mkCharCE(job->name, CE_UTF8)), symbol = Rf_installTrChar(text);
  job->found = R_existsVarInFrame(job->environment, symbol) &&
               Rf_isFunction(Rf_eval(symbol, job->environment));
  UNPROTECT(1);
}

static PyObject *native_has_function(PyObject *self, PyObject *args) {
  (void)self;
  RObject *environment;
  named_job job = {0};
  if (!PyArg_ParseTuple(args, "O!s", &tb_RObjectType, &environment, &job.name) || tb_check_thread())
    return NULL;
  job.environment = environment->x;
  if (TYPEOF(job.environment) != ENVSXP) {
    PyErr_SetString(PyExc_TypeError, "environment: expected an R environment");
    return NULL;
  }
  return tb_protected(named_run, &job) ? NULL : PyBool_FromLong(job.found);
}

static void to_r_run(void *p) {
  object_job *job = p;
  SEXP x;
  if (tb_to_r(job->value, &x) == 0) {
    PROTECT(x);
    job->made = tb_robject(x, false);
    UNPROTECT(1);
  }
}

static PyObject *native_to_r(PyObject *self, PyObject *value) {
  (void)self;
  return run(to_r_run, (object_job){.value = value});
}

static void handle_run(void *p) {
  object_job *job = p;
  SEXP x = PROTECT(tb_handle(job->value, tb_is_tensor(job->value)));
  job->made = tb_robject(x, false);
  UNPROTECT(1);
}

static PyObject *native_handle(PyObject *self, PyObject *value) {
  (void)self;
  return run(handle_run, (object_job){.value = value});
}

static void object_handle_run(void *p) {
  object_job *job = p;
  SEXP x = PROTECT(tb_handle(job->value, false));
  job->made = tb_robject(x, false);
  UNPROTECT(1);
}

static PyObject *native_object_handle(PyObject *self, PyObject *value) {
  (void)self;
  return run(object_handle_run, (object_job){.value = value});
}

static void finalizers_run(void *all) { *(bool *)all = tb_run_finalizers(); }

static PyObject *native_run_finalizers(PyObject *self, PyObject *unused) {
  (void)self;
  (void)unused;
  bool all = false;
  if (tb_check_thread() || tb_protected(finalizers_run, &all))
    return NULL;
  return PyBool_FromLong(all);
}

static PyObject *native_foreign_vector(PyObject *self, PyObject *capsule) {
  (void)self;
  return tb_from_dlpack(capsule);
}

static PyObject *native_arrow_to_r(PyObject *self, PyObject *capsule) {
  (void)self;
  return tb_from_arrow(capsule);
}

static PyObject *native_arrow_classes(PyObject *self, PyObject *unused) {
  (void)self;
  (void)unused;
  return tb_arrow_classes();
}

static PyObject *native_note(PyObject *self, PyObject *args) {
  (void)self;
  PyObject *message, *classes;
  if (!PyArg_ParseTuple(args, "OO", &message, &classes) || tb_check_thread())
    return NULL;
  if (!tb_depth())
    Py_RETURN_FALSE;
  return tb_note(message, classes) ? NULL : Py_NewRef(Py_True);
}

static int called_soon(void *f) {
  PyObject *result = PyObject_CallNoArgs(f);
  Py_DECREF((PyObject *)f);
  Py_XDECREF(result);
  return result ? 0 : -1;
}

/* Python calls it on its main thread, which is R's. */
static PyObject *native_soon(PyObject *self, PyObject *f) {
  (void)self;
  if (Py_AddPendingCall(called_soon, Py_NewRef(f))) {
    Py_DECREF(f);
    Py_RETURN_FALSE;
  }
  Py_RETURN_TRUE;
}

static PyObject *native_set_tensor_type(PyObject *self, PyObject *type) {
  (void)self;
  if (!PyType_Check(type)) {
    PyErr_SetString(PyExc_TypeError, "type: expected a class");
    return NULL;
  }
  tb_set_tensor_type((PyTypeObject *)type);
  Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"attach", native_attach, METH_VARARGS,
     "attach(library, helpers, python_hosts): join the R running in this process."},
    {"set_hooks", native_set_hooks, METH_O,
     "set_hooks(lookup): lookup(name) gives what the core asks of Python; those found are forgotten."},
    {"close", native_close, METH_NOARGS, "R is ending: releases do nothing from now on."},
    {"python_forks", native_python_forks, METH_O,
     "python_forks(now): Python forks from now on (True), and sees to everything; or has forked."},
    {"let_r_look", native_let_r_look, METH_NOARGS,
     "let_r_look(): raises the interrupt or the time limit that R has, if R waits for this."},
    {"suspended", native_suspended, METH_NOARGS,
     "suspended(): has R code suspended interrupts (suspendInterrupts())?"},
    {"running_r", native_running_r, METH_NOARGS,
     "running_r(): is an R function at work that Python has called by the core?"},
    {"live", native_live, METH_NOARGS,
     "How many objects each side holds of the other, and their bytes."},
    {"base_function", native_base_function, METH_O,
     "base_function(name): a function of R's base package."},
    {"helper", native_helper, METH_O, "helper(name): a function of host.R."},
    {"put", native_put, METH_VARARGS,
     "put(environment, value): the variable `value` of an R environment; without one, NULL."},
    {"has_function", native_has_function, METH_VARARGS,
     "has_function(environment, name): is this variable of an R environment's own a function?"},
    {"to_r", native_to_r, METH_O, "to_r(value): the R object of a Python value."},
    {"handle", native_handle, METH_O,
     "handle(value): the R external pointer that owns a Python object."},
    {"object_handle", native_object_handle, METH_O,
     "object_handle(value): the same, of class python_object only."},
    {"run_finalizers", native_run_finalizers, METH_NOARGS,
     "Of what R has found to be gone, the finalizers run now: it must not come back to life. "
     "False where they could not all be run."},
    {"foreign_vector", native_foreign_vector, METH_O,
     "foreign_vector(capsule): an R vector over the memory of a DLPack capsule."},
    {"arrow_to_r", native_arrow_to_r, METH_O,
     "arrow_to_r(capsule): the R data frame or vector of an Arrow stream."},
    {"arrow_classes", native_arrow_classes, METH_NOARGS,
     "arrow_classes(): (class, further class or None) of each type of R's that Arrow has."},
    {"note", native_note, METH_VARARGS,
     "note(message, classes): R warns of it when its call ends; False where R has called nothing."},
    {"soon", native_soon, METH_O,
     "soon(f): R's thread calls f() when it runs Python code next; False where too many wait."},
    {"set_tensor_type", native_set_tensor_type, METH_O,
     "set_tensor_type(cls): what R gets as a torch_tensor."},
    {NULL, NULL, 0, NULL}};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "_native",
                                        .m_doc = "The native core of torchbridge.", .m_size = -1,
                                        .m_methods = functions};

PyMODINIT_FUNC PyInit__native(void) {
  tb_object_add();
  tb_missing_add();
  tb_array_add();
  tb_plain_columns_add();
  tb_to_r_add();
  tb_dlpack_add();
  tb_stream_add();
  PyObject *module = PyModule_Create(&definition);
  if (!module || tb_robject_ready() || PyType_Ready(&tb_OperatorType) ||
      PyModule_AddObjectRef(module, "RObject", (PyObject *)&tb_RObjectType) ||
      PyModule_AddObjectRef(module, "Operator", (PyObject *)&tb_OperatorType)) {
    Py_XDECREF(module);
    return NULL;
  }
  return module;
}
