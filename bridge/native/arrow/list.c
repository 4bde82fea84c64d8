/* List columns <-> Arrow lists: a list of vectors of one type, NULL its missing element. The items
 * are copied into one vector on the way out, and apart on the way in.
 *
 * Tests: tests/native/arrow/test_arrow.py, tests/native/arrow/test_types.py */
#include "arrow/list.h"

#include "arrow/attributes.h"
#include "arrow/check.h"
#include "arrow/schema.h"
#include "core/strings.h"
#include "core/vector.h"

#include <limits.h>
#include <stdlib.h>

static void copy_elements(SEXP to, R_xlen_t at, SEXP from, R_xlen_t start, R_xlen_t n) {
  if (TYPEOF(to) == STRSXP)
    for (R_xlen_t i = 0; i < n; i++)
      SET_STRING_ELT(to, at + i, STRING_ELT(from, start + i));
  else if (TYPEOF(to) == VECSXP)
    for (R_xlen_t i = 0; i < n; i++)
      SET_VECTOR_ELT(to, at + i, VECTOR_ELT(from, start + i));
  else if (n) {
    size_t size = tb_element_size(TYPEOF(to));
    memcpy((char *)tb_data(to) + (size_t)at * size,
           (const char *)tb_data(from) + (size_t)start * size, (size_t)n * size);
  }
}

/* ---- R -> Arrow ---- */

/* The first element that is not NULL gives the type; R_NilValue: there is none. */
static SEXP type_of(SEXP x) {
  for (R_xlen_t i = 0; i < Rf_xlength(x); i++)
    if (VECTOR_ELT(x, i) != R_NilValue)
      return VECTOR_ELT(x, i);
  return R_NilValue;
}

static bool refused(const tb_place *place, R_xlen_t row, const char *why) {
  return tb_arrow_fail(place, PyExc_TypeError, "row %lld %s", (long long)row + 1, why);
}

static bool same_columns(SEXP a, SEXP b) {
  SEXP names = Rf_getAttrib(a, R_NamesSymbol);
  return TYPEOF(a) == VECSXP && TYPEOF(names) == STRSXP && Rf_xlength(a) == Rf_xlength(b) &&
         Rf_xlength(names) == Rf_xlength(a) &&
         R_compute_identical(names, Rf_getAttrib(b, R_NamesSymbol), 16);
}

static bool elements_fit(const tb_place *place, SEXP list, SEXP type) {
  bool frames = tb_has_class(type, "data.frame");
  if (tb_has_class(type, "POSIXlt") || !Rf_isVector(type) || TYPEOF(type) == EXPRSXP)
    return tb_arrow_fail(place, PyExc_TypeError,
                         "a list of %s; Arrow's lists are here of vectors, factors, dates, lists "
                         "and data frames",
                         Rf_type2char(TYPEOF(type)));
  for (R_xlen_t i = 0; i < Rf_xlength(list); i++) {
    SEXP item = VECTOR_ELT(list, i);
    if (item == R_NilValue)
      continue;
    if (frames != tb_has_class(item, "data.frame") || (!frames && !tb_same_meaning(item, type)))
      return refused(place, i,
                     "differs from those before it: the elements of an Arrow list are of one type");
    if (Rf_getAttrib(item, R_DimSymbol) != R_NilValue)
      return refused(place, i, "is a matrix or an array");
    if (frames && !same_columns(item, type))
      return refused(place, i, "has other columns than those before it");
  }
  return true;
}

static R_xlen_t size_of(SEXP item) {
  return tb_has_class(item, "data.frame") ? Rf_xlength(Rf_getAttrib(item, R_RowNamesSymbol))
                                          : Rf_xlength(item);
}

static SEXP joined(const tb_place *place, SEXP list);

/* Column by column; each is joined as a list of its own. */
static SEXP joined_frames(const tb_place *place, SEXP list, SEXP type, R_xlen_t total) {
  R_xlen_t n = Rf_xlength(list), columns = Rf_xlength(type);
  SEXP names = PROTECT(Rf_getAttrib(type, R_NamesSymbol));
  SEXP all = PROTECT(Rf_allocVector(VECSXP, columns)), parts = PROTECT(Rf_allocVector(VECSXP, n));
  for (R_xlen_t j = 0; j < columns; j++) {
    for (R_xlen_t i = 0; i < n; i++) {
      SEXP item = VECTOR_ELT(list, i);
      SET_VECTOR_ELT(parts, i, item == R_NilValue ? item : VECTOR_ELT(item, j));
    }
    int64_t size;
    const char *why, *name = tb_utf8(STRING_ELT(names, j), &size, &why);
    tb_place at = {.parent = place, .name = name ? name : "?"}; /* frame.c refuses such a name */
    SEXP column = joined(&at, parts);
    if (!column) {
      UNPROTECT(3);
      return NULL;
    }
    SET_VECTOR_ELT(all, j, column);
  }
  Rf_setAttrib(all, R_NamesSymbol, names);
  tb_set_rows(all, total);
  UNPROTECT(3);
  return all;
}

/* The elements of a list one after the other, as one vector or data frame, unprotected;
 * R_NilValue where there are none, NULL with an exception where they are of different types. */
static SEXP joined(const tb_place *place, SEXP list) {
  SEXP type = type_of(list);
  R_xlen_t n = Rf_xlength(list), total = 0, at = 0;
  if (type == R_NilValue)
    return type;
  if (!tb_check_depth(place) || !elements_fit(place, list, type))
    return NULL;
  for (R_xlen_t i = 0; i < n; i++)
    if (VECTOR_ELT(list, i) != R_NilValue)
      total += size_of(VECTOR_ELT(list, i));
  bool frames = tb_has_class(type, "data.frame");
  if (frames && total > INT_MAX) {
    tb_arrow_fail(place, PyExc_ValueError, "its data frames have more than %d rows in all",
                  INT_MAX);
    return NULL;
  }
  SEXP all = frames ? joined_frames(place, list, type, total) : Rf_allocVector(TYPEOF(type), total);
  if (!all)
    return NULL;
  PROTECT(all);
  for (R_xlen_t i = 0; i < n && !frames; i++) {
    SEXP item = VECTOR_ELT(list, i);
    if (item == R_NilValue)
      continue;
    copy_elements(all, at, item, 0, Rf_xlength(item));
    at += Rf_xlength(item);
  }
  tb_copy_meaning(all, type);
  UNPROTECT(1);
  return all;
}

static bool is_null(const void *data, int64_t i) { return VECTOR_ELT((SEXP)data, i) == R_NilValue; }

static bool write_offsets(const tb_export *e, bool wide) {
  R_xlen_t n = Rf_xlength(e->x);
  int64_t at = 0;
  void *offsets = tb_array_buffer(e->array, 1, ((size_t)n + 1) * (wide ? 8 : 4));
  for (R_xlen_t i = 0; offsets && i <= n; i++) {
    if (wide)
      ((int64_t *)offsets)[i] = at;
    else
      ((int32_t *)offsets)[i] = (int32_t)at;
    if (i < n)
      at += size_of(VECTOR_ELT(e->x, i));
  }
  return offsets != NULL;
}

bool tb_export_items(tb_export *e, SEXP items) {
  tb_export child = tb_export_child(e, items, 0, "item");
  if (e->wanted && e->wanted->n_children != 1)
    child.wanted = NULL;
  if (items != R_NilValue)
    return e->any(&child);
  return tb_schema_init(child.schema, "item", 0) && tb_schema_format(child.schema, "n") &&
         tb_array_init(child.array, 0, 0, 0);
}

static bool any_row_names(SEXP list) {
  for (R_xlen_t i = 0; i < Rf_xlength(list); i++)
    if (tb_has_class(VECTOR_ELT(list, i), "data.frame") &&
        TYPEOF(Rf_getAttrib(VECTOR_ELT(list, i), R_RowNamesSymbol)) == STRSXP)
      return true;
  return false;
}

bool tb_export_list(tb_export *e) {
  SEXP items = joined(&e->place, e->x);
  if (!items)
    return false;
  PROTECT(items);
  bool wide = items != R_NilValue && size_of(items) > INT32_MAX;
  bool done = tb_schema_init(e->schema, e->place.name, 1) &&
              tb_schema_format(e->schema, wide ? "+L" : "+l") &&
              tb_array_init(e->array, Rf_xlength(e->x), 2, 1) && write_offsets(e, wide) &&
              tb_export_items(e, items) && tb_array_validity(e->array, e->x, is_null) &&
              (!any_row_names(e->x) ||
               tb_arrow_note(&e->place, "the row names of its data frames are left out"));
  UNPROTECT(1);
  return done;
}

/* ---- Arrow -> R ---- */

/* Rows of a matrix, as a matrix. */
static SEXP slice_rows(SEXP x, SEXP dim, R_xlen_t start, R_xlen_t n) {
  int rows = INTEGER_ELT(dim, 0), columns = INTEGER_ELT(dim, 1);
  SEXP part = PROTECT(Rf_allocVector(TYPEOF(x), n * columns));
  for (int j = 0; j < columns; j++)
    copy_elements(part, n * j, x, (R_xlen_t)rows * j + start, n);
  tb_copy_meaning(part, x);
  SEXP extents = PROTECT(Rf_allocVector(INTSXP, 2));
  INTEGER(extents)[0] = (int)n;
  INTEGER(extents)[1] = columns;
  Rf_setAttrib(part, R_DimSymbol, extents);
  Rf_setAttrib(part, R_DimNamesSymbol, Rf_getAttrib(x, R_DimNamesSymbol));
  UNPROTECT(2);
  return part;
}

static SEXP slice(SEXP x, R_xlen_t start, R_xlen_t n) {
  SEXP dim = Rf_getAttrib(x, R_DimSymbol);
  if (TYPEOF(dim) == INTSXP && Rf_xlength(dim) == 2)
    return slice_rows(x, dim, start, n);
  if (!tb_has_class(x, "data.frame")) {
    SEXP part = PROTECT(Rf_allocVector(TYPEOF(x), n));
    copy_elements(part, 0, x, start, n);
    if (Rf_isObject(x))
      tb_copy_meaning(part, x);
    UNPROTECT(1);
    return part;
  }
  SEXP part = PROTECT(Rf_allocVector(VECSXP, Rf_xlength(x)));
  for (R_xlen_t i = 0; i < Rf_xlength(x); i++)
    SET_VECTOR_ELT(part, i, slice(VECTOR_ELT(x, i), start, n));
  Rf_setAttrib(part, R_NamesSymbol, Rf_getAttrib(x, R_NamesSymbol));
  tb_set_rows(part, n);
  tb_copy_meaning(part, x);
  UNPROTECT(1);
  return part;
}

typedef struct {
  bool wide, view;
  int64_t width; /* of lists of a fixed size; else 0 */
} shape;

static shape shape_of(const char *format) {
  shape s = {.wide = strchr(format, 'L') != NULL, .view = format[1] == 'v'};
  if (format[1] == 'w')
    s.width = strtoll(format + 3, NULL, 10);
  return s;
}

static int64_t offset_at(const void *offsets, int64_t i, bool wide) {
  return wide ? ((const int64_t *)offsets)[i] : ((const int32_t *)offsets)[i];
}

/* Where element i begins, counted in the child's own elements, and how many it has. */
static bool extent(const tb_column *c, const tb_piece *p, int64_t i, int64_t *start, int64_t *n) {
  shape s = shape_of(c->schema->format);
  const struct ArrowArray *a = p->array;
  int64_t at = p->offset + i;
  if (c->schema->format[1] == 'w') {
    *start = at * s.width;
    *n = s.width;
    return true;
  }
  *start = offset_at(a->buffers[1], at, s.wide);
  if (s.view)
    *n = offset_at(a->buffers[2], at, s.wide);
  else if (__builtin_sub_overflow(offset_at(a->buffers[1], at + 1, s.wide), *start, n))
    *n = -1;
  if (*start < 0 || *n < 0 || *start > a->children[0]->length ||
      *n > a->children[0]->length - *start)
    return tb_arrow_fail(&c->place, PyExc_ValueError,
                         "element %lld: its offsets are outside of its items", (long long)i + 1);
  return true;
}

/* The part of the child that the piece's elements are in. */
static bool span_of(const tb_column *c, const tb_piece *p, int64_t *first, int64_t *last) {
  *first = INT64_MAX, *last = 0;
  for (int64_t i = 0; i < p->length; i++) {
    int64_t start, n;
    if (!tb_valid(p, i))
      continue;
    if (!extent(c, p, i, &start, &n))
      return false;
    *first = start < *first ? start : *first;
    *last = start + n > *last ? start + n : *last;
  }
  if (*first > *last)
    *first = *last;
  return true;
}

static bool items_column(const tb_column *c, tb_column *items, int64_t *firsts) {
  tb_column_items(c, items);
  for (int64_t k = 0; k < c->n_pieces; k++) {
    int64_t last;
    if (!span_of(c, &c->pieces[k], &firsts[k], &last))
      return false;
    tb_column_part(&items->pieces[k], c->pieces[k].array->children[0], firsts[k], last - firsts[k]);
    items->length += last - firsts[k];
  }
  return true;
}

SEXP tb_import_list(const tb_column *c) {
  int64_t *firsts = (int64_t *)R_alloc((size_t)c->n_pieces + 1, sizeof *firsts), before = 0;
  tb_column items;
  if (!items_column(c, &items, firsts))
    return NULL;
  SEXP all = c->any(&items);
  if (!all)
    return NULL;
  PROTECT(all);
  SEXP x = PROTECT(Rf_allocVector(VECSXP, c->length));
  R_xlen_t at = 0;
  for (int64_t k = 0; k < c->n_pieces; before += items.pieces[k++].length)
    for (int64_t i = 0; i < c->pieces[k].length; i++, at++) {
      int64_t start, n;
      if (tb_valid(&c->pieces[k], i) && extent(c, &c->pieces[k], i, &start, &n))
        SET_VECTOR_ELT(x, at, slice(all, before + start - firsts[k], n));
    }
  UNPROTECT(2);
  return x;
}
