/* The values of an Arrow dictionary as R's levels. */
#ifndef TB_ARROW_LEVEL_H
#define TB_ARROW_LEVEL_H

#include "arrow/column.h"

/* The text of each value, NA where it is missing: a character vector. */
SEXP tb_import_levels(const tb_column *values);

#endif
