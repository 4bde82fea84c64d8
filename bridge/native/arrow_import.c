/* Checked arrays -> R vectors and data frames: pieces of columns, structs, and which type goes
 * where. */
#include "arrow.h"

#include <limits.h>

/* ---- pieces ---- */

static void see_validity(tb_piece *p) {
  const struct ArrowArray *a = p->array;
  p->valid = a->n_buffers > 0 && a->null_count != 0 ? a->buffers[0] : NULL;
  p->valid_offset = p->offset;
}

bool tb_column_of(const tb_arrow_input *input, tb_column *column, PyObject *notes) {
  *column =
      (tb_column){.schema = &input->schema, .n_pieces = input->n_arrays, .place = {.notes = notes}};
  column->pieces = (tb_piece *)R_alloc((size_t)input->n_arrays + 1, sizeof *column->pieces);
  for (int64_t i = 0; i < input->n_arrays; i++) {
    const struct ArrowArray *a = &input->arrays[i];
    column->pieces[i] = (tb_piece){.array = a, .offset = a->offset, .length = a->length};
    see_validity(&column->pieces[i]);
    if (a->length > R_XLEN_T_MAX - column->length)
      return tb_arrow_fail(&column->place, PyExc_ValueError,
                           "the stream is longer than R's vectors");
    column->length += a->length;
  }
  return true;
}

/* Where an outer element is missing, so are its inner ones. */
static void merge_validity(tb_piece *p, const tb_piece *outer) {
  if (!outer->valid)
    return;
  uint8_t *bits = (uint8_t *)R_alloc((size_t)p->length / 8 + 1, 1);
  memset(bits, 0, (size_t)p->length / 8 + 1);
  for (int64_t i = 0; i < p->length; i++)
    bits[i >> 3] |= (uint8_t)((tb_valid(p, i) && tb_valid(outer, i)) << (i & 7));
  p->valid = bits;
  p->valid_offset = 0;
}

void tb_column_child(const tb_column *parent, int64_t which, tb_column *child) {
  const struct ArrowSchema *s = parent->schema->children[which];
  *child = (tb_column){.schema = s,
                       .n_pieces = parent->n_pieces,
                       .length = parent->length,
                       .place = {.parent = &parent->place, .name = s->name ? s->name : ""}};
  child->pieces = (tb_piece *)R_alloc((size_t)parent->n_pieces + 1, sizeof *child->pieces);
  for (int64_t i = 0; i < parent->n_pieces; i++) {
    const tb_piece *outer = &parent->pieces[i];
    const struct ArrowArray *a = outer->array->children[which];
    tb_piece *p = &child->pieces[i];
    *p = (tb_piece){.array = a, .offset = a->offset + outer->offset, .length = outer->length};
    see_validity(p);
    merge_validity(p, outer);
  }
}

void tb_column_part(tb_piece *p, const struct ArrowArray *a, int64_t start, int64_t length) {
  *p = (tb_piece){.array = a, .offset = a->offset + start, .length = length};
  see_validity(p);
}

bool tb_column_has_nulls(const tb_column *c) {
  for (int64_t k = 0; k < c->n_pieces; k++)
    for (int64_t i = 0; c->pieces[k].valid && i < c->pieces[k].length; i++)
      if (!tb_valid(&c->pieces[k], i))
        return true;
  return false;
}

/* ---- structs ---- */

void tb_set_class(SEXP x, const char *first, const char *second) {
  SEXP classes = PROTECT(Rf_allocVector(STRSXP, second ? 2 : 1));
  SET_STRING_ELT(classes, 0, Rf_mkChar(first));
  if (second)
    SET_STRING_ELT(classes, 1, Rf_mkChar(second));
  Rf_setAttrib(x, R_ClassSymbol, classes);
  UNPROTECT(1);
}

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

void tb_set_rows(SEXP frame, R_xlen_t rows) {
  SEXP compact = PROTECT(Rf_allocVector(INTSXP, 2));
  INTEGER(compact)[0] = NA_INTEGER;
  INTEGER(compact)[1] = -(int)rows;
  Rf_setAttrib(frame, R_RowNamesSymbol, compact);
  UNPROTECT(1);
}

/* Text under this name is what R had as row names (arrow_export.c). */
static bool is_row_names(const char *name, SEXP x) {
  if (strcmp(name, "row.names") != 0 || TYPEOF(x) != STRSXP)
    return false;
  for (R_xlen_t i = 0; i < Rf_xlength(x); i++)
    if (STRING_ELT(x, i) == NA_STRING)
      return false;
  return !Rf_any_duplicated(x, FALSE);
}

SEXP tb_import_frame(const tb_column *c, bool whole) {
  int64_t n = c->schema->n_children;
  if (c->length > INT_MAX) {
    tb_arrow_fail(&c->place, PyExc_ValueError, "R's data frames hold at most %d rows", INT_MAX);
    return NULL;
  }
  SEXP columns = PROTECT(Rf_allocVector(VECSXP, n)), names = PROTECT(Rf_allocVector(STRSXP, n)),
       frame;
  for (int64_t i = 0; i < n; i++) {
    const void *memory = vmaxget();
    tb_column child;
    tb_column_child(c, i, &child);
    const char *name = child.place.name;
    SEXP x = NULL;
    if (!tb_valid_utf8(name, (int64_t)strlen(name)))
      tb_arrow_fail(&c->place, PyExc_ValueError, "the name of column %lld is no UTF-8",
                    (long long)i + 1);
    else
      x = tb_import_column(&child);
    if (!x) {
      UNPROTECT(2);
      return NULL;
    }
    SET_VECTOR_ELT(columns, i, x);
    SET_STRING_ELT(names, i, Rf_mkCharCE(name, CE_UTF8));
    vmaxset(memory);
  }
  bool named = whole && n > 0 && is_row_names(R_CHAR(STRING_ELT(names, 0)), VECTOR_ELT(columns, 0));
  SEXP rows = PROTECT(named ? VECTOR_ELT(columns, 0) : R_NilValue);
  if (named) {
    frame = PROTECT(Rf_allocVector(VECSXP, n - 1));
    SEXP rest = PROTECT(Rf_allocVector(STRSXP, n - 1));
    for (int64_t i = 1; i < n; i++) {
      SET_VECTOR_ELT(frame, i - 1, VECTOR_ELT(columns, i));
      SET_STRING_ELT(rest, i - 1, STRING_ELT(names, i));
    }
    Rf_setAttrib(frame, R_NamesSymbol, rest);
    Rf_setAttrib(frame, R_RowNamesSymbol, rows);
    UNPROTECT(1);
  } else {
    frame = PROTECT(columns);
    Rf_setAttrib(frame, R_NamesSymbol, names);
    tb_set_rows(frame, c->length);
  }
  set_frame_class(frame, tb_schema_fact(c->schema, "r.class"));
  UNPROTECT(4);
  return frame;
}

/* A struct of two doubles, `re` and `im`, that no data frame of R's was. */
bool tb_is_complex(const struct ArrowSchema *s) {
  static const char *const names[] = {"re", "im"};
  if (strcmp(s->format, "+s") != 0 || s->n_children != 2)
    return false;
  for (int i = 0; i < 2; i++) {
    const struct ArrowSchema *part = s->children[i];
    if (strcmp(part->format, "g") != 0 || part->dictionary || !part->name ||
        strcmp(part->name, names[i]) != 0)
      return false;
  }
  const char *class = tb_schema_fact(s, "r.class");
  return !class || strcmp(class, "complex") == 0;
}

static SEXP import_complex(const tb_column *c) {
  SEXP x = PROTECT(tb_new_vector(CPLXSXP, c->length));
  Rcomplex *to = COMPLEX(x);
  for (int part = 0; part < 2; part++) {
    tb_column child;
    tb_column_child(c, part, &child);
    SEXP values = PROTECT(tb_import_number(&child));
    const double *from = REAL_RO(values);
    for (int64_t i = 0; i < c->length; i++)
      *(part ? &to[i].i : &to[i].r) = from[i];
    UNPROTECT(1);
  }
  UNPROTECT(1);
  return x;
}

/* ---- any column ---- */

static SEXP import_nulls(const tb_column *c) {
  SEXP x = tb_new_vector(LGLSXP, c->length);
  for (int64_t i = 0; i < c->length; i++)
    LOGICAL(x)[i] = NA_LOGICAL;
  return x;
}

SEXP tb_import_column(const tb_column *c) {
  const char *format = c->schema->format;
  if (c->schema->dictionary)
    return tb_import_factor(c);
  if (tb_is_complex(c->schema))
    return import_complex(c);
  if (strcmp(format, "+s") == 0)
    return tb_import_frame(c, false);
  switch (format[0]) {
  case '+':
    return tb_is_matrix(c) ? tb_import_matrix(c) : tb_import_list(c);
  case 'n':
    return import_nulls(c);
  case 't':
    return tb_import_time(c);
  case 'u':
  case 'U':
    return tb_import_text(c);
  case 'v':
    return format[1] == 'u' ? tb_import_text(c) : tb_import_binary(c);
  case 'z':
  case 'Z':
  case 'w':
    return tb_import_binary(c);
  default:
    return tb_import_number(c);
  }
}
