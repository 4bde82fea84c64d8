/* Factors, both ways. */
#ifndef TB_ARROW_FACTOR_H
#define TB_ARROW_FACTOR_H

#include "arrow/column.h"

bool tb_export_factor(tb_export *e);
SEXP tb_import_factor(const tb_column *c); /* of a dictionary */

#endif
