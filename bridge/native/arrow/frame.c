/* Data frames <-> Arrow's structs, a column a child. A frame owns its columns; what is lent of them
 * (number.c) is rooted one by one.
 *
 * Tests: tests/native/arrow/test_arrow.py, tests/native/arrow/test_types.py */
#include "arrow/frame.h"

#include "arrow/attributes.h"
#include "arrow/schema.h"
#include "arrow/text.h"
#include "core/strings.h"
#include "core/vector.h"

#include <limits.h>

/* The column that row names are. */
static const char row_names_column[] = "row.names";

/* ---- R -> Arrow ---- */

/* Row names that say something: text. (Numbers say which rows of another frame these were.) */
static SEXP text_row_names(SEXP x) {
  SEXP names = Rf_getAttrib(x, R_RowNamesSymbol);
  return TYPEOF(names) == STRSXP && Rf_xlength(names) > 0 ? names : R_NilValue;
}

/* NULL with an exception where it is no text. */
static const char *name_of(const tb_place *place, SEXP names, R_xlen_t i) {
  int64_t size;
  const char *why, *name = tb_utf8(STRING_ELT(names, i), &size, &why);
  if (!name)
    tb_arrow_fail(place, PyExc_ValueError, "name %lld %s", (long long)i + 1, why);
  return name;
}

static R_xlen_t rows_of(SEXP x) { return Rf_xlength(Rf_getAttrib(x, R_RowNamesSymbol)); }

bool tb_export_frame(tb_export *e) {
  R_xlen_t columns = Rf_xlength(e->x), rows = rows_of(e->x);
  bool whole = !e->place.parent;
  SEXP names = PROTECT(Rf_getAttrib(e->x, R_NamesSymbol));
  SEXP row_names = PROTECT(text_row_names(e->x));
  int64_t first = row_names != R_NilValue;
  if (first && !whole) {
    first = 0;
    if (!tb_arrow_note(&e->place, "the row names of a data frame within another are left out"))
      return false;
  }
  for (R_xlen_t i = 0; i < columns && first; i++)
    if (strcmp(R_CHAR(STRING_ELT(names, i)), row_names_column) == 0) {
      first = 0;
      if (!tb_arrow_note(&e->place, "the row names are left out: a column has the name row.names"))
        return false;
    }
  const char *class = tb_has_class(e->x, "tbl_df") ? "tbl_df" : "data.frame";
  bool done = tb_schema_init(e->schema, e->place.name, columns + first) &&
              tb_schema_format(e->schema, "+s") &&
              tb_schema_facts(e->schema, "r.class", class, NULL) &&
              tb_array_init(e->array, rows, 1, columns + first);
  for (R_xlen_t i = 0; i < columns + first && done; i++) {
    bool is_names = i < first;
    SEXP x = is_names ? row_names : VECTOR_ELT(e->x, i - first);
    const char *name = is_names ? row_names_column : name_of(&e->place, names, i - first);
    tb_export column = tb_export_child(e, x, i, name);
    done = name && e->any(&column);
    if (done && column.array->length != rows)
      done = tb_arrow_fail(&column.place, PyExc_ValueError,
                           "%lld elements in a data frame of %lld rows",
                           (long long)column.array->length, (long long)rows);
  }
  UNPROTECT(2);
  return done;
}

/* ---- Arrow -> R ---- */

static void set_frame_class(SEXP x, const char *class) {
  if (!class || strcmp(class, "tbl_df") != 0) {
    tb_set_class(x, "data.frame", NULL);
    return;
  }
  static const char *const names[] = {"tbl_df", "tbl", "data.frame"};
  SEXP classes = PROTECT(Rf_allocVector(STRSXP, 3));
  for (int i = 0; i < 3; i++)
    SET_STRING_ELT(classes, i, Rf_mkChar(names[i]));
  Rf_setAttrib(x, R_ClassSymbol, classes);
  UNPROTECT(1);
}

/* Text under this name is what R had as row names on its way here. */
static bool is_row_names(const char *name, SEXP x) {
  if (strcmp(name, row_names_column) != 0 || TYPEOF(x) != STRSXP)
    return false;
  for (R_xlen_t i = 0; i < Rf_xlength(x); i++)
    if (STRING_ELT(x, i) == NA_STRING)
      return false;
  return !Rf_any_duplicated(x, FALSE);
}

/* Fills a list and its names, a column at a time. */
static bool import_columns(const tb_column *c, SEXP columns, SEXP names) {
  for (int64_t i = 0; i < c->schema->n_children; i++) {
    const void *memory = vmaxget();
    tb_column child;
    tb_column_child(c, i, &child);
    const char *name = child.place.name;
    if (!tb_valid_utf8(name, (int64_t)strlen(name)))
      return tb_arrow_fail(&c->place, PyExc_ValueError, "the name of column %lld is no UTF-8",
                           (long long)i + 1);
    SEXP x = c->any(&child);
    if (!x)
      return false;
    SET_VECTOR_ELT(columns, i, x);
    SET_STRING_ELT(names, i, Rf_mkCharCE(name, CE_UTF8));
    vmaxset(memory);
  }
  return true;
}

/* The first column as row names of the others. */
static SEXP with_row_names(SEXP columns, SEXP names) {
  R_xlen_t n = Rf_xlength(columns);
  SEXP frame = PROTECT(Rf_allocVector(VECSXP, n - 1)),
       rest = PROTECT(Rf_allocVector(STRSXP, n - 1));
  for (R_xlen_t i = 1; i < n; i++) {
    SET_VECTOR_ELT(frame, i - 1, VECTOR_ELT(columns, i));
    SET_STRING_ELT(rest, i - 1, STRING_ELT(names, i));
  }
  Rf_setAttrib(frame, R_NamesSymbol, rest);
  Rf_setAttrib(frame, R_RowNamesSymbol, VECTOR_ELT(columns, 0));
  UNPROTECT(2);
  return frame;
}

SEXP tb_import_frame(const tb_column *c) {
  int64_t n = c->schema->n_children;
  if (c->length > INT_MAX) {
    tb_arrow_fail(&c->place, PyExc_ValueError, "R's data frames hold at most %d rows", INT_MAX);
    return NULL;
  }
  SEXP columns = PROTECT(Rf_allocVector(VECSXP, n)), names = PROTECT(Rf_allocVector(STRSXP, n));
  if (!import_columns(c, columns, names)) {
    UNPROTECT(2);
    return NULL;
  }
  bool whole = !c->place.parent;
  SEXP frame = columns;
  if (whole && n > 0 && is_row_names(R_CHAR(STRING_ELT(names, 0)), VECTOR_ELT(columns, 0)))
    frame = with_row_names(columns, names);
  else {
    Rf_setAttrib(frame, R_NamesSymbol, names);
    tb_set_rows(frame, c->length);
  }
  PROTECT(frame);
  set_frame_class(frame, tb_schema_fact(c->schema, "r.class"));
  UNPROTECT(3);
  return frame;
}
