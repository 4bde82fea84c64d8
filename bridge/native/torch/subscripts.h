/* The subscripts of x[i, j, ...] as R values. */
#ifndef TB_SUBSCRIPTS_H
#define TB_SUBSCRIPTS_H

#include "core/base.h"

void tb_subscripts_init(void);
/* Subscripts of a `[` method: `expressions` from substitute(list(...)), `frame` the method's own
 * environment. A list: R_MissingArg for a whole dim,
 * tb_new_axis, tb_other_dims, a pairlist (first, last, step) for a range, or the value. Runs R
 * code, so: before the GIL is taken. */
SEXP tb_subscripts(SEXP expressions, SEXP frame, PyObject *x);

/* The value of the element i of the frame's `...`: a promise, evaluated once, where it was made. */
SEXP tb_of_dots(SEXP frame, R_xlen_t i);

extern SEXP tb_new_axis, tb_other_dims; /* the symbols newaxis and .. */

#endif
