/* R strings -> Arrow's UTF-8, whatever their encoding; no Python object a string. */
#include "arrow.h"

#include <limits.h>
#include <stdlib.h>

bool tb_valid_utf8(const char *text, int64_t n) {
  const unsigned char *at = (const unsigned char *)text, *end = at + n;
  while (at < end) {
    int more = *at < 0x80   ? 0
               : *at < 0xc2 ? -1
               : *at < 0xe0 ? 1
               : *at < 0xf0 ? 2
               : *at < 0xf5 ? 3
                            : -1;
    if (more < 0 || end - at <= more)
      return false;
    for (int i = 1; i <= more; i++)
      if ((at[i] & 0xc0) != 0x80)
        return false;
    /* too long for what it says; a surrogate; beyond the last character */
    if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
        (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
      return false;
    at += 1 + more;
  }
  return true;
}

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

/* The UTF-8 of a CHARSXP that is not all ASCII, in R's transient memory or its own. */
static const char *utf8_of(const tb_export *e, SEXP x, R_xlen_t row, int64_t *n) {
  if (Rf_getCharCE(x) == CE_BYTES) {
    tb_arrow_fail(&e->place, PyExc_ValueError,
                  "row %lld is marked as bytes and has no text; convert it with iconv() first",
                  (long long)row + 1);
    return NULL;
  }
  const char *text = Rf_getCharCE(x) == CE_UTF8 ? R_CHAR(x) : Rf_translateCharUTF8(x);
  *n = (int64_t)strlen(text);
  if (!tb_valid_utf8(text, *n)) {
    tb_arrow_fail(&e->place, PyExc_ValueError,
                  "row %lld is no text in its encoding; iconv() or enc2utf8() in R mends it",
                  (long long)row + 1);
    return NULL;
  }
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
