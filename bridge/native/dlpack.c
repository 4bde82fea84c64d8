/* R memory -> DLPack capsule.
 *
 * The capsule's context holds a root, so the R vector lives until the consumer
 * calls the deleter, on whatever thread and with or without the GIL. Shapes are
 * R's, strides column-major: element (i, j, k) keeps its value. */
#include "native.h"

#include "dlpack.h"

#include <stdlib.h>

typedef struct {
  union {
    DLManaged plain;
    DLManagedVersioned versioned;
  } managed;
  SEXP cell;
  int64_t extents[]; /* shape, then strides */
} export;

static void delete_plain(DLManaged *managed) {
  export *e = managed->context;
  tb_unroot(e->cell);
  free(e);
}

static void delete_versioned(DLManagedVersioned *managed) {
  export *e = managed->context;
  tb_unroot(e->cell);
  free(e);
}

/* A consumer renames the capsule; one that nobody consumed we release here. */
static void capsule_destructor(PyObject *capsule) {
  if (PyCapsule_IsValid(capsule, "dltensor")) {
    DLManaged *managed = PyCapsule_GetPointer(capsule, "dltensor");
    managed->deleter(managed);
  } else if (PyCapsule_IsValid(capsule, "dltensor_versioned")) {
    DLManagedVersioned *managed = PyCapsule_GetPointer(capsule, "dltensor_versioned");
    managed->deleter(managed);
  }
}

typedef struct {
  RObject *self;
  export *made;
  void *data;
} export_job;

static void export_run(void *p) {
  export_job *job = p;
  SEXP x = job->self->x;
  job->data = (void *)tb_data(x);
  job->made->cell = tb_root(x);
}

static int element_type(SEXP x, DLDataType *type) {
  type->lanes = 1;
  switch (TYPEOF(x)) {
  case LGLSXP: /* R keeps logicals in ints */
  case INTSXP:
    type->code = DL_INT, type->bits = 32;
    return 0;
  case REALSXP:
    type->code = tb_is_int64(x) ? DL_INT : DL_FLOAT, type->bits = 64;
    return 0;
  case CPLXSXP:
    type->code = DL_COMPLEX, type->bits = 128;
    return 0;
  case RAWSXP:
    type->code = DL_UINT, type->bits = 8;
    return 0;
  default:
    PyErr_Format(PyExc_TypeError, "R type '%s' is not a vector of numbers",
                 Rf_type2char(TYPEOF(x)));
    return -1;
  }
}

PyObject *tb_dlpack_export(RObject *self, bool versioned) {
  DLDataType type;
  if (tb_check_thread() || element_type(self->x, &type))
    return NULL;
  R_xlen_t length;
  if (tb_length(self->x, &length))
    return NULL;
  SEXP dim = tb_attribute(self->x, R_DimSymbol);
  int rank = TYPEOF(dim) == INTSXP ? Rf_length(dim) : 1;
  export *made = calloc(1, sizeof *made + 2 * (size_t)rank * sizeof(int64_t));
  if (!made)
    return PyErr_NoMemory();
  int64_t *shape = made->extents, *strides = made->extents + rank, stride = 1;
  for (int i = 0; i < rank; i++) {
    shape[i] = TYPEOF(dim) == INTSXP ? INTEGER_ELT(dim, i) : length;
    strides[i] = stride;
    if (shape[i] && stride > INT64_MAX / 16 / shape[i]) { /* consumers multiply, and fail badly */
      free(made);
      PyErr_SetString(PyExc_BufferError,
                      "an empty array of such dims is beyond what arrays can be");
      return NULL;
    }
    stride *= shape[i] ? shape[i] : 1;
  }
  export_job job = {.self = self, .made = made};
  if (tb_protected(export_run, &job)) {
    free(made);
    return NULL;
  }
  DLTensor tensor = {.data = length ? job.data : NULL,
                     .device = {DL_CPU, 0},
                     .ndim = rank,
                     .dtype = type,
                     .shape = shape,
                     .strides = strides};
  PyObject *capsule;
  if (versioned) {
    made->managed.versioned = (DLManagedVersioned){.version = {1, 0},
                                                   .context = made,
                                                   .deleter = delete_versioned,
                                                   .flags = self->writable ? 0 : DL_FLAG_READ_ONLY,
                                                   .tensor = tensor};
    capsule = PyCapsule_New(&made->managed.versioned, "dltensor_versioned", capsule_destructor);
  } else {
    made->managed.plain = (DLManaged){.tensor = tensor, .context = made, .deleter = delete_plain};
    capsule = PyCapsule_New(&made->managed.plain, "dltensor", capsule_destructor);
  }
  if (!capsule) {
    tb_unroot(made->cell);
    free(made);
  }
  return capsule;
}
