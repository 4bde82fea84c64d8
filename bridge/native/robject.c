/* RObject: a Python object that owns one R object.
 *
 * It holds a root (lifetime.c) until Python drops it, on whatever thread. What
 * Python reads from it is read on R's main thread; anything that may raise an R
 * error runs inside tb_protected. */
#include "native.h"

#include "arrow.h"

#include <limits.h>

PyObject *tb_robject(SEXP x, bool writable) {
  SEXP cell = tb_root(x);
  RObject *self = PyObject_New(RObject, &tb_RObjectType);
  if (!self) {
    tb_unroot(cell);
    return NULL;
  }
  self->x = x;
  self->cell = cell;
  self->writable = writable;
  return (PyObject *)self;
}

static void robject_dealloc(RObject *self) {
  tb_unroot(self->cell);
  PyObject_Free(self);
}

SEXP tb_attribute(SEXP x, SEXP name) {
  return TYPEOF(x) == CHARSXP ? R_NilValue : Rf_getAttrib(x, name);
}

typedef struct {
  SEXP x;
  R_xlen_t length;
} length_job;

static void length_run(void *p) {
  length_job *job = p;
  job->length = Rf_isVector(job->x) ? Rf_xlength(job->x) : Rf_length(job->x);
}

int tb_length(SEXP x, R_xlen_t *length) {
  length_job job = {.x = x};
  if (!ALTREP(x))
    length_run(&job);
  else if (tb_protected(length_run, &job))
    return -1;
  *length = job.length;
  return 0;
}

bool tb_has_class(SEXP x, const char *name) {
  SEXP classes = Rf_isObject(x) ? Rf_getAttrib(x, R_ClassSymbol) : R_NilValue;
  for (R_xlen_t i = 0; i < (TYPEOF(classes) == STRSXP ? Rf_xlength(classes) : 0); i++)
    if (strcmp(R_CHAR(STRING_ELT(classes, i)), name) == 0)
      return true;
  return false;
}

bool tb_is_int64(SEXP x) {
  return TYPEOF(x) == REALSXP && (tb_has_class(x, "integer64") || tb_has_class(x, "nanotime"));
}

const void *tb_data(SEXP x) {
  /* A vector whose memory is gone (foreign.c) raises its error here: raised in Dataptr it would
   * leave R's collector switched off. */
  (void)Rf_xlength(x);
  switch (TYPEOF(x)) {
  case LGLSXP:
    return LOGICAL_RO(x);
  case INTSXP:
    return INTEGER_RO(x);
  case REALSXP:
    return REAL_RO(x);
  case CPLXSXP:
    return COMPLEX_RO(x);
  case RAWSXP:
    return RAW_RO(x);
  default:
    Rf_error("R type '%s' is not a vector of numbers", Rf_type2char(TYPEOF(x)));
  }
}

/* ---- missing values ---- */

#define INT64_NA INT64_MIN

static inline bool real_is_na(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  return x != x && (uint32_t)bits == 1954; /* R's NA: a NaN whose low word is 1954 */
}

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
        SCAN(int64_t, values[i] == INT64_NA);
      else
        SCAN(double, real_is_na(values[i]));
      break;
    case CPLXSXP:
      SCAN(Rcomplex, real_is_na(values[i].r) || real_is_na(values[i].i));
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

typedef struct {
  RObject *self;
  PyObject *mask;
  bool want_mask, any;
} na_job;

static void na_run(void *p) {
  na_job *job = p;
  SEXP x = job->self->x;
  const void *data = tb_data(x);
  if (job->want_mask) {
    SEXP mask = PROTECT(Rf_allocVector(RAWSXP, Rf_xlength(x)));
    SEXP dim = Rf_getAttrib(x, R_DimSymbol);
    if (dim != R_NilValue)
      Rf_setAttrib(mask, R_DimSymbol, dim);
    job->any = scan_na(x, data, RAW(mask));
    job->mask = tb_robject(mask, true);
    UNPROTECT(1);
  } else
    job->any = scan_na(x, data, NULL);
}

static PyObject *robject_any_na(RObject *self, PyObject *unused) {
  (void)unused;
  na_job job = {.self = self};
  if (tb_check_thread() || tb_protected(na_run, &job))
    return NULL;
  return PyBool_FromLong(job.any);
}

static PyObject *robject_na_mask(RObject *self, PyObject *unused) {
  (void)unused;
  na_job job = {.self = self, .want_mask = true};
  if (tb_check_thread() || tb_protected(na_run, &job))
    return NULL;
  return job.mask;
}

/* ---- looking at an R object ---- */

static PyObject *robject_typeof(RObject *self, void *unused) {
  (void)unused;
  if (tb_check_thread())
    return NULL;
  return PyUnicode_FromString(Rf_type2char(TYPEOF(self->x)));
}

static PyObject *robject_address(RObject *self, void *unused) {
  (void)unused;
  return PyLong_FromVoidPtr(self->x);
}

static PyObject *robject_writable(RObject *self, void *unused) {
  (void)unused;
  return PyBool_FromLong(self->writable);
}

static PyObject *robject_dim(RObject *self, void *unused) {
  (void)unused;
  if (tb_check_thread())
    return NULL;
  SEXP dim = tb_attribute(self->x, R_DimSymbol);
  if (TYPEOF(dim) != INTSXP)
    Py_RETURN_NONE;
  PyObject *tuple = PyTuple_New(Rf_length(dim));
  for (int i = 0; tuple && i < Rf_length(dim); i++)
    PyTuple_SET_ITEM(tuple, i, PyLong_FromLong(INTEGER_ELT(dim, i)));
  return tuple;
}

typedef struct {
  SEXP x;
  PyObject *made;
} read_job;

static void classes_run(void *p) {
  read_job *job = p;
  job->made = tb_strings_from_r(tb_attribute(job->x, R_ClassSymbol));
}

static PyObject *robject_classes(RObject *self, void *unused) {
  (void)unused;
  read_job job = {.x = self->x};
  if (tb_check_thread())
    return NULL;
  if (!Rf_isObject(self->x))
    return PyTuple_New(0);
  return tb_protected(classes_run, &job) ? NULL : job.made;
}

static Py_ssize_t robject_length(RObject *self) {
  R_xlen_t length;
  return tb_check_thread() || tb_length(self->x, &length) ? -1 : length;
}

/* attr() and slot() give an RObject, or None where there is none. */
typedef struct {
  RObject *self;
  const char *name;
  bool slot;
  PyObject *found;
} attr_job;

static void attr_run(void *p) {
  attr_job *job = p;
  SEXP symbol = Rf_install(job->name), value = R_NilValue;
  if (!job->slot)
    value = Rf_getAttrib(job->self->x, symbol);
  else if (R_has_slot(job->self->x, symbol))
    value = R_do_slot(job->self->x, symbol);
  PROTECT(value);
  job->found = value == R_NilValue ? Py_NewRef(Py_None) : tb_robject(value, false);
  UNPROTECT(1);
}

static PyObject *look_up(RObject *self, PyObject *name, bool slot) {
  attr_job job = {.self = self, .name = PyUnicode_AsUTF8(name), .slot = slot};
  if (!job.name || tb_check_thread() || tb_protected(attr_run, &job))
    return NULL;
  return job.found;
}

static PyObject *robject_attr(RObject *self, PyObject *name) { return look_up(self, name, false); }

static PyObject *robject_slot(RObject *self, PyObject *name) { return look_up(self, name, true); }

typedef struct {
  SEXP x;
  const char *name;
  SEXP value;
} set_attr_job;

static void set_attr_run(void *p) {
  set_attr_job *job = p;
  Rf_setAttrib(job->x, Rf_install(job->name), job->value);
}

static PyObject *robject_set_attr(RObject *self, PyObject *args) {
  set_attr_job job = {.x = self->x};
  PyObject *value;
  if (!PyArg_ParseTuple(args, "sO!", &job.name, &tb_RObjectType, &value))
    return NULL;
  if (!self->writable) {
    PyErr_SetString(PyExc_ValueError,
                    "R values do not change: only a vector just made takes attributes");
    return NULL;
  }
  job.value = ((RObject *)value)->x;
  if (tb_check_thread() || tb_protected(set_attr_run, &job))
    return NULL;
  Py_RETURN_NONE;
}

static void value_run(void *p) {
  read_job *job = p;
  job->made = tb_from_r(job->x, TB_AS_NUMPY);
}

static PyObject *robject_value(RObject *self, PyObject *unused) {
  (void)unused;
  read_job job = {.x = self->x};
  if (tb_check_thread() || tb_protected(value_run, &job))
    return NULL;
  return job.made;
}

/* Elements of a list as RObjects. */
static PyObject *item_at(const void *list, R_xlen_t i) {
  return tb_robject(VECTOR_ELT((SEXP)list, i), false);
}

static void items_run(void *p) {
  read_job *job = p;
  job->made = tb_list(Rf_xlength(job->x), item_at, job->x);
}

static PyObject *robject_items(RObject *self, PyObject *unused) {
  (void)unused;
  read_job job = {.x = self->x};
  if (tb_check_thread())
    return NULL;
  if (TYPEOF(self->x) != VECSXP) {
    PyErr_Format(PyExc_TypeError, "items() needs an R list, not %s", Rf_type2char(TYPEOF(self->x)));
    return NULL;
  }
  return tb_protected(items_run, &job) ? NULL : job.made;
}

/* ---- making R objects ---- */

typedef struct {
  SEXPTYPE type;
  R_xlen_t length;
  PyObject *dim;
  PyObject *made;
} vector_job;

static void vector_run(void *p) {
  vector_job *job = p;
  SEXP x = PROTECT(tb_new_vector(job->type, job->length));
  if (job->dim) {
    int rank = (int)PyTuple_GET_SIZE(job->dim);
    SEXP dim = PROTECT(Rf_allocVector(INTSXP, rank));
    for (int i = 0; i < rank; i++)
      INTEGER(dim)[i] = (int)PyLong_AsLong(PyTuple_GET_ITEM(job->dim, i));
    Rf_setAttrib(x, R_DimSymbol, dim);
    UNPROTECT(1);
  }
  job->made = tb_robject(x, true);
  UNPROTECT(1);
}

/* Shape -> length, and the tuple that becomes `dim` (none for 0 and 1 dimensions). */
static int shape_length(PyObject *shape, R_xlen_t *length, PyObject **dim) {
  Py_ssize_t rank = PyTuple_GET_SIZE(shape);
  *dim = rank > 1 ? shape : NULL;
  bool empty = false;
  for (Py_ssize_t i = 0; i < rank; i++) {
    long long size = PyLong_AsLongLong(PyTuple_GET_ITEM(shape, i));
    if (size == -1 && PyErr_Occurred())
      return -1;
    if (size < 0) {
      PyErr_Format(PyExc_ValueError, "shape: dim %zd is negative", i);
      return -1;
    }
    if (rank > 1 && size > INT_MAX) {
      PyErr_Format(PyExc_ValueError,
                   "dim %zd has %lld elements; R's arrays hold at most %d in one dim "
                   "(a plain vector may be longer: flatten it first)",
                   i, size, INT_MAX);
      return -1;
    }
    empty |= size == 0;
  }
  *length = empty ? 0 : 1;
  for (Py_ssize_t i = 0; i < rank && !empty; i++) {
    long long size = PyLong_AsLongLong(PyTuple_GET_ITEM(shape, i));
    if (*length > R_XLEN_T_MAX / size) {
      PyErr_SetString(PyExc_ValueError, "shape: too many elements for an R vector");
      return -1;
    }
    *length *= (R_xlen_t)size;
  }
  return 0;
}

static PyObject *robject_new_vector(PyTypeObject *type, PyObject *args) {
  (void)type;
  const char *name;
  vector_job job = {0};
  PyObject *shape;
  if (!PyArg_ParseTuple(args, "sO!", &name, &PyTuple_Type, &shape))
    return NULL;
  job.type = Rf_str2type(name);
  if (job.type != LGLSXP && job.type != INTSXP && job.type != REALSXP && job.type != CPLXSXP &&
      job.type != RAWSXP) {
    PyErr_Format(PyExc_ValueError, "R type '%s' is not a vector of numbers", name);
    return NULL;
  }
  if (shape_length(shape, &job.length, &job.dim) || tb_check_thread() ||
      tb_protected(vector_run, &job))
    return NULL;
  return job.made;
}

static void address_run(void *p) {
  read_job *job = p;
  job->made = tb_robject(job->x, false);
}

/* An R object that somebody else (rpy2) keeps alive, by its address. */
static PyObject *robject_from_address(PyTypeObject *type, PyObject *address) {
  (void)type;
  read_job job = {.x = PyLong_AsVoidPtr(address)};
  if (!job.x) {
    if (!PyErr_Occurred())
      PyErr_SetString(PyExc_ValueError, "address: a null pointer is no R object");
    return NULL;
  }
  if (tb_check_thread() || tb_protected(address_run, &job))
    return NULL;
  return job.made;
}

/* R never writes into this vector from now on (it duplicates first). */
static PyObject *robject_freeze(RObject *self, PyObject *unused) {
  (void)unused;
  if (tb_check_thread())
    return NULL;
  MARK_NOT_MUTABLE(self->x);
  self->writable = false;
  Py_RETURN_NONE;
}

/* ---- memory ---- */

static PyObject *robject_dlpack(RObject *self, PyObject *args, PyObject *kwargs) {
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
  return tb_dlpack_export(self, major >= 1);
}

static PyObject *robject_dlpack_device(RObject *self, PyObject *unused) {
  (void)self;
  (void)unused;
  return Py_BuildValue("(ii)", 1, 0);
}

typedef struct {
  SEXP x;
  const void *data;
  R_xlen_t length;
} data_job;

static void data_run(void *p) {
  data_job *job = p;
  job->data = tb_data(job->x);
  job->length = Rf_xlength(job->x);
}

/* NumPy's own exchange dictionary; the array made from it keeps this object. */
static PyObject *robject_array_interface(RObject *self, void *unused) {
  data_job job = {.x = self->x};
  if (tb_check_thread())
    return NULL;
  const char *kind;
  int size;
  switch (TYPEOF(self->x)) {
  case LGLSXP:
  case INTSXP:
    kind = "i", size = 4;
    break;
  case REALSXP:
    kind = tb_is_int64(self->x) ? "i" : "f", size = 8;
    break;
  case CPLXSXP:
    kind = "c", size = 16;
    break;
  case RAWSXP:
    kind = "u", size = 1;
    break;
  default:
    PyErr_Format(PyExc_AttributeError, "R type '%s' is not a vector of numbers",
                 Rf_type2char(TYPEOF(self->x)));
    return NULL;
  }
  if (tb_protected(data_run, &job))
    return NULL;
  PyObject *shape = robject_dim(self, unused);
  if (shape == Py_None) {
    Py_DECREF(shape);
    shape = Py_BuildValue("(n)", (Py_ssize_t)job.length);
  }
  if (!shape)
    return NULL;
  Py_ssize_t rank = PyTuple_GET_SIZE(shape), stride = size;
  PyObject *strides = PyTuple_New(rank);
  for (Py_ssize_t i = 0; strides && i < rank; i++) {
    PyTuple_SET_ITEM(strides, i, PyLong_FromSsize_t(stride));
    stride *= job.length ? PyLong_AsSsize_t(PyTuple_GET_ITEM(shape, i)) : 1;
  }
  if (!strides) {
    Py_DECREF(shape);
    return NULL;
  }
  char type[8];
  snprintf(type, sizeof type, "%c%s%d", PY_LITTLE_ENDIAN ? '<' : '>', kind, size);
  return Py_BuildValue("{s:i,s:s,s:N,s:N,s:(NO)}", "version", 3, "typestr", type, "shape", shape,
                       "strides", strides, "data", PyLong_FromVoidPtr((void *)job.data),
                       self->writable ? Py_False : Py_True);
}

static PyObject *robject_call(RObject *self, PyObject *args, PyObject *kwargs) {
  if (tb_check_thread())
    return NULL;
  return tb_call_r(self->x, args, kwargs, true);
}

static PyObject *robject_call_raw(RObject *self, PyObject *args, PyObject *kwargs) {
  if (tb_check_thread())
    return NULL;
  return tb_call_r(self->x, args, kwargs, false);
}

static PyObject *robject_repr(RObject *self) {
  R_xlen_t length;
  if (!tb_r_ready() || !tb_on_main_thread())
    return PyUnicode_FromString("<RObject>");
  if (tb_length(self->x, &length)) {
    PyErr_Clear();
    return PyUnicode_FromFormat("<RObject: R %s>", Rf_type2char(TYPEOF(self->x)));
  }
  return PyUnicode_FromFormat("<RObject: R %s of length %zd>", Rf_type2char(TYPEOF(self->x)),
                              (Py_ssize_t)length);
}

static PyMethodDef methods[] = {
    {"new_vector", (PyCFunction)robject_new_vector, METH_VARARGS | METH_CLASS,
     "new_vector(type, shape): an uninitialised R vector or array, writable until R sees it."},
    {"from_address", (PyCFunction)robject_from_address, METH_O | METH_CLASS,
     "from_address(int): take a share in a live R object."},
    {"any_na", (PyCFunction)robject_any_na, METH_NOARGS, "Is any element R's NA?"},
    {"na_mask", (PyCFunction)robject_na_mask, METH_NOARGS,
     "A raw vector of the same shape: 1 where there is a value, 0 where there is NA."},
    {"call", (PyCFunction)(void (*)(void))robject_call_raw, METH_VARARGS | METH_KEYWORDS,
     "Call this R function; the result stays an RObject."},
    {"attr", (PyCFunction)robject_attr, METH_O, "attr(name): an attribute, or None."},
    {"slot", (PyCFunction)robject_slot, METH_O, "slot(name): an S4 slot, or None."},
    {"set_attr", (PyCFunction)robject_set_attr, METH_VARARGS,
     "set_attr(name, value) on a vector just made."},
    {"items", (PyCFunction)robject_items, METH_NOARGS, "The elements of an R list, as RObjects."},
    {"value", (PyCFunction)robject_value, METH_NOARGS, "The Python value of this R object."},
    {"freeze", (PyCFunction)robject_freeze, METH_NOARGS,
     "R duplicates this vector before changing it."},
    {"__dlpack__", (PyCFunction)(void (*)(void))robject_dlpack, METH_VARARGS | METH_KEYWORDS,
     "The vector's own memory as a DLPack capsule, column-major, read-only unless just made."},
    {"__arrow_c_stream__", (PyCFunction)(void (*)(void))tb_arrow_c_stream,
     METH_VARARGS | METH_KEYWORDS, "A data frame, or a vector, as an Arrow stream of one array."},
    {"__arrow_c_schema__", (PyCFunction)tb_arrow_c_schema, METH_NOARGS,
     "The schema of that stream."},
    {"__dlpack_device__", (PyCFunction)robject_dlpack_device, METH_NOARGS, "(1, 0): the CPU."},
    {NULL, NULL, 0, NULL}};

static PyGetSetDef properties[] = {
    {"typeof", (getter)robject_typeof, NULL, "R's typeof().", NULL},
    {"classes", (getter)robject_classes, NULL, "The class attribute, as a tuple.", NULL},
    {"dim", (getter)robject_dim, NULL, "The dim attribute, as a tuple, or None.", NULL},
    {"address", (getter)robject_address, NULL, "Where the R object is.", NULL},
    {"writable", (getter)robject_writable, NULL, "Was this vector just made by the core?", NULL},
    {"__array_interface__", (getter)robject_array_interface, NULL, "NumPy's array interface.",
     NULL},
    {NULL, NULL, NULL, NULL, NULL}};

static PySequenceMethods sequence = {.sq_length = (lenfunc)robject_length};

PyTypeObject tb_RObjectType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "torchbridge._native.RObject",
    .tp_basicsize = sizeof(RObject),
    .tp_dealloc = (destructor)robject_dealloc,
    .tp_repr = (reprfunc)robject_repr,
    .tp_call = (ternaryfunc)robject_call,
    .tp_as_sequence = &sequence,
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_doc = "One R object, kept alive as long as this Python object.",
    .tp_methods = methods,
    .tp_getset = properties,
};
