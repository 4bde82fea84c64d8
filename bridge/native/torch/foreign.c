/* R vectors over memory that somebody else owns (ALTREP).
 *
 * data1 is an external pointer to a `foreign`, which owns the memory's owner: the
 * producer's memory lives until R collects the vector. Element types that R has
 * (float64, int64 as bit64's integer64, int32, uint8, complex128) are read in
 * place. Narrower ones are widened when read, element by element; a caller that
 * wants a pointer gets a widened copy, whose address space is reserved at creation
 * (untouched pages cost nothing), so that Dataptr neither allocates nor fails. */
#include "torch/foreign.h"

#include "core/errors.h"
#include "core/lifetime.h"
#include "core/robject.h"
#include "core/vector.h"
#include "values/float16.h"

#include <R_ext/Altrep.h>
#include <stdlib.h>

typedef struct {
  const char *data;
  R_xlen_t length;
  tb_element type;
  int64_t bytes;
  void *owner;
  void (*release)(void *owner);
  void *wide; /* reserved for Dataptr of a widened type */
  bool filled;
} foreign;

static const struct {
  int bytes;
  SEXPTYPE r_type;
} types[] = {
    [F64] = {8, REALSXP},   [I64] = {8, REALSXP}, [I32] = {4, INTSXP},  [U8] = {1, RAWSXP},
    [C128] = {16, CPLXSXP}, [F32] = {4, REALSXP}, [F16] = {2, REALSXP}, [BF16] = {2, REALSXP},
    [I16] = {2, INTSXP},    [I8] = {1, INTSXP},   [U16] = {2, INTSXP},  [BOOL] = {1, LGLSXP},
};

static R_altrep_class_t real_class, integer_class, logical_class, raw_class, complex_class;

/* ---- elements ---- */

static double real_at(const foreign *f, R_xlen_t i) {
  switch (f->type) {
  case F32:
    return ((const float *)f->data)[i];
  case F16:
    return tb_float16_to_double(((const uint16_t *)f->data)[i]);
  case BF16:
    return tb_bfloat16_to_double(((const uint16_t *)f->data)[i]);
  default:
    return ((const double *)f->data)[i]; /* I64 too: integer64 is its bits */
  }
}

static int int_at(const foreign *f, R_xlen_t i) {
  switch (f->type) {
  case I16:
    return ((const int16_t *)f->data)[i];
  case I8:
    return ((const int8_t *)f->data)[i];
  case U16:
    return ((const uint16_t *)f->data)[i];
  case BOOL:
    return ((const uint8_t *)f->data)[i] != 0;
  default:
    return ((const int32_t *)f->data)[i];
  }
}

static bool is_direct(const foreign *f) { return f->type <= C128; }

/* R runs finalizers in no order: one of R code may still see a vector whose own has run. */
static foreign *of(SEXP x) {
  foreign *f = R_ExternalPtrAddr(R_altrep_data1(x));
  if (!f)
    Rf_error("the memory of this vector has been released already (it was used in a finalizer)");
  return f;
}

static void widen(const foreign *f, R_xlen_t start, R_xlen_t n, SEXPTYPE type, void *to) {
  if (type == REALSXP)
    for (R_xlen_t i = 0; i < n; i++)
      ((double *)to)[i] = real_at(f, start + i);
  else
    for (R_xlen_t i = 0; i < n; i++)
      ((int *)to)[i] = int_at(f, start + i);
}

static void copy_out(const foreign *f, R_xlen_t start, R_xlen_t n, SEXPTYPE type, void *to) {
  if (is_direct(f))
    memcpy(to, f->data + (size_t)start * tb_element_size(type), (size_t)n * tb_element_size(type));
  else if (f->filled)
    memcpy(to, (char *)f->wide + (size_t)start * tb_element_size(type),
           (size_t)n * tb_element_size(type));
  else
    widen(f, start, n, type, to);
}

/* ---- ALTREP methods ---- */

static R_xlen_t length(SEXP x) { return of(x)->length; }

static Rboolean inspect(SEXP x, int pre, int deep, int pvec, void (*subtree)(SEXP, int, int, int)) {
  (void)pre, (void)deep, (void)pvec, (void)subtree;
  foreign *f = of(x);
  Rprintf(" torchbridge vector over foreign memory (%s, length %lld)\n",
          is_direct(f) ? "in place" : "widened", (long long)f->length);
  return TRUE;
}

static SEXP duplicate(SEXP x, Rboolean deep) {
  (void)deep;
  foreign *f = of(x);
  SEXP copy = PROTECT(Rf_allocVector(TYPEOF(x), f->length));
  void *to = (void *)tb_data(copy);
  if (f->length)
    copy_out(f, 0, f->length, TYPEOF(x), to);
  UNPROTECT(1);
  return copy;
}

static void *dataptr(SEXP x, Rboolean writable) {
  (void)writable; /* the vector is marked immutable: R duplicates before writing */
  foreign *f = of(x);
  if (is_direct(f))
    return (void *)f->data;
  if (!f->filled) {
    widen(f, 0, f->length, TYPEOF(x), f->wide);
    f->filled = true;
  }
  return f->wide;
}

static const void *dataptr_or_null(SEXP x) {
  foreign *f = of(x);
  return is_direct(f) ? f->data : f->filled ? f->wide : NULL;
}

static R_xlen_t region(SEXP x, R_xlen_t start, R_xlen_t n, void *to) {
  foreign *f = of(x);
  if (start < 0 || start >= f->length)
    return 0;
  if (n > f->length - start)
    n = f->length - start;
  copy_out(f, start, n, TYPEOF(x), to);
  return n;
}

/* Once widened as a whole the vector is that copy, however R reads it. */
static double real_elt(SEXP x, R_xlen_t i) {
  foreign *f = of(x);
  return f->filled ? ((const double *)f->wide)[i] : real_at(f, i);
}
static int int_elt(SEXP x, R_xlen_t i) {
  foreign *f = of(x);
  return f->filled ? ((const int *)f->wide)[i] : int_at(f, i);
}
static Rbyte raw_elt(SEXP x, R_xlen_t i) { return ((const Rbyte *)of(x)->data)[i]; }
static Rcomplex complex_elt(SEXP x, R_xlen_t i) { return ((const Rcomplex *)of(x)->data)[i]; }
static R_xlen_t real_region(SEXP x, R_xlen_t i, R_xlen_t n, double *to) {
  return region(x, i, n, to);
}
static R_xlen_t int_region(SEXP x, R_xlen_t i, R_xlen_t n, int *to) { return region(x, i, n, to); }
static R_xlen_t raw_region(SEXP x, R_xlen_t i, R_xlen_t n, Rbyte *to) {
  return region(x, i, n, to);
}
static R_xlen_t complex_region(SEXP x, R_xlen_t i, R_xlen_t n, Rcomplex *to) {
  return region(x, i, n, to);
}

static void common_methods(R_altrep_class_t class) {
  R_set_altrep_Length_method(class, length);
  R_set_altrep_Inspect_method(class, inspect);
  R_set_altrep_Duplicate_method(class, duplicate);
  R_set_altvec_Dataptr_method(class, dataptr);
  R_set_altvec_Dataptr_or_null_method(class, dataptr_or_null);
}

void tb_foreign_init(void *dll_info) {
  DllInfo *dll = dll_info;
  real_class = R_make_altreal_class("foreign_real", "torchbridge", dll);
  R_set_altreal_Elt_method(real_class, real_elt);
  R_set_altreal_Get_region_method(real_class, real_region);
  integer_class = R_make_altinteger_class("foreign_integer", "torchbridge", dll);
  R_set_altinteger_Elt_method(integer_class, int_elt);
  R_set_altinteger_Get_region_method(integer_class, int_region);
  logical_class = R_make_altlogical_class("foreign_logical", "torchbridge", dll);
  R_set_altlogical_Elt_method(logical_class, int_elt);
  R_set_altlogical_Get_region_method(logical_class, int_region);
  raw_class = R_make_altraw_class("foreign_raw", "torchbridge", dll);
  R_set_altraw_Elt_method(raw_class, raw_elt);
  R_set_altraw_Get_region_method(raw_class, raw_region);
  complex_class = R_make_altcomplex_class("foreign_complex", "torchbridge", dll);
  R_set_altcomplex_Elt_method(complex_class, complex_elt);
  R_set_altcomplex_Get_region_method(complex_class, complex_region);
  common_methods(real_class);
  common_methods(integer_class);
  common_methods(logical_class);
  common_methods(raw_class);
  common_methods(complex_class);
}

bool tb_is_foreign(SEXP x) {
  return ALTREP(x) && (R_altrep_inherits(x, real_class) || R_altrep_inherits(x, integer_class) ||
                       R_altrep_inherits(x, logical_class) || R_altrep_inherits(x, raw_class) ||
                       R_altrep_inherits(x, complex_class));
}

/* ---- ownership ---- */

static void finalize(SEXP pointer) {
  foreign *f = R_ExternalPtrAddr(pointer);
  if (!f)
    return;
  R_ClearExternalPtr(pointer);
  if (!Py_IsInitialized() || !tb_r_ready())
    return; /* the producer may have ended already; the process is ending */
  PyGILState_STATE gil = PyGILState_Ensure();
  f->release(f->owner);
  PyGILState_Release(gil);
  tb_count_add(TB_FOREIGN, -1);
  tb_count_add(TB_FOREIGN_BYTES, -f->bytes);
  free(f->wide);
  free(f);
}

/* ---- construction ---- */

typedef struct {
  foreign *f;
  const tb_foreign_memory *memory;
  SEXP pointer, root; /* the pointer is rooted from the moment it knows f */
  PyObject *made;
} vector_job;

static void vector_run(void *p) {
  vector_job *job = p;
  job->pointer = PROTECT(R_MakeExternalPtr(NULL, R_NilValue, R_NilValue));
  R_RegisterCFinalizerEx(job->pointer, finalize, FALSE);
  job->root = tb_root(job->pointer);
  R_SetExternalPtrAddr(job->pointer, job->f);
  SEXPTYPE r_type = types[job->f->type].r_type;
  R_altrep_class_t class = r_type == REALSXP  ? real_class
                           : r_type == INTSXP ? integer_class
                           : r_type == LGLSXP ? logical_class
                           : r_type == RAWSXP ? raw_class
                                              : complex_class;
  SEXP x = PROTECT(R_new_altrep(class, job->pointer, R_NilValue));
  int rank = job->memory->rank;
  if (rank > 1) {
    SEXP dim = PROTECT(Rf_allocVector(INTSXP, rank));
    for (int i = 0; i < rank; i++)
      INTEGER(dim)[i] = (int)job->memory->shape[i];
    Rf_setAttrib(x, R_DimSymbol, dim);
    UNPROTECT(1);
  }
  if (job->f->type == I64)
    tb_set_class(x, "integer64", NULL);
  job->made = tb_robject(x, true); /* until the caller, attributes set, freezes it */
  UNPROTECT(2);
}

static foreign *new_foreign(const tb_foreign_memory *memory) {
  foreign *f = malloc(sizeof *f);
  if (!f)
    return NULL;
  *f = (foreign){.data = memory->data,
                 .length = memory->length,
                 .type = memory->type,
                 .bytes = memory->length * (int64_t)types[memory->type].bytes,
                 .owner = memory->owner,
                 .release = memory->release};
  if (!f->length)
    f->data = (const char *)f; /* R wants a pointer that is not NULL */
  size_t wide = f->length ? (size_t)f->length * tb_element_size(types[f->type].r_type) : 1;
  if (!is_direct(f) && !(f->wide = malloc(wide))) {
    free(f);
    return NULL;
  }
  return f;
}

PyObject *tb_foreign_vector(const tb_foreign_memory *memory) {
  foreign *f = new_foreign(memory);
  if (!f)
    return PyErr_NoMemory();
  vector_job job = {.f = f, .memory = memory};
  bool failed = tb_protected(vector_run, &job) || !job.made;
  if (failed) {
    if (job.root)
      R_ClearExternalPtr(job.pointer);
    free(f->wide);
    free(f);
  } else {
    tb_count_add(TB_FOREIGN, 1);
    tb_count_add(TB_FOREIGN_BYTES, f->bytes);
  }
  if (job.root)
    tb_unroot(job.root);
  return job.made;
}
