/* The Python module torchbridge._native and, in the same file, the R library that
 * dyn.load() finds in it: both languages share one set of counters and one queue. */
#include "native.h"

#include <R_ext/Rdynload.h>

TB_EXPORT void R_init__native(DllInfo *dll) {
  tb_lifetime_init();
  tb_handle_init();
  tb_foreign_init(dll);
  tb_register_routines(dll);
}

/* attach(library, helpers, python_hosts): loads this library into the running R, and host.R's
 * functions into an environment of their own. Called on R's main thread. */
static PyObject *native_attach(PyObject *self, PyObject *args) {
  (void)self;
  const char *library, *file;
  int python_hosts;
  if (!PyArg_ParseTuple(args, "ssp", &library, &file, &python_hosts))
    return NULL;
  tb_set_python_hosts(python_hosts);
  tb_lifetime_adopt_thread();
  int failed = 0;
  SEXP path = PROTECT(Rf_mkString(library));
  SEXP load = PROTECT(Rf_lang2(Rf_install("dyn.load"), path));
  R_tryEvalSilent(load, R_BaseEnv, &failed);
  SEXP new_env = PROTECT(Rf_lang1(Rf_install("new.env")));
  SEXP env = PROTECT(failed ? R_NilValue : R_tryEvalSilent(new_env, R_BaseEnv, &failed));
  SEXP script = PROTECT(Rf_mkString(file));
  SEXP source = PROTECT(Rf_lang3(Rf_install("sys.source"), script, failed ? R_NilValue : env));
  if (!failed)
    R_tryEvalSilent(source, R_BaseEnv, &failed);
  if (!failed)
    tb_set_helpers(env);
  UNPROTECT(6);
  if (failed)
    return PyErr_Format(PyExc_RuntimeError, "R could not load torchbridge's native core: %s", R_curErrorBuf());
  Py_RETURN_NONE;
}

static PyObject *native_close(PyObject *self, PyObject *unused) {
  (void)self, (void)unused;
  tb_lifetime_close();
  Py_RETURN_NONE;
}

static PyObject *native_live(PyObject *self, PyObject *unused) {
  (void)self, (void)unused;
  if (tb_r_ready() && tb_on_main_thread())
    tb_drain();
  return Py_BuildValue("{s:L,s:L,s:L,s:L}", "r_objects", (long long)tb_count_get(TB_R_OBJECTS), "py_handles",
                       (long long)tb_count_get(TB_PY_HANDLES), "foreign_vectors", (long long)tb_count_get(TB_FOREIGN),
                       "foreign_bytes", (long long)tb_count_get(TB_FOREIGN_BYTES));
}

typedef struct {
  PyObject *value;
  const char *name;
  PyObject *made;
  bool failed;
} object_job;

static void function_run(void *p) {
  object_job *job = p;
  job->made = tb_robject(Rf_findFun(Rf_install(job->name), R_BaseEnv), false);
}

static PyObject *native_base_function(PyObject *self, PyObject *name) {
  (void)self;
  object_job job = {.name = PyUnicode_AsUTF8(name)};
  if (!job.name || tb_check_thread() || tb_protected(function_run, &job))
    return NULL;
  return job.made;
}

static PyObject *native_helper(PyObject *self, PyObject *name) {
  (void)self;
  const char *text = PyUnicode_AsUTF8(name);
  if (!text || tb_check_thread())
    return NULL;
  return tb_robject(tb_helper(text), false);
}

static void to_r_run(void *p) {
  object_job *job = p;
  SEXP x;
  job->failed = tb_to_r(job->value, &x) != 0;
  if (!job->failed) {
    PROTECT(x);
    job->made = tb_robject(x, false);
    UNPROTECT(1);
  }
}

static PyObject *native_to_r(PyObject *self, PyObject *value) {
  (void)self;
  object_job job = {.value = value};
  if (tb_check_thread() || tb_protected(to_r_run, &job) || job.failed)
    return NULL;
  return job.made;
}

static void handle_run(void *p) {
  object_job *job = p;
  SEXP x = PROTECT(tb_handle(job->value, tb_is_tensor(job->value)));
  job->made = tb_robject(x, false);
  UNPROTECT(1);
}

static PyObject *native_handle(PyObject *self, PyObject *value) {
  (void)self;
  object_job job = {.value = value};
  if (tb_check_thread() || tb_protected(handle_run, &job))
    return NULL;
  return job.made;
}

static PyObject *native_foreign_vector(PyObject *self, PyObject *capsule) {
  (void)self;
  return tb_foreign_vector(capsule);
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
    {"attach", native_attach, METH_VARARGS, "attach(library, helpers, python_hosts): join the R running in this process."},
    {"close", native_close, METH_NOARGS, "R is ending: releases do nothing from now on."},
    {"live", native_live, METH_NOARGS, "How many objects each side holds of the other, and their bytes."},
    {"base_function", native_base_function, METH_O, "base_function(name): a function of R's base package."},
    {"helper", native_helper, METH_O, "helper(name): a function of host.R."},
    {"to_r", native_to_r, METH_O, "to_r(value): the R object of a Python value."},
    {"handle", native_handle, METH_O, "handle(value): the R external pointer that owns a Python object."},
    {"foreign_vector", native_foreign_vector, METH_O,
     "foreign_vector(capsule): an R vector over the memory of a DLPack capsule."},
    {"set_tensor_type", native_set_tensor_type, METH_O, "set_tensor_type(cls): what R gets as a torch_tensor."},
    {NULL, NULL, 0, NULL}};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_native", "The native core of torchbridge.", -1,
                                        functions, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__native(void) {
  PyObject *module = PyModule_Create(&definition);
  if (!module || PyType_Ready(&tb_RObjectType) ||
      PyModule_AddObjectRef(module, "RObject", (PyObject *)&tb_RObjectType)) {
    Py_XDECREF(module);
    return NULL;
  }
  return module;
}
