/* RObject: the Python type that owns one R object. */
#ifndef TB_ROBJECT_H
#define TB_ROBJECT_H

#include "core/base.h"

typedef struct {
  PyObject_HEAD
  SEXP x;
  SEXP cell;     /* its root */
  bool writable; /* made by the core and not yet seen by R code */
} RObject;

extern PyTypeObject tb_RObjectType;
PyObject *tb_robject(SEXP x, bool writable); /* may jump */
static inline bool tb_is_robject(PyObject *x) { return PyObject_TypeCheck(x, &tb_RObjectType); }

/* The type's methods stand in the files that know what they do. Each adds its own, tables that end
 * with NULL (or are NULL), before tb_robject_ready() makes the type. */
void tb_robject_add(const PyMethodDef *methods, const PyGetSetDef *properties);
int tb_robject_ready(void); /* 0, or -1 with an exception */

#endif
