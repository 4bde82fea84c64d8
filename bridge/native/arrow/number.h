/* Logicals, integers and doubles, both ways. */
#ifndef TB_ARROW_NUMBER_H
#define TB_ARROW_NUMBER_H

#include "arrow/column.h"

bool tb_export_logical(tb_export *e);
bool tb_export_integer(tb_export *e);
bool tb_export_integer64(tb_export *e);
bool tb_export_double(tb_export *e);
bool tb_export_raw(tb_export *e);

SEXP tb_import_logical(const tb_column *c);
SEXP tb_import_integer(const tb_column *c);   /* of 8, 16 and 32 bits */
SEXP tb_import_integer64(const tb_column *c); /* of 64 bits: what R type holds them all */
SEXP tb_import_double(const tb_column *c);    /* of 16, 32 and 64 bits */

#endif
