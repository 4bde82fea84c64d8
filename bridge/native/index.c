/* x[i, j, ...] on tensors, counted from 1.
 *
 * Subscripts are looked at before they are evaluated: an empty one is the whole dim, `..`
 * all dims not named, `newaxis` (or NULL) a new one, N the size of its dim, and a:b (a:b:s)
 * a slice, which gives a view. Everything else is evaluated as R would, in R, before any
 * Python runs. Several vectors select as in R, every combination of them. */
#include "native.h"

#include <math.h>

static SEXP dots_symbol, axis_symbol, n_symbol, colon_symbol;

void tb_index_init(void) {
  dots_symbol = Rf_install("..");
  axis_symbol = Rf_install("newaxis");
  n_symbol = Rf_install("N");
  colon_symbol = Rf_install(":");
}

static bool mentions_n(SEXP expression) {
  if (expression == n_symbol)
    return true;
  if (TYPEOF(expression) != LANGSXP)
    return false;
  for (SEXP a = CDR(expression); a != R_NilValue; a = CDR(a))
    if (mentions_n(CAR(a)))
      return true;
  return false;
}

/* The size of the dim that a subscript is for, NaN where there is none. */
static double size_of(PyObject *x, bool after_dots, R_xlen_t consumed, R_xlen_t later) {
  double size = R_NaN;
  PyGILState_STATE gil = PyGILState_Ensure();
  PyObject *shape = PyObject_GetAttrString(x, "shape");
  Py_ssize_t rank = shape ? PyTuple_Size(shape) : 0;
  Py_ssize_t dim = after_dots ? rank - later : consumed;
  if (shape && dim >= 0 && dim < rank)
    size = PyLong_AsDouble(PyTuple_GetItem(shape, dim));
  Py_XDECREF(shape);
  PyErr_Clear();
  PyGILState_Release(gil);
  return size;
}

/* a:b or a:b:s as pairlist(a, b, s), s NULL where there is none. */
static SEXP evaluate_range(SEXP expression, SEXP env) {
  SEXP first = CADR(expression), last = CADDR(expression), step = R_NilValue;
  if (TYPEOF(first) == LANGSXP && CAR(first) == colon_symbol) {
    step = last;
    last = CADDR(first);
    first = CADR(first);
  }
  first = PROTECT(Rf_eval(first, env));
  last = PROTECT(Rf_eval(last, env));
  step = step == R_NilValue ? step : Rf_eval(step, env);
  SEXP range = Rf_list3(first, last, step);
  UNPROTECT(2);
  return range;
}

/* The value of the element i of the frame's `...`: a promise, evaluated once, where it was made. */
static SEXP of_dots(SEXP frame, R_xlen_t i) {
  static SEXP symbols[8]; /* ..1 to ..8; R keeps its symbols */
  SEXP symbol = i < 8 ? symbols[i] : NULL;
  if (!symbol) {
    char name[32];
    snprintf(name, sizeof name, "..%lld", (long long)i + 1);
    symbol = Rf_install(name);
    if (i < 8)
      symbols[i] = symbol;
  }
  return Rf_eval(symbol, frame);
}

/* What stands for a subscript once it is evaluated: R_MissingArg for all, axis_symbol,
 * dots_symbol, a pairlist for a range, or its value. */
static SEXP evaluate(SEXP expressions, SEXP frame, SEXP caller, PyObject *x) {
  R_xlen_t n = Rf_xlength(expressions), i = 0, consumed = 0;
  R_xlen_t later = 0; /* dims that subscripts after `..` consume */
  bool after_dots = false;
  for (SEXP e = expressions; e != R_NilValue; e = CDR(e)) {
    if (CAR(e) == dots_symbol)
      later = 0, after_dots = true;
    else if (after_dots && CAR(e) != axis_symbol && CAR(e) != R_NilValue)
      later++;
  }
  after_dots = false;
  SEXP result = PROTECT(Rf_allocVector(VECSXP, n));
  for (SEXP e = expressions; e != R_NilValue; e = CDR(e), i++) {
    SEXP expression = CAR(e), value;
    if (expression == R_MissingArg || expression == axis_symbol || expression == dots_symbol)
      value = expression;
    else if (TYPEOF(expression) == LANGSXP || expression == n_symbol) {
      SEXP env = caller;
      bool range = TYPEOF(expression) == LANGSXP && CAR(expression) == colon_symbol;
      bool sized = mentions_n(expression);
      if (sized) {
        SEXP make = PROTECT(Rf_lang3(Rf_install("new.env"), Rf_ScalarLogical(FALSE), caller));
        env = Rf_eval(make, R_BaseEnv);
        UNPROTECT(1);
        PROTECT(env);
        SEXP size = PROTECT(Rf_ScalarReal(size_of(x, after_dots, consumed, later)));
        Rf_defineVar(n_symbol, size, env);
        UNPROTECT(1);
      } else
        PROTECT(env);
      value = range   ? evaluate_range(expression, env)
              : sized ? Rf_eval(expression, env)
                      : of_dots(frame, i);
      UNPROTECT(1);
    } else
      value = of_dots(frame, i);
    SET_VECTOR_ELT(result, i, value == R_NilValue ? axis_symbol : value);
    if (expression == dots_symbol)
      after_dots = true;
    else if (value != axis_symbol && value != R_NilValue) {
      consumed++;
      if (after_dots)
        later--;
    }
  }
  UNPROTECT(1);
  return result;
}

/* ---- subscripts -> Python ---- */

/* Beyond 2^53 a double no longer counts by ones. */
static bool is_whole(double v) {
  return R_FINITE(v) && v == trunc(v) && fabs(v) <= 9007199254740992;
}

static int whole(SEXP x, const char *what, long long *value) {
  double v =
      (TYPEOF(x) == REALSXP || TYPEOF(x) == INTSXP) && Rf_xlength(x) == 1 ? Rf_asReal(x) : R_NaN;
  if (!is_whole(v)) {
    PyErr_Format(PyExc_IndexError, "%s must be one whole number", what);
    return -1;
  }
  *value = (long long)v;
  return 0;
}

static PyObject *zero_index(void) {
  PyErr_SetString(PyExc_IndexError,
                  "subscripts count from 1 in R (negative ones from the end); 0 is none");
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
  if (whole(CAR(range), "the start of a range", &first) ||
      whole(CADR(range), "the end of a range", &last) ||
      (CADDR(range) != R_NilValue && whole(CADDR(range), "the step of a range", &step)))
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
  double v = TYPEOF(x) == REALSXP              ? REAL_ELT(x, i)
             : INTEGER_ELT(x, i) == NA_INTEGER ? R_NaN
                                               : INTEGER_ELT(x, i);
  if (v == 0)
    return zero_index();
  if (is_whole(v))
    return PyLong_FromDouble(v > 0 ? v - 1 : v);
  PyErr_SetString(PyExc_IndexError, "subscripts must be whole numbers, without NA");
  return NULL;
}

static PyObject *value_of(SEXP x, bool drop, bool *vector) {
  if (tb_is_handle(x)) {
    *vector = true;
    PyObject *object = tb_from_r(x, TB_AS_LIST);
    PyObject *f = object ? tb_bridge("torchbridge.rtorch.operators", "zero_based") : NULL;
    PyObject *result = f ? PyObject_CallFunction(f, "Os", object, "subscript") : NULL;
    Py_XDECREF(object);
    return result;
  }
  bool numeric = (TYPEOF(x) == REALSXP || TYPEOF(x) == INTSXP) && !tb_has_class(x, "factor");
  if (!numeric && TYPEOF(x) != LGLSXP) {
    PyErr_Format(PyExc_TypeError,
                 "a subscript must be numbers, TRUE and FALSE, or a tensor, not %s",
                 Rf_type2char(TYPEOF(x)));
    return NULL;
  }
  R_xlen_t n = Rf_xlength(x);
  if (numeric && n == 1) {
    long long v;
    if (whole(x, "a subscript", &v))
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
    else if (item == axis_symbol)
      part = Py_NewRef(Py_None);
    else if (item == dots_symbol)
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

/* Subscripts of a `[` method: `expressions` from substitute(list(...)), `frame` the
 * method's own environment. Runs R code, so: before the GIL is taken. */
SEXP tb_index_subscripts(SEXP expressions, SEXP frame, SEXP caller, PyObject *x) {
  return evaluate(CDR(expressions), frame, caller, x);
}

PyObject *tb_index_get(PyObject *x, SEXP subscripts, bool drop) {
  int vectors = 0;
  PyObject *key = key_of(subscripts, drop, &vectors), *result = NULL;
  if (key && vectors == 0)
    result = PyObject_GetItem(x, key);
  else if (key) {
    PyObject *f = tb_bridge("torchbridge.rtorch.language", "get_index");
    result = f ? PyObject_CallFunctionObjArgs(f, x, key, NULL) : NULL;
  }
  Py_XDECREF(key);
  return result;
}

int tb_index_set(PyObject *x, SEXP subscripts, PyObject *value) {
  int vectors = 0;
  PyObject *key = key_of(subscripts, true, &vectors);
  PyObject *f = key ? tb_bridge("torchbridge.rtorch.language", "set_index") : NULL;
  PyObject *done = f ? PyObject_CallFunctionObjArgs(f, x, key, value, NULL) : NULL;
  Py_XDECREF(key);
  Py_XDECREF(done);
  return done ? 0 : -1;
}
