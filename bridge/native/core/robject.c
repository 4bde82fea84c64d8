/* RObject: a Python object that owns one R object.
 *
 * It holds a root (core/lifetime.c) until Python drops it, on whatever thread. What
 * Python reads from it is read on R's main thread; anything that may raise an R
 * error runs inside tb_protected.
 *
 * Tests: tests/native/values/test_object.py */
#include "core/robject.h"

#include "core/lifetime.h"

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

/* Room for all that the files together add, and the end of the table. */
enum { MOST = 32 };
static PyMethodDef all_methods[MOST + 1];
static PyGetSetDef all_properties[MOST + 1];
static int n_methods = 0, n_properties = 0;

void tb_robject_add(const PyMethodDef *methods, const PyGetSetDef *properties) {
  for (; methods && methods->ml_name && n_methods < MOST; methods++)
    all_methods[n_methods++] = *methods;
  for (; properties && properties->name && n_properties < MOST; properties++)
    all_properties[n_properties++] = *properties;
}

PyTypeObject tb_RObjectType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "torchbridge._native.RObject",
    .tp_basicsize = sizeof(RObject),
    .tp_dealloc = (destructor)robject_dealloc,
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_doc = "One R object, kept alive as long as this Python object.",
    .tp_methods = all_methods,
    .tp_getset = all_properties,
};

int tb_robject_ready(void) {
  if (n_methods == MOST || n_properties == MOST) {
    PyErr_SetString(PyExc_SystemError, "no room for all the methods of RObject");
    return -1;
  }
  return PyType_Ready(&tb_RObjectType);
}
