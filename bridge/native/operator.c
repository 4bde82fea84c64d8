/* Operators: PyTorch functions as R calls them.
 *
 * An Operator is made once for a name (rtorch.operators says from PyTorch's own
 * schemas what each argument is) and found again by the address of R's own string, which
 * R keeps once. Arguments are converted by their kinds: dims and positions count from 1,
 * whole doubles are ints where PyTorch wants ints, R vectors are tensors where it wants
 * tensors; results that are positions count from 1. */
#include "native.h"

#include <math.h>

/* The kinds of torchbridge.rtorch.operators, same order. */
enum {
  TENSOR = 1,
  TENSORS = 2,
  DIM = 4,
  INDEX = 8,
  POSITION = 16,
  SCALAR = 32,
  DTYPE = 64,
  INT = 128,
  INTS = 256
};

typedef struct {
  SEXP r_name;
  PyObject *python_name;
  int kinds;
} parameter;

typedef struct {
  PyObject_HEAD
  PyObject *name, *function, *results;
  int n_positional, n_named;
  int *positional;
  parameter *named;
  unsigned index_results;
} Operator;

static void operator_dealloc(Operator *self) {
  for (int i = 0; i < self->n_named; i++)
    Py_XDECREF(self->named[i].python_name);
  PyMem_Free(self->positional);
  PyMem_Free(self->named);
  Py_XDECREF(self->name);
  Py_XDECREF(self->function);
  Py_XDECREF(self->results);
  Py_TYPE(self)->tp_free(self);
}

/* R keeps a symbol's name for ever. */
typedef struct {
  const char *text;
  SEXP name;
} name_job;

static void name_run(void *p) {
  name_job *job = p;
  job->name = PRINTNAME(Rf_install(job->text));
}

/* Operator(name, function, positional kinds, {R name: (Python name, kinds)}, index results, result
 * names) */
static PyObject *operator_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  (void)kwargs;
  PyObject *name, *function, *positional, *named, *results;
  unsigned index_results;
  if (!PyArg_ParseTuple(args, "UOO!O!IO!", &name, &function, &PyTuple_Type, &positional,
                        &PyDict_Type, &named, &index_results, &PyTuple_Type, &results) ||
      tb_check_thread())
    return NULL;
  Operator *self = (Operator *)type->tp_alloc(type, 0);
  if (!self)
    return NULL;
  self->name = Py_NewRef(name);
  self->function = Py_NewRef(function);
  self->results = Py_NewRef(results);
  self->index_results = index_results;
  self->positional =
      PyMem_Calloc((size_t)PyTuple_GET_SIZE(positional) + 1, sizeof *self->positional);
  self->named = PyMem_Calloc((size_t)PyDict_GET_SIZE(named) + 1, sizeof *self->named);
  if (!self->positional || !self->named) {
    Py_DECREF(self);
    return PyErr_NoMemory();
  }
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(positional); i++) {
    long kinds = PyLong_AsLong(PyTuple_GET_ITEM(positional, i));
    if (kinds == -1 && PyErr_Occurred()) {
      Py_DECREF(self);
      return NULL;
    }
    self->positional[self->n_positional++] = (int)kinds;
  }
  PyObject *key, *value;
  Py_ssize_t position = 0;
  while (PyDict_Next(named, &position, &key, &value)) {
    parameter *p = &self->named[self->n_named];
    name_job job = {.text = PyUnicode_AsUTF8(key)};
    PyObject *python_name;
    if (!job.text || !PyArg_ParseTuple(value, "Ui", &python_name, &p->kinds) ||
        tb_protected(name_run, &job)) {
      Py_DECREF(self);
      return NULL;
    }
    p->python_name = Py_NewRef(python_name);
    PyUnicode_InternInPlace(&p->python_name);
    p->r_name = job.name;
    self->n_named++;
  }
  return (PyObject *)self;
}

PyTypeObject tb_OperatorType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "torchbridge._native.Operator",
    .tp_basicsize = sizeof(Operator),
    .tp_dealloc = (destructor)operator_dealloc,
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_doc = "A PyTorch function and what its arguments are to R.",
    .tp_new = operator_new,
};

/* ---- the table of operators, by the address of their R name ---- */

typedef struct {
  SEXP name;
  Operator *op;
} named_operator;

static named_operator *table = NULL;
static size_t table_size = 0, table_used = 0;

static size_t slot_of(SEXP name) {
  size_t i = ((uintptr_t)name >> 4) * 11400714819323198485u >> 20 & (table_size - 1);
  while (table[i].name && table[i].name != name)
    i = (i + 1) & (table_size - 1);
  return i;
}

static int grow_table(void) {
  size_t old_size = table_size;
  named_operator *old = table;
  table_size = old_size ? 2 * old_size : 1024;
  table = calloc(table_size, sizeof *table);
  if (!table) {
    table = old;
    table_size = old_size;
    PyErr_NoMemory();
    return -1;
  }
  for (size_t i = 0; i < old_size; i++)
    if (old[i].name)
      table[slot_of(old[i].name)] = old[i];
  free(old);
  return 0;
}

/* Borrowed; NULL with an exception where PyTorch has no such function. */
static Operator *find_operator(SEXP name) {
  if (2 * table_used >= table_size && grow_table())
    return NULL;
  size_t slot = slot_of(name);
  if (table[slot].name)
    return table[slot].op;
  /* A symbol's name is never collected, so its address stays this string's. */
  SEXP kept = PRINTNAME(Rf_installTrChar(name));
  PyObject *resolve = tb_bridge("torchbridge.rtorch.operators", "resolve");
  PyObject *op = resolve ? PyObject_CallFunction(resolve, "s", R_CHAR(name)) : NULL;
  if (!op)
    return NULL;
  if (!PyObject_TypeCheck(op, &tb_OperatorType)) {
    Py_DECREF(op);
    PyErr_SetString(PyExc_TypeError, "resolve() must give an Operator");
    return NULL;
  }
  slot = slot_of(name); /* resolving may have grown the table */
  table[slot] = (named_operator){kept, (Operator *)op};
  table_used++;
  return (Operator *)op;
}

/* ---- arguments ---- */

static PyObject *ask(const char *function, PyObject *x, const char *name) {
  bool language = strcmp(function, "as_operand") == 0;
  PyObject *f = tb_bridge(language ? "torchbridge.rtorch.language" : "torchbridge.rtorch.operators",
                          function);
  PyObject *result = !f || !x ? NULL
                     : name   ? PyObject_CallFunction(f, "Os", x, name)
                              : PyObject_CallOneArg(f, x);
  Py_XDECREF(x);
  return result;
}

static PyObject *whole_number(double value, int kinds, const char *name) {
  if (!(kinds & (DIM | POSITION)))
    return PyLong_FromDouble(value);
  if (value == 0) {
    PyErr_Format(PyExc_IndexError,
                 "%s: %ss count from 1 in R (negative ones from the end); 0 is none", name,
                 kinds & DIM ? "dim" : "position");
    return NULL;
  }
  return PyLong_FromDouble(value > 0 ? value - 1 : value);
}

typedef struct {
  SEXP x;
  int kinds;
  const char *name; /* of the argument */
} argument;

static PyObject *number(const void *data, R_xlen_t i) {
  const argument *a = data;
  SEXP x = a->x;
  int kinds = a->kinds;
  const char *name = a->name;
  bool real = TYPEOF(x) == REALSXP;
  double value = real ? REAL_ELT(x, i) : INTEGER_ELT(x, i);
  if (!real && INTEGER_ELT(x, i) == NA_INTEGER) {
    PyErr_Format(PyExc_ValueError, "%s: NA is not a number here", name);
    return NULL;
  }
  if (real && (kinds & SCALAR || (kinds & TENSOR && !(kinds & (DIM | POSITION | INT)))))
    return PyFloat_FromDouble(value);
  if (value == trunc(value) && fabs(value) < 9e15)
    return whole_number(value, kinds, name);
  return PyFloat_FromDouble(value);
}

/* One of a list of single numbers, as R torch also takes sizes. */
static PyObject *number_at(const void *data, R_xlen_t i) {
  const argument *a = data;
  return number(&(argument){VECTOR_ELT(a->x, i), a->kinds, a->name}, 0);
}

static bool is_plain_number(SEXP x) {
  return (TYPEOF(x) == REALSXP || TYPEOF(x) == INTSXP) && !Rf_isObject(x) && Rf_xlength(x) == 1;
}

static bool is_list_of_numbers(SEXP x) {
  R_xlen_t n = TYPEOF(x) == VECSXP && !Rf_isObject(x) ? Rf_xlength(x) : 0;
  for (R_xlen_t i = 0; i < n; i++)
    if (!is_plain_number(VECTOR_ELT(x, i)))
      return false;
  return n > 0;
}

static PyObject *convert(SEXP x, int kinds, const char *name);

static PyObject *tensor_at(const void *data, R_xlen_t i) {
  const argument *a = data;
  return convert(VECTOR_ELT(a->x, i), (a->kinds & ~TENSORS) | TENSOR, a->name);
}

static PyObject *convert(SEXP x, int kinds, const char *name) {
  if (tb_is_handle(x)) {
    PyObject *object = tb_from_r(x, TB_AS_LIST);
    return object && (kinds & INDEX) ? ask("zero_based", object, name) : object;
  }
  argument a = {x, kinds, name};
  bool numeric = (TYPEOF(x) == REALSXP || TYPEOF(x) == INTSXP) && !Rf_isObject(x);
  /* Where only a list of ints will do, one number is a list of one. */
  bool wrap = (kinds & (INTS | INT | TENSOR)) == INTS;
  if (numeric && !wrap && Rf_xlength(x) == 1 && !(kinds & INDEX) &&
      Rf_getAttrib(x, R_DimSymbol) == R_NilValue)
    return number(&a, 0);
  if (numeric && !(kinds & (TENSOR | INDEX)))
    return tb_list(Rf_xlength(x), number, &a);
  if (!(kinds & (TENSOR | TENSORS)) && is_list_of_numbers(x))
    return tb_list(Rf_xlength(x), number_at, &a);
  if (TYPEOF(x) == VECSXP && !Rf_isObject(x) && (kinds & TENSORS))
    return tb_list(Rf_xlength(x), tensor_at, &a);
  bool vector =
      TYPEOF(x) == REALSXP || TYPEOF(x) == INTSXP || TYPEOF(x) == LGLSXP || TYPEOF(x) == CPLXSXP;
  bool scalar = TYPEOF(x) == LGLSXP && Rf_xlength(x) == 1 && !Rf_isObject(x);
  if (vector && !scalar && (kinds & (TENSOR | INDEX))) {
    bool positions = kinds & INDEX && numeric;
    return ask(positions ? "as_positions" : "as_operand", tb_robject(x, false),
               positions ? name : NULL);
  }
  PyObject *value = tb_from_r(x, TB_AS_LIST);
  return value && (kinds & DTYPE) && PyUnicode_Check(value) ? ask("as_dtype", value, NULL) : value;
}

/* ---- the call ---- */

static PyObject *with_results(const Operator *op, PyObject *value) {
  if (!value || !(op->index_results || PyTuple_GET_SIZE(op->results)))
    return value;
  if (!PyTuple_Check(value))
    return op->index_results & 1 ? ask("one_based", value, NULL) : value;
  Py_ssize_t n = PyTuple_GET_SIZE(value);
  bool named = PyTuple_GET_SIZE(op->results) == n;
  PyObject *result = named ? PyDict_New() : PyList_New(n);
  for (Py_ssize_t i = 0; result && i < n; i++) {
    PyObject *item = Py_NewRef(PyTuple_GET_ITEM(value, i));
    if (op->index_results >> i & 1)
      item = ask("one_based", item, NULL);
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

typedef struct {
  PyObject *slots[TB_MOST_ARGUMENTS + 1], *names[TB_MOST_ARGUMENTS];
  int n_positional, n_named;
  int mask; /* of the kinds of arguments by position */
} arguments;

/* One more argument, by position or by name. What is made for it is held. */
static int add_argument(const Operator *op, arguments *to, SEXP x, SEXP tag) {
  int kinds = 0, given = to->n_positional;
  const char *label = "argument";
  PyObject *name = NULL;
  if (tag) {
    SEXP r_name = PRINTNAME(tag);
    label = R_CHAR(r_name);
    for (int i = 0; i < op->n_named && !name; i++)
      if (op->named[i].r_name == r_name) {
        name = op->named[i].python_name;
        kinds = op->named[i].kinds;
      }
    if (!name && !(name = tb_hold(PyUnicode_InternFromString(label))))
      return -1;
  } else if (op->n_positional)
    kinds = op->positional[given < op->n_positional ? given : op->n_positional - 1] & to->mask;
  PyObject *value = tb_hold(convert(x, kinds, label));
  if (!value)
    return -1;
  to->slots[1 + given + to->n_named] = value;
  if (name)
    to->names[to->n_named++] = name;
  else
    to->n_positional++;
  return 0;
}

/* First by position, then by name: vectorcall wants them in this order. */
static PyObject *call_operator(const Operator *op, const SEXP *values, const SEXP *tags, int n) {
  arguments given;
  given.n_positional = given.n_named = 0;
  int by_position = n;
  for (int i = 0; tags && i < n; i++)
    by_position -= tags[i] != NULL;
  /* zeros(2, 3), view(4, -1): the ints of the list one by one. */
  given.mask = by_position > op->n_positional ? ~INTS : ~0;
  for (int by_name = 0; by_name <= (by_position < n); by_name++)
    for (int i = 0; i < n; i++) {
      SEXP tag = tags ? tags[i] : NULL;
      if ((tag != NULL) == by_name && add_argument(op, &given, values[i], tag))
        return NULL;
    }
  PyObject *keys = NULL;
  if (given.n_named && !(keys = tb_hold(PyTuple_New(given.n_named))))
    return NULL;
  for (int i = 0; i < given.n_named; i++)
    PyTuple_SET_ITEM(keys, i, Py_NewRef(given.names[i]));
  size_t flags = (size_t)given.n_positional | PY_VECTORCALL_ARGUMENTS_OFFSET;
  return with_results(op, PyObject_Vectorcall(op->function, given.slots + 1, flags, keys));
}

PyObject *tb_operator_call(SEXP name, const SEXP *values, const SEXP *tags, int n) {
  const Operator *op = find_operator(name);
  size_t held = tb_held();
  PyObject *result = op ? call_operator(op, values, tags, n) : NULL;
  tb_drop(held);
  return result;
}
