/* PyTorch's modes, which a call that is interrupted leaves as it found them. */
#ifndef TB_MODES_H
#define TB_MODES_H

#include "core/base.h"

enum { TB_MODES = 8 }; /* room for that many */

typedef struct {
  PyObject *values[TB_MODES];
  Py_ssize_t n; /* 0 where torch is not imported yet */
} tb_modes;

void tb_modes_save(tb_modes *modes);
/* Lets go of them; where the exception that is set is an interrupt, puts them back first. */
void tb_modes_end(tb_modes *modes);

#endif
