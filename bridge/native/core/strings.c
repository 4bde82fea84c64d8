/* Strings in both directions: Python's are Unicode, R's have an encoding each. What comes back is
 * new; nothing is kept.
 *
 * Tests: tests/native/values/test_values.py */
#include "core/strings.h"

#include "core/held.h"

#include <limits.h>

/* ---- R -> Python ---- */

PyObject *tb_string_from_r(SEXP x) {
  if (x == NA_STRING)
    Py_RETURN_NONE;
  const char *text = R_CHAR(x);
  cetype_t encoding = Rf_getCharCE(x);
  bool ascii = true;
  for (const char *c = text; *c && ascii; c++)
    ascii = (unsigned char)*c < 128;
  if (ascii || encoding == CE_UTF8)
    return PyUnicode_DecodeUTF8(text, LENGTH(x), "strict");
  if (encoding == CE_BYTES) {
    PyErr_SetString(PyExc_ValueError,
                    "an R string marked as bytes has no text; convert it with iconv() first");
    return NULL;
  }
  const void *memory = vmaxget();
  text = Rf_translateCharUTF8(x);
  PyObject *result = PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "strict");
  vmaxset(memory);
  return result;
}

static PyObject *text_from_r(const void *vector, R_xlen_t i) {
  SEXP text = STRING_ELT((SEXP)vector, i);
  return PyUnicode_DecodeUTF8(R_CHAR(text), LENGTH(text), "replace");
}

PyObject *tb_strings_from_r(SEXP x) {
  PyObject *list = tb_list(TYPEOF(x) == STRSXP ? Rf_xlength(x) : 0, text_from_r, x);
  PyObject *tuple = list ? PyList_AsTuple(list) : NULL;
  Py_XDECREF(list);
  return tuple;
}

/* ---- Python -> R ---- */

SEXP tb_string_to_r(PyObject *x) {
  Py_ssize_t size;
  const char *text = PyUnicode_AsUTF8AndSize(x, &size);
  if (!text)
    return NULL; /* lone surrogates */
  if (strlen(text) != (size_t)size) {
    PyErr_SetString(PyExc_ValueError, "an R string cannot hold a NUL character");
    return NULL;
  }
  if (size > INT_MAX) {
    PyErr_SetString(PyExc_ValueError, "an R string holds at most 2^31 - 1 bytes");
    return NULL;
  }
  return Rf_mkCharLenCE(text, (int)size, CE_UTF8);
}

SEXP tb_strings_to_r(PyObject *sequence) {
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
