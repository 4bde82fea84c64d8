/* Single values without a class, in both directions. */
#ifndef TB_SCALARS_H
#define TB_SCALARS_H

#include "core/base.h"

/* Element i of a logical, integer, double, complex or character vector; may jump. */
PyObject *tb_element_from_r(const void *vector, R_xlen_t i);
/* 0 with the result unprotected, -1 with an exception, 1: x is no scalar of R's. May jump. */
int tb_scalar_to_r(PyObject *x, SEXP *result);

/* Which numbers an int is in R. */
bool tb_fits_int(long long value);    /* an integer that is not NA */
bool tb_fits_double(long long value); /* exactly, and so are its neighbours */

#endif
