/* x[i, j, ...] on tensors. */
#ifndef TB_INDEX_H
#define TB_INDEX_H

#include "core/base.h"

/* .Call entries; the arguments between object and the last are those of tb_subscripts. */
SEXP tb_entry_index(SEXP object, SEXP expressions, SEXP frame, SEXP drop);
SEXP tb_entry_index_set(SEXP object, SEXP expressions, SEXP frame, SEXP value);

#endif
