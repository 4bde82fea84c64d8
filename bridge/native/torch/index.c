/* x[i, j, ...] on tensors, counted from 1. Several vectors select as in R, every combination of
 * them. Keys are new Python objects; x and a tensor among the subscripts are those of handles.
 *
 * Tests: test-tensor-indexing.R */
#include "torch/index.h"

#include "core/entry.h"
#include "core/handle.h"
#include "core/held.h"
#include "core/hooks.h"
#include "core/robject.h"
#include "core/vector.h"
#include "torch/argument.h"
#include "torch/subscripts.h"
#include "values/values.h"

#include <math.h>

/* ---- one subscript -> Python ---- */

/* R's subscripts are truncated: x[1:(n / 2)] for odd n, too. Beyond 2^53 a double no longer counts
 * by ones. */
static bool is_position(double v) { return R_FINITE(v) && fabs(v) <= 9007199254740992; }

static int position(SEXP x, const char *what, long long *value) {
  double v =
      (TYPEOF(x) == REALSXP || TYPEOF(x) == INTSXP) && Rf_xlength(x) == 1 ? Rf_asReal(x) : R_NaN;
  if (!is_position(v)) {
    PyErr_Format(PyExc_IndexError, "%s must be one number", what);
    return -1;
  }
  *value = (long long)v;
  return 0;
}

static PyObject *zero_index(void) {
  PyErr_SetString(
      PyExc_IndexError,
      "Indexing starts at 1 but found a 0. Subscripts count from 1, negative ones from the "
      "end");
  return NULL;
}

typedef struct {
  long long first, step;
} falling;

static PyObject *falling_at(const void *data, R_xlen_t i) {
  const falling *range = data;
  long long v = range->first - i * range->step;
  return PyLong_FromLongLong(v > 0 ? v - 1 : v);
}

/* Positions from 1, both ends included; negative ones count from the end. */
static PyObject *slice_of(SEXP range, bool *vector) {
  long long first, last, step = 1;
  if (position(CAR(range), "the start of a range", &first) ||
      position(CADR(range), "the end of a range", &last) ||
      (CADDR(range) != R_NilValue && position(CADDR(range), "the step of a range", &step)))
    return NULL;
  if (first == 0 || last == 0)
    return zero_index();
  if (step < 1) {
    PyErr_SetString(PyExc_IndexError,
                    "the step of a range must be at least 1; torch_flip() reverses");
    return NULL;
  }
  if ((first > 0) == (last > 0) && first > last) { /* 3:1, as R counts it */
    *vector = true;
    return tb_list((first - last) / step + 1, falling_at, &(falling){first, step});
  }
  PyObject *start = PyLong_FromLongLong(first > 0 ? first - 1 : first);
  PyObject *stop =
      last == -1 ? Py_NewRef(Py_None) : PyLong_FromLongLong(last > 0 ? last : last + 1);
  PyObject *by = PyLong_FromLongLong(step);
  PyObject *slice = start && stop && by ? PySlice_New(start, stop, by) : NULL;
  Py_XDECREF(start);
  Py_XDECREF(stop);
  Py_XDECREF(by);
  return slice;
}

static PyObject *logical_at(const void *vector, R_xlen_t i) {
  int v = LOGICAL_ELT((SEXP)vector, i);
  if (v != NA_LOGICAL)
    return PyBool_FromLong(v);
  PyErr_SetString(PyExc_IndexError, "a logical subscript must not have NA");
  return NULL;
}

static PyObject *position_at(const void *vector, R_xlen_t i) {
  SEXP x = (SEXP)vector;
  double v = TYPEOF(x) == REALSXP              ? trunc(REAL_ELT(x, i))
             : INTEGER_ELT(x, i) == NA_INTEGER ? R_NaN
                                               : INTEGER_ELT(x, i);
  if (v == 0)
    return zero_index();
  if (is_position(v))
    return PyLong_FromDouble(v > 0 ? v - 1 : v);
  PyErr_SetString(PyExc_IndexError, "subscripts must be finite numbers, without NA");
  return NULL;
}

static PyObject *value_of(SEXP x, bool drop, bool *vector) {
  if (tb_is_handle(x)) { /* counts from 1 still */
    *vector = true;
    return tb_from_r(x, TB_AS_LIST);
  }
  bool numeric = (TYPEOF(x) == REALSXP || TYPEOF(x) == INTSXP) && !tb_has_class(x, "factor");
  if (!numeric && TYPEOF(x) != LGLSXP) {
    PyErr_Format(PyExc_TypeError,
                 "a subscript must be numbers, TRUE and FALSE, or a tensor, not %s",
                 tb_has_class(x, "factor") ? "a factor" : Rf_type2char(TYPEOF(x)));
    return NULL;
  }
  R_xlen_t n = Rf_xlength(x);
  if (Rf_length(Rf_getAttrib(x, R_DimSymbol)) > 1) { /* as the tensor of its values */
    *vector = true;
    return tb_robject(x, false);
  }
  if (numeric && n == 1) {
    long long v;
    if (position(x, "a subscript", &v))
      return NULL;
    if (v == 0)
      return zero_index();
    v = v > 0 ? v - 1 : v;
    if (drop)
      return PyLong_FromLongLong(v);
    PyObject *start = PyLong_FromLongLong(v),
             *stop = v == -1 ? Py_NewRef(Py_None) : PyLong_FromLongLong(v + 1);
    PyObject *slice = start && stop ? PySlice_New(start, stop, NULL) : NULL;
    Py_XDECREF(start);
    Py_XDECREF(stop);
    return slice;
  }
  *vector = true;
  return tb_list(n, numeric ? position_at : logical_at, x);
}

/* ---- all of them ---- */

static PyObject *key_of(SEXP subscripts, bool drop, int *vectors) {
  R_xlen_t n = Rf_xlength(subscripts);
  PyObject *key = tb_hold(PyTuple_New(n));
  bool failed = !key;
  for (R_xlen_t i = 0; !failed && i < n; i++) {
    SEXP item = VECTOR_ELT(subscripts, i);
    bool vector = false;
    PyObject *part;
    if (item == R_MissingArg)
      part = PySlice_New(NULL, NULL, NULL);
    else if (item == tb_new_axis)
      part = Py_NewRef(Py_None);
    else if (item == tb_other_dims)
      part = Py_NewRef(Py_Ellipsis);
    else if (TYPEOF(item) == LISTSXP)
      part = slice_of(item, &vector);
    else
      part = value_of(item, drop, &vector);
    failed = !part;
    if (part)
      PyTuple_SET_ITEM(key, i, part);
    *vectors += vector;
  }
  if (key)
    tb_unhold();
  if (failed)
    Py_CLEAR(key);
  return key;
}

static PyObject *get_index(PyObject *x, SEXP subscripts, bool drop) {
  int vectors = 0;
  PyObject *key = key_of(subscripts, drop, &vectors), *result = NULL;
  if (key && vectors == 0)
    result = PyObject_GetItem(x, key);
  else if (key) {
    PyObject *f = tb_hook(TB_HOOK_GET_INDEX);
    result = f ? PyObject_CallFunctionObjArgs(f, x, key, NULL) : NULL;
  }
  Py_XDECREF(key);
  if (!result)
    tb_count_from_one();
  return result;
}

static int set_index(PyObject *x, SEXP subscripts, PyObject *value) {
  int vectors = 0;
  PyObject *key = key_of(subscripts, true, &vectors);
  PyObject *f = key ? tb_hook(TB_HOOK_SET_INDEX) : NULL;
  PyObject *done = f ? PyObject_CallFunctionObjArgs(f, x, key, value, NULL) : NULL;
  Py_XDECREF(key);
  Py_XDECREF(done);
  if (!done)
    tb_count_from_one();
  return done ? 0 : -1;
}

/* ---- entries ---- */

typedef struct {
  SEXP handle;
  PyObject *x; /* its object */
  SEXP subscripts, value;
  bool drop;
  bool called;     /* Python has been: it gave `found`, or an exception */
  PyObject *found; /* held */
} index_args;

static bool is_plain_vector(SEXP x) {
  bool numbers = TYPEOF(x) == REALSXP || TYPEOF(x) == INTSXP || TYPEOF(x) == LGLSXP;
  return numbers && !ALTREP(x) && !Rf_isObject(x) && Rf_getAttrib(x, R_DimSymbol) == R_NilValue;
}

/* Empty ones, plain numbers, ranges of them, and tensors that live: nothing here can jump. */
static bool is_calm(SEXP subscripts) {
  R_xlen_t n = Rf_xlength(subscripts);
  bool calm = true;
  for (R_xlen_t i = 0; calm && i < n; i++) {
    SEXP item = VECTOR_ELT(subscripts, i);
    if (TYPEOF(item) == LISTSXP)
      calm = tb_is_plain_number(CAR(item)) && tb_is_plain_number(CADR(item)) &&
             (CADDR(item) == R_NilValue || tb_is_plain_number(CADDR(item)));
    else
      calm = TYPEOF(item) == SYMSXP || is_plain_vector(item) || tb_handle_object(item);
  }
  return calm;
}

static PyObject *index_quick(void *p, bool *little) {
  index_args *a = p;
  a->called = is_calm(a->subscripts);
  if (a->called)
    a->found = tb_hold(get_index(a->x, a->subscripts, a->drop));
  *little = a->found && tb_handle_is_little(a->handle);
  return a->found;
}

static int index_work(void *p, SEXP *result) {
  index_args *a = p;
  if (a->called)
    return a->found ? tb_to_r(a->found, result) : -1;
  return tb_give(get_index(a->x, a->subscripts, a->drop), result);
}

SEXP tb_entry_index(SEXP object, SEXP expressions, SEXP frame, SEXP drop) {
  index_args a = {
      .handle = object, .x = tb_object_argument(object), .drop = Rf_asLogical(drop) != 0};
  a.subscripts = PROTECT(tb_subscripts(expressions, frame, a.x));
  SEXP result = tb_enter_for_tensor(index_quick, index_work, &a);
  UNPROTECT(1);
  return result;
}

static bool is_one_na(SEXP x) {
  return (TYPEOF(x) == LGLSXP && LOGICAL_ELT(x, 0) == NA_LOGICAL) ||
         (TYPEOF(x) == INTSXP && INTEGER_ELT(x, 0) == NA_INTEGER);
}

static int index_set_work(void *p, SEXP *result) {
  index_args *a = p;
  PyObject *value, *f;
  if (!tb_is_handle(a->value) && Rf_xlength(a->value) == 1 && is_one_na(a->value)) {
    PyErr_SetString(PyExc_ValueError, "value: NA is no value of a tensor; NA_real_ is NaN");
    return -1;
  }
  if (tb_is_handle(a->value) ||
      (Rf_xlength(a->value) == 1 && (Rf_isNumeric(a->value) || Rf_isLogical(a->value))))
    value = tb_hold(tb_from_r(a->value, TB_AS_LIST));
  else {
    PyObject *r = tb_hold(tb_robject(a->value, false));
    f = r ? tb_hook(TB_HOOK_AS_OPERAND) : NULL;
    value = f ? tb_hold(PyObject_CallFunctionObjArgs(f, r, a->x, NULL)) : NULL;
  }
  *result = R_NilValue;
  return value ? set_index(a->x, a->subscripts, value) : -1;
}

SEXP tb_entry_index_set(SEXP object, SEXP expressions, SEXP frame, SEXP value) {
  index_args a = {.x = tb_object_argument(object), .value = value};
  a.subscripts = PROTECT(tb_subscripts(expressions, frame, a.x));
  tb_enter(index_set_work, &a);
  UNPROTECT(1);
  return object;
}
