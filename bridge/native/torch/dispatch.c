/* R's call of an operator: this is where `a + b` on tensors comes in. What is made for the call is
 * held until it ends.
 *
 * Operators are the hot path of the R language. They are short, so Ctrl-C waits for them as it
 * waits for R's own.
 *
 * Tests: test-tensor-operators.R, test-tensor-arithmetic.R */
#include "torch/dispatch.h"

#include "core/entry.h"
#include "core/handle.h"
#include "core/held.h"
#include "core/hooks.h"
#include "torch/argument.h"
#include "torch/numeric.h"
#include "torch/operator.h"
#include "values/values.h"

enum { MOST_ARGUMENTS = 32 };

/* ---- results ---- */

/* Steals x. */
static PyObject *one_based(PyObject *x) {
  PyObject *f = tb_hook(TB_HOOK_ONE_BASED), *result = f ? PyObject_CallOneArg(f, x) : NULL;
  Py_DECREF(x);
  return result;
}

static PyObject *with_results(const Operator *op, PyObject *value) {
  if (!value || !(op->index_results || PyTuple_GET_SIZE(op->results)))
    return value;
  if (!PyTuple_Check(value))
    return op->index_results & 1 ? one_based(value) : value;
  Py_ssize_t n = PyTuple_GET_SIZE(value);
  bool named = PyTuple_GET_SIZE(op->results) == n;
  PyObject *result = named ? PyDict_New() : PyList_New(n);
  for (Py_ssize_t i = 0; result && i < n; i++) {
    PyObject *item = Py_NewRef(PyTuple_GET_ITEM(value, i));
    if (op->index_results >> i & 1)
      item = one_based(item);
    if (!item)
      Py_CLEAR(result);
    else if (named) {
      if (PyDict_SetItem(result, PyTuple_GET_ITEM(op->results, i), item))
        Py_CLEAR(result);
      Py_DECREF(item);
    } else
      PyList_SET_ITEM(result, i, item);
  }
  Py_DECREF(value);
  return result;
}

/* ---- the call ---- */

typedef struct {
  PyObject *slots[MOST_ARGUMENTS + 1], *by_name[MOST_ARGUMENTS], *names[MOST_ARGUMENTS];
  int n_positional, n_named;
  bool one_by_one;
  tb_given all;
} arguments;

/* What an R function has where an argument was not given. */
static SEXP absent_symbol(void) {
  static SEXP symbol = NULL;
  if (!symbol)
    symbol = Rf_install("torchbridge_absent");
  return symbol;
}

/* What an argument at a place may be: what any overload takes there. But what R's order says to be
 * no dim and no position is none: torch_max(x, other = 2). */
static int kinds_at(const Operator *op, const arguments *to, const tb_parameter *p) {
  if (!op->n_positional)
    return 0;
  int given = to->n_positional, last = op->n_positional - 1;
  int kinds = op->positional[given < last ? given : last];
  if (to->one_by_one)
    return kinds & INTS ? (kinds & ~INTS) | SIZE : kinds;
  int counted = DIM | POSITION | INDEX;
  return p && !(p->kinds & counted) ? kinds & ~counted : kinds;
}

/* One more argument: by position where PyTorch has it at this place, else by name. What is made for
 * it is held. */
static int add_argument(const Operator *op, arguments *to, SEXP x, const tb_parameter *p,
                        SEXP tag) {
  int given = to->n_positional;
  if (x == absent_symbol() || (p && p->kinds & NAMES && x == R_NilValue))
    return 0;
  bool by_position = p ? p->places >> given & 1 : !tag;
  const char *label = p ? R_CHAR(p->r_name) : tag ? R_CHAR(PRINTNAME(tag)) : "argument";
  int kinds = tag || !by_position ? p ? p->kinds : 0 : kinds_at(op, to, p);
  PyObject *value = tb_hold(tb_argument(x, kinds, label, &to->all));
  if (!value)
    return -1;
  if (by_position) {
    to->slots[1 + to->n_positional++] = value;
    return 0;
  }
  PyObject *name = p ? p->python_name : tb_hold(PyUnicode_InternFromString(label));
  if (!name)
    return -1;
  to->by_name[to->n_named] = value;
  to->names[to->n_named++] = name;
  return 0;
}

static const tb_parameter *named(const Operator *op, SEXP tag) {
  for (int i = 0; i < op->n_named; i++)
    if (op->named[i].r_name == PRINTNAME(tag))
      return &op->named[i];
  return NULL;
}

/* The one argument that begins with a tag, as R completes names: x$flip(dim = 1). */
static const tb_parameter *completed(const Operator *op, SEXP tag) {
  const char *text = R_CHAR(PRINTNAME(tag));
  const tb_parameter *found = NULL;
  for (int i = 0; i < op->n_order; i++) {
    if (strncmp(R_CHAR(op->order[i]->r_name), text, strlen(text)) != 0)
      continue;
    if (found)
      return NULL;
    found = op->order[i];
  }
  return found;
}

/* The tags with whole names; `whole` has room for them. */
static const SEXP *complete(const Operator *op, const SEXP *tags, int n, SEXP *whole) {
  bool changed = false;
  for (int i = 0; tags && i < n; i++) {
    const tb_parameter *p = tags[i] && !named(op, tags[i]) ? completed(op, tags[i]) : NULL;
    whole[i] = p ? Rf_installChar(p->r_name) : tags[i];
    changed = changed || p;
  }
  return changed ? whole : tags;
}

/* Arguments without a name are R's, in order, but for those that were given by name. */
static const tb_parameter *next(const Operator *op, const SEXP *tags, int n, int *at) {
  for (; *at < op->n_order; ++*at) {
    const tb_parameter *p = op->order[*at];
    bool taken = false;
    for (int i = 0; tags && i < n && !taken; i++)
      taken = tags[i] && PRINTNAME(tags[i]) == p->r_name;
    if (!taken)
      return op->order[(*at)++];
  }
  return NULL;
}

static int add_arguments(const Operator *op, arguments *to, const SEXP *values, const SEXP *tags,
                         int n) {
  SEXP whole[MOST_ARGUMENTS];
  tags = complete(op, tags, n, whole);
  int by_position = 0, at = 0, last = op->n_positional - 1;
  bool single = false; /* is the last by position one number? */
  for (int i = 0; i < n; i++)
    if (!(tags && tags[i]) && values[i] != absent_symbol() && by_position++ == last)
      single = (Rf_isNumeric(values[i]) || tb_is_handle(values[i])) && Rf_xlength(values[i]) == 1;
  /* zeros(2, 3), view(4, -1): the ints of the list one by one. */
  to->one_by_one = by_position > op->n_positional && single && op->positional[last] & INTS;
  for (int i = 0; i < n; i++) {
    if (tags && tags[i])
      continue;
    const tb_parameter *p = to->one_by_one ? NULL : next(op, tags, n, &at);
    if (add_argument(op, to, values[i], p, NULL))
      return -1;
  }
  for (int i = 0; tags && i < n; i++)
    if (tags[i] && add_argument(op, to, values[i], named(op, tags[i]), tags[i]))
      return -1;
  return 0;
}

/* First by position, then by name: vectorcall wants them in this order. `calm` is that of tb_given.
 */
static PyObject *apply(const Operator *op, const SEXP *values, const SEXP *tags, int n,
                       bool *calm) {
  arguments given;
  given.n_positional = given.n_named = 0;
  given.all = (tb_given){values, n, calm};
  if (add_arguments(op, &given, values, tags, n))
    return NULL;
  PyObject *keys = NULL;
  if (given.n_named && !(keys = tb_hold(PyTuple_New(given.n_named))))
    return NULL;
  for (int i = 0; i < given.n_named; i++) {
    PyTuple_SET_ITEM(keys, i, Py_NewRef(given.names[i]));
    given.slots[1 + given.n_positional + i] = given.by_name[i];
  }
  size_t flags = (size_t)given.n_positional | PY_VECTORCALL_ARGUMENTS_OFFSET;
  PyObject *value = PyObject_Vectorcall(op->function, given.slots + 1, flags, keys);
  if (!value)
    tb_count_from_one();
  return with_results(op, value);
}

typedef struct {
  SEXP name;
  const SEXP *values, *tags;
  int n;
  bool called;     /* Python has been: it gave `value`, or an exception */
  PyObject *value; /* held */
} op_args;

/* A Python object that is there, one plain number, or nothing. */
static bool is_calm(SEXP x) {
  if (tb_is_handle(x))
    return tb_handle_object(x) != NULL;
  return x == absent_symbol() || tb_is_plain_number(x);
}

static bool is_of_little(const op_args *a) {
  for (int i = 0; i < a->n; i++)
    if (tb_is_handle(a->values[i]) && !tb_handle_is_little(a->values[i]))
      return false;
  return true;
}

/* The whole call, where no R memory is needed for it. */
static PyObject *op_quick(void *p, bool *little) {
  op_args *a = p;
  const Operator *op = tb_known_operator(STRING_ELT(a->name, 0));
  for (int i = 0; op && i < a->n; i++)
    if (!is_calm(a->values[i]) || (a->tags && a->tags[i] && !named(op, a->tags[i])))
      op = NULL;
  bool calm = op != NULL;
  PyObject *value = op ? tb_hold(apply(op, a->values, a->tags, a->n, &calm)) : NULL;
  a->called = calm;
  *little = value && tb_is_plain_tensor(value) && is_of_little(a);
  return a->value = value;
}

static int op_work(void *p, SEXP *result) {
  op_args *a = p;
  if (a->called)
    return a->value ? tb_to_r(a->value, result) : -1;
  const Operator *op = tb_operator(STRING_ELT(a->name, 0));
  return tb_give(op ? apply(op, a->values, a->tags, a->n, NULL) : NULL, result);
}

static SEXP call_operator(SEXP name, const SEXP *values, const SEXP *tags, int n) {
  if (TYPEOF(name) != STRSXP || Rf_xlength(name) != 1)
    Rf_error("`name` must be one string");
  op_args a = {.name = name, .values = values, .tags = tags, .n = n};
  return tb_enter_for_tensor(op_quick, op_work, &a);
}

/* ---- entries ---- */

/* .External(entry, "torch_sum", ...) */
SEXP tb_entry_op(SEXP args) {
  SEXP values[MOST_ARGUMENTS], tags[MOST_ARGUMENTS], name = CADR(args);
  int n = 0;
  bool named = false;
  for (SEXP a = CDDR(args); a != R_NilValue; a = CDR(a), n++) {
    if (n == MOST_ARGUMENTS)
      Rf_error("at most %d arguments", MOST_ARGUMENTS);
    values[n] = CAR(a);
    tags[n] = TAG(a) == R_NilValue ? NULL : TAG(a);
    named = named || tags[n];
  }
  return call_operator(name, values, named ? tags : NULL, n);
}

/* R's own functions of one argument (neg, exp, sum, ...), as distinct from torch_exp and $exp. */
static bool is_of_r(const char *name) { return *name != '$' && strncmp(name, "torch_", 6) != 0; }

SEXP tb_entry_op1(SEXP name, SEXP x) {
  if (tb_is_numeric_handle(x) && is_of_r(tb_string_argument(name, "name")))
    return tb_by_r_rules(name, x, NULL);
  return call_operator(name, &x, NULL, 1);
}

/* What the R package's + and - have for `e2` where there is none: missing() would cost a tenth of
 * the call. */
static SEXP unary_symbol(void) {
  static SEXP symbol = NULL;
  if (!symbol)
    symbol = Rf_install("torchbridge_unary");
  return symbol;
}

/* By .Call, as R's compiler makes less of .External(). */
SEXP tb_entry_op2(SEXP name, SEXP x, SEXP y) {
  if (y == unary_symbol()) {
    SEXP unary = PROTECT(Rf_mkString(*tb_string_argument(name, "name") == '-' ? "neg" : "pos"));
    SEXP result = tb_entry_op1(unary, x);
    UNPROTECT(1);
    return result;
  }
  if (tb_is_numeric_handle(x) || tb_is_numeric_handle(y))
    return tb_by_r_rules(name, x, y);
  return call_operator(name, (SEXP[]){x, y}, NULL, 2);
}
