/* Lists and dicts in both directions. Everything is copied; what is partly made is held
 * (core/held.h) or protected while an item is converted, as that may run any code.
 *
 * Tests: tests/native/values/test_values.py */
#include "values/lists.h"

#include "core/held.h"
#include "core/hooks.h"
#include "core/robject.h"
#include "core/sound.h"
#include "core/strings.h"
#include "values/scalars.h"

#include <datetime.h>

/* ---- R -> Python ---- */

/* Names of a list, when they can be the keys of a dict: all there and all different. */
static bool usable_names(SEXP names, R_xlen_t n) {
  if (TYPEOF(names) != STRSXP)
    return false;
  for (R_xlen_t i = 0; i < n; i++)
    if (STRING_ELT(names, i) == NA_STRING || LENGTH(STRING_ELT(names, i)) == 0)
      return false;
  return Rf_any_duplicated(names, FALSE) == 0;
}

/* An error of the text that a list has at i says where; others are left as they are. */
static void name_text(SEXP x, R_xlen_t i) {
  PyObject *type, *value, *trace;
  if (TYPEOF(VECTOR_ELT(x, i)) != STRSXP || !PyErr_ExceptionMatches(PyExc_ValueError))
    return;
  PyErr_Fetch(&type, &value, &trace);
  PyErr_Format(PyExc_ValueError, "element %lld: %S", (long long)i + 1, value);
  Py_XDECREF(type);
  Py_XDECREF(value);
  Py_XDECREF(trace);
}

/* A list whose names are no keys: says so. */
static int tell_names(SEXP names, R_xlen_t n) {
  bool some = false;
  for (R_xlen_t i = 0; i < n; i++)
    some |= STRING_ELT(names, i) != NA_STRING && LENGTH(STRING_ELT(names, i)) > 0;
  PyObject *hook = some ? tb_hook(TB_HOOK_WARN_LOSSY) : NULL;
  if (!hook)
    return some ? -1 : 0;
  PyObject *told = PyObject_CallFunction(
      hook, "((s))",
      "the names of a list are left out: some are empty, or there twice, and the keys "
      "of a dict are neither");
  Py_XDECREF(told);
  return told ? 0 : -1;
}

PyObject *tb_list_from_r(SEXP x, tb_vectors vectors, int depth, tb_item_from_r item_from_r) {
  R_xlen_t n = Rf_xlength(x);
  tb_damage why;
  if (!tb_is_sound(x, &why))
    return PyErr_Format(PyExc_ValueError, "%s", why.text);
  SEXP names = PROTECT(Rf_getAttrib(x, R_NamesSymbol));
  bool dict = usable_names(names, n),
       lost = (vectors & TB_LABELLED) && !dict && names != R_NilValue;
  if (lost && tell_names(names, n)) {
    UNPROTECT(1);
    return NULL;
  }
  PyObject *result = tb_hold(dict ? PyDict_New() : PyList_New(n));
  bool failed = !result;
  for (R_xlen_t i = 0; !failed && i < n; i++) {
    PyObject *item = item_from_r(VECTOR_ELT(x, i), vectors, depth + 1);
    if (item && dict) {
      tb_hold(item);
      PyObject *key = tb_string_from_r(STRING_ELT(names, i), "name", i);
      failed = !key || PyDict_SetItem(result, key, item);
      Py_XDECREF(key);
      Py_DECREF(tb_unhold());
    } else if (item)
      PyList_SET_ITEM(result, i, item);
    else {
      name_text(x, i);
      failed = true;
    }
  }
  if (result)
    tb_unhold();
  if (failed)
    Py_CLEAR(result);
  UNPROTECT(1);
  return result;
}

/* ---- Python -> R ---- */

enum {
  HAS_NONE = 1,
  HAS_BOOL = 2,
  HAS_INT = 4,
  HAS_FLOAT = 8,
  HAS_COMPLEX = 16,
  HAS_STR = 32,
  HAS_OTHER = 64
};

static int kind_of(PyObject *x) {
  if (x == Py_None)
    return HAS_NONE;
  if (PyBool_Check(x))
    return HAS_BOOL;
  if (PyLong_Check(x)) {
    int overflow;
    long long value = PyLong_AsLongLongAndOverflow(x, &overflow);
    if (overflow)
      return HAS_OTHER;
    return tb_fits_int(value) ? HAS_INT : tb_fits_double(value) ? HAS_FLOAT : HAS_OTHER;
  }
  if (PyFloat_Check(x))
    return HAS_FLOAT;
  if (PyComplex_Check(x))
    return HAS_COMPLEX;
  return PyUnicode_Check(x) ? HAS_STR : HAS_OTHER;
}

/* The vector that holds these kinds; a list where none does. */
static SEXPTYPE type_for(int kinds) {
  int values = kinds & ~HAS_NONE, reals = HAS_INT | HAS_FLOAT;
  if (values == HAS_BOOL)
    return LGLSXP;
  if (values == HAS_INT)
    return INTSXP;
  if (values == HAS_STR)
    return STRSXP;
  if (values == 0 || (values & ~(reals | HAS_COMPLEX)))
    return VECSXP;
  return values & HAS_COMPLEX ? CPLXSXP : REALSXP;
}

/* A date, a time, a span, one of NumPy's scalars or pandas' NA. */
static bool is_others_scalar(PyObject *x) {
  if (!PyDateTimeAPI)
    PyDateTime_IMPORT;
  const char *type = Py_TYPE(x)->tp_name;
  return (PyDateTimeAPI && (PyDate_Check(x) || PyDelta_Check(x))) ||
         strncmp(type, "numpy.", 6) == 0 || strcmp(type, "NAType") == 0;
}

static int items_to_r(PyObject *x, SEXP *result, int depth, tb_item_to_r item_to_r);

/* 1 where the tuple is no vector of theirs. */
static int others_scalars_to_r(PyObject *x, SEXP *result, int depth, tb_item_to_r item_to_r) {
  PyObject *hook = tb_hook(TB_HOOK_SCALARS_TO_R);
  PyObject *made = hook ? tb_hold(PyObject_CallOneArg(hook, x)) : NULL;
  if (!made)
    return -1;
  int status = 0;
  if (made == Py_NotImplemented)
    status = 1;
  else if (PyTuple_CheckExact(made))
    status = items_to_r(made, result, depth, item_to_r);
  else
    *result = ((RObject *)made)->x;
  PROTECT(status ? R_NilValue : *result);
  Py_DECREF(tb_unhold());
  UNPROTECT(1);
  return status;
}

/* Puts a scalar at its place in a vector; None is NA. */
static int put_item(SEXP vector, SEXPTYPE type, Py_ssize_t i, PyObject *item) {
  bool na = item == Py_None;
  switch (type) {
  case LGLSXP:
    LOGICAL(vector)[i] = na ? NA_LOGICAL : item == Py_True;
    return 0;
  case INTSXP:
    INTEGER(vector)[i] = na ? NA_INTEGER : (int)PyLong_AsLong(item);
    return 0;
  case REALSXP:
    REAL(vector)[i] = na ? NA_REAL : PyFloat_AsDouble(item);
    return 0;
  case CPLXSXP: {
    Py_complex value = na ? (Py_complex){NA_REAL, NA_REAL} : PyComplex_AsCComplex(item);
    COMPLEX(vector)[i] = (Rcomplex){.r = value.real, .i = value.imag};
    return 0;
  }
  default: {
    SEXP text = na ? NA_STRING : tb_string_to_r(item, "element", i);
    if (text)
      SET_STRING_ELT(vector, i, text);
    return text ? 0 : -1;
  }
  }
}

/* A list of like scalars is an R vector, None its NA; any other is an R list. `x` is a tuple. */
static int items_to_r(PyObject *x, SEXP *result, int depth, tb_item_to_r item_to_r) {
  Py_ssize_t n = PyTuple_GET_SIZE(x), last = 0;
  int kinds = 0, failed = 0;
  for (Py_ssize_t i = 0; i < n && !(kinds & HAS_OTHER); i++) {
    kinds |= kind_of(PyTuple_GET_ITEM(x, i));
    last = i;
  }
  if ((kinds & HAS_OTHER) && is_others_scalar(PyTuple_GET_ITEM(x, last))) {
    int status = others_scalars_to_r(x, result, depth, item_to_r);
    if (status <= 0)
      return status;
  }
  SEXPTYPE type = type_for(kinds);
  SEXP vector = PROTECT(Rf_allocVector(type, n));
  for (Py_ssize_t i = 0; i < n && !failed; i++) {
    PyObject *item = PyTuple_GET_ITEM(x, i);
    SEXP element;
    if (type != VECSXP)
      failed = put_item(vector, type, i, item);
    else if (!(failed = item_to_r(item, &element, depth + 1)))
      SET_VECTOR_ELT(vector, i, element);
  }
  UNPROTECT(1);
  *result = vector;
  return failed;
}

/* Converting an item may run any Python code, which may change the list: a copy is safe. */
int tb_sequence_to_r(PyObject *x, SEXP *result, int depth, tb_item_to_r item_to_r) {
  PyObject *copy = tb_hold(PySequence_Tuple(x));
  if (!copy)
    return -1;
  int failed = items_to_r(copy, result, depth, item_to_r);
  PROTECT(failed ? R_NilValue : *result);
  Py_DECREF(tb_unhold());
  UNPROTECT(1);
  return failed;
}

int tb_dict_to_r(PyObject *x, SEXP *result, int depth, tb_item_to_r item_to_r) {
  PyObject *items = tb_hold(PyDict_Items(x));
  if (!items)
    return -1;
  Py_ssize_t n = PyList_GET_SIZE(items);
  SEXP list = PROTECT(Rf_allocVector(VECSXP, n)), names = PROTECT(Rf_allocVector(STRSXP, n)), value;
  int failed = 0;
  for (Py_ssize_t i = 0; i < n && !failed; i++) {
    PyObject *item = PyList_GET_ITEM(items, i);
    PyObject *label = tb_hold(PyObject_Str(PyTuple_GET_ITEM(item, 0)));
    SEXP text = label ? tb_string_to_r(label, "name", i) : NULL;
    if (text)
      SET_STRING_ELT(names, i, text);
    if (label)
      Py_DECREF(tb_unhold());
    failed = !text || item_to_r(PyTuple_GET_ITEM(item, 1), &value, depth + 1);
    if (!failed)
      SET_VECTOR_ELT(list, i, value);
  }
  if (!failed)
    Rf_setAttrib(list, R_NamesSymbol, names);
  Py_DECREF(tb_unhold());
  UNPROTECT(2);
  *result = list;
  return failed ? -1 : 0;
}
