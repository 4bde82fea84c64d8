/* Logicals, integers and doubles, both ways.
 *
 * Doubles, integers, integer64 and raw leave R where they are: the array holds a root of the
 * vector. Arrow's numbers come in one pass where R has their type, the wide integers by their
 * values.
 *
 * Tests: tests/native/arrow/test_arrow.py, tests/native/arrow/test_types.py */
#include "arrow/number.h"

#include "arrow/schema.h"
#include "core/vector.h"
#include "values/float16.h"

#include <limits.h>

/* ---- R -> Arrow ---- */

bool tb_export_integer(tb_export *e) { return tb_export_memory(e, "i", NULL, tb_missing_int); }

bool tb_export_integer64(tb_export *e) {
  return tb_export_memory(e, "l", "integer64", tb_missing_int64);
}

bool tb_export_double(tb_export *e) { return tb_export_memory(e, "g", NULL, tb_missing_real); }

bool tb_export_raw(tb_export *e) { return tb_export_memory(e, "C", "raw", NULL); }

bool tb_export_logical(tb_export *e) {
  const int *data = LOGICAL_RO(e->x);
  R_xlen_t n = Rf_xlength(e->x);
  size_t bytes = (size_t)(n + 7) / 8;
  if (!tb_schema_format(e->schema, "b") || !tb_array_init(e->array, n, 2, 0))
    return false;
  uint8_t *bits = tb_array_buffer(e->array, 1, bytes);
  if (!bits)
    return false;
  R_xlen_t i = 0;
  for (; i + 8 <= n; i += 8) {
    unsigned byte = 0;
    for (int j = 0; j < 8; j++)
      byte |= (unsigned)(data[i + j] == 1) << j;
    bits[i >> 3] = (uint8_t)byte;
  }
  if (i < n)
    bits[i >> 3] = 0;
  for (; i < n; i++)
    bits[i >> 3] |= (uint8_t)((data[i] == 1) << (i & 7));
  return tb_array_validity(e->array, data, tb_missing_int);
}

/* ---- Arrow -> R, piece by piece ---- */

/* Runs `body` for each piece: `from` are its elements, `to` where they go, `n` how many. */
#define PIECES(type, r_type, target, body)                                                         \
  do {                                                                                             \
    r_type *to = (target);                                                                         \
    for (int64_t k = 0; k < c->n_pieces; k++) {                                                    \
      const tb_piece *p = &c->pieces[k];                                                           \
      const type *from = p->length ? (const type *)p->array->buffers[1] + p->offset : NULL;        \
      int64_t n = p->length;                                                                       \
      body;                                                                                        \
      to += n;                                                                                     \
    }                                                                                              \
  } while (0)

#define EACH(expression)                                                                           \
  for (int64_t i = 0; i < n; i++)                                                                  \
  to[i] = (expression)

/* NA where the bitmap says so: mostly it says of eight at a time that they are there. */
#define PUT_NA(r_type, target, na)                                                                 \
  do {                                                                                             \
    r_type *at = (target);                                                                         \
    for (int64_t k = 0; k < c->n_pieces; at += c->pieces[k++].length)                              \
      for (int64_t i = 0; c->pieces[k].valid && i < c->pieces[k].length;) {                        \
        if (eight_valid(&c->pieces[k], i)) {                                                       \
          i += 8;                                                                                  \
          continue;                                                                                \
        }                                                                                          \
        if (!tb_valid(&c->pieces[k], i))                                                           \
          at[i] = (na);                                                                            \
        i++;                                                                                       \
      }                                                                                            \
  } while (0)

/* Are elements i to i + 7 there, and one byte of the bitmap? */
static bool eight_valid(const tb_piece *p, int64_t i) {
  int64_t bit = p->valid_offset + i;
  return (bit & 7) == 0 && i + 8 <= p->length && p->valid[bit >> 3] == 0xff;
}

/* ---- integers of 64 bits ---- */

typedef struct {
  int64_t low;
  uint64_t high; /* of those that are not negative */
  bool exact;    /* each one is a double */
} range;

static bool double_is(int64_t value) {
  double x = (double)value;
  return x < 9223372036854775808.0 && (int64_t)x == value;
}

static bool double_is_unsigned(uint64_t value) {
  double x = (double)value;
  return x < 18446744073709551616.0 && (uint64_t)x == value;
}

static range range_of(const tb_column *c) {
  range found = {.low = 0, .high = 0, .exact = true};
  bool is_signed = c->schema->format[0] == 'l';
  for (int64_t k = 0; k < c->n_pieces; k++) {
    const tb_piece *p = &c->pieces[k];
    const int64_t *from = p->length ? (const int64_t *)p->array->buffers[1] + p->offset : NULL;
    for (int64_t i = 0; i < p->length; i++) {
      if (!tb_valid(p, i))
        continue;
      if (is_signed && from[i] < 0)
        found.low = from[i] < found.low ? from[i] : found.low;
      else
        found.high = (uint64_t)from[i] > found.high ? (uint64_t)from[i] : found.high;
    }
  }
  const int64_t most = (int64_t)1 << 53;
  if (found.low >= -most && found.high <= (uint64_t)most)
    return found;
  for (int64_t k = 0; k < c->n_pieces && found.exact; k++) {
    const tb_piece *p = &c->pieces[k];
    const int64_t *from = p->length ? (const int64_t *)p->array->buffers[1] + p->offset : NULL;
    for (int64_t i = 0; i < p->length && found.exact; i++)
      found.exact = !tb_valid(p, i) ||
                    (is_signed ? double_is(from[i]) : double_is_unsigned((uint64_t)from[i]));
  }
  return found;
}

SEXP tb_import_integer64(const tb_column *c) {
  const char *class = tb_schema_fact(c->schema, "r.class");
  bool is_signed = c->schema->format[0] == 'l', keep = class && strcmp(class, "integer64") == 0;
  range found = range_of(c);
  SEXP x;
  if (!keep && found.low > INT_MIN && found.high <= INT_MAX) {
    x = PROTECT(tb_new_vector(INTSXP, c->length));
    PIECES(int64_t, int, INTEGER(x), EACH((int)from[i]));
    PUT_NA(int, INTEGER(x), NA_INTEGER);
  } else if (!keep && found.exact) {
    x = PROTECT(tb_new_vector(REALSXP, c->length));
    if (is_signed)
      PIECES(int64_t, double, REAL(x), EACH((double)from[i]));
    else
      PIECES(uint64_t, double, REAL(x), EACH((double)from[i]));
    PUT_NA(double, REAL(x), NA_REAL);
  } else if (found.low == TB_INT64_NA || found.high > INT64_MAX) {
    tb_arrow_fail(&c->place, PyExc_ValueError,
                  "integers that fit no R type (integer64 ends at 2^63 - 1, and -2^63 is its NA)");
    return NULL;
  } else {
    x = PROTECT(tb_new_vector(REALSXP, c->length));
    PIECES(int64_t, int64_t, (int64_t *)REAL(x), EACH(from[i]));
    PUT_NA(int64_t, (int64_t *)REAL(x), TB_INT64_NA);
    tb_set_class(x, "integer64", NULL);
  }
  UNPROTECT(1);
  return x;
}

/* ---- integers of 32 bits: INT_MIN is R's NA, and a number here ---- */

/* Copies, and says whether one is `low` or less: block by block, while it is in the cache. */
__attribute__((optimize("O3"))) static bool copy_ints(int *to, const int32_t *from, int64_t n,
                                                      int low) {
  enum { BLOCK = 4096 };
  int found = 0;
  for (int64_t start = 0; start < n; start += BLOCK) {
    int64_t stop = start + BLOCK < n ? start + BLOCK : n;
    memcpy(to + start, from + start, (size_t)(stop - start) * sizeof *to);
    for (int64_t i = start; i < stop; i++)
      found |= to[i] <= low;
  }
  return found;
}

static bool any_valid(const tb_piece *p, const int32_t *from, int low) {
  for (int64_t i = 0; i < p->length; i++)
    if (from[i] <= low && tb_valid(p, i))
      return true;
  return false;
}

static SEXP import_int32(const tb_column *c) {
  bool is_signed = c->schema->format[0] == 'i', beyond = false;
  int low = is_signed ? INT_MIN : -1; /* a uint32 that is no int looks negative */
  SEXP x = PROTECT(tb_new_vector(INTSXP, c->length));
  PIECES(int32_t, int, INTEGER(x),
         beyond |= copy_ints(to, from, n, low) && any_valid(p, from, low));
  if (!beyond)
    PUT_NA(int, INTEGER(x), NA_INTEGER);
  UNPROTECT(1);
  if (!beyond)
    return x;
  x = PROTECT(tb_new_vector(REALSXP, c->length));
  if (is_signed)
    PIECES(int32_t, double, REAL(x), EACH(from[i]));
  else
    PIECES(uint32_t, double, REAL(x), EACH(from[i]));
  PUT_NA(double, REAL(x), NA_REAL);
  UNPROTECT(1);
  return x;
}

/* ---- narrower integers, logicals ---- */

static SEXP import_narrow(const tb_column *c) {
  char type = c->schema->format[0];
  if (type == 'C' && !tb_column_has_nulls(c)) {
    SEXP bytes = PROTECT(tb_new_vector(RAWSXP, c->length));
    PIECES(uint8_t, Rbyte, RAW(bytes), if (n) memcpy(to, from, (size_t)n));
    UNPROTECT(1);
    return bytes;
  }
  SEXP x = PROTECT(tb_new_vector(INTSXP, c->length));
  if (type == 'c')
    PIECES(int8_t, int, INTEGER(x), EACH(from[i]));
  else if (type == 'C')
    PIECES(uint8_t, int, INTEGER(x), EACH(from[i]));
  else if (type == 's')
    PIECES(int16_t, int, INTEGER(x), EACH(from[i]));
  else
    PIECES(uint16_t, int, INTEGER(x), EACH(from[i]));
  PUT_NA(int, INTEGER(x), NA_INTEGER);
  UNPROTECT(1);
  return x;
}

SEXP tb_import_integer(const tb_column *c) {
  char type = c->schema->format[0];
  return type == 'i' || type == 'I' ? import_int32(c) : import_narrow(c);
}

SEXP tb_import_logical(const tb_column *c) {
  SEXP x = PROTECT(tb_new_vector(LGLSXP, c->length));
  int *to = LOGICAL(x);
  for (int64_t k = 0; k < c->n_pieces; to += c->pieces[k++].length) {
    const tb_piece *p = &c->pieces[k];
    const uint8_t *bits = p->length ? p->array->buffers[1] : NULL;
    for (int64_t i = 0; i < p->length; i++) {
      int64_t bit = p->offset + i;
      to[i] = bits[bit >> 3] >> (bit & 7) & 1;
    }
  }
  PUT_NA(int, LOGICAL(x), NA_LOGICAL);
  UNPROTECT(1);
  return x;
}

/* ---- doubles ---- */

SEXP tb_import_double(const tb_column *c) {
  SEXP x = PROTECT(tb_new_vector(REALSXP, c->length));
  switch (c->schema->format[0]) {
  case 'e':
    PIECES(uint16_t, double, REAL(x), EACH(tb_float16_to_double(from[i])));
    break;
  case 'f':
    PIECES(float, double, REAL(x), EACH(from[i]));
    break;
  default:
    PIECES(double, double, REAL(x), if (n) memcpy(to, from, (size_t)n * sizeof *to));
  }
  PUT_NA(double, REAL(x), NA_REAL);
  UNPROTECT(1);
  return x;
}
