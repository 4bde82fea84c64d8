/* Arguments of operators: dims and positions count from 1 in R, whole doubles are ints where
 * PyTorch wants ints, R vectors are tensors where it wants tensors. Each value is new, or the very
 * object of a handle.
 *
 * Tests: test-tensor-operators.R */
#include "torch/argument.h"

#include "core/handle.h"
#include "core/held.h"
#include "core/hooks.h"
#include "core/robject.h"
#include "core/vector.h"
#include "values/values.h"

#include <math.h>

/* Steals x; without a name the hook takes x alone. */
static PyObject *ask(enum tb_hook hook, PyObject *x, const char *name) {
  PyObject *f = tb_hook(hook);
  PyObject *result = !f || !x ? NULL
                     : name   ? PyObject_CallFunction(f, "Os", x, name)
                              : PyObject_CallOneArg(f, x);
  Py_XDECREF(x);
  return result;
}

/* Also in a list of tensors: torch_cat(list(x, 1:3)). */
static SEXP first_tensor(SEXP x) {
  if (tb_is_handle(x))
    return tb_has_class(x, "torch_tensor") ? x : R_NilValue;
  SEXP found = R_NilValue;
  if (TYPEOF(x) == VECSXP && !Rf_isObject(x))
    for (R_xlen_t i = 0; i < Rf_xlength(x) && found == R_NilValue; i++)
      found = first_tensor(VECTOR_ELT(x, i));
  return found;
}

/* Held; None where there is no tensor. */
static PyObject *first_given(const tb_given *given) {
  for (R_xlen_t i = 0; i < given->n; i++) {
    SEXP found = first_tensor(given->values[i]);
    if (found != R_NilValue)
      return tb_hold(tb_from_r(found, TB_AS_LIST));
  }
  return tb_hold(Py_NewRef(Py_None));
}

/* The tensor of an R vector; `name` where it is of positions. It may be one of a list, which is
 * held itself: nothing stays held above it. */
static PyObject *tensor_of(SEXP x, const char *name, const tb_given *given) {
  if (given->calm) {
    *given->calm = false;
    return NULL;
  }
  size_t held = tb_held();
  PyObject *f = tb_hook(name ? TB_HOOK_AS_POSITIONS : TB_HOOK_AS_OPERAND);
  PyObject *beside = f ? first_given(given) : NULL;
  PyObject *r = beside ? tb_hold(tb_robject(x, false)) : NULL;
  PyObject *made = !r     ? NULL
                   : name ? PyObject_CallFunction(f, "OOs", r, beside, name)
                          : PyObject_CallFunctionObjArgs(f, r, beside, NULL);
  tb_drop(held);
  return made;
}

void tb_count_from_one(void) {
  PyObject *type, *value, *trace;
  PyErr_Fetch(&type, &value, &trace);
  PyErr_NormalizeException(&type, &value, &trace);
  PyObject *f = tb_hook(TB_HOOK_IN_R_COUNT), *done = f ? PyObject_CallOneArg(f, value) : NULL;
  Py_XDECREF(done);
  PyErr_Restore(type, value, trace); /* whatever went wrong with its words */
}

static PyObject *whole_number(double value, int kinds, const char *name) {
  if (!(kinds & (DIM | POSITION)))
    return PyLong_FromDouble(value);
  if (value == 0) {
    PyErr_Format(
        PyExc_IndexError,
        "%s: Indexing starts at 1 but found a 0. %ss count from 1, negative ones from the end",
        name, kinds & DIM ? "Dim" : "Position");
    return NULL;
  }
  return PyLong_FromDouble(value > 0 ? value - 1 : value);
}

typedef struct {
  SEXP x;
  int kinds;
  const char *name; /* of the argument */
  const tb_given *given;
} argument;

static PyObject *number(const void *data, R_xlen_t i) {
  const argument *a = data;
  SEXP x = a->x;
  int kinds = a->kinds;
  const char *name = a->name;
  bool real = TYPEOF(x) == REALSXP;
  double value = real ? REAL_ELT(x, i) : INTEGER_ELT(x, i);
  if (!real && INTEGER_ELT(x, i) == NA_INTEGER) {
    PyErr_Format(PyExc_ValueError, "%s: NA is not a number here", name);
    return NULL;
  }
  if (real && (kinds & SCALAR || (kinds & TENSOR && !(kinds & (DIM | POSITION | INT)))))
    return PyFloat_FromDouble(value);
  bool size = kinds & (INTS | SIZE) && !(kinds & (DIM | POSITION | TENSOR));
  if (size && R_FINITE(value)) /* as R's torch has it: torch_zeros(2.7, 3) */
    value = trunc(value);
  if (value == trunc(value) && fabs(value) < 9e15)
    return whole_number(value, kinds, name);
  return PyFloat_FromDouble(value);
}

/* One of a list of single numbers, as R torch also takes sizes. */
static PyObject *number_at(const void *data, R_xlen_t i) {
  const argument *a = data;
  return number(&(argument){VECTOR_ELT(a->x, i), a->kinds, a->name, a->given}, 0);
}

static bool is_one_number(SEXP x) {
  return (TYPEOF(x) == REALSXP || TYPEOF(x) == INTSXP) && !Rf_isObject(x) && Rf_xlength(x) == 1;
}

bool tb_is_plain_number(SEXP x) { return !ALTREP(x) && is_one_number(x); }

static bool is_list_of_numbers(SEXP x) {
  R_xlen_t n = TYPEOF(x) == VECSXP && !Rf_isObject(x) ? Rf_xlength(x) : 0;
  for (R_xlen_t i = 0; i < n; i++)
    if (!is_one_number(VECTOR_ELT(x, i)))
      return false;
  return n > 0;
}

static PyObject *tensor_at(const void *data, R_xlen_t i) {
  const argument *a = data;
  return tb_argument(VECTOR_ELT(a->x, i), (a->kinds & ~TENSORS) | TENSOR, a->name, a->given);
}

/* What is given where a list of tensors is wanted, one tensor or R vector, is a list of one. */
static bool is_list_alone(int kinds) {
  return kinds & TENSORS && !(kinds & (TENSOR | INT | INTS | SCALAR | DIM | POSITION));
}

/* Steals x. */
static PyObject *list_of(PyObject *x) {
  PyObject *list = x ? PyList_New(1) : NULL;
  if (!list) {
    Py_XDECREF(x);
    return NULL;
  }
  PyList_SET_ITEM(list, 0, x);
  return list;
}

/* A dim or a position that is a tensor: its one number, counted as any other. Steals x. */
static PyObject *counted(PyObject *x, int kinds, const char *name) {
  PyObject *number = PyObject_CallMethod(x, "item", NULL);
  Py_DECREF(x);
  double value = number ? PyFloat_AsDouble(number) : 0;
  Py_XDECREF(number);
  return PyErr_Occurred() ? NULL : whole_number(trunc(value), kinds, name);
}

/* The object of a handle; a tensor where only a number will do is its one number, as in R torch. */
static PyObject *of_handle(SEXP x, int kinds, const char *name) {
  PyObject *object = tb_from_r(x, TB_AS_LIST);
  bool tensor = object && tb_is_tensor(object);
  bool only_dim = (kinds & (DIM | TENSOR | TENSORS)) == DIM;
  if (tensor && (kinds & POSITION || only_dim))
    return counted(object, kinds, name);
  if (object && kinds & INDEX)
    object = ask(TB_HOOK_ZERO_BASED, object, name);
  if (!object || !tensor)
    return object;
  if (is_list_alone(kinds))
    return list_of(object);
  if (!(kinds & SCALAR) || kinds & (TENSOR | TENSORS))
    return object;
  PyObject *number = PyObject_CallMethod(object, "item", NULL);
  Py_DECREF(object);
  return number;
}

static PyObject *no_names(SEXP x, const char *name) {
  if (x == R_NilValue)
    Py_RETURN_NONE;
  PyErr_Format(PyExc_ValueError, "%s: PyTorch has no named tensors; count dims from 1 instead",
               name);
  return NULL;
}

PyObject *tb_argument(SEXP x, int kinds, const char *name, const tb_given *given) {
  if (tb_is_handle(x))
    return of_handle(x, kinds, name);
  if (kinds & NAMES)
    return no_names(x, name);
  /* R's TRUE is 1 where only an int will do. */
  bool counts = kinds & POSITION || (kinds & (DIM | INT | INTS | SIZE) &&
                                     !(kinds & (TENSOR | TENSORS | INDEX | SCALAR | BOOL)));
  kinds &= ~BOOL;
  argument a = {x, kinds, name, given};
  bool numeric = (TYPEOF(x) == REALSXP || TYPEOF(x) == INTSXP || (TYPEOF(x) == LGLSXP && counts)) &&
                 !Rf_isObject(x);
  bool vector =
      TYPEOF(x) == REALSXP || TYPEOF(x) == INTSXP || TYPEOF(x) == LGLSXP || TYPEOF(x) == CPLXSXP;
  if (vector && is_list_alone(kinds))
    return list_of(tb_argument(x, (kinds & ~TENSORS) | TENSOR, name, given));
  /* Where only a list of ints will do, one number is a list of one. */
  bool wrap = (kinds & (INTS | INT | TENSOR)) == INTS;
  bool only_tensor = (kinds & ~(INDEX | TENSORS)) == TENSOR;
  if (numeric && !wrap && !only_tensor && Rf_xlength(x) == 1 && !(kinds & INDEX) &&
      Rf_getAttrib(x, R_DimSymbol) == R_NilValue)
    return number(&a, 0);
  if (numeric && !(kinds & (TENSOR | INDEX)))
    return tb_list(Rf_xlength(x), number, &a);
  if (!(kinds & (TENSOR | TENSORS)) && is_list_of_numbers(x))
    return tb_list(Rf_xlength(x), number_at, &a);
  if (TYPEOF(x) == VECSXP && !Rf_isObject(x) && (kinds & TENSORS))
    return tb_list(Rf_xlength(x), tensor_at, &a);
  if (TYPEOF(x) == VECSXP && !Rf_isObject(x) && Rf_xlength(x) == 0 && (kinds & TENSOR))
    Py_RETURN_NONE; /* R's torch writes list() for a tensor that is not given */
  bool scalar = TYPEOF(x) == LGLSXP && Rf_xlength(x) == 1 && !Rf_isObject(x) && !only_tensor;
  if (vector && !scalar && (kinds & (TENSOR | INDEX)))
    return tensor_of(x, kinds & INDEX && numeric ? name : NULL, given);
  if (scalar && kinds & (TENSOR | SCALAR) && LOGICAL_ELT(x, 0) == NA_LOGICAL) {
    PyErr_Format(PyExc_ValueError, "%s: NA is no value of a tensor; NA_real_ is NaN", name);
    return NULL;
  }
  PyObject *value = tb_from_r(x, TB_AS_LIST);
  return value && (kinds & DTYPE) && PyUnicode_Check(value) ? ask(TB_HOOK_AS_DTYPE, value, NULL)
                                                            : value;
}
