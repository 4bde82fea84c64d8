/* Matrix columns <-> Arrow's lists of a fixed size: a row of the matrix is one list. Both ways the
 * elements are copied into the other order.
 *
 * Tests: tests/native/arrow/test_arrow.py, tests/native/arrow/test_types.py */
#include "arrow/matrix.h"

#include "arrow/attributes.h"
#include "arrow/complex.h"
#include "arrow/list.h"
#include "arrow/schema.h"
#include "core/vector.h"

#include <limits.h>
#include <stdlib.h>

#define TRANSPOSE(type, get)                                                                       \
  do {                                                                                             \
    const type *from = get(x);                                                                     \
    type *to = (type *)tb_data(y);                                                                 \
    for (R_xlen_t i = 0; i < rows; i++)                                                            \
      for (R_xlen_t j = 0; j < columns; j++)                                                       \
        to[i * columns + j] = from[j * rows + i];                                                  \
  } while (0)

/* The elements of a matrix, row by row; those of Arrow's, with rows and columns exchanged, column
 * by column. Unprotected. */
static SEXP transposed(SEXP x, R_xlen_t rows, R_xlen_t columns) {
  SEXP y = PROTECT(Rf_allocVector(TYPEOF(x), rows * columns));
  switch (TYPEOF(x)) {
  case LGLSXP:
  case INTSXP:
    TRANSPOSE(int, tb_data);
    break;
  case REALSXP:
    TRANSPOSE(double, tb_data);
    break;
  case CPLXSXP:
    TRANSPOSE(Rcomplex, tb_data);
    break;
  case RAWSXP:
    TRANSPOSE(Rbyte, tb_data);
    break;
  default:
    for (R_xlen_t i = 0; i < rows; i++)
      for (R_xlen_t j = 0; j < columns; j++)
        if (TYPEOF(x) == STRSXP)
          SET_STRING_ELT(y, i * columns + j, STRING_ELT(x, j * rows + i));
        else
          SET_VECTOR_ELT(y, i * columns + j, VECTOR_ELT(x, j * rows + i));
  }
  tb_copy_meaning(y, x);
  UNPROTECT(1);
  return y;
}

static SEXP column_names(SEXP x) {
  SEXP names = Rf_getAttrib(x, R_DimNamesSymbol);
  return TYPEOF(names) == VECSXP && Rf_xlength(names) == 2 ? VECTOR_ELT(names, 1) : R_NilValue;
}

bool tb_export_matrix(tb_export *e) {
  SEXP dim = Rf_getAttrib(e->x, R_DimSymbol);
  if (Rf_xlength(dim) > 2 || !Rf_isVector(e->x) || TYPEOF(e->x) == EXPRSXP)
    return tb_arrow_fail(&e->place, PyExc_TypeError,
                         "an array of %lld dims within a column; a matrix is the most",
                         (long long)Rf_xlength(dim));
  int rows = INTEGER_ELT(dim, 0), columns = INTEGER_ELT(dim, 1);
  if (columns == 0) /* lists of size 0 make polars panic */
    return tb_arrow_fail(&e->place, PyExc_ValueError, "a matrix without columns; leave it out");
  SEXP names = PROTECT(column_names(e->x)), items = PROTECT(transposed(e->x, rows, columns));
  const char *joined = TYPEOF(names) == STRSXP ? tb_joined(&e->place, "name", names) : NULL;
  bool done = (joined || TYPEOF(names) != STRSXP) && tb_schema_init(e->schema, e->place.name, 1) &&
              tb_schema_format(e->schema, "+w:%d", columns) &&
              tb_schema_facts(e->schema, "r.class", "matrix", "r.columns", joined, NULL) &&
              tb_array_init(e->array, rows, 1, 1) && tb_export_items(e, items);
  UNPROTECT(2);
  return done;
}

bool tb_is_matrix(const tb_column *c) {
  const char *format = c->schema->format;
  if (strncmp(format, "+w:", 3) != 0 || strtoll(format + 3, NULL, 10) > INT_MAX ||
      c->length > INT_MAX || tb_column_has_nulls(c))
    return false;
  const struct ArrowSchema *item = c->schema->children[0];
  return !item->dictionary && (strchr("bcCsSiIlLefgduU", item->format[0]) ||
                               strcmp(item->format, "vu") == 0 || tb_is_complex(item));
}

SEXP tb_import_matrix(const tb_column *c) {
  int64_t columns = strtoll(c->schema->format + 3, NULL, 10);
  tb_column items;
  tb_column_items(c, &items);
  items.length = c->length * columns;
  for (int64_t k = 0; k < c->n_pieces; k++) {
    const tb_piece *p = &c->pieces[k];
    tb_column_part(&items.pieces[k], p->array->children[0], p->offset * columns,
                   p->length * columns);
  }
  SEXP x = c->any(&items);
  if (!x)
    return NULL;
  PROTECT(x);
  x = PROTECT(transposed(x, columns, c->length));
  SEXP dim = PROTECT(Rf_allocVector(INTSXP, 2));
  INTEGER(dim)[0] = (int)c->length;
  INTEGER(dim)[1] = (int)columns;
  Rf_setAttrib(x, R_DimSymbol, dim);
  SEXP names = PROTECT(tb_split(tb_schema_fact(c->schema, "r.columns")));
  if (Rf_xlength(names) == columns && columns > 0) {
    SEXP both = PROTECT(Rf_allocVector(VECSXP, 2));
    SET_VECTOR_ELT(both, 1, names);
    Rf_setAttrib(x, R_DimNamesSymbol, both);
    UNPROTECT(1);
  }
  UNPROTECT(4);
  return x;
}
