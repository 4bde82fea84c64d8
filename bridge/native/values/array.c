/* R's vectors and arrays of numbers as NumPy knows arrays: new ones to be written, and the memory
 * of any. An array made from an RObject keeps it, and so R's memory, alive. */
#include "values/array.h"

#include "core/entry.h"
#include "core/errors.h"
#include "core/robject.h"
#include "core/sound.h"
#include "core/vector.h"
#include "values/object.h"

#include <limits.h>

/* ---- new ones ---- */

typedef struct {
  SEXPTYPE type;
  R_xlen_t length;
  PyObject *dim;
  PyObject *made;
} vector_job;

static void vector_run(void *p) {
  vector_job *job = p;
  SEXP x = PROTECT(tb_new_vector(job->type, job->length));
  if (job->dim) {
    int rank = (int)PyTuple_GET_SIZE(job->dim);
    SEXP dim = PROTECT(Rf_allocVector(INTSXP, rank));
    for (int i = 0; i < rank; i++)
      INTEGER(dim)[i] = (int)PyLong_AsLong(PyTuple_GET_ITEM(job->dim, i));
    Rf_setAttrib(x, R_DimSymbol, dim);
    UNPROTECT(1);
  }
  job->made = tb_robject(x, true);
  UNPROTECT(1);
}

/* Shape -> length, and the tuple that becomes `dim` (none for 0 and 1 dimensions). */
static int shape_length(PyObject *shape, R_xlen_t *length, PyObject **dim) {
  Py_ssize_t rank = PyTuple_GET_SIZE(shape);
  *dim = rank > 1 ? shape : NULL;
  bool empty = false;
  for (Py_ssize_t i = 0; i < rank; i++) {
    long long size = PyLong_AsLongLong(PyTuple_GET_ITEM(shape, i));
    if (size == -1 && PyErr_Occurred())
      return -1;
    if (size < 0) {
      PyErr_Format(PyExc_ValueError, "shape: dim %zd is negative", i);
      return -1;
    }
    if (rank > 1 && size > INT_MAX) {
      PyErr_Format(PyExc_ValueError,
                   "dim %zd has %lld elements; R's arrays hold at most %d in one dim "
                   "(a plain vector may be longer: flatten it first)",
                   i, size, INT_MAX);
      return -1;
    }
    empty |= size == 0;
  }
  *length = empty ? 0 : 1;
  for (Py_ssize_t i = 0; i < rank && !empty; i++) {
    long long size = PyLong_AsLongLong(PyTuple_GET_ITEM(shape, i));
    if (*length > R_XLEN_T_MAX / size) {
      PyErr_SetString(PyExc_ValueError, "shape: too many elements for an R vector");
      return -1;
    }
    *length *= (R_xlen_t)size;
  }
  return 0;
}

static PyObject *new_vector(PyTypeObject *type, PyObject *args) {
  (void)type;
  const char *name;
  vector_job job = {0};
  PyObject *shape;
  if (!PyArg_ParseTuple(args, "sO!", &name, &PyTuple_Type, &shape))
    return NULL;
  job.type = Rf_str2type(name);
  if (job.type != LGLSXP && job.type != INTSXP && job.type != REALSXP && job.type != CPLXSXP &&
      job.type != RAWSXP) {
    PyErr_Format(PyExc_ValueError, "R type '%s' is not a vector of numbers", name);
    return NULL;
  }
  if (shape_length(shape, &job.length, &job.dim) || tb_check_thread() ||
      tb_protected(vector_run, &job))
    return NULL;
  return job.made;
}

/* ---- NumPy's array interface ---- */

typedef struct {
  SEXP x;
  const void *data;
  R_xlen_t length;
} data_job;

static void data_run(void *p) {
  data_job *job = p;
  job->data = tb_data(job->x);
  job->length = Rf_xlength(job->x);
}

/* NumPy's letter for the elements and their size in bytes; NULL with an exception. */
static const char *element_kind(SEXP x, int *size) {
  switch (TYPEOF(x)) {
  case LGLSXP:
  case INTSXP:
    *size = 4;
    return "i";
  case REALSXP:
    *size = 8;
    return tb_is_int64(x) ? "i" : "f";
  case CPLXSXP:
    *size = 16;
    return "c";
  case RAWSXP:
    *size = 1;
    return "u";
  default:
    PyErr_Format(PyExc_AttributeError, "R type '%s' is not a vector of numbers",
                 Rf_type2char(TYPEOF(x)));
    return NULL;
  }
}

/* Column-major, in bytes. */
static PyObject *strides_of(PyObject *shape, bool empty, Py_ssize_t stride) {
  Py_ssize_t rank = PyTuple_GET_SIZE(shape);
  PyObject *strides = PyTuple_New(rank);
  for (Py_ssize_t i = 0; strides && i < rank; i++) {
    PyTuple_SET_ITEM(strides, i, PyLong_FromSsize_t(stride));
    stride *= empty ? 1 : PyLong_AsSsize_t(PyTuple_GET_ITEM(shape, i));
  }
  return strides;
}

/* NumPy's own exchange dictionary; the array made from it keeps this object. */
static PyObject *array_interface(RObject *self, void *unused) {
  (void)unused;
  data_job job = {.x = self->x};
  int size;
  const char *kind = tb_check_thread() ? NULL : element_kind(self->x, &size);
  if (!kind || tb_protected(data_run, &job) || tb_check_dim(self->x, job.length))
    return NULL;
  PyObject *shape = tb_dim(self->x);
  if (shape == Py_None) {
    Py_DECREF(shape);
    shape = Py_BuildValue("(n)", (Py_ssize_t)job.length);
  }
  PyObject *strides = shape ? strides_of(shape, job.length == 0, size) : NULL;
  if (!strides) {
    Py_XDECREF(shape);
    return NULL;
  }
  char type[8];
  snprintf(type, sizeof type, "%c%s%d", PY_LITTLE_ENDIAN ? '<' : '>', kind, size);
  return Py_BuildValue("{s:i,s:s,s:N,s:N,s:(NO)}", "version", 3, "typestr", type, "shape", shape,
                       "strides", strides, "data", PyLong_FromVoidPtr((void *)job.data),
                       self->writable ? Py_False : Py_True);
}

static const PyMethodDef methods[] = {
    {"new_vector", (PyCFunction)new_vector, METH_VARARGS | METH_CLASS,
     "new_vector(type, shape): an uninitialised R vector or array, writable until R sees it."},
    {NULL, NULL, 0, NULL}};

static const PyGetSetDef properties[] = {
    {"__array_interface__", (getter)array_interface, NULL, "NumPy's array interface.", NULL},
    {NULL, NULL, NULL, NULL, NULL}};

void tb_array_add(void) { tb_robject_add(methods, properties); }
