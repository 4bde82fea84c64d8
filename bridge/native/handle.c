/* R external pointers that own one Python object.
 *
 * The finalizer takes the GIL, and does nothing once Python has finalized. The
 * bytes a tensor holds are counted, because R's collector cannot see them. */
#include "native.h"

#include <stdlib.h>

typedef struct {
  PyObject *object;
  int64_t bytes;
} held;

static SEXP tag = NULL, tensor_class = NULL, object_class = NULL;
static PyObject *nbytes_name = NULL;

void tb_handle_init(void) {
  tag = Rf_install("torchbridge_handle");
  tensor_class = Rf_allocVector(STRSXP, 2);
  R_PreserveObject(tensor_class);
  SET_STRING_ELT(tensor_class, 0, Rf_mkChar("torch_tensor"));
  SET_STRING_ELT(tensor_class, 1, Rf_mkChar("python_object"));
  MARK_NOT_MUTABLE(tensor_class);
  object_class = Rf_mkString("python_object");
  R_PreserveObject(object_class);
  MARK_NOT_MUTABLE(object_class);
}

static void finalize(SEXP pointer) {
  held *h = R_ExternalPtrAddr(pointer);
  if (!h)
    return;
  R_ClearExternalPtr(pointer);
  tb_count_add(TB_PY_HANDLES, -1);
  tb_count_add(TB_FOREIGN_BYTES, -h->bytes);
  if (Py_IsInitialized() && tb_r_ready()) {
    PyGILState_STATE gil = PyGILState_Ensure();
    Py_DECREF(h->object);
    PyGILState_Release(gil);
  }
  free(h);
}

static int64_t bytes_of(PyObject *x) {
  if (!nbytes_name)
    nbytes_name = PyUnicode_InternFromString("nbytes");
  PyObject *size = PyObject_GetAttr(x, nbytes_name);
  long long bytes = size ? PyLong_AsLongLong(size) : 0;
  Py_XDECREF(size);
  PyErr_Clear(); /* sparse tensors have no nbytes; they just are not counted */
  return bytes > 0 ? bytes : 0;
}

SEXP tb_handle(PyObject *x, bool tensor) {
  SEXP pointer = PROTECT(R_MakeExternalPtr(NULL, tag, R_NilValue));
  Rf_setAttrib(pointer, R_ClassSymbol, tensor ? tensor_class : object_class);
  R_RegisterCFinalizerEx(pointer, finalize, FALSE);
  held *h = malloc(sizeof *h); /* last: nothing can jump from here on */
  if (!h)
    Rf_error("torchbridge: out of memory");
  h->object = Py_NewRef(x);
  h->bytes = tensor ? bytes_of(x) : 0;
  R_SetExternalPtrAddr(pointer, h);
  tb_count_add(TB_PY_HANDLES, 1);
  tb_count_add(TB_FOREIGN_BYTES, h->bytes);
  UNPROTECT(1);
  return pointer;
}

bool tb_is_handle(SEXP x) { return TYPEOF(x) == EXTPTRSXP && R_ExternalPtrTag(x) == tag; }

PyObject *tb_handle_object(SEXP x) {
  held *h = tb_is_handle(x) ? R_ExternalPtrAddr(x) : NULL;
  return h ? h->object : NULL;
}
