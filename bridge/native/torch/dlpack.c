/* R memory <-> DLPack capsules.
 *
 * Out: the capsule's context holds a root, so the R vector lives until the consumer
 * calls the deleter, on whatever thread and with or without the GIL. Shapes are
 * R's, strides column-major: element (i, j, k) keeps its value.
 *
 * In: the R vector (foreign.c) owns the capsule's tensor. A capsule is consumed last: whatever is
 * refused or fails leaves it as it was.
 *
 * Tests: tests/native/torch/test_dlpack.py, tests/native/torch/test_foreign.py (the way in) */
#include "torch/dlpack.h"

#include "core/entry.h"
#include "core/errors.h"
#include "core/lifetime.h"
#include "core/robject.h"
#include "core/sound.h"
#include "core/vector.h"
#include "torch/dlpack_layout.h"
#include "torch/foreign.h"
#include "values/object.h"

#include <R_ext/Altrep.h>
#include <Rversion.h>
#include <limits.h>
#include <stdlib.h>

/* ---- R -> DLPack ---- */

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

/* R's own classes of ALTREP keep the memory in another object. Before R 4.6.2 R may exchange it, so
 * it is held too; since then a pointer that was asked for is good as long as x is, and R refuses to
 * go on where somebody else holds the object. It is the R that runs that counts: a wheel is built
 * with an older one. */
static SEXP owners_of(SEXP x) {
#if R_VERSION >= R_Version(4, 6, 2)
  return x;
#else
  static int holds_itself = -1;
  if (holds_itself < 0) {
    SEXP version = PROTECT(Rf_lang1(Rf_install("getRversion")));
    SEXP since = PROTECT(Rf_mkString("4.6.2"));
    SEXP call = PROTECT(Rf_lang3(Rf_install(">="), version, since));
    holds_itself = Rf_asLogical(Rf_eval(call, R_BaseEnv));
    UNPROTECT(3);
  }
  if (holds_itself)
    return x;
  SEXP owners = Rf_allocVector(VECSXP, 3);
  SET_VECTOR_ELT(owners, 0, x);
  SET_VECTOR_ELT(owners, 1, R_altrep_data1(x));
  SET_VECTOR_ELT(owners, 2, R_altrep_data2(x));
  return owners;
#endif
}

static void export_run(void *p) {
  export_job *job = p;
  SEXP x = job->self->x;
  job->data = (void *)tb_data(x);
  job->made->cell = tb_root(ALTREP(x) && !tb_is_foreign(x) ? owners_of(x) : x);
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

/* Shape, then column-major strides; 0, or -1 with an exception. */
static int write_extents(SEXP dim, R_xlen_t length, int rank, int64_t *extents) {
  int64_t *shape = extents, *strides = extents + rank, stride = 1;
  for (int i = 0; i < rank; i++) {
    shape[i] = TYPEOF(dim) == INTSXP ? INTEGER_ELT(dim, i) : length;
    strides[i] = stride;
    if (shape[i] && stride > INT64_MAX / 16 / shape[i]) { /* consumers multiply, and fail badly */
      PyErr_SetString(PyExc_BufferError,
                      "an empty array of such dims is beyond what arrays can be");
      return -1;
    }
    stride *= shape[i] ? shape[i] : 1;
  }
  return 0;
}

/* The capsule owns `made` from now on; NULL: the caller still does. */
static PyObject *new_capsule(export *made, DLTensor tensor, bool versioned, bool writable) {
  if (versioned) {
    made->managed.versioned = (DLManagedVersioned){.version = {1, 0},
                                                   .context = made,
                                                   .deleter = delete_versioned,
                                                   .flags = writable ? 0 : DL_FLAG_READ_ONLY,
                                                   .tensor = tensor};
    return PyCapsule_New(&made->managed.versioned, "dltensor_versioned", capsule_destructor);
  }
  made->managed.plain = (DLManaged){.tensor = tensor, .context = made, .deleter = delete_plain};
  return PyCapsule_New(&made->managed.plain, "dltensor", capsule_destructor);
}

static PyObject *export_capsule(RObject *self, bool versioned) {
  DLDataType type;
  if (tb_check_thread() || element_type(self->x, &type))
    return NULL;
  R_xlen_t length;
  if (tb_length(self->x, &length) || tb_check_dim(self->x, length))
    return NULL;
  SEXP dim = tb_attribute(self->x, R_DimSymbol);
  int rank = TYPEOF(dim) == INTSXP ? Rf_length(dim) : 1;
  export *made = calloc(1, sizeof *made + 2 * (size_t)rank * sizeof(int64_t));
  if (!made)
    return PyErr_NoMemory();
  export_job job = {.self = self, .made = made};
  if (write_extents(dim, length, rank, made->extents) || tb_protected(export_run, &job)) {
    free(made);
    return NULL;
  }
  DLTensor tensor = {.data = length ? job.data : NULL,
                     .device = {DL_CPU, 0},
                     .ndim = rank,
                     .dtype = type,
                     .shape = made->extents,
                     .strides = made->extents + rank};
  PyObject *capsule = new_capsule(made, tensor, versioned, self->writable);
  if (!capsule) {
    tb_unroot(made->cell);
    free(made);
  }
  return capsule;
}

static PyObject *dlpack(RObject *self, PyObject *args, PyObject *kwargs) {
  static char *names[] = {"stream", "max_version", "dl_device", "copy", NULL};
  PyObject *stream = Py_None, *max_version = Py_None, *device = Py_None, *copy = Py_None;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|$OOOO", names, &stream, &max_version, &device,
                                   &copy))
    return NULL;
  if (copy == Py_True) {
    PyErr_SetString(PyExc_BufferError, "copy=True is not offered here: copy after the exchange");
    return NULL;
  }
  if (device != Py_None) {
    PyObject *cpu = Py_BuildValue("(ii)", 1, 0);
    int same = cpu ? PyObject_RichCompareBool(device, cpu, Py_EQ) : -1;
    Py_XDECREF(cpu);
    if (same < 0)
      return NULL;
    if (!same) {
      PyErr_SetString(PyExc_BufferError, "dl_device: R memory is on the CPU, device (1, 0)");
      return NULL;
    }
  }
  long major = 0;
  if (max_version != Py_None) {
    PyObject *first = PySequence_GetItem(max_version, 0);
    if (!first)
      return NULL;
    major = PyLong_AsLong(first);
    Py_DECREF(first);
    if (major == -1 && PyErr_Occurred())
      return NULL;
  }
  return export_capsule(self, major >= 1);
}

static PyObject *dlpack_device(RObject *self, PyObject *unused) {
  (void)self;
  (void)unused;
  return Py_BuildValue("(ii)", 1, 0);
}

static PyObject *altrep(RObject *self, void *unused) {
  (void)unused;
  return PyBool_FromLong(ALTREP(self->x) && !tb_is_foreign(self->x));
}

/* ---- DLPack -> R ---- */

static const struct {
  uint8_t code, bits;
  tb_element type;
} elements[] = {
    {DL_FLOAT, 64, F64},     {DL_INT, 64, I64},   {DL_INT, 32, I32},   {DL_UINT, 8, U8},
    {DL_COMPLEX, 128, C128}, {DL_FLOAT, 32, F32}, {DL_FLOAT, 16, F16}, {DL_BFLOAT, 16, BF16},
    {DL_INT, 16, I16},       {DL_INT, 8, I8},     {DL_UINT, 16, U16},  {DL_BOOL, 8, BOOL},
};

static void release_plain(void *owner) {
  DLManaged *managed = owner;
  if (managed->deleter)
    managed->deleter(managed);
}

static void release_versioned(void *owner) {
  DLManagedVersioned *managed = owner;
  if (managed->deleter)
    managed->deleter(managed);
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

/* What R can have of a tensor; `memory` has its owner already. */
static bool describe_memory(const DLTensor *t, tb_foreign_memory *memory) {
  if (t->device.type != DL_CPU) {
    PyErr_SetString(PyExc_ValueError,
                    "share=True needs a tensor on the CPU: R cannot read device memory; "
                    "use share=False, or x.cpu() first");
    return false;
  }
  size_t kind = 0, n_kinds = sizeof elements / sizeof *elements;
  while (kind < n_kinds &&
         (elements[kind].code != t->dtype.code || elements[kind].bits != t->dtype.bits))
    kind++;
  if (kind == n_kinds || t->dtype.lanes != 1) {
    PyErr_SetString(PyExc_TypeError,
                    "share=True: R has no vector type over this dtype; use share=False");
    return false;
  }
  memory->length = check_layout(t);
  if (memory->length < 0)
    return false;
  size_t size = t->dtype.bits / 8;
  size_t alignment = size > 8 ? 8 : size; /* a complex number is two doubles */
  memory->data = t->data ? (const char *)t->data + t->byte_offset : NULL;
  if (memory->length && (!memory->data || (uintptr_t)memory->data % alignment)) {
    PyErr_SetString(PyExc_ValueError,
                    memory->data
                        ? "share=True needs memory aligned to its elements; use share=False"
                        : "capsule: its tensor has no memory");
    return false;
  }
  memory->type = elements[kind].type;
  memory->rank = t->ndim;
  memory->shape = t->shape;
  return true;
}

PyObject *tb_from_dlpack(PyObject *capsule) {
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
  tb_foreign_memory memory = {.owner = managed,
                              .release = versioned ? release_versioned : release_plain};
  if (!describe_memory(versioned ? &((DLManagedVersioned *)managed)->tensor
                                 : &((DLManaged *)managed)->tensor,
                       &memory))
    return NULL;
  PyObject *made = tb_foreign_vector(&memory);
  if (made)
    PyCapsule_SetName(capsule, versioned ? "used_dltensor_versioned" : "used_dltensor");
  return made;
}

static const PyMethodDef methods[] = {
    {"__dlpack__", (PyCFunction)(void (*)(void))dlpack, METH_VARARGS | METH_KEYWORDS,
     "The vector's own memory as a DLPack capsule, column-major, read-only unless just made."},
    {"__dlpack_device__", (PyCFunction)dlpack_device, METH_NOARGS, "(1, 0): the CPU."},
    {NULL, NULL, 0, NULL}};

static const PyGetSetDef properties[] = {
    {"altrep", (getter)altrep, NULL,
     "Does R know this vector otherwise than by its memory (a sequence, a sorted vector)?", NULL},
    {NULL, NULL, NULL, NULL, NULL}};

void tb_dlpack_add(void) { tb_robject_add(methods, properties); }
