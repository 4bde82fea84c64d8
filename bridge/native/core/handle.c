/* R external pointers that own one Python object.
 *
 * The finalizer takes the GIL, and does nothing once Python has finalized. The
 * bytes a tensor holds are counted, because R's collector cannot see them (core/pressure.h).
 *
 * While R holds a tensor, Python's collector has no need to look at it: a circle through it is
 * alive. R frees what a loop drops much later than Python would, and Python, which counts what has
 * been made and not been freed, would go through all of it again and again. */
#include "core/handle.h"

#include "core/frozen.h"
#include "core/held.h"
#include "core/lifetime.h"
#include "core/pressure.h"

#include <stdlib.h>
#include <string.h>

typedef struct held {
  PyObject *object;
  int64_t bytes;
  bool untracked;    /* by Python's collector, as long as this lives */
  struct held *next; /* of the free ones */
} held;

static SEXP tensor_class = NULL, parameter_class = NULL, numeric_class = NULL, object_class = NULL;

/* Its CAR: a tensor's handle of nothing, left over by a call that gave no tensor. */
static SEXP left_over = NULL;

/* Python types whose objects have an R class of their own, as R's torch calls them. */
static struct {
  const char *type, *r_class;
  SEXP classes;
} classed[] = {
    {"torch.dtype", "torch_dtype", NULL},
    {"torch.device", "torch_device", NULL},
    {"torch.layout", "torch_layout", NULL},
    {"torch.memory_format", "torch_memory_format", NULL},
    {"torch.qscheme", "torch_qscheme", NULL},
    {"torch._C.Generator", "torch_generator", NULL},
    {"PackedSequence", "packed_sequence", NULL},
    {NULL, NULL, NULL},
};
static PyObject *nbytes_name = NULL;

void tb_handle_init(void) {
  tensor_class = Rf_allocVector(STRSXP, 2);
  R_PreserveObject(tensor_class);
  SET_STRING_ELT(tensor_class, 0, Rf_mkChar("torch_tensor"));
  SET_STRING_ELT(tensor_class, 1, Rf_mkChar("python_object"));
  MARK_NOT_MUTABLE(tensor_class);
  parameter_class = Rf_lengthgets(tensor_class, 3);
  R_PreserveObject(parameter_class);
  SET_STRING_ELT(parameter_class, 2, Rf_mkChar("nn_parameter"));
  MARK_NOT_MUTABLE(parameter_class);
  numeric_class = Rf_allocVector(STRSXP, 3);
  R_PreserveObject(numeric_class);
  SET_STRING_ELT(numeric_class, 0, Rf_mkChar("torch_numeric"));
  SET_STRING_ELT(numeric_class, 1, STRING_ELT(tensor_class, 0));
  SET_STRING_ELT(numeric_class, 2, STRING_ELT(tensor_class, 1));
  MARK_NOT_MUTABLE(numeric_class);
  left_over = Rf_cons(R_NilValue, R_NilValue);
  R_PreserveObject(left_over);
  object_class = Rf_mkString("python_object");
  R_PreserveObject(object_class);
  MARK_NOT_MUTABLE(object_class);
  for (int i = 0; classed[i].type; i++) {
    classed[i].classes = Rf_allocVector(STRSXP, 2);
    R_PreserveObject(classed[i].classes);
    SET_STRING_ELT(classed[i].classes, 0, Rf_mkChar(classed[i].r_class));
    SET_STRING_ELT(classed[i].classes, 1, Rf_mkChar("python_object"));
    MARK_NOT_MUTABLE(classed[i].classes);
  }
}

static SEXP class_of(PyObject *x) {
  const char *type = Py_TYPE(x)->tp_name; /* a class written in Python has no dot in it */
  if (strncmp(type, "torch.", 6) == 0 || strcmp(type, "PackedSequence") == 0)
    for (int i = 0; classed[i].type; i++)
      if (strcmp(classed[i].type, type) == 0)
        return classed[i].classes;
  return object_class;
}

/* ---- tensors ---- */

static PyTypeObject *tensor_type = NULL;

void tb_set_tensor_type(PyTypeObject *type) {
  if (!tensor_type)
    tb_pressure_torch_is_there();
  Py_XINCREF(type);
  Py_XSETREF(tensor_type, type);
}

bool tb_is_tensor(PyObject *x) { return tensor_type && PyObject_TypeCheck(x, tensor_type); }

bool tb_is_plain_tensor(PyObject *x) { return tensor_type && Py_TYPE(x) == tensor_type; }

static SEXP class_of_tensor(PyObject *x) {
  bool parameter = !tb_is_plain_tensor(x) && strcmp(Py_TYPE(x)->tp_name, "Parameter") == 0;
  return parameter ? parameter_class : tensor_class;
}

/* The getter of torch.Tensor's nbytes, found once; NULL for a class of another kind. */
static PyGetSetDef *nbytes_getter(PyObject *x) {
  static PyTypeObject *type = NULL;
  static PyGetSetDef *found = NULL;
  if (Py_TYPE(x) != type) {
    PyObject *attribute = PyObject_GetAttr((PyObject *)Py_TYPE(x), nbytes_name);
    bool getset = attribute && Py_IS_TYPE(attribute, &PyGetSetDescr_Type);
    found = getset ? ((PyGetSetDescrObject *)attribute)->d_getset : NULL;
    Py_XDECREF(attribute); /* the class keeps it */
    PyErr_Clear();
    Py_XSETREF(type, (PyTypeObject *)Py_NewRef(Py_TYPE(x)));
  }
  return found;
}

static int64_t bytes_of(PyObject *x) {
  if (!nbytes_name)
    nbytes_name = PyUnicode_InternFromString("nbytes");
  PyGetSetDef *nbytes = nbytes_getter(x);
  PyObject *size = nbytes ? nbytes->get(x, nbytes->closure) : PyObject_GetAttr(x, nbytes_name);
  long long bytes = size ? PyLong_AsLongLong(size) : 0;
  Py_XDECREF(size);
  if (!size)
    tb_pressure_unknown(); /* a sparse tensor has no nbytes */
  PyErr_Clear();
  return bytes > 0 ? bytes : 0;
}

/* ---- ownership ---- */

/* R's main thread makes and frees these; a few stay at hand. */
enum { MOST_FREE = 1024 };
static held *first_free = NULL;
static int n_free = 0;

static held *new_held(void) {
  held *h = first_free;
  if (!h)
    return malloc(sizeof *h);
  first_free = h->next;
  n_free--;
  return h;
}

static void free_held(held *h) {
  if (n_free == MOST_FREE) {
    free(h);
    return;
  }
  h->next = first_free;
  first_free = h;
  n_free++;
}

static void finalize(SEXP pointer) {
  held *h = R_ExternalPtrAddr(pointer);
  if (!h)
    return;
  R_ClearExternalPtr(pointer);
  tb_frozen_forget(pointer);
  tb_count_add(TB_PY_HANDLES, -1);
  tb_count_add(TB_FOREIGN_BYTES, -h->bytes);
  if (Py_IsInitialized() && tb_r_ready()) {
    PyGILState_STATE gil = PyGILState_Ensure();
    if (h->untracked && !PyObject_GC_IsTracked(h->object))
      PyObject_GC_Track(h->object);
    Py_DECREF(h->object);
    PyGILState_Release(gil);
  }
  free_held(h);
}

static void own(SEXP pointer, held *h, PyObject *x, bool tensor) {
  h->object = Py_NewRef(x);
  h->bytes = tensor ? bytes_of(x) : 0;
  h->untracked = tb_is_plain_tensor(x) && PyObject_GC_IsTracked(x);
  if (h->untracked)
    PyObject_GC_UnTrack(x);
  if (!tensor)
    tb_pressure_unknown();
  R_SetExternalPtrAddr(pointer, h);
  tb_count_add(TB_PY_HANDLES, 1);
  tb_count_add(TB_FOREIGN_BYTES, h->bytes);
}

/* A handle of nothing as yet. */
static SEXP empty_handle(bool tensor, SEXP class) {
  SEXP pointer = PROTECT(R_MakeExternalPtr(NULL, tb_frozen_tag(), R_NilValue));
  Rf_classgets(pointer, class);
  tb_frozen_set(pointer, tensor);
  R_RegisterCFinalizerEx(pointer, finalize, FALSE);
  UNPROTECT(1);
  return pointer;
}

static SEXP handle_of_class(PyObject *x, bool tensor, SEXP class) {
  SEXP pointer = PROTECT(empty_handle(tensor, class));
  held *h = new_held(); /* last: nothing can jump from here on */
  if (!h)
    Rf_error("torchbridge: out of memory");
  own(pointer, h, x, tensor);
  UNPROTECT(1);
  return pointer;
}

SEXP tb_handle(PyObject *x, bool tensor) {
  return handle_of_class(x, tensor, tensor ? class_of_tensor(x) : class_of(x));
}

SEXP tb_numeric_handle(PyObject *x) { return handle_of_class(x, true, numeric_class); }

/* ---- made before the tensor is there ---- */

SEXP tb_handle_ready(void) {
  SEXP handle = CAR(left_over);
  if (handle == R_NilValue)
    return empty_handle(true, tensor_class);
  SETCAR(left_over, R_NilValue);
  return handle;
}

void tb_handle_keep_ready(SEXP handle) { SETCAR(left_over, handle); }

bool tb_handle_fill(SEXP handle, PyObject *x) {
  held *h = tb_is_plain_tensor(x) ? new_held() : NULL;
  if (h)
    own(handle, h, x, true);
  return h != NULL;
}

int tb_handle_revive(SEXP pointer, PyObject *x) {
  bool tensor = tb_is_tensor(x);
  tb_hold(Py_NewRef(x)); /* what follows may jump */
  tb_frozen_set(pointer, tensor);
  R_SetExternalPtrTag(pointer, tb_frozen_tag());
  R_RegisterCFinalizerEx(pointer, finalize, FALSE);
  Py_DECREF(tb_unhold());
  held *h = new_held();
  if (!h) {
    PyErr_NoMemory();
    return -1;
  }
  own(pointer, h, x, tensor);
  return 0;
}

/* ---- what a handle holds ---- */

bool tb_is_handle(SEXP x) {
  if (TYPEOF(x) != EXTPTRSXP)
    return false;
  SEXP tag = R_ExternalPtrTag(x);
  return tag == tb_frozen_tag() || tb_is_saved_tag(tag);
}

bool tb_is_numeric_handle(SEXP x) {
  if (!tb_is_handle(x))
    return false;
  SEXP class = Rf_getAttrib(x, R_ClassSymbol);
  return class != tensor_class && TYPEOF(class) == STRSXP && Rf_xlength(class) > 0 &&
         STRING_ELT(class, 0) == STRING_ELT(numeric_class, 0);
}

SEXP tb_handle_of(SEXP x) {
  if (TYPEOF(x) != CLOSXP)
    return x;
  SEXP handle = Rf_getAttrib(x, Rf_install("torchbridge_handle"));
  return tb_is_handle(handle) ? handle : x;
}

PyObject *tb_handle_object(SEXP x) {
  held *h = tb_is_handle(x) ? R_ExternalPtrAddr(x) : NULL;
  return h ? h->object : NULL;
}
