/* Small arrays of Python's. */
#ifndef TB_SMALL_ARRAY_H
#define TB_SMALL_ARRAY_H

#include "core/base.h"

/* Of a NumPy array of float64, of up to 256 numbers, the R vector or array; NULL, without an
 * exception, of anything else. May jump. */
SEXP tb_small_array(PyObject *x);

#endif
