/* R memory <-> DLPack capsules. */
#ifndef TB_DLPACK_H
#define TB_DLPACK_H

#include "core/base.h"

/* An R vector over the memory of a capsule, which is then used; on R's main thread. */
PyObject *tb_from_dlpack(PyObject *capsule);

void tb_dlpack_add(void); /* RObject.__dlpack__, .__dlpack_device__ */

#endif
