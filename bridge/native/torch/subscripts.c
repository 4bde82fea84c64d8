/* The subscripts of x[i, j, ...] on tensors, looked at before they are evaluated: an empty one is
 * the whole dim, `..` all dims not named, `newaxis` (or NULL) a new one, N the size of its dim, and
 * a:b (a:b:s) a slice, which gives a view. Everything else is evaluated as R would, in R, before
 * any Python runs. The list that is made is the caller's to protect.
 *
 * Tests: test-tensor-indexing.R */
#include "torch/subscripts.h"

SEXP tb_new_axis, tb_other_dims;
static SEXP n_symbol, colon_symbol;

void tb_subscripts_init(void) {
  tb_other_dims = Rf_install("..");
  tb_new_axis = Rf_install("newaxis");
  n_symbol = Rf_install("N");
  colon_symbol = Rf_install(":");
}

static bool is_range(SEXP expression) {
  return TYPEOF(expression) == LANGSXP && CAR(expression) == colon_symbol;
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
  if (is_range(first)) {
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

SEXP tb_of_dots(SEXP frame, R_xlen_t i) {
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

/* Where the method of this frame was called. */
static SEXP caller_of(SEXP frame) {
  static SEXP call = NULL; /* parent.frame() */
  if (!call) {
    call = Rf_lang1(Rf_install("parent.frame"));
    R_PreserveObject(call);
    SETCAR(call, Rf_findFun(CAR(call), R_BaseEnv)); /* whatever a frame has of that name */
  }
  return Rf_eval(call, frame);
}

/* A range, or what mentions N, which is then `size`: evaluated in a frame of the caller's. */
static SEXP evaluate_here(SEXP expression, SEXP frame, double size, bool sized) {
  SEXP caller = PROTECT(caller_of(frame)), env = PROTECT(caller);
  if (sized) {
    SEXP make = PROTECT(Rf_lang3(Rf_install("new.env"), Rf_ScalarLogical(FALSE), caller));
    env = Rf_eval(make, R_BaseEnv);
    UNPROTECT(2);
    PROTECT(env);
    SEXP value = PROTECT(Rf_ScalarReal(size));
    Rf_defineVar(n_symbol, value, env);
    UNPROTECT(1);
  }
  SEXP value = is_range(expression) ? evaluate_range(expression, env) : Rf_eval(expression, env);
  UNPROTECT(2);
  return value;
}

/* The dims that subscripts after `..` consume. */
static R_xlen_t dims_after_dots(SEXP expressions) {
  R_xlen_t later = 0;
  bool after_dots = false;
  for (SEXP e = expressions; e != R_NilValue; e = CDR(e)) {
    if (CAR(e) == tb_other_dims)
      later = 0, after_dots = true;
    else if (after_dots && CAR(e) != tb_new_axis && CAR(e) != R_NilValue)
      later++;
  }
  return later;
}

SEXP tb_subscripts(SEXP expressions, SEXP frame, PyObject *x) {
  expressions = CDR(expressions); /* of list(...) */
  R_xlen_t i = 0, consumed = 0, later = dims_after_dots(expressions);
  bool after_dots = false;
  SEXP result = PROTECT(Rf_allocVector(VECSXP, Rf_xlength(expressions)));
  for (SEXP e = expressions; e != R_NilValue; e = CDR(e), i++) {
    SEXP expression = CAR(e), value;
    bool sized = mentions_n(expression);
    if (expression == R_MissingArg || expression == tb_new_axis || expression == tb_other_dims)
      value = expression;
    else if (sized || is_range(expression)) {
      double size = sized ? size_of(x, after_dots, consumed, later) : 0;
      value = evaluate_here(expression, frame, size, sized);
    } else
      value = tb_of_dots(frame, i);
    SET_VECTOR_ELT(result, i, value == R_NilValue ? tb_new_axis : value);
    if (expression == tb_other_dims)
      after_dots = true;
    else if (value != tb_new_axis && value != R_NilValue) {
      consumed++;
      if (after_dots)
        later--;
    }
  }
  UNPROTECT(1);
  return result;
}
