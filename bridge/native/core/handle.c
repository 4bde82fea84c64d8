/* R external pointers that own one Python object.
 *
 * The bytes a tensor holds are counted, because R's collector cannot see them (core/pressure.h).
 * When the object goes is core/owned.c's to say. */
#include "core/handle.h"

#include "core/blocks.h"
#include "core/frozen.h"
#include "core/held.h"
#include "core/owned.h"
#include "core/pressure.h"

#include <string.h>

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

/* The getter of a property of torch.Tensor's, found once; NULL for a class of another kind. */
typedef struct {
  const char *text;
  PyObject *name;
  PyTypeObject *type;
  PyGetSetDef *found;
} property;

static property nbytes = {.text = "nbytes"}, requires_grad = {.text = "requires_grad"};

static PyObject *get(property *p, PyObject *x) {
  if (!p->name)
    p->name = PyUnicode_InternFromString(p->text);
  if (Py_TYPE(x) != p->type) {
    PyObject *attribute = PyObject_GetAttr((PyObject *)Py_TYPE(x), p->name);
    bool getset = attribute && Py_IS_TYPE(attribute, &PyGetSetDescr_Type);
    p->found = getset ? ((PyGetSetDescrObject *)attribute)->d_getset : NULL;
    Py_XDECREF(attribute); /* the class keeps it */
    PyErr_Clear();
    Py_XSETREF(p->type, (PyTypeObject *)Py_NewRef(Py_TYPE(x)));
  }
  return p->found ? p->found->get(x, p->found->closure) : PyObject_GetAttr(x, p->name);
}

/* Steals size. */
static int64_t as_bytes(PyObject *size) {
  long long bytes = size ? PyLong_AsLongLong(size) : 0;
  Py_XDECREF(size);
  PyErr_Clear();
  return bytes > 0 ? bytes : 0;
}

static int64_t bytes_of(PyObject *x) {
  PyObject *size = get(&nbytes, x);
  if (!size)
    tb_pressure_unknown(); /* a sparse tensor has no nbytes */
  return as_bytes(size);
}

/* ---- tensors that keep little alive ---- */

/* A view of a large tensor keeps it, and so does a graph. Of tensors without storage, as torch.func
 * has them, all are of that kind: the next are not asked. */
static bool keeps_little(PyObject *x) {
  enum { NOT_ASKED = 1000 };
  static int not_asked = 0;
  if (not_asked > 0) {
    not_asked--;
    return false;
  }
  PyObject *storage = PyObject_CallMethod(x, "untyped_storage", NULL);
  PyObject *size = storage ? PyObject_CallMethod(storage, "nbytes", NULL) : NULL;
  if (!size)
    not_asked = NOT_ASKED;
  Py_XDECREF(storage);
  bool known = size != NULL;
  return as_bytes(size) <= TB_LITTLE_BYTES && known;
}

bool tb_handle_is_little(SEXP x) {
  tb_owned *o = tb_is_handle(x) ? tb_owned_by(x) : NULL;
  if (o && o->little == TB_LITTLE_UNKNOWN && tb_is_plain_tensor(o->object))
    o->little = keeps_little(o->object) ? TB_LITTLE : TB_NOT_LITTLE;
  return o && o->little == TB_LITTLE;
}

static bool has_graph(PyObject *x) {
  PyObject *wanted = get(&requires_grad, x);
  bool known = wanted != NULL, graph = wanted != Py_False;
  Py_XDECREF(wanted);
  if (!known)
    PyErr_Clear();
  return graph;
}

/* ---- ownership ---- */

static void own(SEXP pointer, tb_owned *o, PyObject *x, bool tensor) {
  int64_t bytes = tensor ? bytes_of(x) : 0;
  *o = (tb_owned){.little = bytes > TB_LITTLE_BYTES ? TB_NOT_LITTLE : TB_LITTLE_UNKNOWN};
  tb_own(pointer, o, x, bytes, tb_is_plain_tensor(x));
  if (!tensor)
    tb_pressure_unknown();
}

/* A handle of nothing as yet. */
static SEXP empty_handle(bool tensor, SEXP class, bool block) {
  SEXP pointer = PROTECT(R_MakeExternalPtr(NULL, tb_frozen_tag(), R_NilValue));
  Rf_classgets(pointer, class);
  tb_frozen_forget(pointer); /* one that died with its block had this address */
  tb_frozen_set(pointer, tensor);
  if (block)
    tb_block_join(pointer);
  else
    R_RegisterCFinalizerEx(pointer, tb_owned_finalize, FALSE);
  UNPROTECT(1);
  return pointer;
}

static SEXP handle_of_class(PyObject *x, bool tensor, SEXP class) {
  SEXP pointer = PROTECT(empty_handle(tensor, class, false));
  tb_owned *h = tb_owned_new(); /* last: nothing can jump from here on */
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

SEXP tb_numeric_of(SEXP x) {
  if (tb_is_handle(x) && Rf_getAttrib(x, R_ClassSymbol) == tensor_class) {
    PROTECT(x);
    Rf_classgets(x, numeric_class);
    UNPROTECT(1);
  }
  return x;
}

/* ---- made before the tensor is there ---- */

SEXP tb_handle_ready(void) {
  bool block = tb_blocks_wanted();
  SEXP handle = block ? tb_block_kept() : CAR(left_over);
  if (handle == R_NilValue)
    return empty_handle(true, tensor_class, block);
  if (!block)
    SETCAR(left_over, R_NilValue);
  return handle;
}

void tb_handle_keep_ready(SEXP handle) {
  if (tb_is_in_block(handle))
    tb_block_keep(handle);
  else
    SETCAR(left_over, handle);
}

bool tb_handle_fill(SEXP handle, PyObject *x, bool of_little) {
  if (!tb_is_plain_tensor(x))
    return false;
  int64_t bytes = bytes_of(x);
  bool little = of_little && bytes <= TB_LITTLE_BYTES && !has_graph(x);
  tb_blocks_next(little);
  tb_owned *o = R_ExternalPtrAddr(handle); /* that of a block */
  if (o && !little)
    return false;
  bool block = o != NULL;
  if (!o && !(o = tb_owned_new()))
    return false;
  *o = (tb_owned){.in_block = block,
                  .little = little                    ? TB_LITTLE
                            : bytes > TB_LITTLE_BYTES ? TB_NOT_LITTLE
                                                      : TB_LITTLE_UNKNOWN};
  tb_own(handle, o, x, bytes, true);
  return true;
}

int tb_handle_revive(SEXP pointer, PyObject *x) {
  bool tensor = tb_is_tensor(x);
  tb_hold(Py_NewRef(x)); /* what follows may jump */
  tb_frozen_set(pointer, tensor);
  R_SetExternalPtrTag(pointer, tb_frozen_tag());
  R_RegisterCFinalizerEx(pointer, tb_owned_finalize, FALSE);
  Py_DECREF(tb_unhold());
  tb_owned *h = tb_owned_new();
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
  tb_owned *h = tb_is_handle(x) ? tb_owned_by(x) : NULL;
  return h ? h->object : NULL;
}
