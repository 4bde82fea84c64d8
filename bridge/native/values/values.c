/* Any value in both directions: which conversion a value takes.
 *
 * The small and frequent values are converted here (scalars.c, lists.c); whatever has a shape, a
 * class or a library of its own goes through the hooks from_r and to_r_value, where the rules
 * stand as tables. */
#include "values/values.h"

#include "core/frozen.h"
#include "core/handle.h"
#include "core/held.h"
#include "core/helpers.h"
#include "core/hooks.h"
#include "core/robject.h"
#include "values/scalars.h"
#include "values/small_array.h"

/* Lists within lists: beyond this a value is refused, as C's stack would end. */
enum { DEEPEST = 1000 };

static PyObject *too_deep(void) {
  PyErr_Format(PyExc_RecursionError,
               "a value nested more than %d deep (or one that contains itself)", DEEPEST);
  return NULL;
}

/* ---- R -> Python ---- */

/* What the hook needs to know of names and dimnames: None, they don't count; False, there are none.
 */
static PyObject *labels_of(SEXP x, tb_vectors vectors) {
  if (!(vectors & TB_LABELLED))
    return Py_None;
  return Rf_isVector(x) && (Rf_getAttrib(x, R_NamesSymbol) != R_NilValue ||
                            Rf_getAttrib(x, R_DimNamesSymbol) != R_NilValue)
             ? Py_True
             : Py_False;
}

static PyObject *from_r(SEXP x, tb_vectors vectors, int depth) {
  if (depth > DEEPEST)
    return too_deep();
  bool plain = !Rf_isObject(x) && Rf_getAttrib(x, R_DimSymbol) == R_NilValue;
  switch (TYPEOF(x)) {
  case NILSXP:
    Py_RETURN_NONE;
  case EXTPTRSXP:
    if (tb_is_handle(x)) {
      PyObject *object = tb_handle_object(x);
      return Py_XNewRef(object ? object : tb_thaw(x));
    }
    break;
  case CLOSXP:
    if (tb_handle_of(x) != x)
      return from_r(tb_handle_of(x), vectors, depth);
    break;
  case LGLSXP:
  case INTSXP:
  case REALSXP:
  case CPLXSXP:
  case STRSXP: {
    R_xlen_t n = Rf_xlength(x);
    if (!plain || (n != 1 && (vectors & TB_AS_NUMPY) && TYPEOF(x) != STRSXP) ||
        ((vectors & TB_LABELLED) && Rf_getAttrib(x, R_NamesSymbol) != R_NilValue))
      break;
    return n == 1 ? tb_element_from_r(x, 0) : tb_list(n, tb_element_from_r, x);
  }
  case VECSXP:
    if (plain)
      return tb_list_from_r(x, vectors, depth, from_r);
    break;
  default:
    break;
  }
  PyObject *object = tb_robject(x, false);
  bool function = TYPEOF(x) == CLOSXP || TYPEOF(x) == BUILTINSXP || TYPEOF(x) == SPECIALSXP;
  if (function && !tb_is_reticulate(x))
    return object;
  PyObject *f = tb_hook(TB_HOOK_FROM_R), *result = NULL;
  if (f && object)
    result = PyObject_CallFunctionObjArgs(f, object, labels_of(x, vectors), NULL);
  Py_XDECREF(object);
  return result;
}

bool tb_is_reticulate(SEXP x) {
  return (TYPEOF(x) == ENVSXP || TYPEOF(x) == CLOSXP) && Rf_isObject(x) &&
         Rf_inherits(x, "python.builtin.object");
}

PyObject *tb_from_r(SEXP x, tb_vectors vectors) { return from_r(x, vectors, 0); }

/* ---- Python -> R ---- */

static bool callbacks = false;

bool tb_set_callbacks(bool now) {
  bool before = callbacks;
  callbacks = now;
  return before;
}

/* A callable becomes an R function that remembers its Python object. */
static SEXP function_for(PyObject *x) {
  SEXP handle = PROTECT(tb_handle(x, false));
  SEXP call = PROTECT(Rf_lang2(tb_helper(callbacks ? "wrap_callback" : "wrap_callable"), handle));
  SEXP function = Rf_eval(call, R_BaseEnv);
  UNPROTECT(2);
  return function;
}

static int to_r(PyObject *x, SEXP *result, int depth);

/* An R object, a simpler Python value, or NotImplemented: x has no R value of its own. */
static int other_to_r(PyObject *x, SEXP *result, int depth) {
  PyObject *f = tb_hook(TB_HOOK_TO_R_VALUE),
           *simpler = f ? tb_hold(PyObject_CallOneArg(f, x)) : NULL;
  int status = 0;
  if (!simpler)
    return -1;
  if (simpler != Py_NotImplemented)
    status = to_r(simpler, result, depth + 1);
  else if (tb_is_tensor(x))
    *result = tb_handle(x, true);
  else if (PyCallable_Check(x))
    *result = function_for(x);
  else
    *result = tb_handle(x, false);
  PROTECT(status ? R_NilValue : *result);
  Py_DECREF(tb_unhold());
  UNPROTECT(1);
  return status;
}

static int to_r(PyObject *x, SEXP *result, int depth) {
  if (depth > DEEPEST) {
    too_deep();
    return -1;
  }
  if (tb_is_plain_tensor(x)) {
    *result = tb_handle(x, true);
    return 0;
  }
  if (x == Py_None) {
    *result = R_NilValue;
    return 0;
  }
  int status = tb_scalar_to_r(x, result);
  if (status <= 0)
    return status;
  if (PyList_CheckExact(x) || PyTuple_CheckExact(x))
    return tb_sequence_to_r(x, result, depth, to_r);
  if (PyDict_CheckExact(x) || PyODict_CheckExact(x)) /* others may be more than a dict */
    return tb_dict_to_r(x, result, depth, to_r);
  SEXP array = tb_small_array(x);
  if (array)
    *result = array;
  else if (tb_is_robject(x)) {
    ((RObject *)x)->writable = false; /* R has seen it now */
    *result = ((RObject *)x)->x;
  } else if (PyCFunction_Check(x) || PyFunction_Check(x) || PyMethod_Check(x) || PyType_Check(x))
    *result = function_for(x);
  else
    return other_to_r(x, result, depth);
  return 0;
}

int tb_to_r(PyObject *x, SEXP *result) { return to_r(x, result, 0); }

int tb_give(PyObject *value, SEXP *result) {
  value = tb_hold(value);
  return value ? tb_to_r(value, result) : -1;
}
