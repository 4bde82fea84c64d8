/* What a handle leaves in a saved R object (saveRDS, serialize).
 *
 * R writes of an external pointer its protected value, its tag and its
 * attributes. The protected value is a raw vector (ALTREP) whose content is
 * made when it is asked for: what Python gives for the object (values/saved.c).
 * The class has no state of its own to save, so R writes plain bytes, which any
 * R reads. A handle that is no tensor's has a list of that vector and of a
 * second value, R's parts of the object; R writes a list in order, so asking
 * for the bytes has put the parts in their place by the time that R gets there.
 *
 * The tag is an environment, one a session: handles that were written together
 * share it when they are read, and so know of each other.
 *
 * The vector's second value is the block of the handle (core/blocks.c), or what length was said.
 *
 * Bytes are made only where R has first asked for the vector's state, as
 * serialize() does (in version 3, the default): to object.size() the vector is
 * empty. They are kept from R's asking for their length until the next entry
 * into the core.
 *
 * Tests: tests/native/core/test_handle.py, test-save-frozen.R */
#include "core/frozen.h"

#include "core/lifetime.h"

#include <R_ext/Altrep.h>

static R_altrep_class_t frozen_class;
static SEXP tag = NULL, mark = NULL;
static const tb_saving *saving = NULL;
static SEXP wanted = NULL; /* the handle that R is about to write, compared only */
static struct {
  SEXP of;         /* the handle, compared only */
  PyObject *bytes; /* owned */
} last = {NULL, NULL};

SEXP tb_frozen_tag(void) { return tag; }

bool tb_is_saved_tag(SEXP x) { return TYPEOF(x) == ENVSXP && R_existsVarInFrame(x, mark); }

PyObject *tb_thaw(SEXP pointer) { return saving->thaw(pointer); }

void tb_frozen_release(void) {
  last.of = NULL;
  Py_CLEAR(last.bytes);
}

void tb_frozen_forget(SEXP pointer) {
  if (last.of == pointer)
    last.of = NULL; /* its bytes go with the next release */
  if (wanted == pointer)
    wanted = NULL;
}

/* Where Python has ended, or fails, there are no bytes, and R's own work goes on. */
static void freeze(SEXP pointer) {
  if (!Py_IsInitialized() || !tb_r_ready() || !tb_on_main_thread() || tb_stack_is_low())
    return;
  PyGILState_STATE gil = PyGILState_Ensure();
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  tb_frozen_release();
  PyObject *bytes = saving->freeze(pointer);
  PyErr_Clear();
  tb_frozen_release(); /* of a handle that was written meanwhile */
  last.of = pointer;
  last.bytes = bytes;
  wanted = NULL;
  PyErr_Restore(type, value, traceback);
  PyGILState_Release(gil);
}

static SEXP serialized_state(SEXP x) {
  wanted = R_altrep_data1(x);
  return NULL;
}

static R_xlen_t length(SEXP x) {
  SEXP pointer = R_altrep_data1(x);
  if (TYPEOF(R_altrep_data2(x)) == VECSXP)
    saving->leave_block(pointer); /* the place of its block is needed */
  if (last.of != pointer && wanted == pointer)
    freeze(pointer);
  R_xlen_t n = last.of == pointer && last.bytes ? PyBytes_GET_SIZE(last.bytes) : 0;
  R_set_altrep_data2(x, Rf_ScalarReal((double)n));
  return n;
}

static void *zeros(SEXP pointer, R_xlen_t n) {
  if (!Py_IsInitialized())
    Rf_error("Python ended while R saved its objects");
  PyGILState_STATE gil = PyGILState_Ensure();
  tb_frozen_release();
  last.of = pointer;
  last.bytes = PyBytes_FromStringAndSize(NULL, n);
  if (!last.bytes)
    PyErr_Clear();
  else
    memset(PyBytes_AS_STRING(last.bytes), 0, (size_t)n);
  PyGILState_Release(gil);
  if (!last.bytes)
    Rf_error("no memory for what R saves of a Python object");
  return PyBytes_AS_STRING(last.bytes);
}

/* As many bytes as length() said: zeros, which nothing takes for an object, should they have had
 * to be made a second time and be others. No R error: R's collector is off here, and would stay so.
 */
static void *dataptr(SEXP x, Rboolean writable) {
  (void)writable;
  static char nothing;
  SEXP pointer = R_altrep_data1(x), said = R_altrep_data2(x);
  R_xlen_t n = TYPEOF(said) == REALSXP ? (R_xlen_t)REAL_ELT(said, 0) : length(x);
  if (last.of != pointer && n)
    freeze(pointer);
  if (n && (last.of != pointer || !last.bytes || PyBytes_GET_SIZE(last.bytes) < n))
    return zeros(pointer, n);
  return n ? PyBytes_AS_STRING(last.bytes) : &nothing;
}

void tb_frozen_init(void *dll_info, const tb_saving *how) {
  saving = how;
  frozen_class = R_make_altraw_class("frozen", "torchbridge", dll_info);
  R_set_altrep_Serialized_state_method(frozen_class, serialized_state);
  R_set_altrep_Length_method(frozen_class, length);
  R_set_altvec_Dataptr_method(frozen_class, dataptr);
  mark = Rf_install("torchbridge_handle");
  tag = R_NewEnv(R_EmptyEnv, FALSE, 0);
  R_PreserveObject(tag);
  Rf_defineVar(mark, R_NilValue, tag);
}

void tb_frozen_set(SEXP pointer, bool tensor) {
  SEXP bytes = PROTECT(R_new_altrep(frozen_class, pointer, R_NilValue)), list = bytes;
  if (!tensor) {
    list = PROTECT(Rf_allocVector(VECSXP, 2));
    SET_VECTOR_ELT(list, 0, bytes);
    UNPROTECT(1);
  }
  R_SetExternalPtrProtected(pointer, list);
  UNPROTECT(1);
}
