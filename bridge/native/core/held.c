/* A stack of Python references that C code owns while it calls R, on R's main thread: what jumps
 * over that code finds them here, and tb_drop releases them.
 *
 * Tests: tests/native/core/test_lifetime.py */
#include "core/held.h"

#include <stdlib.h>

static PyObject **held = NULL;
static size_t held_count = 0, held_room = 0;

PyObject *tb_hold(PyObject *x) {
  if (!x)
    return NULL;
  if (held_count == held_room) {
    size_t room = held_room ? 2 * held_room : 64;
    PyObject **larger = realloc(held, room * sizeof *held);
    if (!larger) {
      Py_DECREF(x);
      return PyErr_NoMemory();
    }
    held = larger;
    held_room = room;
  }
  return held[held_count++] = x;
}

PyObject *tb_unhold(void) { return held[--held_count]; }

size_t tb_held(void) { return held_count; }

void tb_drop(size_t first) {
  while (held_count > first)
    Py_DECREF(tb_unhold());
}

PyObject *tb_list(R_xlen_t n, PyObject *(*item)(const void *data, R_xlen_t i), const void *data) {
  PyObject *list = tb_hold(PyList_New(n));
  bool failed = !list;
  for (R_xlen_t i = 0; !failed && i < n; i++) {
    PyObject *made = item(data, i);
    if (made)
      PyList_SET_ITEM(list, i, made);
    else
      failed = true;
  }
  if (list)
    tb_unhold();
  if (failed)
    Py_CLEAR(list);
  return list;
}
