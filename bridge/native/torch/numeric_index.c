/* x[i] and x[i, j, ...] of a torch_numeric, by R's rules: what R code would turn into positions, at
 * once. Subscripts are numbers that are there and within the dim, those to leave out, or truth
 * values, one for each element. All else (names of elements, NA, positions beyond the end, `drop`,
 * dimnames) is `[.torch_numeric` of the R package.
 *
 * Tests: test-autodiff-index.R */
#include "torch/numeric_index.h"

#include "core/entry.h"
#include "core/handle.h"
#include "core/held.h"
#include "core/hooks.h"
#include "torch/numeric.h"
#include "torch/subscripts.h"
#include "values/observed.h"
#include "values/values.h"

#include <stdint.h>

enum { MOST_DIMS = 8 };

/* Positions from 0: all, `count` from `first`, or those of `at`. */
typedef struct {
  enum { ALL, RANGE, PLACES } kind;
  int64_t first, count;
  int64_t *at; /* R's to free */
} subscript;

typedef struct {
  PyObject *x;
  R_xlen_t n;
  int64_t sizes[MOST_DIMS];
  subscript subscripts[MOST_DIMS];
  bool called;
  PyObject *value; /* held */
} numeric_index;

/* ---- R's subscripts ---- */

static double element(SEXP x, R_xlen_t i) {
  if (TYPEOF(x) == REALSXP)
    return REAL_ELT(x, i);
  return INTEGER_ELT(x, i) == NA_INTEGER ? R_NaN : INTEGER_ELT(x, i);
}

static int64_t *room(R_xlen_t n) { return (int64_t *)R_alloc((size_t)n, sizeof(int64_t)); }

static bool of_truth(SEXP x, int64_t size, subscript *s) {
  if (Rf_xlength(x) != size)
    return false;
  s->at = room(size);
  for (R_xlen_t i = 0; i < size; i++) {
    int v = LOGICAL_ELT(x, i);
    if (v == NA_LOGICAL)
      return false;
    if (v)
      s->at[s->count++] = i;
  }
  return true;
}

/* All of them but those; positions beyond the end leave out nothing. */
static bool without(SEXP x, int64_t size, subscript *s) {
  bool *out = (bool *)R_alloc((size_t)size + 1, sizeof(bool));
  memset(out, 0, (size_t)size);
  for (R_xlen_t i = 0; i < Rf_xlength(x); i++) {
    double v = element(x, i);
    if (!(v <= -1))
      return false;
    if (v > -(double)size - 1) /* R takes the whole part: -1.5 is the first */
      out[(int64_t)-v - 1] = true;
  }
  s->at = room(size);
  for (int64_t i = 0; i < size; i++)
    if (!out[i])
      s->at[s->count++] = i;
  return true;
}

static bool of_numbers(SEXP x, int64_t size, subscript *s) {
  R_xlen_t n = Rf_xlength(x);
  if (element(x, 0) <= -1)
    return without(x, size, s);
  if (n > 1)
    s->at = room(n);
  for (R_xlen_t i = 0; i < n; i++) {
    double v = element(x, i);
    if (!(v >= 1 && v < (double)size + 1))
      return false;
    if (n > 1)
      s->at[i] = (int64_t)v - 1;
    else
      s->first = (int64_t)v - 1;
  }
  s->count = n;
  return true;
}

/* One after the other they are a view, which copies nothing. */
static void as_range(subscript *s) {
  if (!s->at)
    return;
  s->first = s->at[0];
  for (int64_t i = 1; i < s->count; i++)
    if (s->at[i] != s->first + i) {
      s->kind = PLACES;
      return;
    }
}

static bool is_known(SEXP x, int64_t size, subscript *s) {
  SEXPTYPE type = TYPEOF(x);
  bool plain = (type == REALSXP || type == INTSXP || type == LGLSXP) && !Rf_isObject(x) &&
               Rf_xlength(x) > 0 && !tb_is_observed(x) &&
               Rf_getAttrib(x, R_DimSymbol) == R_NilValue;
  *s = (subscript){.kind = RANGE};
  if (!plain || !(type == LGLSXP ? of_truth(x, size, s) : of_numbers(x, size, s)) || !s->count)
    return false;
  as_range(s);
  return true;
}

/* ---- names ---- */

static SEXP names_at(SEXP names, const subscript *s) {
  SEXP result = PROTECT(Rf_allocVector(STRSXP, s->count));
  for (int64_t i = 0; i < s->count; i++)
    SET_STRING_ELT(result, i, STRING_ELT(names, s->kind == RANGE ? s->first + i : s->at[i]));
  UNPROTECT(1);
  return result;
}

/* ---- PyTorch's ---- */

static PyObject *slice(const subscript *s) {
  if (s->kind != RANGE)
    return PySlice_New(NULL, NULL, NULL);
  if (s->count == 1)
    return PyLong_FromLongLong(s->first);
  PyObject *from = tb_hold(PyLong_FromLongLong(s->first));
  PyObject *to = from ? tb_hold(PyLong_FromLongLong(s->first + s->count)) : NULL;
  return to ? PySlice_New(from, to, NULL) : NULL;
}

static PyObject *views(numeric_index *a) {
  if (a->n == 1) {
    PyObject *one = tb_hold(slice(a->subscripts));
    return one ? tb_hold(PyObject_GetItem(a->x, one)) : NULL;
  }
  PyObject *key = tb_hold(PyTuple_New(a->n));
  for (R_xlen_t k = 0; key && k < a->n; k++) {
    PyObject *part = slice(&a->subscripts[k]);
    if (part)
      PyTuple_SET_ITEM(key, k, part);
    else
      key = NULL;
  }
  return key ? tb_hold(PyObject_GetItem(a->x, key)) : NULL;
}

static bool is_one(const subscript *s) { return s->kind == RANGE && s->count == 1; }

static PyObject *places_of(PyObject *x, const subscript *s, int dim) {
  PyObject *f = tb_hook(TB_HOOK_SELECT);
  PyObject *at = f ? tb_hold(PyByteArray_FromStringAndSize(
                         (const char *)s->at, (Py_ssize_t)(s->count * (int64_t)sizeof *s->at)))
                   : NULL;
  PyObject *along = at ? tb_hold(PyLong_FromLong(dim)) : NULL;
  return along ? tb_hold(PyObject_Vectorcall(f, (PyObject *[]){x, along, at}, 3, NULL)) : NULL;
}

/* R drops dims of one, also those that are whole. */
static PyObject *dropped(PyObject *x, const numeric_index *a) {
  PyObject *sizes = tb_hold(PyList_New(0));
  bool ones = false;
  for (R_xlen_t k = 0; sizes && k < a->n; k++) {
    const subscript *s = &a->subscripts[k];
    int64_t count = s->kind == ALL ? a->sizes[k] : s->count;
    ones = ones || (count == 1 && !is_one(s));
    PyObject *size = count == 1 ? NULL : tb_hold(PyLong_FromLongLong(count));
    if (count != 1 && (!size || PyList_Append(sizes, size)))
      return NULL;
  }
  if (!sizes || !ones || a->n == 1)
    return sizes ? x : NULL;
  return tb_hold(PyObject_CallMethod(x, "reshape", "O", sizes));
}

static PyObject *index_quick(void *p, bool *little) {
  numeric_index *a = p;
  a->called = true;
  PyObject *value = views(a);
  int dim = 0;
  for (R_xlen_t k = 0; value && k < a->n; k++) {
    if (a->subscripts[k].kind == PLACES)
      value = places_of(value, &a->subscripts[k], dim);
    dim += !is_one(&a->subscripts[k]);
  }
  a->value = value ? dropped(value, a) : NULL;
  *little = false; /* as in numeric.c */
  return a->value;
}

static int index_work(void *p, SEXP *result) {
  numeric_index *a = p;
  if (!a->called)
    index_quick(a, &(bool){false});
  return a->value ? tb_to_r(a->value, result) : -1;
}

/* ---- the entry ---- */

/* The sizes of a tensor of n dims; false where it has others. */
static bool sizes_of(PyObject *x, R_xlen_t n, int64_t *sizes) {
  PyGILState_STATE gil = PyGILState_Ensure();
  PyObject *shape = PyObject_GetAttrString(x, "shape");
  bool known = shape && PyTuple_Check(shape) && PyTuple_GET_SIZE(shape) == n;
  for (R_xlen_t k = 0; known && k < n; k++) {
    sizes[k] = PyLong_AsLongLong(PyTuple_GET_ITEM(shape, k));
    known = sizes[k] >= 0;
  }
  Py_XDECREF(shape);
  PyErr_Clear();
  PyGILState_Release(gil);
  return known;
}

static bool are_known(numeric_index *a, SEXP expressions, SEXP frame) {
  for (R_xlen_t k = 0; k < a->n; k++, expressions = CDR(expressions)) {
    subscript *s = &a->subscripts[k];
    if (CAR(expressions) == R_MissingArg)
      *s = (subscript){.kind = ALL};
    else if (!is_known(tb_of_dots(frame, k), a->sizes[k], s))
      return false;
  }
  return a->n > 1 || a->subscripts[0].kind != ALL;
}

SEXP tb_entry_numeric_index(SEXP x, SEXP expressions, SEXP frame) {
  expressions = CDR(expressions); /* of list(...) */
  numeric_index a = {.x = tb_handle_object(x), .n = Rf_xlength(expressions)};
  SEXP names = Rf_getAttrib(x, tb_names_symbol());
  bool unlabelled = Rf_getAttrib(x, tb_dimnames_symbol()) == R_NilValue &&
                    (names == R_NilValue || (a.n == 1 && TYPEOF(names) == STRSXP));
  if (!unlabelled || !a.x || !tb_is_plain_tensor(a.x) || a.n < 1 || a.n > MOST_DIMS ||
      !sizes_of(a.x, a.n, a.sizes) || (names != R_NilValue && Rf_xlength(names) != a.sizes[0]))
    return R_NilValue;
  const void *memory = vmaxget();
  SEXP result = R_NilValue;
  if (are_known(&a, expressions, frame)) {
    result = PROTECT(tb_numeric_of(tb_enter_for_tensor(index_quick, index_work, &a)));
    if (names != R_NilValue)
      Rf_setAttrib(result, tb_names_symbol(), PROTECT(names_at(names, a.subscripts)));
    UNPROTECT(names != R_NilValue ? 2 : 1);
  }
  vmaxset(memory);
  return result;
}
