/* What a handle leaves in a saved R object (saveRDS, serialize), and how it
 * comes back.
 *
 * R writes of an external pointer its protected value, its tag and its
 * attributes. The protected value is a raw vector (ALTREP) whose content is
 * made when it is asked for: what bridge/frozen.py gives for the Python object.
 * The class has no state of its own to save, so R writes plain bytes, which any
 * R reads. A handle that is no tensor's has a list of that vector and of a
 * second value, R's parts of the object; R writes a list in order, so asking
 * for the bytes has put the parts in their place by the time that R gets there.
 *
 * The tag is an environment, one a session: handles that were written together
 * share it when they are read, and so know of each other (frozen.py's pool).
 *
 * Bytes are made only where R has first asked for the vector's state, as
 * serialize() does (in version 3, the default): to object.size() the vector is
 * empty. They are kept from R's asking for their length until the next entry
 * into the core. */
#include "native.h"

#include <R_ext/Altrep.h>

static R_altrep_class_t frozen_class;
static SEXP tag = NULL, mark = NULL, pool = NULL;
static SEXP wanted = NULL; /* the handle that R is about to write, compared only */
static struct {
  SEXP of;         /* the handle, compared only */
  PyObject *bytes; /* owned */
} last = {NULL, NULL};

SEXP tb_frozen_tag(void) { return tag; }

bool tb_is_saved_tag(SEXP x) { return TYPEOF(x) == ENVSXP && R_existsVarInFrame(x, mark); }

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

/* ---- writing ---- */

typedef struct {
  SEXP pointer;
  PyObject *bytes;
} freeze_job;

static void freeze_run(void *p) {
  freeze_job *job = p;
  PyObject *function = tb_bridge("torchbridge.saving.frozen", "freeze"),
           *object = tb_handle_object(job->pointer);
  PyObject *pair = function && object ? tb_hold(PyObject_CallOneArg(function, object)) : NULL;
  SEXP list = R_ExternalPtrProtected(job->pointer), parts;
  if (!pair)
    return;
  if (TYPEOF(list) == VECSXP && tb_to_r(PyTuple_GET_ITEM(pair, 1), &parts) == 0)
    SET_VECTOR_ELT(list, 1, parts);
  if (!PyErr_Occurred())
    job->bytes = Py_NewRef(PyTuple_GET_ITEM(pair, 0));
  Py_DECREF(tb_unhold());
}

/* Where Python is gone, or fails, there are no bytes, and R's own work goes on.
 */
static void freeze(SEXP pointer) {
  if (!Py_IsInitialized() || !tb_r_ready() || !tb_on_main_thread() || tb_stack_is_low())
    return;
  PyGILState_STATE gil = PyGILState_Ensure();
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  tb_frozen_release();
  freeze_job job = {.pointer = pointer};
  tb_protected(freeze_run, &job);
  PyErr_Clear();
  tb_frozen_release(); /* of a handle that was written meanwhile */
  last.of = pointer;
  last.bytes = job.bytes;
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

void tb_frozen_init(void *dll_info) {
  frozen_class = R_make_altraw_class("frozen", "torchbridge", dll_info);
  R_set_altrep_Serialized_state_method(frozen_class, serialized_state);
  R_set_altrep_Length_method(frozen_class, length);
  R_set_altvec_Dataptr_method(frozen_class, dataptr);
  mark = Rf_install("torchbridge_handle");
  pool = Rf_install("pool");
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

/* ---- reading ---- */

/* What handles that were written together have in common: a dict, made at first
 * use. */
static PyObject *pool_of(SEXP saved_tag) {
  SEXP handle = Rf_getAttrib(saved_tag, pool);
  PyObject *known = tb_is_handle(handle) ? tb_handle_object(handle) : NULL;
  if (known)
    return Py_NewRef(known);
  PyObject *function = tb_bridge("torchbridge.saving.frozen", "new_pool");
  PyObject *made = function ? PyObject_CallNoArgs(function) : NULL;
  if (made) {
    tb_hold(made);
    Rf_setAttrib(saved_tag, pool, PROTECT(tb_handle(made, false)));
    UNPROTECT(1);
    tb_unhold();
  }
  return made;
}

static PyObject *thawed(SEXP bytes, SEXP parts, SEXP saved_tag) {
  PyObject *function = tb_bridge("torchbridge.saving.frozen", "thaw");
  PyObject *shared = function ? tb_hold(pool_of(saved_tag)) : NULL;
  PyObject *r_parts = shared ? tb_hold(tb_from_r(parts, TB_AS_LIST)) : NULL;
  return r_parts ? PyObject_CallFunction(function, "y#OO", (const char *)RAW(bytes),
                                         (Py_ssize_t)Rf_xlength(bytes), r_parts, shared)
                 : NULL;
}

PyObject *tb_thaw(SEXP pointer) {
  SEXP saved_tag = PROTECT(R_ExternalPtrTag(pointer)),
       saved = PROTECT(R_ExternalPtrProtected(pointer));
  SEXP bytes = saved, parts = R_NilValue;
  if (TYPEOF(saved) == VECSXP && Rf_xlength(saved) == 2) {
    bytes = VECTOR_ELT(saved, 0);
    parts = VECTOR_ELT(saved, 1);
  }
  PyObject *object = NULL;
  size_t held = tb_held();
  if (!tb_is_saved_tag(saved_tag) || TYPEOF(bytes) != RAWSXP || ALTREP(bytes) ||
      !Rf_xlength(bytes)) {
    PyErr_SetString(PyExc_ValueError,
                    "this Python object is from another R session: its memory is gone; "
                    "make it again");
  } else {
    R_SetExternalPtrProtected(pointer, R_NilValue); /* not twice, should it be a part of itself */
    object = thawed(bytes, parts, saved_tag);
    if (object && tb_handle_revive(pointer, object))
      Py_CLEAR(object);
    if (!object)
      R_SetExternalPtrProtected(pointer, saved);
  }
  Py_XDECREF(object); /* the handle has it */
  tb_drop(held);
  UNPROTECT(2);
  return object;
}
