/* The end of R's half of a module, and of a collection.
 *
 * In C, because R runs finalizers one after the other: one that allocates can start a collection,
 * which marks halves whose turn in the loop is over. They would look alive until the next one, and
 * be given away with handles that are about to be cleared.
 *
 * Tests: tests/rtorch/test_modules.py */
#include "core/half.h"

#include "core/hooks.h"
#include "core/lifetime.h"

static void gone(SEXP half) {
  if (!Py_IsInitialized() || !tb_r_ready())
    return;
  PyGILState_STATE gil = PyGILState_Ensure();
  PyObject *type, *value, *trace;
  PyErr_Fetch(&type, &value, &trace); /* a collection may come at any time */
  PyObject *release = tb_hook(TB_HOOK_RELEASE_HALF);
  PyObject *address = release ? PyLong_FromVoidPtr(half) : NULL;
  PyObject *done = address ? PyObject_CallOneArg(release, address) : NULL;
  if (!done)
    PyErr_WriteUnraisable(release);
  Py_XDECREF(done);
  Py_XDECREF(address);
  PyErr_Restore(type, value, trace);
  PyGILState_Release(gil);
}

SEXP tb_entry_watch_half(SEXP half) {
  R_RegisterCFinalizerEx(half, gone, FALSE);
  return R_NilValue;
}

/* The value is there already, and so is the variable: nothing is allocated. */
static void collected(SEXP sentinel) {
  Rf_defineVar(Rf_install("watched"), R_ExternalPtrTag(sentinel), R_ExternalPtrProtected(sentinel));
}

SEXP tb_entry_watch_collection(SEXP collections) {
  SEXP no = PROTECT(Rf_ScalarLogical(FALSE));
  SEXP sentinel = PROTECT(R_MakeExternalPtr(NULL, no, collections));
  R_RegisterCFinalizerEx(sentinel, collected, FALSE);
  UNPROTECT(2);
  return R_NilValue;
}
