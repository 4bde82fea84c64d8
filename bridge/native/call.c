/* R calls Python (.Call entries), Python calls R.
 *
 * Every .Call entry: release what other threads queued, take the GIL, do the work,
 * give the GIL back, and only then, with no Python frame below, signal an error. */
#include "native.h"

#include <R_ext/Rdynload.h>

static PyGILState_STATE enter(void) {
  if (!Py_IsInitialized() || !tb_r_ready())
    Rf_error("Python is not running in this process");
  tb_drain();
  tb_relieve_pressure();
  return PyGILState_Ensure();
}

/* Gives the result (or signals the error) of an entry; steals `value`. */
static SEXP leave(PyGILState_STATE gil, PyObject *value) {
  SEXP result = R_NilValue;
  if (!value || tb_to_r(value, &result)) {
    Py_XDECREF(value);
    tb_signal_python_error(gil);
  }
  PROTECT(result);
  Py_DECREF(value);
  PyGILState_Release(gil);
  UNPROTECT(1);
  return result;
}

static const char *one_string(SEXP x, const char *what) {
  if (TYPEOF(x) != STRSXP || Rf_xlength(x) != 1 || STRING_ELT(x, 0) == NA_STRING)
    Rf_error("`%s` must be one string", what);
  return R_CHAR(STRING_ELT(x, 0));
}

static SEXP unwrap(SEXP x) {
  if (TYPEOF(x) == CLOSXP) {
    SEXP handle = Rf_getAttrib(x, Rf_install("torchbridge_handle"));
    if (tb_is_handle(handle))
      return handle;
  }
  return x;
}

static PyObject *object_of(SEXP x) {
  x = unwrap(x);
  if (!tb_is_handle(x))
    Rf_error("expected a Python object, got an R %s", Rf_type2char(TYPEOF(x)));
  PyObject *object = tb_handle_object(x);
  if (!object)
    Rf_error("this Python object is from another R session: its memory is gone; make it again");
  return object;
}

static PyObject *call_python(PyObject *function, PyObject *first, SEXP args) {
  R_xlen_t n = Rf_xlength(args);
  SEXP names = PROTECT(Rf_getAttrib(args, R_NamesSymbol));
  Py_ssize_t given = 0, named = 0;
  PyObject *small[16], **stack = small, *keys = NULL, *result = NULL;
  if (n + 2 > 16 && !(stack = PyMem_Malloc((size_t)(n + 2) * sizeof *stack))) {
    UNPROTECT(1);
    return PyErr_NoMemory();
  }
  PyObject **slots = stack + 1; /* one spare slot in front, as vectorcall likes it */
  if (first)
    slots[given++] = Py_NewRef(first);
  bool failed = false;
  for (int pass = 0; pass < 2 && !failed; pass++) /* positional, then by name */
    for (R_xlen_t i = 0; i < n && !failed; i++) {
      bool by_name = names != R_NilValue && LENGTH(STRING_ELT(names, i)) > 0;
      if (by_name != (pass == 1))
        continue;
      PyObject *value = tb_from_r(VECTOR_ELT(args, i), TB_AS_LIST);
      if (value && by_name) {
        PyObject *key = PyUnicode_InternFromString(R_CHAR(STRING_ELT(names, i)));
        if (!keys)
          keys = PyTuple_New(0);
        PyObject *more = key && keys ? PyTuple_New(named + 1) : NULL;
        for (Py_ssize_t k = 0; more && k < named; k++)
          PyTuple_SET_ITEM(more, k, Py_NewRef(PyTuple_GET_ITEM(keys, k)));
        if (more)
          PyTuple_SET_ITEM(more, named, key);
        else
          Py_XDECREF(key);
        Py_XSETREF(keys, more);
        failed = !more;
      }
      if (!value)
        failed = true;
      else {
        slots[given + named] = value;
        if (by_name)
          named++;
        else
          given++;
      }
    }
  if (!failed) {
    tb_interrupts interrupts;
    tb_interrupts_to_python(&interrupts);
    result = PyObject_Vectorcall(function, slots, (size_t)given | PY_VECTORCALL_ARGUMENTS_OFFSET, keys);
    tb_interrupts_restore(&interrupts);
  }
  for (Py_ssize_t i = 0; i < given + named; i++)
    Py_DECREF(slots[i]);
  Py_XDECREF(keys);
  if (stack != small)
    PyMem_Free(stack);
  UNPROTECT(1);
  return result;
}

static SEXP entry_call(SEXP function, SEXP args) {
  PyObject *f = object_of(function);
  PyGILState_STATE gil = enter();
  return leave(gil, call_python(f, NULL, args));
}

static SEXP entry_getattr(SEXP object, SEXP name) {
  PyObject *x = object_of(object);
  const char *attribute = one_string(name, "name");
  PyGILState_STATE gil = enter();
  return leave(gil, PyObject_GetAttrString(x, attribute));
}

static SEXP entry_setattr(SEXP object, SEXP name, SEXP value) {
  PyObject *x = object_of(object);
  const char *attribute = one_string(name, "name");
  PyGILState_STATE gil = enter();
  PyObject *v = tb_from_r(value, TB_AS_LIST);
  int failed = !v || PyObject_SetAttrString(x, attribute, v);
  Py_XDECREF(v);
  return leave(gil, failed ? NULL : Py_NewRef(Py_None));
}

static SEXP entry_import(SEXP name) {
  const char *module = one_string(name, "module");
  PyGILState_STATE gil = enter();
  tb_interrupts interrupts;
  tb_interrupts_to_python(&interrupts);
  PyObject *found = PyImport_ImportModule(module);
  tb_interrupts_restore(&interrupts);
  return leave(gil, found);
}

/* torchbridge.r_api.<name>(x, *args): x arrives as it is (an RObject, or the Python
 * object of a handle), so that the function sees R's own vector. */
static SEXP entry_api(SEXP name, SEXP x, SEXP args) {
  const char *function_name = one_string(name, "name");
  x = unwrap(x);
  if (tb_is_handle(x))
    object_of(x); /* an error for a handle of another session */
  PyGILState_STATE gil = enter();
  PyObject *function = tb_bridge("torchbridge.r_api", function_name);
  PyObject *first = !function ? NULL : tb_is_handle(x) ? Py_NewRef(tb_handle_object(x)) : tb_robject(x, false);
  PyObject *result = first ? call_python(function, first, args) : NULL;
  Py_XDECREF(first);
  return leave(gil, result);
}

static SEXP entry_is_live(SEXP x) { return Rf_ScalarLogical(tb_handle_object(unwrap(x)) != NULL); }

#define ROUTINE(name, n_args) {"tb_" #name, (DL_FUNC)(void (*)(void))entry_##name, n_args}

static const R_CallMethodDef routines[] = {
    ROUTINE(call, 2), ROUTINE(getattr, 2), ROUTINE(setattr, 3), ROUTINE(import, 1),
    ROUTINE(api, 3),  ROUTINE(is_live, 1), {NULL, NULL, 0},
};

void tb_register_routines(void *dll_info) {
  DllInfo *dll = dll_info;
  R_registerRoutines(dll, NULL, routines, NULL, NULL);
  R_useDynamicSymbols(dll, FALSE);
}

/* ---- Python calls R ---- */

typedef struct {
  SEXP function;
  PyObject *args, *kwargs;
  SEXP call;
  bool failed;
} call_job;

/* Builds helper(f, list(...)); the arguments are converted here. */
static void build_run(void *p) {
  call_job *job = p;
  Py_ssize_t n_args = job->args ? PyTuple_GET_SIZE(job->args) : 0;
  Py_ssize_t n = n_args + (job->kwargs ? PyDict_GET_SIZE(job->kwargs) : 0);
  SEXP list = PROTECT(Rf_allocVector(VECSXP, n)), names = PROTECT(Rf_allocVector(STRSXP, n)), value;
  for (Py_ssize_t i = 0; i < n_args && !job->failed; i++) {
    job->failed = tb_to_r(PyTuple_GET_ITEM(job->args, i), &value) != 0;
    if (!job->failed)
      SET_VECTOR_ELT(list, i, value);
  }
  PyObject *key, *item;
  Py_ssize_t position = 0, i = n_args;
  while (!job->failed && job->kwargs && PyDict_Next(job->kwargs, &position, &key, &item)) {
    const char *text = PyUnicode_AsUTF8(key);
    job->failed = !text || tb_to_r(item, &value) != 0;
    if (!job->failed) {
      SET_VECTOR_ELT(list, i, value);
      SET_STRING_ELT(names, i++, Rf_mkCharCE(text, CE_UTF8));
    }
  }
  if (!job->failed) {
    if (n > n_args)
      Rf_setAttrib(list, R_NamesSymbol, names);
    job->call = Rf_lang3(tb_helper("call_function"), job->function, list);
    R_PreserveObject(job->call);
  }
  UNPROTECT(2);
}

PyObject *tb_call_r(SEXP function, PyObject *args, PyObject *kwargs, bool convert) {
  if (!Rf_isFunction(function)) {
    PyErr_Format(PyExc_TypeError, "an R %s is not a function", Rf_type2char(TYPEOF(function)));
    return NULL;
  }
  call_job job = {.function = function, .args = args, .kwargs = kwargs};
  if (tb_protected(build_run, &job) || job.failed)
    return NULL;
  int failed = 0;
  SEXP outcome;
  tb_interrupts interrupts;
  tb_interrupts_to_r(&interrupts);
  PyThreadState *others = tb_python_hosts() ? PyEval_SaveThread() : NULL;
  outcome = R_tryEvalSilent(job.call, R_GlobalEnv, &failed);
  if (others)
    PyEval_RestoreThread(others);
  bool interrupted = tb_interrupts_restore(&interrupts);
  PROTECT(failed ? R_NilValue : outcome);
  R_ReleaseObject(job.call);
  /* list(value) or list(NULL, kind, condition, calls); see host.R */
  PyObject *result = NULL;
  if (interrupted)
    tb_set_keyboard_interrupt();
  else if (failed)
    PyErr_SetString(PyExc_RuntimeError, "R was interrupted, or an R error could not be caught");
  else if (Rf_length(outcome) == 1)
    result = convert ? tb_from_r(VECTOR_ELT(outcome, 0), TB_AS_NUMPY)
                     : tb_robject(VECTOR_ELT(outcome, 0), false);
  else if (LOGICAL_ELT(VECTOR_ELT(outcome, 1), 0))
    tb_set_keyboard_interrupt();
  else
    tb_set_r_error(VECTOR_ELT(outcome, 2), VECTOR_ELT(outcome, 3));
  UNPROTECT(1);
  return result;
}
