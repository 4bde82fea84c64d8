/* Is what arrives what its schema says? */
#ifndef TB_ARROW_CHECK_H
#define TB_ARROW_CHECK_H

#include "arrow/interface.h"
#include "arrow/place.h"

/* True, or false with a Python exception. */
bool tb_check_schema(const tb_place *place, const struct ArrowSchema *s);
/* Does the array have the buffers and children of its format, and is it long enough? */
bool tb_check_array(const tb_place *place, const struct ArrowSchema *s, const struct ArrowArray *a);
bool tb_check_depth(const tb_place *place);

#endif
