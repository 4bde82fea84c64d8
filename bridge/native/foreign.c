/* DLPack capsule -> R vector over the same memory (ALTREP).
 *
 * data1 is an external pointer to a `foreign`, which owns the DLPack tensor: the
 * producer's memory lives until R collects the vector. Element types that R has
 * (float64, int64 as bit64's integer64, int32, uint8, complex128) are read in
 * place. Narrower ones are widened when read, element by element; a caller that
 * wants a pointer gets a widened copy, whose address space is reserved at creation
 * (untouched pages cost nothing), so that Dataptr neither allocates nor fails.
 *
 * A capsule is consumed last: whatever is refused or fails leaves it as it was. */
#include "native.h"

#include "dlpack.h"

#include <R_ext/Altrep.h>
#include <limits.h>
#include <stdlib.h>

typedef enum { F64, I64, I32, U8, C128, F32, F16, BF16, I16, I8, U16, BOOL } element;

typedef struct {
  const char *data;
  R_xlen_t length;
  element type;
  int64_t bytes;
  void *managed; /* DLManaged or DLManagedVersioned */
  bool versioned;
  void *wide; /* reserved for Dataptr of a widened type */
  bool filled;
} foreign;

static const struct {
  uint8_t code, bits;
  element type;
  SEXPTYPE r_type;
} types[] = {
    {DL_FLOAT, 64, F64, REALSXP}, {DL_INT, 64, I64, REALSXP},       {DL_INT, 32, I32, INTSXP},
    {DL_UINT, 8, U8, RAWSXP},     {DL_COMPLEX, 128, C128, CPLXSXP}, {DL_FLOAT, 32, F32, REALSXP},
    {DL_FLOAT, 16, F16, REALSXP}, {DL_BFLOAT, 16, BF16, REALSXP},   {DL_INT, 16, I16, INTSXP},
    {DL_INT, 8, I8, INTSXP},      {DL_UINT, 16, U16, INTSXP},       {DL_BOOL, 8, BOOL, LGLSXP},
};

static R_altrep_class_t real_class, integer_class, logical_class, raw_class, complex_class;

/* ---- elements ---- */

double tb_half_to_double(uint16_t bits) {
  int exponent = bits >> 10 & 31;
  double fraction = bits & 1023, value;
  if (exponent == 31)
    value = fraction ? R_NaN : R_PosInf;
  else if (exponent == 0)
    value = ldexp(fraction, -24);
  else
    value = ldexp(1024 + fraction, exponent - 25);
  return bits >> 15 ? -value : value;
}

static double bfloat_to_double(uint16_t bits) {
  uint32_t wide = (uint32_t)bits << 16;
  float value;
  memcpy(&value, &wide, sizeof value);
  return value;
}

static double real_at(const foreign *f, R_xlen_t i) {
  switch (f->type) {
  case F32:
    return ((const float *)f->data)[i];
  case F16:
    return tb_half_to_double(((const uint16_t *)f->data)[i]);
  case BF16:
    return bfloat_to_double(((const uint16_t *)f->data)[i]);
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

static size_t r_size(SEXPTYPE type) {
  return type == REALSXP ? 8 : type == CPLXSXP ? 16 : type == RAWSXP ? 1 : 4;
}

static void copy_out(const foreign *f, R_xlen_t start, R_xlen_t n, SEXPTYPE type, void *to) {
  if (is_direct(f))
    memcpy(to, f->data + (size_t)start * r_size(type), (size_t)n * r_size(type));
  else if (f->filled)
    memcpy(to, (char *)f->wide + (size_t)start * r_size(type), (size_t)n * r_size(type));
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

/* ---- ownership ---- */

static void release_managed(void *managed, bool versioned) {
  if (versioned) {
    DLManagedVersioned *m = managed;
    if (m->deleter)
      m->deleter(m);
  } else {
    DLManaged *m = managed;
    if (m->deleter)
      m->deleter(m);
  }
}

static void finalize(SEXP pointer) {
  foreign *f = R_ExternalPtrAddr(pointer);
  if (!f)
    return;
  R_ClearExternalPtr(pointer);
  if (!Py_IsInitialized() || !tb_r_ready())
    return; /* the producer may be gone already; the process is ending */
  PyGILState_STATE gil = PyGILState_Ensure();
  release_managed(f->managed, f->versioned);
  PyGILState_Release(gil);
  tb_count_add(TB_FOREIGN, -1);
  tb_count_add(TB_FOREIGN_BYTES, -f->bytes);
  free(f->wide);
  free(f);
}

/* ---- construction ---- */

typedef struct {
  foreign *f;
  const DLTensor *tensor;
  SEXPTYPE r_type;
  SEXP pointer, root; /* the pointer is rooted from the moment it knows f */
  PyObject *made;
} vector_job;

static void vector_run(void *p) {
  vector_job *job = p;
  job->pointer = PROTECT(R_MakeExternalPtr(NULL, R_NilValue, R_NilValue));
  R_RegisterCFinalizerEx(job->pointer, finalize, FALSE);
  job->root = tb_root(job->pointer);
  R_SetExternalPtrAddr(job->pointer, job->f);
  R_altrep_class_t class = job->r_type == REALSXP  ? real_class
                           : job->r_type == INTSXP ? integer_class
                           : job->r_type == LGLSXP ? logical_class
                           : job->r_type == RAWSXP ? raw_class
                                                   : complex_class;
  SEXP x = PROTECT(R_new_altrep(class, job->pointer, R_NilValue));
  int rank = job->tensor->ndim;
  if (rank > 1) {
    SEXP dim = PROTECT(Rf_allocVector(INTSXP, rank));
    for (int i = 0; i < rank; i++)
      INTEGER(dim)[i] = (int)job->tensor->shape[i];
    Rf_setAttrib(x, R_DimSymbol, dim);
    UNPROTECT(1);
  }
  if (job->f->type == I64) {
    SEXP class_name = PROTECT(Rf_mkString("integer64"));
    Rf_setAttrib(x, R_ClassSymbol, class_name);
    UNPROTECT(1);
  }
  job->made = tb_robject(x, true); /* until the caller, attributes set, freezes it */
  UNPROTECT(2);
}

/* The length of a tensor that makes sense and is laid out as R lays out an array; or -1. */
static R_xlen_t check_layout(const DLTensor *t) {
  if (t->ndim < 0 || (t->ndim && !t->shape)) {
    PyErr_SetString(PyExc_ValueError, "capsule: its tensor has no shape");
    return -1;
  }
  bool empty = false;
  int long_dims = 0; /* without strides (row-major) at most one dim is longer than one */
  for (int i = 0; i < t->ndim; i++) {
    if (t->shape[i] < 0) {
      PyErr_Format(PyExc_ValueError, "capsule: dim %d is negative", i);
      return -1;
    }
    if (t->ndim > 1 && t->shape[i] > INT_MAX) {
      PyErr_Format(PyExc_ValueError,
                   "dim %d has %lld elements; R's arrays hold at most %d in one dim", i,
                   (long long)t->shape[i], INT_MAX);
      return -1;
    }
    empty |= t->shape[i] == 0;
    long_dims += t->shape[i] > 1;
  }
  if (empty)
    return 0;
  R_xlen_t length = 1;
  bool column_major = t->strides || long_dims <= 1;
  for (int i = 0; i < t->ndim; i++) {
    if (t->strides && t->shape[i] > 1 && t->strides[i] != length)
      column_major = false;
    if (length > R_XLEN_T_MAX / t->shape[i]) {
      PyErr_SetString(PyExc_ValueError, "capsule: too many elements for an R vector");
      return -1;
    }
    length *= t->shape[i];
  }
  if (!column_major) {
    PyErr_SetString(
        PyExc_ValueError,
        "share=True needs memory in R's layout (column-major, without gaps); this tensor is "
        "laid out differently: use share=False, or make it column-major first (x.t().contiguous().t())");
    return -1;
  }
  return length;
}

PyObject *tb_foreign_vector(PyObject *capsule) {
  bool versioned = PyCapsule_IsValid(capsule, "dltensor_versioned");
  if (!versioned && !PyCapsule_IsValid(capsule, "dltensor")) {
    PyErr_SetString(PyExc_TypeError, "capsule: expected an unused DLPack capsule (\"dltensor\" or "
                                     "\"dltensor_versioned\"); a capsule can be used once");
    return NULL;
  }
  if (tb_check_thread())
    return NULL;
  void *managed = PyCapsule_GetPointer(capsule, versioned ? "dltensor_versioned" : "dltensor");
  if (versioned && ((DLManagedVersioned *)managed)->version.major != 1) {
    PyErr_Format(PyExc_BufferError, "capsule: DLPack major version %u is not known here (1 is)",
                 ((DLManagedVersioned *)managed)->version.major);
    return NULL;
  }
  const DLTensor *t =
      versioned ? &((DLManagedVersioned *)managed)->tensor : &((DLManaged *)managed)->tensor;
  if (t->device.type != DL_CPU) {
    PyErr_SetString(PyExc_ValueError,
                    "share=True needs a tensor on the CPU: R cannot read device memory; "
                    "use share=False, or x.cpu() first");
    return NULL;
  }
  size_t kind = 0, n_kinds = sizeof types / sizeof *types;
  while (kind < n_kinds && (types[kind].code != t->dtype.code || types[kind].bits != t->dtype.bits))
    kind++;
  if (kind == n_kinds || t->dtype.lanes != 1) {
    PyErr_SetString(PyExc_TypeError,
                    "share=True: R has no vector type over this dtype; use share=False");
    return NULL;
  }
  R_xlen_t length = check_layout(t);
  if (length < 0)
    return NULL;
  SEXPTYPE r_type = types[kind].r_type;
  size_t size = t->dtype.bits / 8;
  size_t alignment = size > 8 ? 8 : size; /* a complex number is two doubles */
  const char *data = t->data ? (const char *)t->data + t->byte_offset : NULL;
  if (length && (!data || (uintptr_t)data % alignment)) {
    PyErr_SetString(PyExc_ValueError,
                    data ? "share=True needs memory aligned to its elements; use share=False"
                         : "capsule: its tensor has no memory");
    return NULL;
  }
  foreign *f = malloc(sizeof *f);
  if (!f)
    return PyErr_NoMemory();
  *f = (foreign){.data = data,
                 .length = length,
                 .type = types[kind].type,
                 .bytes = length * (int64_t)size,
                 .managed = managed,
                 .versioned = versioned};
  if (!length)
    f->data = (const char *)f; /* R wants a pointer that is not NULL */
  if (!is_direct(f) && !(f->wide = malloc(length ? (size_t)length * r_size(r_type) : 1))) {
    free(f);
    return PyErr_NoMemory();
  }
  vector_job job = {.f = f, .tensor = t, .r_type = r_type};
  bool failed = tb_protected(vector_run, &job) || !job.made;
  if (failed) {
    if (job.root)
      R_ClearExternalPtr(job.pointer);
    free(f->wide);
    free(f);
  } else {
    PyCapsule_SetName(capsule, versioned ? "used_dltensor_versioned" : "used_dltensor");
    tb_count_add(TB_FOREIGN, 1);
    tb_count_add(TB_FOREIGN_BYTES, f->bytes);
  }
  if (job.root)
    tb_unroot(job.root);
  return job.made;
}
