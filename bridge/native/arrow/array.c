/* Arrow's arrays, made for consumers. Each owns its buffers, or (zero-copy) a root of the R vector
 * they are in, and may be released on any thread; R copies a vector that is lent before it writes
 * to it from then on.
 *
 * Tests: tests/native/arrow/test_arrow.py */
#include "arrow/array.h"

#include "core/lifetime.h"
#include "core/memory.h"
#include "core/vector.h"

#include <stdlib.h>

enum { MOST_BUFFERS = 3 };

typedef struct {
  const void *buffers[MOST_BUFFERS];
  void *owned[MOST_BUFFERS];
  SEXP cell; /* root of what is borrowed */
} holder;

static void array_release(struct ArrowArray *a) {
  holder *h = a->private_data;
  for (int64_t i = 0; i < a->n_children; i++)
    if (a->children[i]) {
      if (a->children[i]->release)
        a->children[i]->release(a->children[i]);
      free(a->children[i]);
    }
  free(a->children);
  if (a->dictionary) {
    if (a->dictionary->release)
      a->dictionary->release(a->dictionary);
    free(a->dictionary);
  }
  for (int i = 0; i < MOST_BUFFERS; i++)
    free(h->owned[i]);
  if (h->cell)
    tb_unroot(h->cell);
  free(h);
  *a = (struct ArrowArray){0};
}

bool tb_array_init(struct ArrowArray *a, int64_t length, int64_t n_buffers, int64_t n_children) {
  holder *h = calloc(1, sizeof *h);
  if (!h)
    return false;
  *a = (struct ArrowArray){.length = length,
                           .n_buffers = n_buffers,
                           .buffers = h->buffers,
                           .release = array_release,
                           .private_data = h};
  if (n_children) {
    a->children = calloc((size_t)n_children, sizeof *a->children);
    if (!a->children)
      return false;
    a->n_children = n_children;
    for (int64_t i = 0; i < n_children; i++)
      if (!(a->children[i] = calloc(1, sizeof **a->children)))
        return false;
  }
  return true;
}

bool tb_array_add_dictionary(struct ArrowArray *a) {
  a->dictionary = calloc(1, sizeof *a->dictionary);
  return a->dictionary != NULL;
}

void *tb_array_buffer(struct ArrowArray *a, int which, size_t bytes) {
  holder *h = a->private_data;
  void *data = tb_large_memory(bytes);
  h->buffers[which] = h->owned[which] = data;
  return data;
}

bool tb_array_resize(struct ArrowArray *a, int which, size_t bytes) {
  holder *h = a->private_data;
  void *data = realloc(h->owned[which], bytes ? bytes : 1);
  if (!data)
    return false;
  h->buffers[which] = h->owned[which] = data;
  return true;
}

void tb_array_borrow(struct ArrowArray *a, int which, const void *data, SEXP owner) {
  holder *h = a->private_data;
  h->cell = tb_root(owner);
  MARK_NOT_MUTABLE(owner);
  h->buffers[which] = data;
}

/* ---- validity ---- */

bool tb_missing_int(const void *data, int64_t i) { return ((const int *)data)[i] == NA_INTEGER; }

bool tb_missing_nan(const void *data, int64_t i) {
  double x = ((const double *)data)[i];
  return x != x;
}

bool tb_missing_real(const void *data, int64_t i) { return tb_is_na(((const double *)data)[i]); }

bool tb_missing_int64(const void *data, int64_t i) {
  return ((const int64_t *)data)[i] == TB_INT64_NA;
}

/* The place of the first missing element, n if there is none: at the speed of reading. */
#define FIRST(type, test)                                                                          \
  do {                                                                                             \
    const type *values = data;                                                                     \
    for (int64_t start = 0; start < n; start += 1024) {                                            \
      int64_t stop = start + 1024 < n ? start + 1024 : n;                                          \
      int found = 0;                                                                               \
      for (int64_t i = start; i < stop; i++)                                                       \
        found |= test;                                                                             \
      if (found)                                                                                   \
        return start;                                                                              \
    }                                                                                              \
    return n;                                                                                      \
  } while (0)

__attribute__((optimize("O3"))) static int64_t first_missing(const void *data, int64_t n,
                                                             tb_is_missing missing) {
  if (missing == tb_missing_int)
    FIRST(int, values[i] == NA_INTEGER);
  if (missing == tb_missing_int64)
    FIRST(int64_t, values[i] == INT64_MIN);
  if (missing == tb_missing_real || missing == tb_missing_nan)
    FIRST(double, values[i] != values[i]);
  return 0;
}

bool tb_array_validity(struct ArrowArray *a, const void *data, tb_is_missing missing) {
  int64_t n = a->length, i = first_missing(data, n, missing), nulls = 0;
  while (i < n && !missing(data, i))
    i++;
  if (i == n)
    return true;
  size_t bytes = (size_t)(n + 7) / 8;
  uint8_t *bits = tb_array_buffer(a, 0, bytes);
  if (!bits)
    return false;
  memset(bits, 0xff, bytes);
  for (i &= ~(int64_t)7; i < n; i += 8) {
    uint8_t nulls_here = 0;
    int64_t stop = n - i < 8 ? n - i : 8;
    for (int64_t j = 0; j < stop; j++)
      nulls_here |= (uint8_t)(missing(data, i + j) << j);
    bits[i >> 3] = (uint8_t)~nulls_here;
    nulls += __builtin_popcount(nulls_here);
  }
  a->null_count = nulls;
  return true;
}
