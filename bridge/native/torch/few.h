/* Tensors of a few numbers. */
#ifndef TB_FEW_H
#define TB_FEW_H

#include "core/base.h"

/* .Call entry: the tensor of a short plain vector without NA, with R torch's dtypes; NULL where x
 * is anything else, or requires_grad not TRUE or FALSE. */
SEXP tb_entry_few_numbers(SEXP x, SEXP requires_grad);

#endif
