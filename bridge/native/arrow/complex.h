/* Complex numbers, both ways. */
#ifndef TB_ARROW_COMPLEX_H
#define TB_ARROW_COMPLEX_H

#include "arrow/column.h"

bool tb_export_complex(tb_export *e);
bool tb_is_complex(const struct ArrowSchema *s); /* may jump */
SEXP tb_import_complex(const tb_column *c);

#endif
