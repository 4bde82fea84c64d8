/* Data frames, both ways. */
#ifndef TB_ARROW_FRAME_H
#define TB_ARROW_FRAME_H

#include "arrow/column.h"

/* One that is not part of another has its row names as a column of its own. */
bool tb_export_frame(tb_export *e);
SEXP tb_import_frame(const tb_column *c);

#endif
