/* What the modes are is Python's to say (the hook "modes": functions that read one each, and one
 * that sets them all). Reading takes some 0.1 us. The values are owned until tb_modes_end().
 *
 * Tests: tests/native/core/test_interrupts.py */
#include "core/modes.h"

#include "core/hooks.h"

/* (readers, restore), once torch is there: before, there is nothing to read. */
static PyObject *of_torch(void) {
  static bool imported = false;
  if (!imported) {
    PyObject *modules = PyImport_GetModuleDict(); /* borrowed */
    if (!PyDict_GetItemString(modules, "torch"))
      return NULL;
    imported = true;
  }
  return tb_hook(TB_HOOK_MODES);
}

void tb_modes_save(tb_modes *modes) {
  modes->n = 0;
  PyObject *hook = of_torch();
  PyObject *readers = hook ? PyTuple_GET_ITEM(hook, 0) : NULL;
  for (Py_ssize_t i = 0; readers && i < PyTuple_GET_SIZE(readers) && i < TB_MODES; i++) {
    PyObject *value = PyObject_CallNoArgs(PyTuple_GET_ITEM(readers, i));
    if (!value)
      break;
    modes->values[modes->n++] = value;
  }
  PyErr_Clear();
}

void tb_modes_end(tb_modes *modes) {
  if (modes->n && PyErr_Occurred() && PyErr_ExceptionMatches(PyExc_KeyboardInterrupt)) {
    PyObject *type, *value, *trace;
    PyErr_Fetch(&type, &value, &trace);
    PyObject *before = PyTuple_New(modes->n), *done = NULL;
    for (Py_ssize_t i = 0; before && i < modes->n; i++)
      PyTuple_SET_ITEM(before, i, Py_NewRef(modes->values[i]));
    PyObject *hook = of_torch();
    if (before && hook)
      done = PyObject_CallOneArg(PyTuple_GET_ITEM(hook, 1), before);
    Py_XDECREF(done);
    Py_XDECREF(before);
    PyErr_Restore(type, value, trace); /* drops what went wrong in between */
  }
  for (Py_ssize_t i = 0; i < modes->n; i++)
    Py_DECREF(modes->values[i]);
}
