/* What Python sees of an R object: its type, attributes, items and value. All of it is read on R's
 * main thread, from the object that the RObject keeps alive. */
#include "values/object.h"

#include "core/entry.h"
#include "core/errors.h"
#include "core/held.h"
#include "core/lifetime.h"
#include "core/sound.h"
#include "core/strings.h"
#include "core/vector.h"
#include "values/values.h"

typedef struct {
  SEXP x;
  R_xlen_t length;
} length_job;

static void length_run(void *p) {
  length_job *job = p;
  job->length = Rf_isVector(job->x) ? Rf_xlength(job->x) : Rf_length(job->x);
}

int tb_length(SEXP x, R_xlen_t *length) {
  length_job job = {.x = x};
  if (!ALTREP(x))
    length_run(&job);
  else if (tb_protected(length_run, &job))
    return -1;
  *length = job.length;
  return 0;
}

/* ---- looking at it ---- */

static PyObject *type_of(RObject *self, void *unused) {
  (void)unused;
  if (tb_check_thread())
    return NULL;
  return PyUnicode_FromString(Rf_type2char(TYPEOF(self->x)));
}

static PyObject *address(RObject *self, void *unused) {
  (void)unused;
  return PyLong_FromVoidPtr(self->x);
}

static PyObject *writable(RObject *self, void *unused) {
  (void)unused;
  return PyBool_FromLong(self->writable);
}

PyObject *tb_dim(SEXP x) {
  SEXP extents = tb_attribute(x, R_DimSymbol);
  if (TYPEOF(extents) != INTSXP)
    Py_RETURN_NONE;
  PyObject *tuple = PyTuple_New(Rf_length(extents));
  for (int i = 0; tuple && i < Rf_length(extents); i++)
    PyTuple_SET_ITEM(tuple, i, PyLong_FromLong(INTEGER_ELT(extents, i)));
  return tuple;
}

static PyObject *dim(RObject *self, void *unused) {
  (void)unused;
  return tb_check_thread() ? NULL : tb_dim(self->x);
}

typedef struct {
  SEXP x;
  PyObject *made;
} read_job;

static void classes_run(void *p) {
  read_job *job = p;
  job->made = tb_strings_from_r(tb_attribute(job->x, R_ClassSymbol));
}

static PyObject *classes(RObject *self, void *unused) {
  (void)unused;
  read_job job = {.x = self->x};
  if (tb_check_thread())
    return NULL;
  if (!Rf_isObject(self->x))
    return PyTuple_New(0);
  if (!tb_strings_may_jump(tb_attribute(self->x, R_ClassSymbol)))
    classes_run(&job);
  else if (tb_protected(classes_run, &job))
    return NULL;
  return job.made;
}

static Py_ssize_t object_length(RObject *self) {
  R_xlen_t length;
  return tb_check_thread() || tb_length(self->x, &length) ? -1 : length;
}

static PyObject *repr(RObject *self) {
  R_xlen_t length;
  if (!tb_r_ready() || !tb_on_main_thread())
    return PyUnicode_FromString("<RObject>");
  if (tb_length(self->x, &length)) {
    PyErr_Clear();
    return PyUnicode_FromFormat("<RObject: R %s>", Rf_type2char(TYPEOF(self->x)));
  }
  return PyUnicode_FromFormat("<RObject: R %s of length %zd>", Rf_type2char(TYPEOF(self->x)),
                              (Py_ssize_t)length);
}

/* ---- attributes ---- */

/* attr() and slot() give an RObject, or None where there is none. */
typedef struct {
  RObject *self;
  const char *name;
  bool slot;
  PyObject *found;
} attr_job;

static void attr_run(void *p) {
  attr_job *job = p;
  SEXP symbol = Rf_install(job->name), value = R_NilValue;
  if (!job->slot)
    value = Rf_getAttrib(job->self->x, symbol);
  else if (R_has_slot(job->self->x, symbol))
    value = R_do_slot(job->self->x, symbol);
  PROTECT(value);
  job->found = value == R_NilValue ? Py_NewRef(Py_None) : tb_robject(value, false);
  UNPROTECT(1);
}

static PyObject *look_up(RObject *self, PyObject *name, bool slot) {
  attr_job job = {.self = self, .name = PyUnicode_AsUTF8(name), .slot = slot};
  if (!job.name || tb_check_thread() || tb_protected(attr_run, &job))
    return NULL;
  return job.found;
}

static PyObject *attr(RObject *self, PyObject *name) { return look_up(self, name, false); }

static PyObject *slot(RObject *self, PyObject *name) { return look_up(self, name, true); }

typedef struct {
  SEXP x;
  const char *name;
  SEXP value;
} set_attr_job;

static void set_attr_run(void *p) {
  set_attr_job *job = p;
  Rf_setAttrib(job->x, Rf_install(job->name), job->value);
}

static PyObject *set_attr(RObject *self, PyObject *args) {
  set_attr_job job = {.x = self->x};
  PyObject *value;
  if (!PyArg_ParseTuple(args, "sO!", &job.name, &tb_RObjectType, &value))
    return NULL;
  if (!self->writable) {
    PyErr_SetString(PyExc_ValueError,
                    "R values do not change: only a vector just made takes attributes");
    return NULL;
  }
  job.value = ((RObject *)value)->x;
  if (tb_check_thread() || tb_protected(set_attr_run, &job))
    return NULL;
  Py_RETURN_NONE;
}

/* ---- is it sound? ---- */

typedef struct {
  SEXP x;
  tb_damage why;
  bool sound;
} check_job;

static void check_run(void *p) {
  check_job *job = p;
  job->sound = tb_is_sound(job->x, &job->why);
}

static PyObject *check(RObject *self, PyObject *args) {
  check_job job = {.x = self->x};
  const char *name = "";
  if (!PyArg_ParseTuple(args, "|s", &name) || tb_check_thread())
    return NULL;
  if (!tb_check_may_jump(self->x))
    check_run(&job);
  else if (tb_protected(check_run, &job))
    return NULL;
  if (!job.sound)
    return PyErr_Format(PyExc_ValueError, "%s%s%s", name, *name ? ": " : "", job.why.text);
  Py_RETURN_NONE;
}

/* ---- values ---- */

static void value_run(void *p) {
  read_job *job = p;
  job->made = tb_from_r(job->x, TB_AS_NUMPY);
}

static PyObject *value(RObject *self, PyObject *unused) {
  (void)unused;
  read_job job = {.x = self->x};
  if (tb_check_thread() || tb_protected(value_run, &job))
    return NULL;
  return job.made;
}

/* Elements of a list as RObjects. */
static PyObject *item_at(const void *list, R_xlen_t i) {
  return tb_robject(VECTOR_ELT((SEXP)list, i), false);
}

static void items_run(void *p) {
  read_job *job = p;
  job->made = tb_list(Rf_xlength(job->x), item_at, job->x);
}

static PyObject *items(RObject *self, PyObject *unused) {
  (void)unused;
  read_job job = {.x = self->x};
  if (tb_check_thread())
    return NULL;
  if (TYPEOF(self->x) != VECSXP) {
    PyErr_Format(PyExc_TypeError, "items() needs an R list, not %s", Rf_type2char(TYPEOF(self->x)));
    return NULL;
  }
  return tb_protected(items_run, &job) ? NULL : job.made;
}

/* ---- ownership ---- */

static void address_run(void *p) {
  read_job *job = p;
  job->made = tb_robject(job->x, false);
}

/* An R object that somebody else (rpy2) keeps alive, by its address. */
static PyObject *from_address(PyTypeObject *type, PyObject *address) {
  (void)type;
  read_job job = {.x = PyLong_AsVoidPtr(address)};
  if (!job.x) {
    if (!PyErr_Occurred())
      PyErr_SetString(PyExc_ValueError, "address: a null pointer is no R object");
    return NULL;
  }
  /* First: what follows may collect, and this may be all that holds it. */
  bool protected = tb_r_ready() && tb_on_main_thread();
  if (protected)
    PROTECT(job.x);
  int failed = tb_check_thread() || tb_protected(address_run, &job);
  if (protected)
    UNPROTECT(1);
  return failed ? NULL : job.made;
}

/* R never writes into this vector from now on (it duplicates first). */
static PyObject *freeze(RObject *self, PyObject *unused) {
  (void)unused;
  if (tb_check_thread())
    return NULL;
  MARK_NOT_MUTABLE(self->x);
  self->writable = false;
  Py_RETURN_NONE;
}

static const PyMethodDef methods[] = {
    {"from_address", (PyCFunction)from_address, METH_O | METH_CLASS,
     "from_address(int): take a share in a live R object."},
    {"attr", (PyCFunction)attr, METH_O, "attr(name): an attribute, or None."},
    {"slot", (PyCFunction)slot, METH_O, "slot(name): an S4 slot, or None."},
    {"set_attr", (PyCFunction)set_attr, METH_VARARGS,
     "set_attr(name, value) on a vector just made."},
    {"check", (PyCFunction)check, METH_VARARGS,
     "check(name): a ValueError, which begins with the name, if it says more than it holds."},
    {"items", (PyCFunction)items, METH_NOARGS, "The elements of an R list, as RObjects."},
    {"value", (PyCFunction)value, METH_NOARGS, "The Python value of this R object."},
    {"freeze", (PyCFunction)freeze, METH_NOARGS, "R duplicates this vector before changing it."},
    {NULL, NULL, 0, NULL}};

static const PyGetSetDef properties[] = {
    {"typeof", (getter)type_of, NULL, "R's typeof().", NULL},
    {"classes", (getter)classes, NULL, "The class attribute, as a tuple.", NULL},
    {"dim", (getter)dim, NULL, "The dim attribute, as a tuple, or None.", NULL},
    {"address", (getter)address, NULL, "Where the R object is.", NULL},
    {"writable", (getter)writable, NULL, "Was this vector just made by the core?", NULL},
    {NULL, NULL, NULL, NULL, NULL}};

static PySequenceMethods sequence = {.sq_length = (lenfunc)object_length};

void tb_object_add(void) {
  tb_robject_add(methods, properties);
  tb_RObjectType.tp_repr = (reprfunc)repr;
  tb_RObjectType.tp_as_sequence = &sequence;
}
