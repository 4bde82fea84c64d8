/* Arrow's decimals -> doubles. */
#ifndef TB_ARROW_DECIMAL_H
#define TB_ARROW_DECIMAL_H

#include "arrow/column.h"

SEXP tb_import_decimal(const tb_column *c);

#endif
