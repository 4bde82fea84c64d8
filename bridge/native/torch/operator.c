/* Operators: PyTorch functions as R calls them.
 *
 * An Operator is made once for a name (the hook resolve says from PyTorch's own
 * schemas what each argument is) and found again by the address of R's own string, which
 * R keeps once. The table owns it.
 *
 * Tests: test-tensor-operators.R */
#include "torch/operator.h"

#include "core/entry.h"
#include "core/errors.h"
#include "core/hooks.h"

#include <stdlib.h>

static void operator_dealloc(Operator *self) {
  for (int i = 0; i < self->n_named; i++)
    Py_XDECREF(self->named[i].python_name);
  PyMem_Free(self->positional);
  PyMem_Free(self->named);
  PyMem_Free(self->order);
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

/* 0, or -1 with an exception. */
static int take_positional(Operator *self, PyObject *positional) {
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(positional); i++) {
    long kinds = PyLong_AsLong(PyTuple_GET_ITEM(positional, i));
    if (kinds == -1 && PyErr_Occurred())
      return -1;
    self->positional[self->n_positional++] = (int)kinds;
  }
  return 0;
}

static int take_named(Operator *self, PyObject *named) {
  PyObject *key, *value, *python_name;
  Py_ssize_t position = 0;
  while (PyDict_Next(named, &position, &key, &value)) {
    tb_parameter *p = &self->named[self->n_named];
    name_job job = {.text = PyUnicode_AsUTF8(key)};
    if (!job.text || !PyArg_ParseTuple(value, "Uii", &python_name, &p->kinds, &p->places) ||
        tb_protected(name_run, &job))
      return -1;
    p->python_name = Py_NewRef(python_name);
    PyUnicode_InternInPlace(&p->python_name);
    p->r_name = job.name;
    self->n_named++;
  }
  return 0;
}

static int take_order(Operator *self, PyObject *order) {
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(order); i++) {
    name_job job = {.text = PyUnicode_AsUTF8(PyTuple_GET_ITEM(order, i))};
    if (!job.text || tb_protected(name_run, &job))
      return -1;
    for (int j = 0; j < self->n_named; j++)
      if (self->named[j].r_name == job.name)
        self->order[self->n_order] = &self->named[j];
    if (!self->order[self->n_order++]) {
      PyErr_Format(PyExc_ValueError, "order: %s is not among the named", job.text);
      return -1;
    }
  }
  return 0;
}

/* Operator(name, function, positional kinds, {R name: (Python name, kinds, places)}, order, index
 * results, result names) */
static PyObject *operator_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  (void)kwargs;
  PyObject *name, *function, *positional, *named, *order, *results;
  unsigned index_results;
  if (!PyArg_ParseTuple(args, "UOO!O!O!IO!", &name, &function, &PyTuple_Type, &positional,
                        &PyDict_Type, &named, &PyTuple_Type, &order, &index_results, &PyTuple_Type,
                        &results) ||
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
  self->order = PyMem_Calloc((size_t)PyTuple_GET_SIZE(order) + 1, sizeof(tb_parameter *));
  if (!self->positional || !self->named || !self->order)
    PyErr_NoMemory();
  else if (take_positional(self, positional) == 0 && take_named(self, named) == 0 &&
           take_order(self, order) == 0)
    return (PyObject *)self;
  Py_DECREF(self);
  return NULL;
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

const Operator *tb_known_operator(SEXP name) { return table_size ? table[slot_of(name)].op : NULL; }

const Operator *tb_operator(SEXP name) {
  if (2 * table_used >= table_size && grow_table())
    return NULL;
  size_t slot = slot_of(name);
  if (table[slot].name)
    return table[slot].op;
  /* A symbol's name is never collected, so its address stays this string's. */
  SEXP kept = PRINTNAME(Rf_installTrChar(name));
  PyObject *resolve = tb_hook(TB_HOOK_RESOLVE);
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
