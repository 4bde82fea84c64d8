/* Ownership of Python objects by R's handles, from when they are filled to their end.
 *
 * The end is told by the handle's own finalizer, which takes the GIL and does nothing once Python
 * has finalized, or by that of a block of handles (core/blocks.c). What is of a block stays memory
 * for ever, and knows its handle: one that other code brought back to life finds nothing there, or
 * another's.
 *
 * While R holds a tensor, Python's collector has no need to look at it: a circle through it is
 * alive. R frees what a loop drops much later than Python would, and Python, which counts what has
 * been made and not been freed, would go through all of it again and again.
 *
 * Tests: tests/native/core/test_handle.py */
#include "core/owned.h"

#include "core/frozen.h"
#include "core/lifetime.h"

#include <stdlib.h>

/* R's main thread makes and frees these; a few stay at hand. */
enum { MOST_FREE = 1024 };
static tb_owned *first_free = NULL;
static int n_free = 0;

tb_owned *tb_owned_new(void) {
  tb_owned *o = first_free;
  if (!o)
    return malloc(sizeof *o);
  first_free = o->next;
  n_free--;
  return o;
}

static void release(tb_owned *o) {
  if (n_free == MOST_FREE) {
    free(o);
    return;
  }
  o->next = first_free;
  first_free = o;
  n_free++;
}

void tb_own(SEXP handle, tb_owned *o, PyObject *x, int64_t bytes, bool tensor) {
  o->object = Py_NewRef(x);
  o->handle = handle;
  o->bytes = bytes;
  o->untracked = tensor && PyObject_GC_IsTracked(x);
  if (o->untracked)
    PyObject_GC_UnTrack(x);
  R_SetExternalPtrAddr(handle, o);
  tb_count_add(TB_PY_HANDLES, 1);
  tb_count_add(TB_FOREIGN_BYTES, bytes);
}

static int disowning = 0;

bool tb_disowning(void) { return disowning > 0; }

void tb_disown(tb_owned *o) {
  o->handle = NULL; /* first: what follows may run any code */
  tb_count_add(TB_PY_HANDLES, -1);
  tb_count_add(TB_FOREIGN_BYTES, -o->bytes);
  if (!Py_IsInitialized() || !tb_r_ready())
    return;
  if (o->untracked && !PyObject_GC_IsTracked(o->object))
    PyObject_GC_Track(o->object);
  disowning++;
  Py_DECREF(o->object);
  disowning--;
}

tb_owned *tb_owned_by(SEXP handle) {
  tb_owned *o = R_ExternalPtrAddr(handle);
  return o && o->handle == handle ? o : NULL;
}

void tb_owned_finalize(SEXP handle) {
  tb_owned *o = tb_owned_by(handle);
  if (!o || o->in_block) /* the block's finalizer comes, or has come */
    return;
  R_ClearExternalPtr(handle);
  tb_frozen_forget(handle);
  bool python = Py_IsInitialized() && tb_r_ready();
  PyGILState_STATE gil = python ? PyGILState_Ensure() : PyGILState_UNLOCKED;
  tb_disown(o);
  if (python)
    PyGILState_Release(gil);
  release(o);
}
