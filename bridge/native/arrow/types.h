/* The table of R's types and Arrow's. */
#ifndef TB_ARROW_TYPES_H
#define TB_ARROW_TYPES_H

#include "arrow/column.h"

/* A column of any type; its parts come here again (`any`). */
bool tb_export_column(tb_export *e);
SEXP tb_import_column(const tb_column *c);
/* A list of (class, further class or None): R's classes that the table has, in its order. */
PyObject *tb_arrow_classes(void);

#endif
