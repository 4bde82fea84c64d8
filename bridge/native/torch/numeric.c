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
  bool labelled, unary;
  bool called;     /* Python has been: it gave `value`, or an exception */
  PyObject *value; /* held */
  bool known;      /* the rules have a value */
} operation;

SEXP tb_names_symbol(void) {
  static SEXP symbol = NULL;
  return symbol ? symbol : (symbol = Rf_install("r_names"));
}

SEXP tb_dimnames_symbol(void) {
  static SEXP symbol = NULL;
  return symbol ? symbol : (symbol = Rf_install("r_dimnames"));
}

/* ---- operands ---- */

static bool is_known_tensor(SEXP x) {
  PyObject *object = tb_handle_object(x);
  return object && tb_is_tensor(object);
}

static bool is_labelled(SEXP x) {
  return Rf_getAttrib(x, tb_names_symbol()) != R_NilValue ||
         Rf_getAttrib(x, tb_dimnames_symbol()) != R_NilValue;
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

static PyObject *operand(SEXP x) {
  if (!x)
    return Py_NewRef(Py_None);
  return tb_is_handle(x) ? Py_NewRef(tb_handle_object(x)) : PyFloat_FromDouble(Rf_asReal(x));
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
  SEXP first = attribute(o->x, tb_names_symbol()), second = attribute(o->y, tb_names_symbol());
  if (first == R_NilValue && second == R_NilValue)
    return 0;
  R_xlen_t size = count_of(value, "numel");
  if (size < 0)
    return -1;
  SEXP names = Rf_xlength(first) == size || o->unary ? first : R_NilValue;
  if (names == R_NilValue && Rf_xlength(second) == size)
    names = second;
  if (names != R_NilValue)
    Rf_setAttrib(result, tb_names_symbol(), names);
  return 0;
}

/* An array has dimnames, a vector names: cumsum() of a matrix is a vector. */
static int set_labels(SEXP result, const operation *o, PyObject *value) {
  R_xlen_t rank = count_of(value, "dim");
  if (rank < 2)
    return rank < 0 ? -1 : set_names(result, o, value);
  SEXP dimnames = attribute(o->x, tb_dimnames_symbol());
  if (dimnames == R_NilValue)
    dimnames = attribute(o->y, tb_dimnames_symbol());
  if (dimnames != R_NilValue)
    Rf_setAttrib(result, tb_dimnames_symbol(), dimnames);
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

static PyObject *ask(operation *o) {
  o->called = true;
  PyObject *rules = tb_hook(TB_HOOK_R_OPERATOR);
  PyObject *name = rules ? tb_hold(PyUnicode_InternFromString(o->name)) : NULL;
  PyObject *x = name ? tb_hold(operand(o->x)) : NULL, *y = x ? tb_hold(operand(o->y)) : NULL;
  o->value = y ? tb_hold(PyObject_Vectorcall(rules, (PyObject *[]){name, x, y}, 3, NULL)) : NULL;
  o->known = o->value && o->value != Py_NotImplemented;
  return o->value;
}

/* Without labels: nothing here needs R. (What has a graph is in no block, and whoever notes what is
 * asked of tensors, as bridge/autodiff/replay.py, is not to meet the question how large they are.)
 */
static PyObject *quick(void *p, bool *little) {
  operation *o = p;
  PyObject *value = ask(o);
  *little = false;
  return value && tb_is_plain_tensor(value) ? value : NULL;
}

static int work(void *p, SEXP *result) {
  operation *o = p;
  PyObject *value = o->called ? o->value : ask(o);
  if (!value && PyErr_ExceptionMatches(PyExc_Exception)) {
    PyErr_Clear(); /* it comes again, in R's words */
    return 0;
  }
  return o->known ? to_r(o, value, result) : value ? 0 : -1;
}

static bool is_product(const char *name) { return strcmp(name, "%*%") == 0; }

/* Has the result names? One number has none, nor has what as.vector() and is.na() give here. */
static bool has_labels(const char *name) {
  static const char *const without[] = {"sum",       "prod",        "max",       "min",
                                        "mean",      "is.na",       "as.vector", "is.nan",
                                        "is.finite", "is.infinite", NULL};
  int i = 0;
  while (without[i] && strcmp(without[i], name) != 0)
    i++;
  return !without[i];
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

/* ---- rules of any number of operands ---- */

enum { MOST_OPERANDS = 16, MOST_NUMBERS = 1024 };

typedef struct {
  const char *name;
  SEXP operands;
  bool called;
  PyObject *value;
} rule_call;

static bool is_truth(SEXP x) {
  return TYPEOF(x) == LGLSXP && !ALTREP(x) && Rf_xlength(x) == 1 && is_bare(x) &&
         LOGICAL(x)[0] != NA_LOGICAL;
}

/* Some numbers that are there, bare. */
static bool are_numbers(SEXP x) {
  R_xlen_t n = Rf_xlength(x);
  if (TYPEOF(x) != REALSXP || ALTREP(x) || n < 2 || n > MOST_NUMBERS || !is_bare(x))
    return false;
  for (R_xlen_t i = 0; i < n; i++)
    if (ISNAN(REAL(x)[i]))
      return false;
  return true;
}

/* A tensor without labels. */
static bool is_unlabelled(SEXP x) {
  return tb_is_handle(x) && tb_handle_object(x) && tb_is_plain_tensor(tb_handle_object(x)) &&
         !is_labelled(x);
}

static bool is_operand(SEXP x) {
  return is_unlabelled(x) || is_truth(x) || (!ALTREP(x) && is_single_number(x)) || are_numbers(x);
}

static PyObject *as_operand(SEXP x) {
  if (is_truth(x))
    return PyBool_FromLong(LOGICAL(x)[0]);
  if (tb_is_handle(x) || Rf_xlength(x) == 1)
    return operand(x);
  return PyByteArray_FromStringAndSize((const char *)REAL(x),
                                       (Py_ssize_t)(Rf_xlength(x) * (R_xlen_t)sizeof(double)));
}

static PyObject *rule_quick(void *p, bool *little) {
  rule_call *c = p;
  c->called = true;
  PyObject *slots[MOST_OPERANDS + 1], *rules = tb_hook(TB_HOOK_R_RULE);
  int n = (int)Rf_xlength(c->operands);
  bool made = rules && (slots[0] = tb_hold(PyUnicode_InternFromString(c->name)));
  *little = false;
  for (int i = 0; made && i < n; i++)
    made = (slots[1 + i] = tb_hold(as_operand(VECTOR_ELT(c->operands, i)))) != NULL;
  c->value = made ? tb_hold(PyObject_Vectorcall(rules, slots, (size_t)n + 1, NULL)) : NULL;
  return c->value && tb_is_plain_tensor(c->value) ? c->value : NULL;
}

static int rule_work(void *p, SEXP *result) {
  rule_call *c = p;
  bool known = c->called && c->value && c->value != Py_NotImplemented;
  if (known)
    return tb_to_r(c->value, result);
  if (c->called && !c->value && !PyErr_ExceptionMatches(PyExc_Exception))
    return -1;
  PyErr_Clear(); /* it comes again, in R's words */
  return 0;
}

SEXP tb_entry_numeric_rule(SEXP name, SEXP operands) {
  rule_call c = {.name = tb_string_argument(name, "name"), .operands = operands};
  R_xlen_t n = TYPEOF(operands) == VECSXP ? Rf_xlength(operands) : 0;
  if (n < 1 || n > MOST_OPERANDS || Rf_getAttrib(operands, R_NamesSymbol) != R_NilValue)
    return R_NilValue;
  bool numeric = false;
  for (R_xlen_t i = 0; i < n; i++) {
    SEXP x = VECTOR_ELT(operands, i);
    if (!is_operand(x))
      return R_NilValue;
    numeric = numeric || tb_is_numeric_handle(x);
  }
  return numeric ? tb_numeric_of(tb_enter_for_tensor(rule_quick, rule_work, &c)) : R_NilValue;
}

/* ---- operators ---- */

static SEXP of_two(SEXP name, SEXP x, SEXP y) {
  if (!are_numbers(x) && !are_numbers(y))
    return R_NilValue;
  SEXP operands = PROTECT(Rf_allocVector(VECSXP, 2));
  SET_VECTOR_ELT(operands, 0, x);
  SET_VECTOR_ELT(operands, 1, y);
  SEXP result = tb_entry_numeric_rule(name, operands);
  UNPROTECT(1);
  return result;
}

SEXP tb_by_r_rules(SEXP name, SEXP x, SEXP y) {
  operation o = {.name = tb_string_argument(name, "name"), .x = x, .y = y, .unary = !y};
  if ((is_known_tensor(x) || is_single_number(x)) &&
      (!y || is_known_tensor(y) || is_single_number(y))) {
    o.labelled = has_labels(o.name) && (is_labelled(x) || (y && is_labelled(y)));
    bool calm = !ALTREP(x) && (!y || !ALTREP(y));
    SEXP result = o.labelled && is_product(o.name) ? R_NilValue
                  : o.labelled || !calm            ? tb_enter(work, &o)
                                        : tb_numeric_of(tb_enter_for_tensor(quick, work, &o));
    if (o.known)
      return result;
  }
  SEXP result = y ? of_two(name, x, y) : R_NilValue;
  return result == R_NilValue ? by_r_code(name, x, y) : result;
}
