/* R's NA in vectors of numbers: is there any, and where. The vector is read in place; a mask is a
 * new R vector. */
#include "values/missing.h"

#include "core/entry.h"
#include "core/errors.h"
#include "core/robject.h"
#include "core/vector.h"

/* Marks missing values in mask (1 = a value, 0 = NA) where mask is given, and
 * says whether there is any. Without a mask it stops at the first block with one. */
__attribute__((optimize("O3"))) static bool scan_na(SEXP x, const void *data, uint8_t *mask) {
  R_xlen_t n = Rf_xlength(x);
  bool any = false;
  bool int64 = tb_is_int64(x);
  enum { BLOCK = 4096 };
  for (R_xlen_t start = 0; start < n && !(any && !mask); start += BLOCK) {
    R_xlen_t stop = start + BLOCK < n ? start + BLOCK : n;
    int found = 0;
#define SCAN(type, test)                                                                           \
  do {                                                                                             \
    const type *values = data;                                                                     \
    if (mask)                                                                                      \
      for (R_xlen_t i = start; i < stop; i++) {                                                    \
        int na = (test);                                                                           \
        mask[i] = !na;                                                                             \
        found |= na;                                                                               \
      }                                                                                            \
    else                                                                                           \
      for (R_xlen_t i = start; i < stop; i++)                                                      \
        found |= (test);                                                                           \
  } while (0)
    switch (TYPEOF(x)) {
    case LGLSXP:
    case INTSXP:
      SCAN(int, values[i] == NA_INTEGER);
      break;
    case REALSXP:
      if (int64)
        SCAN(int64_t, values[i] == TB_INT64_NA);
      else
        SCAN(double, tb_is_na(values[i]));
      break;
    case CPLXSXP:
      SCAN(Rcomplex, tb_is_na(values[i].r) || tb_is_na(values[i].i));
      break;
    default: /* raw has no NA */
      if (mask)
        memset(mask + start, 1, (size_t)(stop - start));
    }
#undef SCAN
    any |= found != 0;
  }
  return any;
}

/* The same of the codes of a factor, up to the first one that is no level: its place, or -1. */
__attribute__((optimize("O3"))) static R_xlen_t scan_codes(const int *codes, R_xlen_t n,
                                                           int n_levels, uint8_t *mask, bool *any) {
  enum { BLOCK = 4096 };
  for (R_xlen_t start = 0; start < n; start += BLOCK) {
    R_xlen_t stop = start + BLOCK < n ? start + BLOCK : n;
    int found = 0; /* NA, or no level */
    for (R_xlen_t i = start; i < stop; i++)
      found |= (unsigned)codes[i] - 1u >= (unsigned)n_levels;
    if (mask)
      for (R_xlen_t i = start; i < stop; i++)
        mask[i] = codes[i] != NA_INTEGER;
    for (R_xlen_t i = start; i < stop && found; i++) {
      if (codes[i] != NA_INTEGER && (unsigned)codes[i] - 1u >= (unsigned)n_levels)
        return i;
      *any |= codes[i] == NA_INTEGER;
    }
  }
  return -1;
}

typedef struct {
  RObject *self;
  PyObject *mask;
  bool want_mask, any;
} na_job;

static void scan(na_job *job, SEXP x, const void *data, uint8_t *mask) {
  SEXP levels = Rf_getAttrib(x, R_LevelsSymbol);
  if (TYPEOF(x) != INTSXP || TYPEOF(levels) != STRSXP || !tb_has_class(x, "factor")) {
    job->any = scan_na(x, data, mask);
    return;
  }
  const int *codes = data;
  R_xlen_t wrong = scan_codes(codes, Rf_xlength(x), Rf_length(levels), mask, &job->any);
  if (wrong >= 0)
    PyErr_Format(PyExc_ValueError,
                 "x: element %lld has code %d, and there are %d levels: this R object is damaged",
                 (long long)wrong + 1, codes[wrong], Rf_length(levels));
}

static void na_run(void *p) {
  na_job *job = p;
  SEXP x = job->self->x;
  const void *data = tb_data(x);
  if (job->want_mask) {
    SEXP mask = PROTECT(Rf_allocVector(RAWSXP, Rf_xlength(x)));
    SEXP dim = Rf_getAttrib(x, R_DimSymbol);
    if (dim != R_NilValue)
      Rf_setAttrib(mask, R_DimSymbol, dim);
    scan(job, x, data, RAW(mask));
    job->mask = tb_robject(mask, true);
    UNPROTECT(1);
  } else
    scan(job, x, data, NULL);
}

static PyObject *any_na(RObject *self, PyObject *unused) {
  (void)unused;
  na_job job = {.self = self};
  if (tb_check_thread() || tb_protected(na_run, &job) || PyErr_Occurred())
    return NULL;
  return PyBool_FromLong(job.any);
}

static PyObject *na_mask(RObject *self, PyObject *unused) {
  (void)unused;
  na_job job = {.self = self, .want_mask = true};
  if (tb_check_thread() || tb_protected(na_run, &job))
    return NULL;
  if (PyErr_Occurred())
    Py_CLEAR(job.mask);
  return job.mask;
}

static const PyMethodDef methods[] = {
    {"any_na", (PyCFunction)any_na, METH_NOARGS, "Is any element R's NA?"},
    {"na_mask", (PyCFunction)na_mask, METH_NOARGS,
     "A raw vector of the same shape: 1 where there is a value, 0 where there is NA."},
    {NULL, NULL, 0, NULL}};

void tb_missing_add(void) { tb_robject_add(methods, NULL); }
