/* A column on its way: its children, and the pieces that it arrives in.
 *
 * What leaves is owned by the arrays that are made. What arrives is owned by a tb_arrow_input,
 * outside of any R call that may jump; R vectors are copies of it.
 *
 * Tests: tests/native/arrow/test_arrow.py */
#include "arrow/column.h"

#include "arrow/schema.h"
#include "core/vector.h"

/* ---- R -> Arrow ---- */

tb_export tb_export_child(const tb_export *e, SEXP x, int64_t which, const char *name) {
  return (tb_export){
      .x = x,
      .wanted = e->wanted && which < e->wanted->n_children ? e->wanted->children[which] : NULL,
      .schema = e->schema->children[which],
      .array = e->array->children[which],
      .place = {.parent = &e->place, .name = name},
      .any = e->any};
}

bool tb_export_memory(tb_export *e, const char *format, const char *class, tb_is_missing missing) {
  const void *data = tb_data(e->x);
  R_xlen_t n = Rf_xlength(e->x);
  if (!tb_schema_format(e->schema, "%s", format) ||
      !tb_schema_facts(e->schema, "r.class", class, NULL) || !tb_array_init(e->array, n, 2, 0))
    return false;
  tb_array_borrow(e->array, 1, data, e->x);
  return !missing || tb_array_validity(e->array, data, missing);
}

/* ---- Arrow -> R ---- */

static void see_validity(tb_piece *p) {
  const struct ArrowArray *a = p->array;
  p->valid = a->n_buffers > 0 && a->null_count != 0 ? a->buffers[0] : NULL;
  p->valid_offset = p->offset;
}

bool tb_column_of(const tb_arrow_input *input, tb_column *column) {
  column->schema = &input->schema;
  column->n_pieces = input->n_arrays;
  column->length = 0;
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
                       .place = {.parent = &parent->place, .name = s->name ? s->name : ""},
                       .any = parent->any};
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

void tb_column_items(const tb_column *lists, tb_column *items) {
  *items = (tb_column){.schema = lists->schema->children[0],
                       .n_pieces = lists->n_pieces,
                       .place = {.parent = &lists->place, .name = "item"},
                       .any = lists->any};
  items->pieces = (tb_piece *)R_alloc((size_t)lists->n_pieces + 1, sizeof *items->pieces);
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
