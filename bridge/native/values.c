/* Scalars, strings, lists and dicts in both directions.
 *
 * The small and frequent values are converted here; whatever has a shape, a class
 * or a library of its own goes through torchbridge.values, where the rules stand
 * as tables. NA has no Python scalar: it is None (and None among numbers or strings
 * is NA), except in doubles, where Python's float holds R's very bits. */
#include "native.h"

#include <limits.h>
#include <math.h>

static PyTypeObject *tensor_type = NULL;

void tb_set_tensor_type(PyTypeObject *type) {
  Py_XINCREF(type);
  Py_XSETREF(tensor_type, type);
}

bool tb_is_tensor(PyObject *x) { return tensor_type && PyObject_TypeCheck(x, tensor_type); }

PyObject *tb_bridge(const char *module, const char *name) {
  PyObject *found = PyImport_ImportModule(module), *attribute = NULL;
  if (found)
    attribute = PyObject_GetAttrString(found, name);
  Py_XDECREF(found);
  Py_XDECREF(attribute); /* the module keeps it */
  return attribute;
}

PyObject *tb_list(R_xlen_t n, PyObject *(*item)(const void *data, R_xlen_t i), const void *data) {
  PyObject *list = tb_hold(PyList_New(n));
  bool failed = !list;
  for (R_xlen_t i = 0; !failed && i < n; i++) {
    PyObject *made = item(data, i);
    if (made)
      PyList_SET_ITEM(list, i, made);
    else
      failed = true;
  }
  if (list)
    tb_unhold();
  if (failed)
    Py_CLEAR(list);
  return list;
}

/* Lists within lists: beyond this a value is refused, as C's stack would end. */
enum { DEEPEST = 1000 };

static PyObject *too_deep(void) {
  PyErr_Format(PyExc_RecursionError,
               "a value nested more than %d deep (or one that contains itself)", DEEPEST);
  return NULL;
}

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

static PyObject *element_from_r(const void *vector, R_xlen_t i) {
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
    return tb_string_from_r(STRING_ELT(x, i));
  }
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

/* Names of a list, when they can be the keys of a dict: all there and all different. */
static bool usable_names(SEXP names, R_xlen_t n) {
  if (TYPEOF(names) != STRSXP || n == 0)
    return false;
  for (R_xlen_t i = 0; i < n; i++)
    if (STRING_ELT(names, i) == NA_STRING || LENGTH(STRING_ELT(names, i)) == 0)
      return false;
  return Rf_any_duplicated(names, FALSE) == 0;
}

static PyObject *from_r(SEXP x, enum tb_vectors vectors, int depth);

static PyObject *list_from_r(SEXP x, enum tb_vectors vectors, int depth) {
  R_xlen_t n = Rf_xlength(x);
  SEXP names = PROTECT(Rf_getAttrib(x, R_NamesSymbol));
  bool dict = usable_names(names, n);
  PyObject *result = tb_hold(dict ? PyDict_New() : PyList_New(n));
  bool failed = !result;
  for (R_xlen_t i = 0; !failed && i < n; i++) {
    PyObject *item = from_r(VECTOR_ELT(x, i), vectors, depth + 1);
    if (item && dict) {
      tb_hold(item);
      PyObject *key = tb_string_from_r(STRING_ELT(names, i));
      failed = !key || PyDict_SetItem(result, key, item);
      Py_XDECREF(key);
      Py_DECREF(tb_unhold());
    } else if (item)
      PyList_SET_ITEM(result, i, item);
    else
      failed = true;
  }
  if (result)
    tb_unhold();
  if (failed)
    Py_CLEAR(result);
  UNPROTECT(1);
  return result;
}

static PyObject *ask_bridge(const char *function, PyObject *x) {
  PyObject *f = tb_bridge("torchbridge.values.any_value", function);
  return f && x ? PyObject_CallFunctionObjArgs(f, x, NULL) : NULL;
}

static PyObject *from_r(SEXP x, enum tb_vectors vectors, int depth) {
  if (depth > DEEPEST)
    return too_deep();
  bool plain = !Rf_isObject(x) && Rf_getAttrib(x, R_DimSymbol) == R_NilValue;
  switch (TYPEOF(x)) {
  case NILSXP:
    Py_RETURN_NONE;
  case EXTPTRSXP:
    if (tb_is_handle(x)) {
      PyObject *object = tb_handle_object(x);
      return Py_XNewRef(object ? object : tb_thaw(x));
    }
    break;
  case CLOSXP: { /* a Python callable that R holds as a function */
    SEXP handle = Rf_getAttrib(x, Rf_install("torchbridge_handle"));
    if (tb_is_handle(handle))
      return from_r(handle, vectors, depth);
    break;
  }
  case LGLSXP:
  case INTSXP:
  case REALSXP:
  case CPLXSXP:
  case STRSXP: {
    R_xlen_t n = Rf_xlength(x);
    if (!plain || (n != 1 && vectors == TB_AS_NUMPY && TYPEOF(x) != STRSXP))
      break;
    return n == 1 ? element_from_r(x, 0) : tb_list(n, element_from_r, x);
  }
  case VECSXP:
    if (plain)
      return list_from_r(x, vectors, depth);
    break;
  default:
    break;
  }
  PyObject *object = tb_robject(x, false);
  if (TYPEOF(x) == CLOSXP || TYPEOF(x) == BUILTINSXP || TYPEOF(x) == SPECIALSXP)
    return object;
  PyObject *result = ask_bridge("from_r", object);
  Py_XDECREF(object);
  return result;
}

PyObject *tb_from_r(SEXP x, enum tb_vectors vectors) { return from_r(x, vectors, 0); }

/* ---- Python -> R ---- */

static SEXP utf8_char(PyObject *x) {
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
  if (value > INT_MIN && value <= INT_MAX)
    *result = Rf_ScalarInteger((int)value);
  else if ((value >= -(1LL << 53) && value <= 1LL << 53) ||
           value == LLONG_MIN) /* -2^63: NA in integer64 */
    *result = Rf_ScalarReal((double)value);
  else {
    *result = PROTECT(Rf_allocVector(REALSXP, 1));
    memcpy(REAL(*result), &value, sizeof value);
    SEXP class = PROTECT(Rf_mkString("integer64"));
    Rf_setAttrib(*result, R_ClassSymbol, class);
    UNPROTECT(2);
  }
  return 0;
}

enum { HAS_NONE = 1, HAS_BOOL = 2, HAS_INT = 4, HAS_FLOAT = 8, HAS_STR = 16, HAS_OTHER = 32 };

static int kind_of(PyObject *x) {
  if (x == Py_None)
    return HAS_NONE;
  if (PyBool_Check(x))
    return HAS_BOOL;
  if (PyLong_CheckExact(x)) {
    int overflow;
    long long value = PyLong_AsLongLongAndOverflow(x, &overflow);
    if (overflow || value <= INT_MIN || value > INT_MAX) {
      bool exact = !overflow && value >= -(1LL << 53) && value <= 1LL << 53;
      return exact ? HAS_FLOAT : HAS_OTHER;
    }
    return HAS_INT;
  }
  if (PyFloat_Check(x))
    return HAS_FLOAT;
  return PyUnicode_Check(x) ? HAS_STR : HAS_OTHER;
}

static int to_r(PyObject *x, SEXP *result, int depth);

/* A list of like scalars is an R vector, None its NA; any other is an R list. `x` is a tuple. */
static int items_to_r(PyObject *x, SEXP *result, int depth) {
  Py_ssize_t n = PyTuple_GET_SIZE(x);
  int kinds = 0, failed = 0;
  for (Py_ssize_t i = 0; i < n && !(kinds & HAS_OTHER); i++)
    kinds |= kind_of(PyTuple_GET_ITEM(x, i));
  int values = kinds & ~HAS_NONE;
  SEXPTYPE type = values == HAS_BOOL                                       ? LGLSXP
                  : values == HAS_INT                                      ? INTSXP
                  : values == HAS_FLOAT || values == (HAS_FLOAT | HAS_INT) ? REALSXP
                  : values == HAS_STR                                      ? STRSXP
                                                                           : VECSXP;
  SEXP vector = PROTECT(Rf_allocVector(type, n));
  for (Py_ssize_t i = 0; i < n && !failed; i++) {
    PyObject *item = PyTuple_GET_ITEM(x, i);
    bool na = item == Py_None;
    switch (type) {
    case LGLSXP:
      LOGICAL(vector)[i] = na ? NA_LOGICAL : item == Py_True;
      break;
    case INTSXP:
      INTEGER(vector)[i] = na ? NA_INTEGER : (int)PyLong_AsLong(item);
      break;
    case REALSXP:
      REAL(vector)[i] = na ? NA_REAL : PyFloat_AsDouble(item);
      break;
    case STRSXP: {
      SEXP text = na ? NA_STRING : utf8_char(item);
      failed = !text;
      if (!failed)
        SET_STRING_ELT(vector, i, text);
      break;
    }
    default: {
      SEXP element;
      failed = to_r(item, &element, depth + 1);
      if (!failed)
        SET_VECTOR_ELT(vector, i, element);
    }
    }
  }
  UNPROTECT(1);
  *result = vector;
  return failed;
}

/* Converting an item may run any Python code, which may change the list: a copy is safe. */
static int sequence_to_r(PyObject *x, SEXP *result, int depth) {
  PyObject *copy = tb_hold(PySequence_Tuple(x));
  if (!copy)
    return -1;
  int failed = items_to_r(copy, result, depth);
  PROTECT(failed ? R_NilValue : *result);
  Py_DECREF(tb_unhold());
  UNPROTECT(1);
  return failed;
}

static int dict_to_r(PyObject *x, SEXP *result, int depth) {
  PyObject *items = tb_hold(PyDict_Items(x));
  if (!items)
    return -1;
  Py_ssize_t n = PyList_GET_SIZE(items);
  SEXP list = PROTECT(Rf_allocVector(VECSXP, n)), names = PROTECT(Rf_allocVector(STRSXP, n)), value;
  int failed = 0;
  for (Py_ssize_t i = 0; i < n && !failed; i++) {
    PyObject *item = PyList_GET_ITEM(items, i);
    PyObject *label = tb_hold(PyObject_Str(PyTuple_GET_ITEM(item, 0)));
    SEXP text = label ? utf8_char(label) : NULL;
    if (text)
      SET_STRING_ELT(names, i, text);
    if (label)
      Py_DECREF(tb_unhold());
    failed = !text || to_r(PyTuple_GET_ITEM(item, 1), &value, depth + 1);
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

/* A callable becomes an R function that remembers its Python object. */
static SEXP function_for(PyObject *x) {
  SEXP handle = PROTECT(tb_handle(x, false));
  SEXP call = PROTECT(Rf_lang2(tb_helper("wrap_callable"), handle));
  SEXP function = Rf_eval(call, R_BaseEnv);
  UNPROTECT(2);
  return function;
}

static int to_r(PyObject *x, SEXP *result, int depth) {
  if (depth > DEEPEST) {
    too_deep();
    return -1;
  }
  if (x == Py_None)
    *result = R_NilValue;
  else if (PyBool_Check(x))
    *result = Rf_ScalarLogical(x == Py_True);
  else if (PyFloat_Check(x))
    *result = Rf_ScalarReal(PyFloat_AS_DOUBLE(x));
  else if (PyLong_Check(x))
    return int_to_r(x, result);
  else if (tensor_type && Py_TYPE(x) == tensor_type)
    *result = tb_handle(x, true);
  else if (tb_is_robject(x)) {
    ((RObject *)x)->writable = false; /* R has seen it now */
    *result = ((RObject *)x)->x;
  } else if (PyUnicode_Check(x)) {
    SEXP text = utf8_char(x);
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
  } else if (PyCFunction_Check(x) || PyFunction_Check(x) || PyMethod_Check(x) || PyType_Check(x))
    *result = function_for(x);
  else if (PyList_CheckExact(x) || PyTuple_CheckExact(x))
    return sequence_to_r(x, result, depth);
  else if (PyDict_Check(x))
    return dict_to_r(x, result, depth);
  else {
    /* An R object, a simpler Python value, or NotImplemented: no R value of its own. */
    PyObject *simpler = tb_hold(ask_bridge("to_r_value", x));
    int status = 0;
    if (!simpler)
      return -1;
    if (simpler != Py_NotImplemented)
      status = to_r(simpler, result, depth + 1);
    else if (tb_is_tensor(x))
      *result = tb_handle(x, true);
    else if (PyCallable_Check(x))
      *result = function_for(x);
    else
      *result = tb_handle(x, false);
    PROTECT(status ? R_NilValue : *result);
    Py_DECREF(tb_unhold());
    UNPROTECT(1);
    return status;
  }
  return 0;
}

int tb_to_r(PyObject *x, SEXP *result) { return to_r(x, result, 0); }
