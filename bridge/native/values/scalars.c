/* Single values without a class, in both directions: each is a new object of the other language.
 *
 * NA has no Python scalar: it is None, except in doubles, where Python's float holds R's very
 * bits.
 *
 * Tests: tests/native/values/test_values.py */
#include "values/scalars.h"

#include "core/strings.h"
#include "core/vector.h"

#include <limits.h>

PyObject *tb_element_from_r(const void *vector, R_xlen_t i) {
  SEXP x = (SEXP)vector;
  switch (TYPEOF(x)) {
  case LGLSXP: {
    int value = LOGICAL_ELT(x, i);
    return value == NA_LOGICAL ? Py_NewRef(Py_None) : PyBool_FromLong(value);
  }
  case INTSXP: {
    int value = INTEGER_ELT(x, i);
    return value == NA_INTEGER ? Py_NewRef(Py_None) : PyLong_FromLong(value);
  }
  case REALSXP:
    return PyFloat_FromDouble(REAL_ELT(x, i));
  case CPLXSXP: {
    Rcomplex value = COMPLEX_ELT(x, i);
    return PyComplex_FromDoubles(value.r, value.i);
  }
  default:
    return tb_string_from_r(STRING_ELT(x, i), "element", i);
  }
}

bool tb_fits_int(long long value) { return value > INT_MIN && value <= INT_MAX; }

bool tb_fits_double(long long value) { return value >= -(1LL << 53) && value <= 1LL << 53; }

static int int_to_r(PyObject *x, SEXP *result) {
  int overflow;
  long long value = PyLong_AsLongLongAndOverflow(x, &overflow);
  if (value == -1 && PyErr_Occurred())
    return -1;
  if (overflow) {
    PyErr_SetString(PyExc_OverflowError,
                    "an int beyond 64 bits has no R type; pass it as float or str");
    return -1;
  }
  if (tb_fits_int(value))
    *result = Rf_ScalarInteger((int)value);
  else if (tb_fits_double(value) || value == LLONG_MIN) /* -2^63: NA in integer64 */
    *result = Rf_ScalarReal((double)value);
  else {
    *result = PROTECT(Rf_allocVector(REALSXP, 1));
    memcpy(REAL(*result), &value, sizeof value);
    tb_set_class(*result, "integer64", NULL);
    UNPROTECT(1);
  }
  return 0;
}

int tb_scalar_to_r(PyObject *x, SEXP *result) {
  if (PyBool_Check(x))
    *result = Rf_ScalarLogical(x == Py_True);
  else if (PyFloat_Check(x))
    *result = Rf_ScalarReal(PyFloat_AS_DOUBLE(x));
  else if (PyLong_Check(x))
    return int_to_r(x, result);
  else if (PyUnicode_Check(x)) {
    SEXP text = tb_string_to_r(x, "element", 0);
    if (!text)
      return -1;
    PROTECT(text);
    *result = Rf_ScalarString(text);
    UNPROTECT(1);
  } else if (PyComplex_Check(x)) {
    Py_complex value = PyComplex_AsCComplex(x);
    *result = Rf_ScalarComplex((Rcomplex){.r = value.real, .i = value.imag});
  } else if (PyBytes_Check(x)) {
    *result = Rf_allocVector(RAWSXP, PyBytes_GET_SIZE(x));
    memcpy(RAW(*result), PyBytes_AS_STRING(x), (size_t)PyBytes_GET_SIZE(x));
  } else
    return 1;
  return 0;
}
