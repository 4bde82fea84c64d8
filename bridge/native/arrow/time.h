/* Dates, times and spans of time, both ways. */
#ifndef TB_ARROW_TIME_H
#define TB_ARROW_TIME_H

#include "arrow/column.h"

bool tb_export_date(tb_export *e);     /* Date */
bool tb_export_time(tb_export *e);     /* POSIXct */
bool tb_export_posixlt(tb_export *e);  /* POSIXlt, as POSIXct */
bool tb_export_nanotime(tb_export *e); /* nanotime: int64 in a double vector */
bool tb_export_span(tb_export *e);     /* difftime */

SEXP tb_import_date(const tb_column *c);
SEXP tb_import_time(const tb_column *c);
SEXP tb_import_span(const tb_column *c); /* also of times of day */

#endif
