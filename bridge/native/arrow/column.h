/* A column on its way: out of R as a tb_export, into R as a tb_column. */
#ifndef TB_ARROW_COLUMN_H
#define TB_ARROW_COLUMN_H

#include "arrow/array.h"
#include "arrow/interface.h"
#include "arrow/place.h"

/* Functions that return bool or SEXP set a Python exception where they return false or NULL, unless
 * there is no memory; SEXPs are unprotected. All may jump: the caller releases what is there by
 * then. */

/* ---- R -> Arrow ---- */

typedef struct tb_export {
  SEXP x;
  const struct ArrowSchema *wanted; /* or NULL */
  struct ArrowSchema *schema;
  struct ArrowArray *array;
  tb_place place;
  const char *each;                    /* what an element is in messages; NULL: a row */
  bool (*any)(struct tb_export *part); /* exports a part, of whatever type (types.c) */
} tb_export;

/* A child of what e makes, as far as it is made. */
tb_export tb_export_child(const tb_export *e, SEXP x, int64_t which, const char *name);
/* The vector's own memory under a format, with its class as a fact (NULL: none). */
bool tb_export_memory(tb_export *e, const char *format, const char *class, tb_is_missing missing);

/* ---- Arrow -> R ---- */

/* A part of a column that is one array. */
typedef struct {
  const struct ArrowArray *array;
  int64_t offset, length; /* the first element, all parents' offsets added */
  const uint8_t *valid;   /* a bitmap, or NULL: no element is missing */
  int64_t valid_offset;
} tb_piece;

typedef struct tb_column {
  const struct ArrowSchema *schema;
  int64_t n_pieces, length;
  tb_piece *pieces; /* R's transient memory */
  tb_place place;
  SEXP (*any)(const struct tb_column *part); /* imports a part, of whatever type (types.c) */
} tb_column;

/* A stream read to its end. */
typedef struct {
  struct ArrowSchema schema;
  struct ArrowArray *arrays;
  int64_t n_arrays, room;
} tb_arrow_input;

static inline bool tb_valid(const tb_piece *p, int64_t i) {
  int64_t bit = p->valid_offset + i;
  return !p->valid || (p->valid[bit >> 3] >> (bit & 7) & 1);
}

/* The whole of an input; `column` has its place and `any` already. */
bool tb_column_of(const tb_arrow_input *input, tb_column *column);
void tb_column_child(const tb_column *parent, int64_t which, tb_column *child); /* of a struct */
/* The items of lists: without its length, and its pieces still to be filled. */
void tb_column_items(const tb_column *lists, tb_column *items);
void tb_column_part(tb_piece *p, const struct ArrowArray *a, int64_t start, int64_t length);
bool tb_column_has_nulls(const tb_column *c);

#endif
