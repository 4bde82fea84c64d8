/* Text and bytes, both ways. R's strings leave as UTF-8, whatever their encoding, with no Python
 * object a string; what arrives is copied into R's strings and raw vectors.
 *
 * R keeps each string once, in a table of its own that takes 100 ns to ask. A small table here
 * remembers those met lately: where strings repeat, R is asked once for each.
 *
 * All strings are made at once, and not through ALTREP when they are first asked for. Tried with
 * 1e6 distinct ones: a column that nothing looks at then costs a thirtieth, but one that is used
 * costs as much or more (unique() 1.4, match() 1.6, nchar() 1.2 times). And it would not be safe:
 * what asks for the vector's memory (radix sort, dplyr) would have a million strings made within
 * Dataptr, where R's collector is off, and stays off for good if memory ends.
 *
 * Tests: tests/native/arrow/test_arrow.py, tests/native/arrow/test_types.py */
#include "arrow/text.h"

#include "arrow/schema.h"
#include "core/strings.h"

#include <limits.h>
#include <stdlib.h>

/* ---- R -> Arrow ---- */

static bool is_ascii(const char *text, int64_t n) {
  uint64_t all = 0, word;
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    memcpy(&word, text + i, 8);
    all |= word;
  }
  for (; i < n; i++)
    all |= (unsigned char)text[i];
  return !(all & 0x8080808080808080u);
}

/* The UTF-8 of a CHARSXP that is not all ASCII. */
static const char *utf8_of(const tb_export *e, SEXP x, R_xlen_t row, int64_t *n) {
  const char *why, *text = tb_utf8(x, n, &why);
  if (!text)
    tb_arrow_fail(&e->place, PyExc_ValueError, "%s %lld %s", e->each ? e->each : "row",
                  (long long)row + 1, why);
  return text;
}

/* Ahead of the reader: strings lie all over R's memory. */
enum { AHEAD = 12 };

/* Writes offsets of 4 or 8 bytes. False without an exception: 4 are too few. */
static bool write_text(const tb_export *e, bool wide) {
  struct ArrowArray *a = e->array;
  R_xlen_t n = Rf_xlength(e->x);
  const SEXP *strings = STRING_PTR_RO(e->x);
  int64_t used = 0, room = n * 12 + 64, size;
  void *offsets = tb_array_buffer(a, 1, ((size_t)n + 1) * (wide ? 8 : 4));
  char *bytes = offsets ? tb_array_buffer(a, 2, (size_t)room) : NULL;
  if (!bytes)
    return false;
  for (R_xlen_t i = 0; i <= n; i++) {
    if (wide)
      ((int64_t *)offsets)[i] = used;
    else
      ((int32_t *)offsets)[i] = (int32_t)used;
    if (i == n)
      break;
    if (i + AHEAD < n) {
      __builtin_prefetch(strings[i + AHEAD]);
      __builtin_prefetch((const char *)strings[i + AHEAD] + 48); /* about where its text begins */
    }
    SEXP x = strings[i];
    if (x == NA_STRING)
      continue;
    const char *text = R_CHAR(x);
    size = LENGTH(x);
    const void *memory = NULL;
    if (!is_ascii(text, size)) {
      memory = vmaxget();
      if (!(text = utf8_of(e, x, i, &size)))
        return false;
    }
    if (used + size > room) {
      room = room + room / 2 > used + size ? room + room / 2 : used + size;
      if (!tb_array_resize(a, 2, (size_t)room))
        return false;
      bytes = (char *)a->buffers[2];
    }
    memcpy(bytes + used, text, (size_t)size);
    used += size;
    if (memory)
      vmaxset(memory);
    if (!wide && used > INT_MAX)
      return false;
  }
  return tb_array_resize(a, 2, (size_t)used);
}

static bool missing(const void *data, int64_t i) { return ((const SEXP *)data)[i] == NA_STRING; }

bool tb_export_text(tb_export *e) {
  R_xlen_t n = Rf_xlength(e->x);
  bool wide = e->wanted && e->wanted->format && strcmp(e->wanted->format, "U") == 0;
  if (!tb_array_init(e->array, n, 3, 0))
    return false;
  bool done = write_text(e, wide);
  if (!done && !wide && !PyErr_Occurred()) {
    e->array->release(e->array);
    wide = true;
    done = tb_array_init(e->array, n, 3, 0) && write_text(e, wide);
  }
  return done && tb_schema_format(e->schema, wide ? "U" : "u") &&
         tb_array_validity(e->array, STRING_PTR_RO(e->x), missing);
}

/* ---- Arrow -> R: where the bytes of an element are ---- */

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

/* ---- strings ---- */

enum { FEWEST_SLOTS = 1 << 4, SLOTS = 1 << 12, TRIAL = 1 << 14 };

typedef struct {
  const char *bytes;
  int64_t n;
  SEXP string; /* an element of the result, which protects it */
} slot;

typedef struct {
  slot *slots;
  uint64_t mask;      /* their number less one */
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
  slot *known = &m->slots[hash(bytes, n) & m->mask];
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

/* To clear room for thousands would take a short vector most of its time. */
static memory new_memory(int64_t strings) {
  size_t slots = FEWEST_SLOTS;
  while (slots < SLOTS && (int64_t)slots < 2 * strings)
    slots *= 2;
  memory m = {.slots = (slot *)R_alloc(slots, sizeof *m.slots), .mask = slots - 1};
  memset(m.slots, 0, slots * sizeof *m.slots);
  return m;
}

SEXP tb_import_text(const tb_column *c) {
  SEXP x = PROTECT(Rf_allocVector(STRSXP, c->length));
  memory m = new_memory(c->length);
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
