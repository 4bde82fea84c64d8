/* Arrow's decimals -> doubles, and text. */
#ifndef TB_ARROW_DECIMAL_H
#define TB_ARROW_DECIMAL_H

#include "arrow/column.h"

SEXP tb_import_decimal(const tb_column *c);
bool tb_decimal_fits(const tb_column *c); /* false with an exception: not 32, 64 or 128 bits */
/* All the digits of the element `at` of checked data. */
enum { TB_DECIMAL_ROOM = 48 };
void tb_decimal_text(const char *format, const void *data, int64_t at, char *to);

#endif
