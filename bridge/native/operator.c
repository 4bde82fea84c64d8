/* Operators: PyTorch functions as R calls them.
 *
 * An Operator is made once for a name (torchbridge.operators says from PyTorch's own
 * schemas what each argument is) and found again by the address of R's own string, which
 * R keeps once. Arguments are converted by their kinds: dims and positions count from 1,
 * whole doubles are ints where PyTorch wants ints, R vectors are tensors where it wants
 * tensors; results that are positions count from 1. */
#include "native.h"

#include <math.h>

/* The kinds of torchbridge.operators, same order. */
enum { TENSOR = 1, TENSORS = 2, DIM = 4, INDEX = 8, POSITION = 16, SCALAR = 32, DTYPE = 64, INT = 128, INTS = 256 };

typedef struct {
  SEXP r_name; /* kept by R for ever: an installed symbol's name */
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

/* Operator(name, function, positional kinds, {R name: (Python name, kinds)}, index results, result names) */
static PyObject *operator_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  (void)kwargs;
  PyObject *name, *function, *positional, *named, *results;
  unsigned index_results;
  if (!PyArg_ParseTuple(args, "UOO!O!IO!", &name, &function, &PyTuple_Type, &positional, &PyDict_Type, &named,
                        &index_results, &PyTuple_Type, &results) ||
      tb_check_thread())
    return NULL;
  Operator *self = (Operator *)type->tp_alloc(type, 0);
  if (!self)
    return NULL;
  self->name = Py_NewRef(name);
  self->function = Py_NewRef(function);
  self->results = Py_NewRef(results);
  self->index_results = index_results;
  self->positional = PyMem_Calloc((size_t)PyTuple_GET_SIZE(positional) + 1, sizeof *self->positional);
  self->named = PyMem_Calloc((size_t)PyDict_GET_SIZE(named) + 1, sizeof *self->named);
  if (!self->positional || !self->named) {
    Py_DECREF(self);
    return PyErr_NoMemory();
  }
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(positional); i++)
    self->positional[self->n_positional++] = (int)PyLong_AsLong(PyTuple_GET_ITEM(positional, i));
  PyObject *key, *value;
  Py_ssize_t position = 0;
  while (PyDict_Next(named, &position, &key, &value)) {
    parameter *p = &self->named[self->n_named];
    const char *text = PyUnicode_AsUTF8(key);
    PyObject *python_name;
    if (!text || !PyArg_ParseTuple(value, "Ui", &python_name, &p->kinds)) {
      Py_DECREF(self);
      return NULL;
    }
    p->python_name = Py_NewRef(python_name);
    PyUnicode_InternInPlace(&p->python_name);
    p->r_name = PRINTNAME(Rf_install(text));
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

static struct {
  SEXP name;
  Operator *op;
} *table = NULL;
static size_t table_size = 0, table_used = 0;

static size_t slot_of(SEXP name) {
  size_t i = ((uintptr_t)name >> 4) * 11400714819323198485u >> 20 & (table_size - 1);
  while (table[i].name && table[i].name != name)
    i = (i + 1) & (table_size - 1);
  return i;
}

static int grow_table(void) {
  size_t old_size = table_size;
  void *old = table;
  struct {
    SEXP name;
    Operator *op;
  } *entries = old;
  table_size = old_size ? 2 * old_size : 1024;
  table = calloc(table_size, sizeof *table);
  if (!table) {
    table = old;
    table_size = old_size;
    PyErr_NoMemory();
    return -1;
  }
  for (size_t i = 0; i < old_size; i++)
    if (entries[i].name) {
      size_t slot = slot_of(entries[i].name);
      table[slot].name = entries[i].name;
      table[slot].op = entries[i].op;
    }
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
  PyObject *resolve = tb_bridge("torchbridge.operators", "resolve");
  PyObject *op = resolve ? PyObject_CallFunction(resolve, "s", R_CHAR(name)) : NULL;
  if (!op)
    return NULL;
  if (!PyObject_TypeCheck(op, &tb_OperatorType)) {
    Py_DECREF(op);
    PyErr_SetString(PyExc_TypeError, "resolve() must give an Operator");
    return NULL;
  }
  slot = slot_of(name); /* resolving may have grown the table */
  /* A symbol's name is never collected, so its address stays this string's. */
  table[slot].name = PRINTNAME(Rf_installTrChar(name));
  table[slot].op = (Operator *)op;
  table_used++;
  return (Operator *)op;
}

/* ---- arguments ---- */

static PyObject *ask(const char *function, PyObject *x, const char *name) {
  PyObject *f = tb_bridge("torchbridge.operators", function);
  PyObject *result = !f || !x ? NULL : name ? PyObject_CallFunction(f, "Os", x, name) : PyObject_CallOneArg(f, x);
  Py_XDECREF(x);
  return result;
}

static PyObject *whole_number(double value, int kinds, const char *name) {
  if (!(kinds & (DIM | POSITION)))
    return PyLong_FromDouble(value);
  if (value == 0) {
    PyErr_Format(PyExc_IndexError, "%s: %ss count from 1 in R (negative ones from the end); 0 is none", name,
                 kinds & DIM ? "dim" : "position");
    return NULL;
  }
  return PyLong_FromDouble(value > 0 ? value - 1 : value);
}

static PyObject *number(SEXP x, R_xlen_t i, int kinds, const char *name) {
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

/* A vector of numbers, or a list of single ones, as R torch also takes sizes. */
static PyObject *numbers(SEXP x, int kinds, const char *name) {
  R_xlen_t n = Rf_xlength(x);
  bool list = TYPEOF(x) == VECSXP;
  PyObject *result = PyList_New(n);
  for (R_xlen_t i = 0; result && i < n; i++) {
    PyObject *item = list ? number(VECTOR_ELT(x, i), 0, kinds, name) : number(x, i, kinds, name);
    if (!item)
      Py_CLEAR(result);
    else
      PyList_SET_ITEM(result, i, item);
  }
  return result;
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

static PyObject *tensors_of(SEXP x, int kinds, const char *name) {
  R_xlen_t n = Rf_xlength(x);
  PyObject *list = PyList_New(n);
  for (R_xlen_t i = 0; list && i < n; i++) {
    PyObject *item = convert(VECTOR_ELT(x, i), (kinds & ~TENSORS) | TENSOR, name);
    if (!item)
      Py_CLEAR(list);
    else
      PyList_SET_ITEM(list, i, item);
  }
  return list;
}

static PyObject *convert(SEXP x, int kinds, const char *name) {
  if (tb_is_handle(x)) {
    PyObject *object = tb_from_r(x, TB_AS_LIST);
    return object && (kinds & INDEX) ? ask("zero_based", object, name) : object;
  }
  bool numeric = (TYPEOF(x) == REALSXP || TYPEOF(x) == INTSXP) && !Rf_isObject(x);
  /* Where only a list of ints will do, one number is a list of one. */
  bool wrap = (kinds & (INTS | INT | TENSOR)) == INTS;
  if (numeric && !wrap && Rf_xlength(x) == 1 && !(kinds & INDEX) && Rf_getAttrib(x, R_DimSymbol) == R_NilValue)
    return number(x, 0, kinds, name);
  if ((numeric && !(kinds & (TENSOR | INDEX))) || (!(kinds & (TENSOR | TENSORS)) && is_list_of_numbers(x)))
    return numbers(x, kinds, name);
  if (TYPEOF(x) == VECSXP && !Rf_isObject(x) && (kinds & TENSORS))
    return tensors_of(x, kinds, name);
  bool vector = TYPEOF(x) == REALSXP || TYPEOF(x) == INTSXP || TYPEOF(x) == LGLSXP || TYPEOF(x) == CPLXSXP;
  bool scalar = TYPEOF(x) == LGLSXP && Rf_xlength(x) == 1 && !Rf_isObject(x);
  if (vector && !scalar && (kinds & (TENSOR | INDEX))) {
    bool positions = kinds & INDEX && numeric;
    return ask(positions ? "as_positions" : "as_operand", tb_robject(x, false), positions ? name : NULL);
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

/* tags: the symbols of arguments by name, NULL where there is none; or NULL for no names at all. */
PyObject *tb_operator_call(SEXP name, const SEXP *values, const SEXP *tags, int n) {
  Operator *op = find_operator(name);
  if (!op)
    return NULL;
  PyObject *slots[TB_MOST_ARGUMENTS + 1], *names[TB_MOST_ARGUMENTS], *keys = NULL, *result = NULL;
  PyObject **stack = slots + 1;
  int given = 0, named = 0, by_position = n;
  for (int i = 0; tags && i < n; i++)
    by_position -= tags[i] != NULL;
  /* zeros(2, 3), view(4, -1): the ints of the list one by one. */
  int mask = by_position > op->n_positional ? ~INTS : ~0;
  /* First by position, then by name: vectorcall wants them in this order. */
  for (int pass = 0; pass < (by_position < n ? 2 : 1); pass++)
    for (int a = 0; a < n; a++) {
      SEXP tag = tags ? tags[a] : NULL;
      if ((tag != NULL) != (pass == 1))
        continue;
      int kinds = 0;
      const char *label = "argument";
      PyObject *python_name = NULL;
      if (tag) {
        SEXP r_name = PRINTNAME(tag);
        label = R_CHAR(r_name);
        for (int i = 0; i < op->n_named && !python_name; i++)
          if (op->named[i].r_name == r_name) {
            python_name = Py_NewRef(op->named[i].python_name);
            kinds = op->named[i].kinds;
          }
        if (!python_name && !(python_name = PyUnicode_InternFromString(label)))
          goto done;
      } else if (op->n_positional)
        kinds = op->positional[given < op->n_positional ? given : op->n_positional - 1] & mask;
      PyObject *value = convert(values[a], kinds, label);
      if (!value) {
        Py_XDECREF(python_name);
        goto done;
      }
      stack[given + named] = value;
      if (tag)
        names[named++] = python_name;
      else
        given++;
    }
  if (named) {
    keys = PyTuple_New(named);
    if (!keys)
      goto done;
    for (int i = 0; i < named; i++)
      PyTuple_SET_ITEM(keys, i, Py_NewRef(names[i]));
  }
  result = PyObject_Vectorcall(op->function, stack, (size_t)given | PY_VECTORCALL_ARGUMENTS_OFFSET, keys);
  result = with_results(op, result);
done:
  for (int i = 0; i < given + named; i++)
    Py_DECREF(stack[i]);
  for (int i = 0; i < named; i++)
    Py_DECREF(names[i]);
  Py_XDECREF(keys);
  return result;
}
