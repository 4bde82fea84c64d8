/* Operators of tensors that follow R's rules, which a differentiated R function calls all the time.
 *
 * Tensors and single numbers go to Python's rules at once (the hook r_operator), and names and
 * dimnames pass from operand to result here. Whatever else stands beside a tensor, what the rules
 * leave to R, and what fails (R's own words are better) is numeric_ops() of the R package: the same
 * rules, reached by R code.
 *
 * Tests: test-autodiff-numeric.R, test-autodiff-dimnames.R */
#include "torch/numeric.h"

#include "core/entry.h"
#include "core/handle.h"
#include "core/held.h"
#include "core/hooks.h"
#include "values/observed.h"
#include "values/values.h"

typedef struct {
  const char *name;
  SEXP x, y;
  bool labelled, unary, known;
} operation;

static SEXP names_symbol(void) {
  static SEXP symbol = NULL;
  return symbol ? symbol : (symbol = Rf_install("r_names"));
}

static SEXP dimnames_symbol(void) {
  static SEXP symbol = NULL;
  return symbol ? symbol : (symbol = Rf_install("r_dimnames"));
}

/* ---- operands ---- */

static bool is_known_tensor(SEXP x) {
  PyObject *object = tb_handle_object(x);
  return object && tb_is_tensor(object);
}

static bool is_labelled(SEXP x) {
  return Rf_getAttrib(x, names_symbol()) != R_NilValue ||
         Rf_getAttrib(x, dimnames_symbol()) != R_NilValue;
}

/* Of no class, without names and dims. */
static bool is_bare(SEXP x) {
  return !Rf_isObject(x) && Rf_getAttrib(x, R_NamesSymbol) == R_NilValue &&
         Rf_getAttrib(x, R_DimSymbol) == R_NilValue;
}

/* One number that is there, and bare. */
static bool is_single_number(SEXP x) {
  if (Rf_isObject(x) || Rf_xlength(x) != 1 || tb_is_observed(x))
    return false;
  bool there = TYPEOF(x) == REALSXP                         ? !ISNAN(REAL_ELT(x, 0))
               : TYPEOF(x) == INTSXP || TYPEOF(x) == LGLSXP ? Rf_asInteger(x) != NA_INTEGER
                                                            : false;
  return there && is_bare(x);
}

/* a:b of positions from 1, as a slice; the vector may be one that R never makes. */
static bool is_range(SEXP x) {
  R_xlen_t n = Rf_xlength(x);
  if ((TYPEOF(x) != INTSXP && TYPEOF(x) != REALSXP) || n < 2 || !is_bare(x))
    return false;
  bool whole = TYPEOF(x) == INTSXP;
  double first = whole ? INTEGER_ELT(x, 0) : REAL_ELT(x, 0);
  if (!(first >= 1 && first < 1e15 && first == (double)(R_xlen_t)first))
    return false;
  for (R_xlen_t i = 1; i < n; i++)
    if ((whole ? INTEGER_ELT(x, i) : REAL_ELT(x, i)) != first + (double)i)
      return false;
  return true;
}

static PyObject *as_slice(SEXP x) {
  R_xlen_t start = (R_xlen_t)Rf_asReal(x) - 1;
  PyObject *from = tb_hold(PyLong_FromLongLong(start));
  PyObject *to = from ? tb_hold(PyLong_FromLongLong(start + Rf_xlength(x))) : NULL;
  return to ? PySlice_New(from, to, NULL) : NULL;
}

static PyObject *operand(SEXP x) {
  if (!x)
    return Py_NewRef(Py_None);
  if (tb_is_handle(x))
    return Py_NewRef(tb_handle_object(x));
  return Rf_xlength(x) == 1 ? PyFloat_FromDouble(Rf_asReal(x)) : as_slice(x);
}

/* ---- names and dimnames of the result ---- */

static SEXP attribute(SEXP x, SEXP symbol) {
  return x && tb_is_handle(x) ? Rf_getAttrib(x, symbol) : R_NilValue;
}

/* What a tensor's method gives as a count; -1 with an exception. */
static R_xlen_t count_of(PyObject *tensor, const char *method) {
  PyObject *found = PyObject_CallMethod(tensor, method, NULL);
  R_xlen_t count = found ? (R_xlen_t)PyLong_AsLongLong(found) : -1;
  Py_XDECREF(found);
  return count;
}

/* R's: those of the first operand that is as long as the result. */
static int set_names(SEXP result, const operation *o, PyObject *value) {
  SEXP first = attribute(o->x, names_symbol()), second = attribute(o->y, names_symbol());
  if (first == R_NilValue && second == R_NilValue)
    return 0;
  R_xlen_t size = count_of(value, "numel");
  if (size < 0)
    return -1;
  SEXP names = Rf_xlength(first) == size || o->unary ? first : R_NilValue;
  if (names == R_NilValue && Rf_xlength(second) == size)
    names = second;
  if (names != R_NilValue)
    Rf_setAttrib(result, names_symbol(), names);
  return 0;
}

/* An array has dimnames, a vector names: cumsum() of a matrix is a vector. */
static int set_labels(SEXP result, const operation *o, PyObject *value) {
  R_xlen_t rank = count_of(value, "dim");
  if (rank < 2)
    return rank < 0 ? -1 : set_names(result, o, value);
  SEXP dimnames = attribute(o->x, dimnames_symbol());
  if (dimnames == R_NilValue)
    dimnames = attribute(o->y, dimnames_symbol());
  if (dimnames != R_NilValue)
    Rf_setAttrib(result, dimnames_symbol(), dimnames);
  return 0;
}

/* ---- the call ---- */

static int to_r(const operation *o, PyObject *value, SEXP *result) {
  if (!tb_is_tensor(value))
    return tb_to_r(value, result);
  *result = PROTECT(tb_numeric_handle(value));
  int failed = o->labelled ? set_labels(*result, o, value) : 0;
  UNPROTECT(1);
  return failed;
}

static int work(void *p, SEXP *result) {
  operation *o = p;
  PyObject *rules = tb_hook(TB_HOOK_R_OPERATOR);
  PyObject *name = rules ? tb_hold(PyUnicode_InternFromString(o->name)) : NULL;
  PyObject *x = name ? tb_hold(operand(o->x)) : NULL, *y = x ? tb_hold(operand(o->y)) : NULL;
  PyObject *value =
      y ? tb_hold(PyObject_Vectorcall(rules, (PyObject *[]){name, x, y}, 3, NULL)) : NULL;
  if (!value && PyErr_ExceptionMatches(PyExc_Exception)) {
    PyErr_Clear(); /* it comes again, in R's words */
    return 0;
  }
  if (!value || value == Py_NotImplemented)
    return value ? 0 : -1;
  o->known = true;
  return to_r(o, value, result);
}

static bool is_product(const char *name) { return strcmp(name, "%*%") == 0; }

static bool is_index(const char *name) { return strcmp(name, "[") == 0; }

/* Of these the result is one number, which has no name. */
static bool is_summary(const char *name) {
  static const char *const names[] = {"sum", "prod", "max", "min", "mean", NULL};
  int i = 0;
  while (names[i] && strcmp(names[i], name) != 0)
    i++;
  return names[i] != NULL;
}

/* x in a call: what R would run or look up is quoted. */
static SEXP as_it_is(SEXP x) {
  bool runs = TYPEOF(x) == SYMSXP || TYPEOF(x) == LANGSXP;
  return runs ? Rf_lang2(R_QuoteSymbol, x) : x;
}

/* numeric_ops(name, x, y) of the R package. */
static SEXP by_r_code(SEXP name, SEXP x, SEXP y) {
  SEXP find = PROTECT(Rf_lang2(Rf_install("getNamespace"), Rf_mkString("torchbridge")));
  SEXP namespace = PROTECT(Rf_eval(find, R_BaseEnv)), function = Rf_install("numeric_ops");
  SEXP first = PROTECT(as_it_is(x)), second = PROTECT(y ? as_it_is(y) : R_NilValue);
  SEXP call =
      PROTECT(y ? Rf_lang4(function, name, first, second) : Rf_lang3(function, name, first));
  SEXP result = Rf_eval(call, namespace);
  UNPROTECT(5);
  return result;
}

SEXP tb_by_r_rules(SEXP name, SEXP x, SEXP y) {
  operation o = {.name = tb_string_argument(name, "name"), .x = x, .y = y, .unary = !y};
  bool index = is_index(o.name);
  if ((is_known_tensor(x) || is_single_number(x)) &&
      (!y || is_known_tensor(y) || is_single_number(y) || (index && is_range(y)))) {
    o.labelled = !index && !is_summary(o.name) && (is_labelled(x) || (y && is_labelled(y)));
    SEXP result = o.labelled && is_product(o.name) ? R_NilValue : tb_enter(work, &o);
    if (o.known)
      return result;
  }
  return index ? R_NilValue : by_r_code(name, x, y);
}
