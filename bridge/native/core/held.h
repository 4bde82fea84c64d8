/* Python references that C code owns across an R call that may jump. */
#ifndef TB_HELD_H
#define TB_HELD_H

#include "core/base.h"

PyObject *tb_hold(PyObject *x); /* steals x, and gives it back; NULL stays NULL */
PyObject *tb_unhold(void);      /* takes the last one off again */
size_t tb_held(void);
void tb_drop(size_t first); /* releases all but the first `first`: after a jump */
/* A list of n items; each is made by item(data, i), which may jump. */
PyObject *tb_list(R_xlen_t n, PyObject *(*item)(const void *data, R_xlen_t i), const void *data);

#endif
