/* Text and bytes, both ways. */
#ifndef TB_ARROW_TEXT_H
#define TB_ARROW_TEXT_H

#include "arrow/column.h"

bool tb_export_text(tb_export *e);
SEXP tb_import_text(const tb_column *c);
SEXP tb_import_binary(const tb_column *c); /* a list of raw vectors, which exports as a list */

#endif
