/* Matrix columns, both ways. */
#ifndef TB_ARROW_MATRIX_H
#define TB_ARROW_MATRIX_H

#include "arrow/column.h"

bool tb_export_matrix(tb_export *e);
bool tb_is_matrix(const tb_column *c); /* lists of one size that are the rows of a matrix */
SEXP tb_import_matrix(const tb_column *c);

#endif
