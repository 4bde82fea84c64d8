/* Arrow's PyCapsules: an R object as a stream, and any stream as an R object. */
#ifndef TB_ARROW_STREAM_H
#define TB_ARROW_STREAM_H

#include "core/base.h"

/* The R data frame or vector of an Arrow stream, which is consumed; on R's main thread. */
PyObject *tb_from_arrow(PyObject *capsule);

void tb_stream_add(void); /* RObject.__arrow_c_stream__, .__arrow_c_schema__ */

#endif
