/* torch_tensor(c(1, 2, 3)): a few numbers, which Python gets faster as a list than as an array.
 *
 * Tests: test-tensor-creation.R */
#include "torch/few.h"

#include "core/entry.h"
#include "core/held.h"
#include "core/hooks.h"
#include "values/scalars.h"
#include "values/values.h"

enum { MOST = 32 };

/* As R sees them: of a class or a shape they may be anything. */
static bool is_few(SEXP x) {
  SEXPTYPE type = TYPEOF(x);
  if ((type != REALSXP && type != INTSXP && type != LGLSXP) || Rf_isObject(x))
    return false;
  R_xlen_t n = Rf_xlength(x);
  if (n < 1 || n > MOST || Rf_getAttrib(x, R_DimSymbol) != R_NilValue)
    return false;
  for (R_xlen_t i = 0; i < n; i++)
    if (type == REALSXP  ? ISNAN(REAL_ELT(x, i))
        : type == INTSXP ? INTEGER_ELT(x, i) == NA_INTEGER
                         : LOGICAL_ELT(x, i) == NA_LOGICAL)
      return false;
  return true;
}

typedef struct {
  SEXP x;
  bool requires_grad;
  bool called;    /* Python has been: it gave `made`, or an exception */
  PyObject *made; /* held */
} few_args;

static PyObject *make(few_args *a) {
  PyObject *f = tb_hook(TB_HOOK_FEW_NUMBERS);
  PyObject *list = f ? tb_hold(tb_list(Rf_xlength(a->x), tb_element_from_r, a->x)) : NULL;
  a->called = true;
  if (list)
    a->made =
        tb_hold(PyObject_CallFunctionObjArgs(f, list, a->requires_grad ? Py_True : Py_False, NULL));
  return a->made;
}

/* Elements that are no memory may jump. */
static PyObject *few_quick(void *p, bool *little) {
  few_args *a = p;
  *little = true;
  return ALTREP(a->x) ? NULL : make(a);
}

static int few_work(void *p, SEXP *result) {
  few_args *a = p;
  PyObject *made = a->called ? a->made : make(a);
  return made ? tb_to_r(made, result) : -1;
}

SEXP tb_entry_few_numbers(SEXP x, SEXP requires_grad) {
  bool flag = TYPEOF(requires_grad) == LGLSXP && Rf_xlength(requires_grad) == 1 &&
              LOGICAL_ELT(requires_grad, 0) != NA_LOGICAL;
  if (!flag || !is_few(x))
    return R_NilValue;
  few_args a = {.x = x, .requires_grad = LOGICAL_ELT(requires_grad, 0)};
  return tb_enter_for_tensor(few_quick, few_work, &a);
}
