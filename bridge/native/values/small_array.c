/* Small arrays of Python's to R, which their rules' own code (arrays/into_r.py) would take ten
 * times as long to look at as to copy. The array is copied to the stack first: R may jump where it
 * makes the vector, and nothing of Python's must be held then.
 *
 * Tests: tests/native/values/test_small_array.py */
#include "values/small_array.h"

enum { SMALL = 256, DIMS = 8 };

SEXP tb_small_array(PyObject *x) {
  double values[SMALL];
  int dim[DIMS];
  Py_buffer view;
  /* (A class on top of it, such as a masked array, may mean more.) */
  if (strcmp(Py_TYPE(x)->tp_name, "numpy.ndarray") != 0)
    return NULL;
  if (PyObject_GetBuffer(x, &view, PyBUF_STRIDED_RO | PyBUF_FORMAT)) {
    PyErr_Clear();
    return NULL;
  }
  int rank = view.ndim;
  bool fits = rank > 0 && rank <= DIMS && view.len <= (Py_ssize_t)sizeof values && view.format &&
              strcmp(view.format, "d") == 0;
  for (int i = 0; fits && i < rank; i++) {
    fits = view.shape[i] <= SMALL;
    dim[i] = (int)view.shape[i];
  }
  R_xlen_t n = (R_xlen_t)(view.len / (Py_ssize_t)sizeof(double));
  if (fits && PyBuffer_ToContiguous(values, &view, view.len, 'F')) {
    PyErr_Clear();
    fits = false;
  }
  PyBuffer_Release(&view);
  if (!fits)
    return NULL;
  SEXP found = PROTECT(Rf_allocVector(REALSXP, n));
  if (n)
    memcpy(REAL(found), values, (size_t)n * sizeof(double));
  if (rank > 1) {
    SEXP dims = PROTECT(Rf_allocVector(INTSXP, rank));
    memcpy(INTEGER(dims), dim, (size_t)rank * sizeof(int));
    Rf_setAttrib(found, R_DimSymbol, dims);
    UNPROTECT(1);
  }
  UNPROTECT(1);
  return found;
}
