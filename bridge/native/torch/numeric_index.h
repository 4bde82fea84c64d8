/* Subscripts of tensors that follow R's rules. */
#ifndef TB_NUMERIC_INDEX_H
#define TB_NUMERIC_INDEX_H

#include "core/base.h"

/* `[` of a torch_numeric: `expressions` from substitute(list(...)), `frame` the method's own
 * environment. The tensor, with its names; R's NULL where R code must find the positions, of
 * subscripts that are evaluated then. */
SEXP tb_entry_numeric_index(SEXP x, SEXP expressions, SEXP frame);

#endif
