/* Arrow's text and bytes -> R's strings and lists of raw vectors.
 *
 * R keeps each string once, in a table of its own that takes 100 ns to ask. A small table here
 * remembers those met lately: where strings repeat, R is asked once for each.
 *
 * All strings are made at once, and not through ALTREP when they are first asked for. Tried with
 * 1e6 distinct ones: a column that nothing looks at then costs a thirtieth, but one that is used
 * costs as much or more (unique() 1.4, match() 1.6, nchar() 1.2 times). And it would not be safe:
 * what asks for the vector's memory (radix sort, dplyr) would have a million strings made within
 * Dataptr, where R's collector is off, and stays off for good if memory ends. */
#include "arrow.h"

#include <limits.h>
#include <stdlib.h>

/* ---- where the bytes of an element are ---- */

typedef struct {
  enum { NARROW, WIDE, VIEW, FIXED } kind;
  const tb_column *column;
  const tb_piece *piece;
  int64_t width; /* of FIXED */
} source;

static source source_of(const tb_column *c, const tb_piece *p) {
  const char *format = c->schema->format;
  source s = {.column = c, .piece = p, .kind = NARROW};
  if (format[0] == 'U' || format[0] == 'Z')
    s.kind = WIDE;
  else if (format[0] == 'v')
    s.kind = VIEW;
  else if (format[0] == 'w') {
    s.kind = FIXED;
    s.width = strtoll(format + 2, NULL, 10);
  }
  return s;
}

static bool wrong(const source *s, int64_t i, const char *what) {
  return tb_arrow_fail(&s->column->place, PyExc_ValueError, "element %lld: %s", (long long)i + 1,
                       what);
}

/* A view: its length, and its bytes or (beyond 12) where they are. */
static bool view_at(const source *s, int64_t i, const char **bytes, int64_t *n) {
  const struct ArrowArray *a = s->piece->array;
  const char *view = (const char *)a->buffers[1] + 16 * (s->piece->offset + i);
  int32_t length, buffer, offset;
  memcpy(&length, view, 4);
  memcpy(&buffer, view + 8, 4);
  memcpy(&offset, view + 12, 4);
  *n = length;
  *bytes = view + 4;
  if (length < 0)
    return wrong(s, i, "a negative length");
  if (length <= 12)
    return true;
  const int64_t *sizes = a->buffers[a->n_buffers - 1];
  if (buffer < 0 || buffer >= a->n_buffers - 3 || !sizes || !a->buffers[2 + buffer] || offset < 0 ||
      (int64_t)offset + length > sizes[buffer])
    return wrong(s, i, "its place is outside of the data");
  *bytes = (const char *)a->buffers[2 + buffer] + offset;
  return true;
}

static inline bool bytes_at(const source *s, int64_t i, const char **bytes, int64_t *n) {
  const struct ArrowArray *a = s->piece->array;
  int64_t at = s->piece->offset + i, start, end;
  switch (s->kind) {
  case NARROW:
    start = ((const int32_t *)a->buffers[1])[at];
    end = ((const int32_t *)a->buffers[1])[at + 1];
    break;
  case WIDE:
    start = ((const int64_t *)a->buffers[1])[at];
    end = ((const int64_t *)a->buffers[1])[at + 1];
    break;
  case VIEW:
    return view_at(s, i, bytes, n);
  default:
    start = at * s->width;
    end = start + s->width;
    *bytes = (const char *)a->buffers[1] + start;
    *n = s->width;
    return true;
  }
  if (start < 0 || end < start || (end > start && !a->buffers[2]))
    return wrong(s, i, "its offsets make no sense");
  *bytes = (const char *)a->buffers[2] + start;
  *n = end - start;
  return true;
}

/* ---- text ---- */

enum { SLOTS = 1 << 12, TRIAL = 1 << 14 };

typedef struct {
  const char *bytes;
  int64_t n;
  SEXP string; /* an element of the result, which protects it */
} slot;

typedef struct {
  slot *slots;
  int64_t asked, met; /* where strings hardly repeat, remembering them is in vain */
} memory;

static uint64_t hash(const char *bytes, int64_t n) {
  uint64_t h = (uint64_t)n * 0x9e3779b97f4a7c15u, word;
  for (; n >= 8; n -= 8, bytes += 8) {
    memcpy(&word, bytes, 8);
    h = (h ^ word) * 0xff51afd7ed558ccdu;
    h ^= h >> 32;
  }
  for (word = 0; n > 0; n--)
    word = word << 8 | (unsigned char)bytes[n - 1];
  h = (h ^ word) * 0xff51afd7ed558ccdu;
  return h ^ h >> 32;
}

static SEXP new_string(const source *s, int64_t i, const char *bytes, int64_t n) {
  if (n > INT_MAX)
    wrong(s, i, "a string of more bytes than R's hold");
  else if (memchr(bytes, 0, (size_t)n))
    wrong(s, i, "an R string cannot hold a NUL character");
  else if (!tb_valid_utf8(bytes, n))
    wrong(s, i, "its bytes are no UTF-8");
  else
    return Rf_mkCharLenCE(bytes, (int)n, CE_UTF8);
  return NULL;
}

static SEXP string_of(memory *m, const source *s, int64_t i) {
  const char *bytes;
  int64_t n;
  if (!bytes_at(s, i, &bytes, &n))
    return NULL;
  if (n == 0)
    return R_BlankString;
  if (m->asked > TRIAL && m->met < m->asked / 2)
    return new_string(s, i, bytes, n);
  slot *known = &m->slots[hash(bytes, n) % SLOTS];
  m->asked++;
  if (known->string && known->n == n && memcmp(known->bytes, bytes, (size_t)n) == 0) {
    m->met++;
    return known->string;
  }
  SEXP string = new_string(s, i, bytes, n);
  if (string)
    *known = (slot){.bytes = bytes, .n = n, .string = string};
  return string;
}

SEXP tb_import_text(const tb_column *c) {
  SEXP x = PROTECT(Rf_allocVector(STRSXP, c->length));
  memory m = {.slots = (slot *)R_alloc(SLOTS, sizeof *m.slots)};
  memset(m.slots, 0, SLOTS * sizeof *m.slots);
  bool done = true;
  R_xlen_t at = 0;
  for (int64_t k = 0; k < c->n_pieces && done; k++) {
    source s = source_of(c, &c->pieces[k]);
    for (int64_t i = 0; i < s.piece->length && done; i++, at++) {
      SEXP string = tb_valid(s.piece, i) ? string_of(&m, &s, i) : NA_STRING;
      done = string != NULL;
      if (done)
        SET_STRING_ELT(x, at, string);
    }
  }
  UNPROTECT(1);
  return done ? x : NULL;
}

/* ---- bytes ---- */

SEXP tb_import_binary(const tb_column *c) {
  SEXP x = PROTECT(Rf_allocVector(VECSXP, c->length));
  bool done = true;
  R_xlen_t at = 0;
  for (int64_t k = 0; k < c->n_pieces && done; k++) {
    source s = source_of(c, &c->pieces[k]);
    for (int64_t i = 0; i < s.piece->length && done; i++, at++) {
      const char *bytes;
      int64_t n;
      if (!tb_valid(s.piece, i))
        continue;
      done = bytes_at(&s, i, &bytes, &n);
      if (done) {
        SEXP item = Rf_allocVector(RAWSXP, n);
        SET_VECTOR_ELT(x, at, item);
        if (n)
          memcpy(RAW(item), bytes, (size_t)n);
      }
    }
  }
  UNPROTECT(1);
  return done ? x : NULL;
}
