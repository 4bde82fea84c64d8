/* Where in the frame we are, and messages that name the column. A place lives on the stack of the
 * function that is at work on it.
 *
 * Tests: tests/native/arrow/test_arrow.py */
#include "arrow/place.h"

#include <stdarg.h>

/* "column 'outer$inner': ", or nothing for a value that is no column. */
static PyObject *place_text(const tb_place *place) {
  PyObject *path = NULL;
  for (; place; place = place->parent) {
    if (!place->name)
      continue;
    PyObject *name = PyUnicode_DecodeUTF8(place->name, (Py_ssize_t)strlen(place->name), "replace");
    PyObject *longer = !name  ? NULL
                       : path ? PyUnicode_FromFormat("%U$%U", name, path)
                              : Py_NewRef(name);
    Py_XDECREF(name);
    Py_XSETREF(path, longer);
    if (!path)
      return NULL;
  }
  PyObject *text = path ? PyUnicode_FromFormat("column '%U': ", path) : PyUnicode_FromString("");
  Py_XDECREF(path);
  return text;
}

static PyObject *message(const tb_place *place, const char *format, va_list values) {
  PyObject *where = place_text(place), *what = where ? PyUnicode_FromFormatV(format, values) : NULL;
  PyObject *both = what ? PyUnicode_Concat(where, what) : NULL;
  Py_XDECREF(where);
  Py_XDECREF(what);
  return both;
}

bool tb_arrow_fail(const tb_place *place, PyObject *type, const char *format, ...) {
  va_list values;
  va_start(values, format);
  PyObject *text = message(place, format, values);
  va_end(values);
  if (text)
    PyErr_SetObject(type, text);
  Py_XDECREF(text);
  return false;
}

bool tb_arrow_note(const tb_place *place, const char *format, ...) {
  const tb_place *outer = place;
  while (outer->parent)
    outer = outer->parent;
  va_list values;
  va_start(values, format);
  PyObject *text = message(place, format, values);
  va_end(values);
  bool done = text && PyList_Append(outer->notes, text) == 0;
  Py_XDECREF(text);
  return done;
}
