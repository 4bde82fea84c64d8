/* The table of R's types and Arrow's: a type is one row, with what recognises it on either side and
 * what converts it. The rows are asked in order, and the first that fits decides. Nothing is owned
 * here. */
#include "arrow/types.h"

#include "arrow/check.h"
#include "arrow/complex.h"
#include "arrow/decimal.h"
#include "arrow/factor.h"
#include "arrow/frame.h"
#include "arrow/kept.h"
#include "arrow/list.h"
#include "arrow/matrix.h"
#include "arrow/number.h"
#include "arrow/schema.h"
#include "arrow/text.h"
#include "arrow/time.h"
#include "core/sound.h"
#include "core/vector.h"

/* ---- on R's side ---- */

static bool is_any(SEXP x) { return x != NULL; }
static bool has_dims(SEXP x) { return Rf_xlength(Rf_getAttrib(x, R_DimSymbol)) > 1; }
/* Dates of NA alone may be logicals, which R keeps as it keeps integers. */
static bool is_count(SEXP x) {
  return TYPEOF(x) == INTSXP || TYPEOF(x) == REALSXP || TYPEOF(x) == LGLSXP;
}
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

static const char frame_class[] = "data.frame";

/* NULL: nothing goes this way. NESTED types have children, and make their own schema. A type of R's
 * with a class has a row in Python's table too (arrays/type_table.py), of the same name. */
static const struct type {
  enum { FLAT, NESTED } shape;
  const char *class, *also; /* also: a further class that says nothing without this one */
  bool (*is)(SEXP x);
  bool (*export)(tb_export *e);
  bool (*holds)(const tb_column *c);
  SEXP (*import)(const tb_column *c);
} types[] = {
    {NESTED, frame_class, NULL, is_any, tb_export_frame, holds_frame, tb_import_frame},
    {NESTED, NULL, NULL, has_dims, tb_export_matrix, tb_is_matrix, tb_import_matrix},
    {.class = "POSIXlt", .also = "POSIXt", .is = is_any, .export = tb_export_posixlt},
    {FLAT, "factor", "ordered", is_integer, tb_export_factor, holds_dictionary, tb_import_factor},
    {FLAT, "Date", NULL, is_count, tb_export_date, holds_dates, tb_import_date},
    {FLAT, "POSIXct", "POSIXt", is_count, tb_export_time, holds_times, tb_import_time},
    {FLAT, "difftime", NULL, is_count, tb_export_span, holds_spans, tb_import_span},
    {.class = "nanotime", .is = is_double, .export = tb_export_nanotime},
    {FLAT, "integer64", NULL, is_double, tb_export_integer64, holds_wide, tb_import_integer64},
    {FLAT, NULL, NULL, is_logical, tb_export_logical, holds_logicals, tb_import_logical},
    {FLAT, NULL, NULL, is_integer, tb_export_integer, holds_integers, tb_import_integer},
    {FLAT, NULL, NULL, is_double, tb_export_double, holds_doubles, tb_import_double},
    {.is = is_raw, .export = tb_export_raw}, /* comes back among the integers */
    {.holds = holds_decimals, .import = tb_import_decimal},
    {NESTED, NULL, NULL, is_complex, tb_export_complex, holds_complex, tb_import_complex},
    {FLAT, NULL, NULL, is_character, tb_export_text, holds_text, tb_import_text},
    {NESTED, NULL, NULL, is_list, tb_export_list, holds_lists, tb_import_list},
    {.holds = holds_bytes, .import = tb_import_binary},
    {.holds = holds_nulls, .import = import_nulls},
};
enum { TYPES = sizeof types / sizeof *types };

/* ---- any column ---- */

static bool fits(const struct type *t, SEXP x) {
  return t->is && t->is(x) && (!t->class || tb_has_class(x, t->class));
}

static bool has_type(const char *class) {
  for (const struct type *t = types; t < types + TYPES; t++)
    if (t->class != frame_class &&
        ((t->class && strcmp(class, t->class) == 0) || (t->also && strcmp(class, t->also) == 0)))
      return true;
  return false;
}

/* Else Python says what becomes of the class. */
static bool has_types(SEXP x) {
  SEXP classes = Rf_getAttrib(x, R_ClassSymbol);
  for (R_xlen_t i = 0; i < Rf_xlength(classes); i++)
    if (!has_type(R_CHAR(STRING_ELT(classes, i))))
      return false;
  return true;
}

static bool export_as(const struct type *t, tb_export *e) {
  return (t->shape == NESTED || tb_schema_init(e->schema, e->place.name, 0)) && t->export(e);
}

bool tb_export_column(tb_export *e) {
  tb_damage why;
  if (!tb_check_depth(&e->place))
    return false;
  if (!tb_is_sound(e->x, &why))
    return tb_arrow_fail(&e->place, PyExc_ValueError, "%s", why.text);
  for (const struct type *t = types; t < types + TYPES; t++) {
    const char *kept = NULL;
    if (!fits(t, e->x))
      continue;
    if (t->class == frame_class || has_types(e->x))
      return export_as(t, e);
    /* The items of a matrix keep its type themselves. */
    return tb_describe_type(e, &kept) && export_as(t, e) &&
           (!kept || t->is == has_dims || tb_schema_add_fact(e->schema, tb_kept_type, kept));
  }
  return tb_arrow_fail(&e->place, PyExc_TypeError, "Arrow has no type for an R %s",
                       Rf_type2char(TYPEOF(e->x)));
}

SEXP tb_import_column(const tb_column *c) {
  for (const struct type *t = types; t < types + TYPES; t++)
    if (t->holds && t->holds(c))
      return t->class == frame_class ? t->import(c) : tb_restore_type(c, t->import(c));
  tb_arrow_fail(&c->place, PyExc_TypeError, "R has no type for Arrow's format '%s'",
                c->schema->format);
  return NULL;
}

PyObject *tb_arrow_classes(void) {
  PyObject *list = PyList_New(0);
  for (const struct type *t = types; list && t < types + TYPES; t++) {
    if (!t->class || t->class == frame_class)
      continue;
    PyObject *pair = Py_BuildValue("sz", t->class, t->also);
    if (!pair || PyList_Append(list, pair))
      Py_CLEAR(list);
    Py_XDECREF(pair);
  }
  return list;
}
