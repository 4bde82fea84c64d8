/* R calls Python (.Call entries), Python calls R.
 *
 * Every .Call entry: release what other threads queued, take the GIL, do the work,
 * drop what it held, give the GIL back (an R error on the way does the same), and only
 * then, with no Python frame below, signal a Python error. */
#include "native.h"

#include <R_ext/Rdynload.h>

typedef struct {
  PyObject *(*work)(void *); /* a new reference, or NULL with an exception */
  void *data;
  bool failed, entered;
  PyGILState_STATE gil;
  size_t held;
  int depth;
  PROTECT_INDEX result; /* protected while what was held is dropped */
} entry;

/* One continuation token for each depth of calls within calls: without one, R would make
 * one at every call. */
enum { TOKENS = 32 };
static SEXP tokens[TOKENS];
static int depth = 0;
static int jumped = -1; /* the deepest call that R jumped out of: its token holds a value */

static SEXP token(void) {
  for (; jumped >= depth; jumped--)
    SETCAR(tokens[jumped], R_NilValue);
  if (depth >= TOKENS)
    return NULL;
  if (!tokens[depth]) {
    tokens[depth] = R_MakeUnwindCont();
    R_PreserveObject(tokens[depth]);
  }
  return tokens[depth];
}

/* The R value of what the work gave, or (failed) the call that signals its error. */
static SEXP entry_body(void *p) {
  entry *e = p;
  SEXP result;
  e->gil = PyGILState_Ensure(); /* here: R may raise an error before it comes here */
  e->held = tb_held();
  e->depth = depth++;
  e->entered = true;
  tb_frozen_release();
  PyObject *value = tb_hold(e->work(e->data));
  e->failed = !value || tb_to_r(value, &result);
  if (e->failed)
    result = tb_condition_call();
  REPROTECT(result, e->result);
  return result;
}

static void entry_leave(void *p, Rboolean jump) {
  entry *e = p;
  if (!e->entered)
    return;
  if (jump)
    PyErr_Clear();
  tb_drop(e->held);
  PyGILState_Release(e->gil);
  depth = e->depth;
  if (jump && depth < TOKENS && depth > jumped)
    jumped = depth;
}

static SEXP enter(PyObject *(*work)(void *), void *data) {
  if (!Py_IsInitialized() || !tb_r_ready())
    Rf_error("Python is not running in this process");
  if (tb_stack_is_low())
    Rf_error("R and Python call each other too deeply");
  tb_drain();
  tb_relieve_pressure();
  entry e = {.work = work, .data = data};
  PROTECT_WITH_INDEX(R_NilValue, &e.result);
  SEXP continuation = token();
  SEXP result = R_UnwindProtect(entry_body, &e, entry_leave, &e, continuation);
  UNPROTECT(1);
  if (continuation)
    SETCAR(continuation, R_NilValue); /* it must not keep the result */
  if (e.failed)
    tb_signal(result);
  return result;
}

static const char *one_string(SEXP x, const char *what) {
  if (TYPEOF(x) != STRSXP || Rf_xlength(x) != 1 || STRING_ELT(x, 0) == NA_STRING)
    Rf_error("`%s` must be one string", what);
  return Rf_translateCharUTF8(STRING_ELT(x, 0));
}

static SEXP unwrap(SEXP x) {
  if (TYPEOF(x) == CLOSXP) {
    SEXP handle = Rf_getAttrib(x, Rf_install("torchbridge_handle"));
    if (tb_is_handle(handle))
      return handle;
  }
  return x;
}

static PyObject *thaw_work(void *p) { return tb_thaw(p) ? Py_NewRef(Py_None) : NULL; }

static PyObject *object_of(SEXP x) {
  x = unwrap(x);
  if (!tb_is_handle(x))
    Rf_error("expected a Python object, got an R %s", Rf_type2char(TYPEOF(x)));
  if (!tb_handle_object(x))
    enter(thaw_work, x);
  return tb_handle_object(x);
}

static bool is_named(SEXP names, R_xlen_t i) {
  return names != R_NilValue && STRING_ELT(names, i) != NA_STRING &&
         LENGTH(STRING_ELT(names, i)) > 0;
}

static PyObject *call_python(PyObject *function, PyObject *first, SEXP args) {
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
    PyObject *value = tb_from_r(VECTOR_ELT(args, i), TB_AS_LIST), *name = NULL;
    if (value)
      PyTuple_SET_ITEM(values, named ? n_positional + key : position++, value);
    if (value && named && (name = tb_string_from_r(STRING_ELT(names, i)))) {
      PyUnicode_InternInPlace(&name);
      PyTuple_SET_ITEM(keys, key++, name);
    }
    failed = !value || (named && !name);
  }
  UNPROTECT(1);
  if (failed)
    return NULL;
  tb_interrupts interrupts;
  tb_interrupts_to_python(&interrupts);
  PyObject *result =
      PyObject_Vectorcall(function, PySequence_Fast_ITEMS(values), (size_t)n_positional, keys);
  if (result && PyErr_CheckSignals()) /* a Ctrl-C that Python code has not seen */
    Py_CLEAR(result);
  tb_interrupts_restore(&interrupts);
  return result;
}

typedef struct {
  PyObject *object;
  SEXP x, args;
  const char *name;
} entry_args;

static PyObject *call_work(void *p) {
  entry_args *a = p;
  return call_python(a->object, NULL, a->args);
}

static SEXP entry_call(SEXP function, SEXP args) {
  return enter(call_work, &(entry_args){.object = object_of(function), .args = args});
}

static PyObject *getattr_work(void *p) {
  entry_args *a = p;
  return PyObject_GetAttrString(a->object, a->name);
}

static SEXP entry_getattr(SEXP object, SEXP name) {
  return enter(getattr_work,
               &(entry_args){.object = object_of(object), .name = one_string(name, "name")});
}

static PyObject *setattr_work(void *p) {
  entry_args *a = p;
  PyObject *value = tb_hold(tb_from_r(a->x, TB_AS_LIST));
  return value && PyObject_SetAttrString(a->object, a->name, value) == 0 ? Py_NewRef(Py_None)
                                                                         : NULL;
}

static SEXP entry_setattr(SEXP object, SEXP name, SEXP value) {
  return enter(
      setattr_work,
      &(entry_args){.object = object_of(object), .name = one_string(name, "name"), .x = value});
}

static PyObject *import_work(void *p) {
  entry_args *a = p;
  tb_interrupts interrupts;
  tb_interrupts_to_python(&interrupts);
  PyObject *found = PyImport_ImportModule(a->name);
  tb_interrupts_restore(&interrupts);
  return found;
}

static SEXP entry_import(SEXP name) {
  return enter(import_work, &(entry_args){.name = one_string(name, "module")});
}

static PyObject *api_work(void *p) {
  entry_args *a = p;
  PyObject *function = tb_bridge("torchbridge.for_r", a->name);
  PyObject *first =
      !function ? NULL : tb_hold(a->object ? Py_NewRef(a->object) : tb_robject(a->x, false));
  return first ? call_python(function, first, a->args) : NULL;
}

/* torchbridge.for_r.<name>(x, *args): x arrives as it is (an RObject, or the Python
 * object of a handle), so that the function sees R's own vector. */
static SEXP entry_api(SEXP name, SEXP x, SEXP args) {
  x = unwrap(x);
  return enter(api_work, &(entry_args){.name = one_string(name, "name"),
                                       .object = tb_is_handle(x) ? object_of(x) : NULL,
                                       .x = x,
                                       .args = args});
}

/* Operators are the hot path of the R language. They are short, so Ctrl-C waits for them as it
 * waits for R's own. */
typedef struct {
  SEXP name;
  const SEXP *values, *tags;
  int n;
} op_args;

static PyObject *op_work(void *p) {
  const op_args *a = p;
  return tb_operator_call(STRING_ELT(a->name, 0), a->values, a->tags, a->n);
}

static SEXP call_operator(SEXP name, const SEXP *values, const SEXP *tags, int n) {
  if (TYPEOF(name) != STRSXP || Rf_xlength(name) != 1)
    Rf_error("`name` must be one string");
  return enter(op_work, &(op_args){name, values, tags, n});
}

/* .External(entry, "torch_sum", ...) */
static SEXP entry_op(SEXP args) {
  SEXP values[TB_MOST_ARGUMENTS], tags[TB_MOST_ARGUMENTS], name = CADR(args);
  int n = 0;
  bool named = false;
  for (SEXP a = CDDR(args); a != R_NilValue; a = CDR(a), n++) {
    if (n == TB_MOST_ARGUMENTS)
      Rf_error("at most %d arguments", TB_MOST_ARGUMENTS);
    values[n] = CAR(a);
    tags[n] = TAG(a) == R_NilValue ? NULL : TAG(a);
    named = named || tags[n];
  }
  return call_operator(name, values, named ? tags : NULL, n);
}

/* .Call(entry, "+", x, y): R's compiler makes less of .External() */
/* A tensor that follows R's rules (the R package's torch_numeric)? */
static bool is_torch_numeric(SEXP x) {
  static SEXP name = NULL;
  if (!tb_is_handle(x))
    return false;
  if (!name) {
    name = Rf_mkChar("torch_numeric");
    R_PreserveObject(name);
  }
  SEXP class = Rf_getAttrib(x, R_ClassSymbol);
  return TYPEOF(class) == STRSXP && Rf_xlength(class) > 0 && STRING_ELT(class, 0) == name;
}

/* numeric_ops(name, x, y) of the R package; y is NULL for a unary operator. */
static SEXP by_r_rules(SEXP name, SEXP x, SEXP y) {
  SEXP find = PROTECT(Rf_lang2(Rf_install("getNamespace"), Rf_mkString("torchbridge")));
  SEXP namespace = PROTECT(Rf_eval(find, R_BaseEnv)), function = Rf_install("numeric_ops");
  SEXP call = PROTECT(y ? Rf_lang4(function, name, x, y) : Rf_lang3(function, name, x));
  SEXP result = Rf_eval(call, namespace);
  UNPROTECT(3);
  return result;
}

static bool is_unary(const char *name) {
  return strcmp(name, "neg") == 0 || strcmp(name, "pos") == 0 || strcmp(name, "!") == 0;
}

static SEXP entry_op1(SEXP name, SEXP x) {
  if (is_torch_numeric(x) && is_unary(one_string(name, "name")))
    return by_r_rules(name, x, NULL);
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

static SEXP entry_op2(SEXP name, SEXP x, SEXP y) {
  if (y == unary_symbol()) {
    SEXP unary = PROTECT(Rf_mkString(*one_string(name, "name") == '-' ? "neg" : "pos"));
    SEXP result = entry_op1(unary, x);
    UNPROTECT(1);
    return result;
  }
  if (is_torch_numeric(x) || is_torch_numeric(y))
    return by_r_rules(name, x, y);
  return call_operator(name, (SEXP[]){x, y}, NULL, 2);
}

typedef struct {
  PyObject *x;
  SEXP subscripts, value;
  bool drop;
} index_args;

static PyObject *index_work(void *p) {
  index_args *a = p;
  return tb_index_get(a->x, a->subscripts, a->drop);
}

static SEXP entry_index(SEXP object, SEXP expressions, SEXP frame, SEXP caller, SEXP drop) {
  index_args a = {.x = object_of(object), .drop = Rf_asLogical(drop) != 0};
  a.subscripts = PROTECT(tb_index_subscripts(expressions, frame, caller, a.x));
  SEXP result = enter(index_work, &a);
  UNPROTECT(1);
  return result;
}

static PyObject *index_set_work(void *p) {
  index_args *a = p;
  PyObject *value, *f;
  if (tb_is_handle(a->value) ||
      (Rf_xlength(a->value) == 1 && (Rf_isNumeric(a->value) || Rf_isLogical(a->value))))
    value = tb_hold(tb_from_r(a->value, TB_AS_LIST));
  else {
    PyObject *r = tb_hold(tb_robject(a->value, false));
    f = r ? tb_bridge("torchbridge.rtorch.language", "as_operand") : NULL;
    value = f ? tb_hold(PyObject_CallOneArg(f, r)) : NULL;
  }
  return value && tb_index_set(a->x, a->subscripts, value) == 0 ? Py_NewRef(Py_None) : NULL;
}

static SEXP entry_index_set(SEXP object, SEXP expressions, SEXP frame, SEXP caller, SEXP value) {
  index_args a = {.x = object_of(object), .value = value};
  a.subscripts = PROTECT(tb_index_subscripts(expressions, frame, caller, a.x));
  enter(index_set_work, &a);
  UNPROTECT(1);
  return object;
}

static PyObject *is_live_work(void *p) {
  PyObject *found = tb_thaw(p);
  if (!found && !PyErr_ExceptionMatches(PyExc_Exception))
    return NULL;
  PyErr_Clear();
  return PyBool_FromLong(found != NULL);
}

/* Is there an object, or can there be one again? */
static SEXP entry_is_live(SEXP x) {
  x = unwrap(x);
  bool known = !tb_is_handle(x) || tb_handle_object(x);
  return known ? Rf_ScalarLogical(tb_handle_object(x) != NULL) : enter(is_live_work, x);
}

#define entry_run tb_entry_run
#define entry_caught tb_entry_caught
#define ROUTINE(name, n_args) {"tb_" #name, (DL_FUNC)(void (*)(void))entry_##name, n_args}

static const R_CallMethodDef routines[] = {
    ROUTINE(call, 2),  ROUTINE(getattr, 2),   ROUTINE(setattr, 3), ROUTINE(import, 1),
    ROUTINE(api, 3),   ROUTINE(is_live, 1),   ROUTINE(op1, 2),     ROUTINE(op2, 3),
    ROUTINE(index, 5), ROUTINE(index_set, 5), ROUTINE(run, 0),     ROUTINE(caught, 2),
    {NULL, NULL, 0},
};

static const R_ExternalMethodDef external_routines[] = {
    {"tb_op", (DL_FUNC)(void (*)(void))entry_op, -1}, {NULL, NULL, 0}};

void tb_register_routines(void *dll_info) {
  DllInfo *dll = dll_info;
  R_registerRoutines(dll, NULL, routines, NULL, external_routines);
  R_useDynamicSymbols(dll, FALSE);
}

/* ---- Python calls R ---- */

typedef struct {
  SEXP function;
  PyObject *args, *kwargs;
  bool convert;
  SEXP call, value;
  PyObject *result;
} call_job;

/* Builds call_function(f, quote(f(args...))); the arguments are converted here. */
static void build_run(void *p) {
  call_job *job = p;
  PyObject *items = job->kwargs ? tb_hold(PyDict_Items(job->kwargs)) : NULL;
  Py_ssize_t n_args = PyTuple_GET_SIZE(job->args),
             n = n_args + (items ? PyList_GET_SIZE(items) : 0);
  SEXP call = PROTECT(Rf_lcons(Rf_install("f"), R_NilValue)), last = call, value;
  bool failed = job->kwargs && !items;
  for (Py_ssize_t i = 0; i < n && !failed; i++) {
    PyObject *item = i < n_args ? NULL : PyList_GET_ITEM(items, i - n_args);
    const char *name = item ? PyUnicode_AsUTF8(PyTuple_GET_ITEM(item, 0)) : "";
    failed =
        !name || tb_to_r(item ? PyTuple_GET_ITEM(item, 1) : PyTuple_GET_ITEM(job->args, i), &value);
    if (failed)
      break;
    PROTECT(value);
    if (TYPEOF(value) == SYMSXP ||
        TYPEOF(value) == LANGSXP) /* code among the arguments stays code */
      value = Rf_lang2(Rf_install("quote"), value);
    SETCDR(last, Rf_cons(value, R_NilValue));
    last = CDR(last);
    UNPROTECT(1);
    if (item) {
      SEXP text = PROTECT(Rf_mkCharCE(name, CE_UTF8));
      SET_TAG(last, Rf_installTrChar(text));
      UNPROTECT(1);
    }
  }
  if (!failed) {
    call = PROTECT(Rf_lang2(Rf_install("quote"), call));
    job->call = Rf_lang3(tb_helper("call_function"), job->function, call);
    R_PreserveObject(job->call);
    UNPROTECT(1);
  }
  if (items)
    Py_DECREF(tb_unhold());
  UNPROTECT(1);
}

static void result_run(void *p) {
  call_job *job = p;
  job->result = job->convert ? tb_from_r(job->value, TB_AS_NUMPY) : tb_robject(job->value, false);
}

PyObject *tb_call_r(SEXP function, PyObject *args, PyObject *kwargs, bool convert) {
  if (!Rf_isFunction(function)) {
    PyErr_Format(PyExc_TypeError, "an R %s is not a function", Rf_type2char(TYPEOF(function)));
    return NULL;
  }
  call_job job = {.function = function, .args = args, .kwargs = kwargs, .convert = convert};
  if (tb_protected(build_run, &job) || !job.call)
    return NULL;
  tb_interrupts interrupts;
  tb_interrupts_to_r(&interrupts);
  PyThreadState *others = tb_python_hosts() ? PyEval_SaveThread() : NULL;
  tb_failure failure;
  job.value = tb_try(job.call, &failure);
  if (others)
    PyEval_RestoreThread(others);
  bool interrupted = tb_interrupts_restore(&interrupts);
  PROTECT(job.value ? job.value : R_NilValue);
  R_ReleaseObject(job.call);
  if (!job.value)
    tb_set_caught(&failure);
  if (interrupted)
    tb_set_keyboard_interrupt();
  else if (job.value && tb_protected(result_run, &job))
    job.result = NULL;
  UNPROTECT(1);
  return job.result;
}
