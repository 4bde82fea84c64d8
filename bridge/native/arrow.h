/* Data frames through the Arrow C data interface
 * (https://arrow.apache.org/docs/format/CDataInterface.html), without any Arrow library.
 *
 *   arrow_schema.c   schemas: formats and the metadata that keeps what only R knows
 *   arrow_export.c   R vector or data frame -> arrays: ownership, numbers, structs
 *   arrow_text.c     R strings -> arrays
 *   arrow_time.c     Date, POSIXct, difftime -> arrays
 *   arrow_factor.c   factors, both ways
 *   arrow_list.c     list columns, both ways
 *   arrow_matrix.c   matrix columns, both ways
 *   arrow_stream.c   the Python face: capsules in and out
 *   arrow_check.c    what arrives: is it what its schema says?
 *   arrow_import.c   checked arrays -> R vectors and data frames
 *   arrow_number.c   numbers -> R
 *   arrow_strings.c  text and bytes -> R
 *   arrow_clock.c    dates, times and spans -> R
 *
 * Who owns what. Each exported array owns its buffers, or (zero-copy) a root of the R vector they
 * are in, and may be released on any thread. What arrives is owned by a tb_arrow_input, outside
 * of any R call that may jump; R vectors are copies of it. Functions that return bool set a
 * Python exception where they return false, unless there is no memory. */
#ifndef TB_ARROW_H
#define TB_ARROW_H

#include "native.h"

#define ARROW_ORDERED 1
#define ARROW_NULLABLE 2

struct ArrowSchema {
  const char *format, *name, *metadata;
  int64_t flags, n_children;
  struct ArrowSchema **children, *dictionary;
  void (*release)(struct ArrowSchema *);
  void *private_data;
};

struct ArrowArray {
  int64_t length, null_count, offset, n_buffers, n_children;
  const void **buffers;
  struct ArrowArray **children, *dictionary;
  void (*release)(struct ArrowArray *);
  void *private_data;
};

struct ArrowArrayStream {
  int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *out);
  int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *out);
  const char *(*get_last_error)(struct ArrowArrayStream *);
  void (*release)(struct ArrowArrayStream *);
  void *private_data;
};

/* ---- messages (arrow_schema.c) ---- */

/* Where in the frame we are, for messages; and the list that gathers what was lost. */
typedef struct tb_place {
  const struct tb_place *parent;
  const char *name; /* NULL: no column of its own */
  PyObject *notes;
} tb_place;

/* "column 'a': ..." with printf's formats; fail() sets a Python exception and is false. */
bool tb_arrow_fail(const tb_place *place, PyObject *type, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool tb_arrow_note(const tb_place *place, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- schemas (arrow_schema.c) ---- */

/* An empty schema node, released as a whole. Here and for arrays false without an exception means
 * that there is no memory; none of these needs Python. */
bool tb_schema_init(struct ArrowSchema *s, const char *name, int64_t n_children);
bool tb_schema_format(struct ArrowSchema *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
bool tb_schema_add_dictionary(struct ArrowSchema *s);
bool tb_schema_copy(struct ArrowSchema *to, const struct ArrowSchema *from);
/* Key and value pairs that end with NULL; pairs whose value is NULL are left out. */
bool tb_schema_facts(struct ArrowSchema *s, ...) __attribute__((sentinel));
/* The value of a key as a string in R's transient memory, or NULL; may jump. */
const char *tb_schema_fact(const struct ArrowSchema *s, const char *key);
/* Strings as one fact, in transient memory, and again; may jump. */
const char *tb_joined(SEXP strings);
SEXP tb_split(const char *text); /* NULL: none; unprotected */

/* ---- export ---- */

typedef struct {
  SEXP x;
  const struct ArrowSchema *wanted; /* or NULL */
  struct ArrowSchema *schema;
  struct ArrowArray *array;
  tb_place place;
} tb_export;

/* All may jump: the caller releases what is there by then. */
bool tb_export_column(tb_export *e);
bool tb_export_text(tb_export *e);
bool tb_export_factor(tb_export *e);
bool tb_export_date(tb_export *e);
bool tb_export_time(tb_export *e);
bool tb_export_span(tb_export *e);
bool tb_export_list(tb_export *e);
bool tb_export_matrix(tb_export *e);
bool tb_export_items(tb_export *e, SEXP items); /* the child of a list */

bool tb_array_init(struct ArrowArray *a, int64_t length, int64_t n_buffers, int64_t n_children);
bool tb_array_add_dictionary(struct ArrowArray *a);
void *tb_array_buffer(struct ArrowArray *a, int which, size_t bytes); /* its own memory, or NULL */
bool tb_array_resize(struct ArrowArray *a, int which, size_t bytes);
void tb_array_borrow(struct ArrowArray *a, int which, const void *data, SEXP owner); /* may jump */
/* The validity bitmap of `missing` (one byte an element), if any is; and null_count. */
typedef bool (*tb_is_missing)(const void *data, int64_t i);
bool tb_array_validity(struct ArrowArray *a, const void *data, tb_is_missing missing);
bool tb_missing_int(const void *data, int64_t i);
bool tb_missing_real(const void *data, int64_t i); /* NA, but not NaN */
bool tb_missing_nan(const void *data, int64_t i);  /* NA or NaN */
bool tb_missing_int64(const void *data, int64_t i);

/* ---- import ---- */

/* A part of a column that is one array. */
typedef struct {
  const struct ArrowArray *array;
  int64_t offset, length; /* the first element, all parents' offsets added */
  const uint8_t *valid;   /* a bitmap, or NULL: no element is missing */
  int64_t valid_offset;
} tb_piece;

typedef struct {
  const struct ArrowSchema *schema;
  int64_t n_pieces, length;
  tb_piece *pieces; /* R's transient memory */
  tb_place place;
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

/* Does the array have the buffers and children of its format, and is it long enough? */
bool tb_check_array(const tb_place *place, const struct ArrowSchema *s, const struct ArrowArray *a);
bool tb_check_depth(const tb_place *place);
bool tb_check_schema(const tb_place *place, const struct ArrowSchema *s);
bool tb_column_of(const tb_arrow_input *input, tb_column *column, PyObject *notes);
void tb_column_child(const tb_column *parent, int64_t which, tb_column *child); /* of a struct */
void tb_column_part(tb_piece *p, const struct ArrowArray *a, int64_t start, int64_t length);
bool tb_column_has_nulls(const tb_column *c);

/* The R vector of a column, unprotected; NULL with a Python exception. All may jump. */
SEXP tb_import_column(const tb_column *c);
SEXP tb_import_number(const tb_column *c);
SEXP tb_import_text(const tb_column *c);
SEXP tb_import_binary(const tb_column *c);
SEXP tb_import_factor(const tb_column *c);
SEXP tb_import_time(const tb_column *c);
SEXP tb_import_list(const tb_column *c);
bool tb_is_matrix(const tb_column *c); /* lists of one size that are the rows of a matrix */
SEXP tb_import_matrix(const tb_column *c);
bool tb_is_complex(const struct ArrowSchema *s);
void tb_copy_meaning(SEXP to, SEXP from); /* class, levels, tzone, units */
SEXP tb_import_frame(const tb_column *c, bool whole);

void tb_set_rows(SEXP frame, R_xlen_t rows);
double tb_seconds(int64_t whole, int64_t rest, int64_t per_second);
int64_t tb_counts(double seconds, int64_t per_second); /* INT64_MIN: too far away */
double tb_unit_seconds(const char *units);             /* secs, mins, ...; 0: no such unit */
void tb_set_class(SEXP x, const char *first, const char *second);
bool tb_valid_utf8(const char *text, int64_t n);

/* ---- Python (arrow_stream.c) ---- */
PyObject *tb_arrow_c_stream(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *tb_arrow_c_schema(PyObject *self, PyObject *unused);
PyObject *tb_arrow_to_r(PyObject *module, PyObject *capsule);

#endif
