/* The table of R's types and Arrow's: a type is one row, with what recognises it on either side and
 * what converts it. The rows are asked in order, and the first that fits decides. Nothing is owned
 * here. */
#include "arrow/types.h"

#include "arrow/check.h"
#include "arrow/complex.h"
#include "arrow/decimal.h"
#include "arrow/factor.h"
#include "arrow/frame.h"
#include "arrow/list.h"
#include "arrow/matrix.h"
#include "arrow/number.h"
#include "arrow/schema.h"
#include "arrow/text.h"
#include "arrow/time.h"
#include "core/vector.h"

/* ---- on R's side ---- */

static bool is_number(SEXP x) { return TYPEOF(x) == INTSXP || TYPEOF(x) == REALSXP; }
static bool is_data_frame(SEXP x) { return tb_has_class(x, "data.frame"); }
static bool has_dims(SEXP x) { return Rf_xlength(Rf_getAttrib(x, R_DimSymbol)) > 1; }
static bool is_posixlt(SEXP x) { return tb_has_class(x, "POSIXlt"); }
static bool is_factor(SEXP x) { return is_number(x) && tb_has_class(x, "factor"); }
static bool is_date(SEXP x) { return is_number(x) && tb_has_class(x, "Date"); }
static bool is_posixct(SEXP x) { return is_number(x) && tb_has_class(x, "POSIXct"); }
static bool is_difftime(SEXP x) { return is_number(x) && tb_has_class(x, "difftime"); }
static bool is_nanotime(SEXP x) { return TYPEOF(x) == REALSXP && tb_has_class(x, "nanotime"); }
static bool is_logical(SEXP x) { return TYPEOF(x) == LGLSXP; }
static bool is_integer(SEXP x) { return TYPEOF(x) == INTSXP; }
static bool is_double(SEXP x) { return TYPEOF(x) == REALSXP; }
static bool is_raw(SEXP x) { return TYPEOF(x) == RAWSXP; }
static bool is_complex(SEXP x) { return TYPEOF(x) == CPLXSXP; }
static bool is_character(SEXP x) { return TYPEOF(x) == STRSXP; }
static bool is_list(SEXP x) { return TYPEOF(x) == VECSXP; }

/* ---- on Arrow's side, where the formats have been checked (check.c) ---- */

static bool begins(const tb_column *c, const char *start) {
  return strncmp(c->schema->format, start, strlen(start)) == 0;
}
static bool one_of(const tb_column *c, const char *letters) {
  return strchr(letters, c->schema->format[0]) != NULL;
}
static bool holds_complex(const tb_column *c) { return tb_is_complex(c->schema); }
/* A stream's own struct is a data frame, whatever its columns. */
static bool holds_frame(const tb_column *c) {
  return begins(c, "+s") && (!c->place.parent || !holds_complex(c));
}
static bool holds_dictionary(const tb_column *c) { return c->schema->dictionary != NULL; }
static bool holds_dates(const tb_column *c) { return begins(c, "td"); }
static bool holds_times(const tb_column *c) { return begins(c, "ts"); }
static bool holds_spans(const tb_column *c) { return begins(c, "tt") || begins(c, "tD"); }
static bool holds_logicals(const tb_column *c) { return one_of(c, "b"); }
static bool holds_wide(const tb_column *c) { return one_of(c, "lL"); }
static bool holds_integers(const tb_column *c) { return one_of(c, "cCsSiI"); }
static bool holds_doubles(const tb_column *c) { return one_of(c, "efg"); }
static bool holds_decimals(const tb_column *c) { return one_of(c, "d"); }
static bool holds_text(const tb_column *c) { return one_of(c, "uU") || begins(c, "vu"); }
static bool holds_bytes(const tb_column *c) { return one_of(c, "zZw") || begins(c, "vz"); }
static bool holds_lists(const tb_column *c) { return one_of(c, "+"); }
static bool holds_nulls(const tb_column *c) { return one_of(c, "n"); }

static SEXP import_nulls(const tb_column *c) {
  SEXP x = tb_new_vector(LGLSXP, c->length);
  for (int64_t i = 0; i < c->length; i++)
    LOGICAL(x)[i] = NA_LOGICAL;
  return x;
}

/* ---- the table ---- */

/* NULL: nothing goes this way. NESTED types have children, and make their own schema. */
static const struct type {
  enum { FLAT, NESTED } shape;
  bool (*is)(SEXP x);
  bool (*export)(tb_export *e);
  bool (*holds)(const tb_column *c);
  SEXP (*import)(const tb_column *c);
} types[] = {
    {NESTED, is_data_frame, tb_export_frame, holds_frame, tb_import_frame},
    {NESTED, has_dims, tb_export_matrix, tb_is_matrix, tb_import_matrix},
    {.is = is_posixlt, .export = tb_export_posixlt},
    {FLAT, is_factor, tb_export_factor, holds_dictionary, tb_import_factor},
    {FLAT, is_date, tb_export_date, holds_dates, tb_import_date},
    {FLAT, is_posixct, tb_export_time, holds_times, tb_import_time},
    {FLAT, is_difftime, tb_export_span, holds_spans, tb_import_span},
    {.is = is_nanotime, .export = tb_export_nanotime},
    {FLAT, tb_is_int64, tb_export_integer64, holds_wide, tb_import_integer64},
    {FLAT, is_logical, tb_export_logical, holds_logicals, tb_import_logical},
    {FLAT, is_integer, tb_export_integer, holds_integers, tb_import_integer},
    {FLAT, is_double, tb_export_double, holds_doubles, tb_import_double},
    {.is = is_raw, .export = tb_export_raw}, /* comes back among the integers */
    {.holds = holds_decimals, .import = tb_import_decimal},
    {NESTED, is_complex, tb_export_complex, holds_complex, tb_import_complex},
    {FLAT, is_character, tb_export_text, holds_text, tb_import_text},
    {NESTED, is_list, tb_export_list, holds_lists, tb_import_list},
    {.holds = holds_bytes, .import = tb_import_binary},
    {.holds = holds_nulls, .import = import_nulls},
};
enum { TYPES = sizeof types / sizeof *types };

/* ---- any column ---- */

/* Classes that Arrow has a type for, or that say nothing of the values. */
static bool is_known(const char *class) {
  static const char *const known[] = {"factor",  "ordered",  "Date",      "POSIXct",  "POSIXt",
                                      "POSIXlt", "difftime", "integer64", "nanotime", "AsIs",
                                      "matrix",  "array",    "list"};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (strcmp(class, known[i]) == 0)
      return true;
  return false;
}

/* The values of any other class cross, the class does not. */
static bool note_class(tb_export *e) {
  SEXP classes = Rf_getAttrib(e->x, R_ClassSymbol);
  for (R_xlen_t i = 0; i < Rf_xlength(classes); i++) {
    const char *class = R_CHAR(STRING_ELT(classes, i));
    if (!is_known(class))
      return tb_arrow_note(&e->place, "its class %s is dropped, its values stay", class);
  }
  return true;
}

bool tb_export_column(tb_export *e) {
  if (!tb_check_depth(&e->place))
    return false;
  for (const struct type *t = types; t < types + TYPES; t++) {
    if (!t->is || !t->is(e->x))
      continue;
    if (t->is != is_data_frame && !note_class(e))
      return false;
    return (t->shape == NESTED || tb_schema_init(e->schema, e->place.name, 0)) && t->export(e);
  }
  return note_class(e) && tb_arrow_fail(&e->place, PyExc_TypeError, "Arrow has no type for an R %s",
                                        Rf_type2char(TYPEOF(e->x)));
}

SEXP tb_import_column(const tb_column *c) {
  for (const struct type *t = types; t < types + TYPES; t++)
    if (t->holds && t->holds(c))
      return t->import(c);
  tb_arrow_fail(&c->place, PyExc_TypeError, "R has no type for Arrow's format '%s'",
                c->schema->format);
  return NULL;
}
