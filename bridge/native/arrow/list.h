/* List columns, both ways. */
#ifndef TB_ARROW_LIST_H
#define TB_ARROW_LIST_H

#include "arrow/column.h"

bool tb_export_list(tb_export *e);
bool tb_export_items(tb_export *e, SEXP items); /* the child of a list */
SEXP tb_import_list(const tb_column *c);

#endif
