/* What Python sees of an R object. */
#ifndef TB_OBJECT_H
#define TB_OBJECT_H

#include "core/robject.h"

/* Its length: 0, or -1 with an exception, as an ALTREP vector's Length may raise an R error. */
int tb_length(SEXP x, R_xlen_t *length);
PyObject *tb_dim(SEXP x); /* the dim attribute as a tuple, or None */

void tb_object_add(void); /* RObject's attributes, value, items, ... */

#endif
