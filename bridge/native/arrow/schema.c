/* Schemas, and what their metadata keeps of R.
 *
 * A schema node owns its strings and its children; a child that a consumer has moved away is
 * marked released and left alone.
 *
 * Tests: tests/native/arrow/test_arrow.py */
#include "arrow/schema.h"

#include "core/strings.h"

#include <stdarg.h>
#include <stdlib.h>

static void schema_release(struct ArrowSchema *s) {
  for (int64_t i = 0; i < s->n_children; i++)
    if (s->children[i]) {
      if (s->children[i]->release)
        s->children[i]->release(s->children[i]);
      free(s->children[i]);
    }
  free(s->children);
  if (s->dictionary) {
    if (s->dictionary->release)
      s->dictionary->release(s->dictionary);
    free(s->dictionary);
  }
  free((void *)s->name);
  free((void *)s->format);
  free((void *)s->metadata);
  *s = (struct ArrowSchema){0};
}

bool tb_schema_init(struct ArrowSchema *s, const char *name, int64_t n_children) {
  *s = (struct ArrowSchema){.flags = ARROW_NULLABLE, .release = schema_release};
  s->name = strdup(name ? name : "");
  if (n_children) {
    s->children = calloc((size_t)n_children, sizeof *s->children);
    if (s->children)
      s->n_children = n_children;
    for (int64_t i = 0; i < s->n_children; i++)
      if (!(s->children[i] = calloc(1, sizeof **s->children)))
        return false;
  }
  return s->name && (!n_children || s->children);
}

bool tb_schema_format(struct ArrowSchema *s, const char *format, ...) {
  char *text = NULL;
  va_list values;
  va_start(values, format);
  int length = vasprintf(&text, format, values);
  va_end(values);
  if (length < 0)
    return false;
  free((void *)s->format);
  s->format = text;
  return true;
}

bool tb_schema_add_dictionary(struct ArrowSchema *s) {
  s->dictionary = calloc(1, sizeof *s->dictionary);
  return s->dictionary != NULL;
}

/* ---- metadata: a count, then each key and value with its length before it ---- */

static char *put_text(char *to, const char *text) {
  int32_t n = (int32_t)strlen(text);
  memcpy(to, &n, sizeof n);
  memcpy(to + sizeof n, text, (size_t)n);
  return to + sizeof n + n;
}

static size_t metadata_size(const char *metadata) {
  int32_t n, size;
  memcpy(&n, metadata, sizeof n);
  const char *at = metadata + sizeof n;
  for (int32_t i = 0; i < 2 * n; i++) {
    memcpy(&size, at, sizeof size);
    at += sizeof size + size;
  }
  return (size_t)(at - metadata);
}

bool tb_schema_add_fact(struct ArrowSchema *s, const char *key, const char *value) {
  int32_t n = 0;
  size_t before = s->metadata ? metadata_size(s->metadata) : sizeof n;
  bool first = !s->metadata;
  char *all = realloc((void *)s->metadata, before + 2 * sizeof n + strlen(key) + strlen(value));
  if (!all)
    return false;
  s->metadata = all;
  if (!first)
    memcpy(&n, all, sizeof n);
  n++;
  memcpy(all, &n, sizeof n);
  put_text(put_text(all + before, key), value);
  return true;
}

bool tb_schema_facts(struct ArrowSchema *s, ...) {
  va_list values;
  bool done = true;
  va_start(values, s);
  for (const char *key; done && (key = va_arg(values, const char *));) {
    const char *value = va_arg(values, const char *);
    done = !value || tb_schema_add_fact(s, key, value);
  }
  va_end(values);
  return done;
}

bool tb_schema_copy(struct ArrowSchema *to, const struct ArrowSchema *from) {
  if (!tb_schema_init(to, from->name, from->n_children) ||
      !tb_schema_format(to, "%s", from->format))
    return false;
  to->flags = from->flags;
  if (from->metadata) {
    size_t size = metadata_size(from->metadata);
    if (!(to->metadata = malloc(size)))
      return false;
    memcpy((void *)to->metadata, from->metadata, size);
  }
  for (int64_t i = 0; i < from->n_children; i++)
    if (!tb_schema_copy(to->children[i], from->children[i]))
      return false;
  return !from->dictionary ||
         (tb_schema_add_dictionary(to) && tb_schema_copy(to->dictionary, from->dictionary));
}

const char *tb_schema_fact(const struct ArrowSchema *s, const char *key) {
  const char *at = s->metadata;
  if (!at)
    return NULL;
  int32_t n, size;
  memcpy(&n, at, sizeof n);
  at += sizeof n;
  size_t wanted = strlen(key);
  for (int32_t i = 0; i < n; i++) {
    memcpy(&size, at, sizeof size);
    if (size < 0)
      return NULL;
    bool found = (size_t)size == wanted && memcmp(at + sizeof size, key, wanted) == 0;
    at += sizeof size + size;
    memcpy(&size, at, sizeof size);
    if (size < 0)
      return NULL;
    if (found) {
      char *value = R_alloc((size_t)size + 1, 1);
      memcpy(value, at + sizeof size, (size_t)size);
      value[size] = '\0';
      return value;
    }
    at += sizeof size + size;
  }
  return NULL;
}

/* ---- several strings as one fact ---- */

enum { BEFORE_EACH = '\x1e' };

const char *tb_joined(const tb_place *place, const char *kind, SEXP strings) {
  R_xlen_t n = Rf_xlength(strings);
  const char **texts = (const char **)R_alloc((size_t)n + 1, sizeof *texts), *why;
  int64_t *sizes = (int64_t *)R_alloc((size_t)n + 1, sizeof *sizes);
  size_t size = 1;
  for (R_xlen_t i = 0; i < n; i++) {
    if (!(texts[i] = tb_utf8(STRING_ELT(strings, i), &sizes[i], &why))) {
      tb_arrow_fail(place, PyExc_ValueError, "%s %lld %s", kind, (long long)i + 1, why);
      return NULL;
    }
    size += (size_t)sizes[i] + 1;
  }
  char *text = R_alloc(size, 1), *at = text;
  for (R_xlen_t i = 0; i < n; at += sizes[i++]) {
    *at++ = BEFORE_EACH;
    memcpy(at, texts[i], (size_t)sizes[i]);
  }
  *at = '\0';
  return text;
}

SEXP tb_split(const char *text) {
  R_xlen_t n = 0;
  for (const char *at = text; at && (at = strchr(at, BEFORE_EACH)); at++)
    n++;
  SEXP strings = PROTECT(Rf_allocVector(STRSXP, n));
  for (R_xlen_t i = 0; i < n; i++) {
    text = strchr(text, BEFORE_EACH) + 1;
    const char *end = strchr(text, BEFORE_EACH);
    size_t size = end ? (size_t)(end - text) : strlen(text);
    SET_STRING_ELT(strings, i, Rf_mkCharLenCE(text, (int)size, CE_UTF8));
  }
  UNPROTECT(1);
  return strings;
}
