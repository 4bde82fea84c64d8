/* How the objects of handles are saved with R's (core/frozen.c), and come back: the hooks freeze
 * and thaw say. A handle that has come back owns its object like any other.
 *
 * Tests: tests/native/core/test_handle.py, test-save-frozen.R */
#include "values/saved.h"

#include "core/blocks.h"
#include "core/entry.h"
#include "core/errors.h"
#include "core/handle.h"
#include "core/held.h"
#include "core/hooks.h"
#include "values/values.h"

#include <Rversion.h>

/* ---- writing ---- */

typedef struct {
  SEXP pointer;
  PyObject *bytes;
} freeze_job;

static void freeze_run(void *p) {
  freeze_job *job = p;
  PyObject *function = tb_hook(TB_HOOK_FREEZE), *object = tb_handle_object(job->pointer);
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

static PyObject *freeze(SEXP pointer) {
  freeze_job job = {.pointer = pointer};
  tb_protected(freeze_run, &job);
  return job.bytes;
}

/* ---- reading ---- */

/* The attribute of the tag of handles that were written together: what they have in common. */
static SEXP shared_symbol(void) { return Rf_install("shared"); }

/* A Python object, made at first use. */
static PyObject *shared_by(SEXP saved_tag) {
  SEXP handle = Rf_getAttrib(saved_tag, shared_symbol());
  PyObject *known = tb_is_handle(handle) ? tb_handle_object(handle) : NULL;
  if (known)
    return Py_NewRef(known);
  PyObject *function = tb_hook(TB_HOOK_NEW_SHARED);
  PyObject *made = function ? PyObject_CallNoArgs(function) : NULL;
  if (made) {
    tb_hold(made);
    Rf_setAttrib(saved_tag, shared_symbol(), PROTECT(tb_handle(made, false)));
    UNPROTECT(1);
    tb_unhold();
  }
  return made;
}

static PyObject *thawed(SEXP bytes, SEXP parts, SEXP saved_tag) {
  PyObject *function = tb_hook(TB_HOOK_THAW);
  PyObject *shared = function ? tb_hold(shared_by(saved_tag)) : NULL;
  PyObject *r_parts = shared ? tb_hold(tb_from_r(parts, TB_AS_LIST)) : NULL;
  return r_parts ? PyObject_CallFunction(function, "y#OO", (const char *)RAW(bytes),
                                         (Py_ssize_t)Rf_xlength(bytes), r_parts, shared)
                 : NULL;
}

static PyObject *thaw(SEXP pointer) {
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

const tb_saving tb_saved = {.freeze = freeze, .thaw = thaw, .leave_block = tb_block_leave};

static int is_live_work(void *p, SEXP *result) {
  PyObject *found = thaw(p);
  if (!found && !PyErr_ExceptionMatches(PyExc_Exception))
    return -1;
  PyErr_Clear();
  *result = Rf_ScalarLogical(found != NULL);
  return 0;
}

SEXP tb_entry_is_live(SEXP x) {
  x = tb_handle_of(x);
  bool known = !tb_is_handle(x) || tb_handle_object(x);
  return known ? Rf_ScalarLogical(tb_handle_object(x) != NULL) : tb_enter(is_live_work, x);
}
