/* R code that Python calls may jump over it, to R code further out: a handler there
 * (tryCatch(warning = )) or a restart, the function of callCC(). The jump is stopped before the
 * Python frames (R_UnwindProtect's cleanup leaves by longjmp, as C++ code does by an exception),
 * passes them as an exception, so that `with` and `finally` do their work, and goes on at the end
 * of the call of R's that they belong to. Python code that catches it has ended it.
 *
 * What goes on with a jump is R's continuation token. It is good while R waits in the call that
 * was the innermost when it was made; the exception owns it and knows the number of that call.
 * Tokens that no jump has used serve again, one for each depth.
 *
 * Tests: tests/native/core/test_jump.py */
#include "core/jump.h"

#include "core/depth.h"
#include "core/hooks.h"
#include "core/robject.h"

#include <setjmp.h>

enum { TOKENS = 32 };
static SEXP spare[TOKENS];

static SEXP new_token(void) {
  int i = tb_depth();
  if (i >= TOKENS)
    return R_MakeUnwindCont();
  if (!spare[i]) {
    spare[i] = R_MakeUnwindCont();
    R_PreserveObject(spare[i]);
  }
  return spare[i];
}

static void token_is_used(SEXP token) {
  for (int i = 0; i < TOKENS; i++)
    if (spare[i] == token) {
      R_ReleaseObject(token);
      spare[i] = NULL;
    }
}

typedef struct {
  SEXP call;
  jmp_buf before;
} evaluation;

static SEXP evaluate(void *p) { return Rf_eval(((evaluation *)p)->call, R_GlobalEnv); }

static void leave(void *p, Rboolean jump) {
  if (jump)
    longjmp(((evaluation *)p)->before, 1);
}

SEXP tb_jump_try(SEXP call, SEXP *jump) {
  SEXP token = PROTECT(new_token());
  evaluation here = {.call = call};
  if (setjmp(here.before)) {
    token_is_used(token);
    UNPROTECT(1);
    *jump = token;
    return NULL;
  }
  SEXP value = R_UnwindProtect(evaluate, &here, leave, &here, token);
  SETCAR(token, R_NilValue); /* it must not keep the value */
  UNPROTECT(1);
  *jump = R_NilValue;
  return value;
}

static PyObject *jump_type = NULL; /* once there has been a jump */

void tb_jump_set(SEXP jump) {
  PyObject *type = tb_hook(TB_HOOK_R_JUMP), *token = type ? tb_robject(jump, false) : NULL;
  if (type && !jump_type)
    jump_type = Py_NewRef(type);
  PyObject *exception =
      token ? PyObject_CallFunction(type, "OL", token, (long long)tb_here().number) : NULL;
  Py_XDECREF(token);
  if (exception)
    PyErr_SetObject(type, exception);
  Py_XDECREF(exception);
}

/* False with an exception set, or where it has none. */
static bool has_number(PyObject *exception, int64_t number) {
  PyObject *its = PyObject_GetAttrString(exception, "call");
  long long value = its ? PyLong_AsLongLong(its) : -1;
  Py_XDECREF(its);
  return value == number;
}

SEXP tb_jump_take(void) {
  if (!jump_type || !PyErr_ExceptionMatches(jump_type))
    return NULL;
  PyObject *given, *exception, *trace;
  PyErr_Fetch(&given, &exception, &trace);
  PyErr_NormalizeException(&given, &exception, &trace);
  SEXP jump = NULL;
  PyObject *token =
      has_number(exception, tb_here().number) ? PyObject_GetAttrString(exception, "token") : NULL;
  PyErr_Clear();
  if (token && tb_is_robject(token))
    jump = ((RObject *)token)->x;
  PROTECT(jump ? jump : R_NilValue);
  Py_XDECREF(token);
  if (jump) {
    Py_XDECREF(given);
    Py_XDECREF(exception);
    Py_XDECREF(trace);
  } else {
    PyErr_Restore(given, exception, trace);
  }
  UNPROTECT(1);
  return jump;
}
