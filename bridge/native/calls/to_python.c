/* R calls Python. Arguments are converted, or (of handles) are the very objects; what is made for a
 * call is held until its entry ends.
 *
 * Tests: tests/native/calls/test_calls.py */
#include "calls/to_python.h"

#include "core/entry.h"
#include "core/handle.h"
#include "core/held.h"
#include "core/hooks.h"
#include "core/interrupts.h"
#include "core/modes.h"
#include "core/robject.h"
#include "core/strings.h"
#include "values/values.h"

static bool is_named(SEXP names, R_xlen_t i) {
  return names != R_NilValue && STRING_ELT(names, i) != NA_STRING &&
         LENGTH(STRING_ELT(names, i)) > 0;
}

/* Who calls the function for R, and so gives it a caller's frame to find; NULL for nobody:
 * functions in C look for none, but for some of Python's builtins. -1 where it could not be had. */
static int caller_of(PyObject *function, PyObject **caller) {
  *caller = NULL;
  bool builtin = PyCFunction_Check(function);
  if (builtin) {
    PyObject *module = PyCFunction_GET_SELF(function);
    if (!module || !PyModule_Check(module) || PyModule_GetDict(module) != PyEval_GetBuiltins())
      return 0;
  }
  *caller = tb_hook(builtin ? TB_HOOK_BUILTIN_FROM_MAIN : TB_HOOK_FROM_MAIN);
  return *caller ? 0 : -1;
}

static bool is_given(PyObject *keys, Py_ssize_t n, PyObject *name) {
  for (Py_ssize_t i = 0; i < n; i++)
    if (PyTuple_GET_ITEM(keys, i) == name) /* all are interned */
      return true;
  return false;
}

/* `first` is the first argument, if not NULL. */
static PyObject *call_python(PyObject *function, PyObject *first, SEXP args, tb_vectors vectors) {
  R_xlen_t n = Rf_xlength(args), n_named = 0;
  SEXP names = PROTECT(Rf_getAttrib(args, R_NamesSymbol));
  for (R_xlen_t i = 0; i < n; i++)
    n_named += is_named(names, i);
  Py_ssize_t n_positional = (first != NULL) + n - n_named, position = 0, key = 0;
  PyObject *values = tb_hold(PyTuple_New(n_positional + n_named)); /* by position, then by name */
  PyObject *keys = n_named ? tb_hold(PyTuple_New(n_named)) : NULL;
  bool failed = !values || (n_named && !keys);
  if (!failed && first)
    PyTuple_SET_ITEM(values, position++, Py_NewRef(first));
  for (R_xlen_t i = 0; i < n && !failed; i++) {
    bool named = is_named(names, i);
    PyObject *value = tb_from_r(VECTOR_ELT(args, i), vectors), *name = NULL;
    if (value)
      PyTuple_SET_ITEM(values, named ? n_positional + key : position++, value);
    if (value && named && (name = tb_string_from_r(STRING_ELT(names, i), "name", i))) {
      PyUnicode_InternInPlace(&name);
      if (is_given(keys, key, name)) {
        PyErr_Format(PyExc_TypeError, "got multiple values for keyword argument '%U'", name);
        Py_CLEAR(name);
      } else
        PyTuple_SET_ITEM(keys, key++, name);
    }
    failed = !value || (named && !name);
  }
  UNPROTECT(1);
  if (failed)
    return NULL;
  tb_modes modes;
  tb_modes_save(&modes);
  tb_interrupts interrupts;
  tb_interrupts_to_python(&interrupts);
  PyObject *result =
      PyObject_Vectorcall(function, PySequence_Fast_ITEMS(values), (size_t)n_positional, keys);
  if (result && PyErr_CheckSignals()) /* what Python code has not seen */
    Py_CLEAR(result);
  tb_interrupts_restore(&interrupts);
  tb_modes_end(&modes);
  return result;
}

typedef struct {
  PyObject *object;
  SEXP x, args;
  const char *name;
  tb_vectors vectors;
} entry_args;

static int call_work(void *p, SEXP *result) {
  entry_args *a = p;
  PyObject *caller = NULL;
  if ((a->vectors & TB_LABELLED) && caller_of(a->object, &caller)) /* a call of the user's */
    return -1;
  PyObject *function = caller ? caller : a->object, *first = caller ? a->object : NULL;
  return tb_give(call_python(function, first, a->args, a->vectors), result);
}

SEXP tb_entry_call(SEXP function, SEXP args) {
  return tb_enter(
      call_work,
      &(entry_args){.object = tb_object_argument(function), .args = args, .vectors = TB_AS_LIST});
}

SEXP tb_entry_call_found(SEXP function, SEXP args) {
  return tb_enter(call_work, &(entry_args){.object = tb_object_argument(function),
                                           .args = args,
                                           .vectors = TB_AS_LIST | TB_LABELLED});
}

SEXP tb_entry_call_back(SEXP function, SEXP args) {
  return tb_enter(call_work, &(entry_args){.object = tb_object_argument(function),
                                           .args = args,
                                           .vectors = TB_AS_NUMPY | TB_LABELLED});
}

static int numbers_work(void *p, SEXP *result) {
  entry_args *a = p;
  PyObject *given = tb_hold(PyByteArray_FromStringAndSize(
      (const char *)REAL(a->x), (Py_ssize_t)(Rf_xlength(a->x) * (R_xlen_t)sizeof(double))));
  PyObject *found = given ? tb_hold(call_python(a->object, given, R_NilValue, TB_AS_LIST)) : NULL;
  if (!found)
    return -1;
  if (!PyBytes_Check(found) || PyBytes_GET_SIZE(found) % (Py_ssize_t)sizeof(double)) {
    PyErr_SetString(PyExc_TypeError, "a function of numbers must give doubles, as bytes");
    return -1;
  }
  *result = Rf_allocVector(REALSXP, PyBytes_GET_SIZE(found) / (Py_ssize_t)sizeof(double));
  memcpy(REAL(*result), PyBytes_AS_STRING(found), (size_t)PyBytes_GET_SIZE(found));
  return 0;
}

SEXP tb_entry_numbers(SEXP function, SEXP x) {
  if (TYPEOF(x) != REALSXP)
    Rf_error("`x` must be doubles");
  return tb_enter(numbers_work, &(entry_args){.object = tb_object_argument(function), .x = x});
}

/* An attribute; of a mapping that has none of this name, the item. */
static PyObject *get_member(PyObject *x, const char *name) {
  PyObject *found = PyObject_GetAttrString(x, name), *type, *value, *trace;
  if (found || !PyType_HasFeature(Py_TYPE(x), Py_TPFLAGS_MAPPING) ||
      !PyErr_ExceptionMatches(PyExc_AttributeError))
    return found;
  PyErr_Fetch(&type, &value, &trace);
  found = PyMapping_GetItemString(x, name);
  if (!found && PyErr_ExceptionMatches(PyExc_LookupError)) {
    PyErr_Restore(type, value, trace);
    return NULL;
  }
  Py_XDECREF(type);
  Py_XDECREF(value);
  Py_XDECREF(trace);
  return found;
}

static int getattr_work(void *p, SEXP *result) {
  entry_args *a = p;
  return tb_give(get_member(a->object, a->name), result);
}

SEXP tb_entry_getattr(SEXP object, SEXP name) {
  return tb_enter(getattr_work, &(entry_args){.object = tb_object_argument(object),
                                              .name = tb_string_argument(name, "name")});
}

/* An attribute; of a mapping that has none of this name, the item. */
static int set_member(PyObject *x, const char *name, PyObject *value) {
  PyMappingMethods *items = Py_TYPE(x)->tp_as_mapping;
  if (PyType_HasFeature(Py_TYPE(x), Py_TPFLAGS_MAPPING) && items && items->mp_ass_subscript &&
      !PyObject_HasAttrString(x, name))
    return PyMapping_SetItemString(x, name, value);
  return PyObject_SetAttrString(x, name, value);
}

static int setattr_work(void *p, SEXP *result) {
  entry_args *a = p;
  PyObject *value = tb_hold(tb_from_r(a->x, TB_AS_LIST | TB_LABELLED));
  *result = R_NilValue;
  return value ? set_member(a->object, a->name, value) : -1;
}

SEXP tb_entry_setattr(SEXP object, SEXP name, SEXP value) {
  return tb_enter(setattr_work, &(entry_args){.object = tb_object_argument(object),
                                              .name = tb_string_argument(name, "name"),
                                              .x = value});
}

static int import_work(void *p, SEXP *result) {
  entry_args *a = p;
  tb_interrupts interrupts;
  tb_interrupts_to_python(&interrupts);
  PyObject *found = PyImport_ImportModule(a->name);
  tb_interrupts_restore(&interrupts);
  return tb_give(found, result);
}

SEXP tb_entry_import(SEXP name) {
  return tb_enter(import_work, &(entry_args){.name = tb_string_argument(name, "module")});
}

static int api_work(void *p, SEXP *result) {
  entry_args *a = p;
  PyObject *hook = tb_hook(TB_HOOK_FOR_R);
  PyObject *function = hook ? tb_hold(PyObject_GetAttrString(hook, a->name)) : NULL;
  PyObject *first = !function                ? NULL
                    : a->object              ? tb_hold(Py_NewRef(a->object))
                    : tb_is_reticulate(a->x) ? tb_hold(tb_from_r(a->x, TB_AS_LIST))
                                             : tb_hold(tb_robject(a->x, false));
  return tb_give(first ? call_python(function, first, a->args, TB_AS_LIST) : NULL, result);
}

SEXP tb_entry_api(SEXP name, SEXP x, SEXP args) {
  x = tb_handle_of(x);
  return tb_enter(api_work, &(entry_args){.name = tb_string_argument(name, "name"),
                                          .object = tb_is_handle(x) ? tb_object_argument(x) : NULL,
                                          .x = x,
                                          .args = args});
}
