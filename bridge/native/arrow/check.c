/* What arrives: is every array what its schema says, as far as anyone can tell?
 *
 * The interface gives no sizes of buffers, so a buffer that is too short cannot be seen. Everything
 * else can: counts, null pointers, lengths of children here; offsets, indices and text where they
 * are read.
 *
 * Tests: tests/native/arrow/test_arrow.py */
#include "arrow/check.h"

#include <stdlib.h>

/* Buffers and children of each format; -1: any number. */
static const struct layout {
  const char *format; /* of which this is the start, or all where `exact` */
  bool exact;
  int buffers, children;
  int bits; /* of an element in the second buffer; 0: none, or offsets */
} layouts[] = {
    {"n", true, -1, 0, 0},     {"b", true, 2, 0, 1},      {"c", true, 2, 0, 8},
    {"C", true, 2, 0, 8},      {"s", true, 2, 0, 16},     {"S", true, 2, 0, 16},
    {"i", true, 2, 0, 32},     {"I", true, 2, 0, 32},     {"l", true, 2, 0, 64},
    {"L", true, 2, 0, 64},     {"e", true, 2, 0, 16},     {"f", true, 2, 0, 32},
    {"g", true, 2, 0, 64},     {"u", true, 3, 0, 0},      {"U", true, 3, 0, 0},
    {"z", true, 3, 0, 0},      {"Z", true, 3, 0, 0},      {"vu", true, -1, 0, 128},
    {"vz", true, -1, 0, 128},  {"w:", false, 2, 0, 8},    {"d:", false, 2, 0, 32},
    {"tdD", true, 2, 0, 32},   {"tdm", true, 2, 0, 64},   {"tts", true, 2, 0, 32},
    {"ttm", true, 2, 0, 32},   {"ttu", true, 2, 0, 64},   {"ttn", true, 2, 0, 64},
    {"tss:", false, 2, 0, 64}, {"tsm:", false, 2, 0, 64}, {"tsu:", false, 2, 0, 64},
    {"tsn:", false, 2, 0, 64}, {"tDs", true, 2, 0, 64},   {"tDm", true, 2, 0, 64},
    {"tDu", true, 2, 0, 64},   {"tDn", true, 2, 0, 64},   {"+s", true, 1, -1, 0},
    {"+l", true, 2, 1, 0},     {"+L", true, 2, 1, 0},     {"+vl", true, 3, 1, 0},
    {"+vL", true, 3, 1, 0},    {"+m", true, 2, 1, 0},     {"+w:", false, 1, 1, 0},
};

static const struct layout *layout_of(const char *format) {
  for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
    const struct layout *l = &layouts[i];
    if (l->exact ? strcmp(l->format, format) == 0
                 : strncmp(l->format, format, strlen(l->format)) == 0)
      return l;
  }
  return NULL;
}

static const char *kind_of(const char *format) {
  return strncmp(format, "+u", 2) == 0   ? "a union"
         : strcmp(format, "+r") == 0     ? "run-end encoding"
         : strncmp(format, "ti", 2) == 0 ? "a calendar interval"
                                         : NULL;
}

static tb_place child_place(const tb_place *parent, const struct ArrowSchema *child) {
  return (tb_place){.parent = parent, .name = child->name ? child->name : ""};
}

/* Elements of a fixed size, in bytes or in items of the child; 1 for other formats, -1: nonsense.
 */
static int64_t width_of(const char *format, int64_t n) {
  if (format[0] != 'w' && strncmp(format, "+w:", 3) != 0)
    return 1;
  const char *number = strchr(format, ':') + 1;
  char *end;
  int64_t width = strtoll(number, &end, 10);
  bool whole = *number >= '0' && *number <= '9' && *end == '\0';
  return !whole || (width && n > INT64_MAX / 2 / width) ? -1 : width;
}

/* How deep one type may hold another: beyond this, R's and C's stacks are at stake. */
enum { DEEPEST = 64 };

bool tb_check_depth(const tb_place *place) {
  int depth = 0;
  for (const tb_place *p = place; p; p = p->parent)
    depth++;
  return depth <= DEEPEST ||
         tb_arrow_fail(place, PyExc_ValueError, "types nested more than %d deep", DEEPEST);
}

bool tb_check_schema(const tb_place *place, const struct ArrowSchema *s) {
  if (!s->release || !s->format)
    return tb_arrow_fail(place, PyExc_ValueError, "a schema that is released, or has no format");
  if (!tb_check_depth(place))
    return false;
  const struct layout *l = layout_of(s->format);
  if (!l) {
    const char *kind = kind_of(s->format);
    if (kind)
      return tb_arrow_fail(place, PyExc_TypeError, "R has no type for %s; cast it in Arrow first",
                           kind);
    return tb_arrow_fail(place, PyExc_TypeError, "R has no type for Arrow's format '%s'",
                         s->format);
  }
  if (s->n_children < 0 || (l->children >= 0 && s->n_children != l->children) ||
      (s->n_children && !s->children))
    return tb_arrow_fail(place, PyExc_ValueError, "a schema of format '%s' with %lld children",
                         s->format, (long long)s->n_children);
  if (width_of(s->format, 0) < 0)
    return tb_arrow_fail(place, PyExc_ValueError, "a schema of format '%s', which has no size",
                         s->format);
  for (int64_t i = 0; i < s->n_children; i++) {
    if (!s->children[i])
      return tb_arrow_fail(place, PyExc_ValueError, "a schema without its child %lld",
                           (long long)i);
    tb_place at = child_place(place, s->children[i]);
    if (!tb_check_schema(&at, s->children[i]))
      return false;
  }
  if (!s->dictionary)
    return true;
  if (strlen(s->format) != 1 || !strchr("cCsSiIlL", *s->format))
    return tb_arrow_fail(place, PyExc_ValueError, "a dictionary whose indices have format '%s'",
                         s->format);
  tb_place at = {.parent = place};
  return tb_check_schema(&at, s->dictionary);
}

static bool wrong(const tb_place *place, const char *what) {
  return tb_arrow_fail(place, PyExc_ValueError, "a malformed Arrow array: %s", what);
}

static bool check_buffers(const tb_place *place, const struct layout *l,
                          const struct ArrowArray *a) {
  if (l->format[0] == 'v' ? a->n_buffers < 3 : l->buffers >= 0 && a->n_buffers != l->buffers)
    return wrong(place, "its number of buffers is not that of its type");
  if (a->n_buffers && !a->buffers)
    return wrong(place, "it has no buffers");
  if (a->null_count > 0 && strcmp(l->format, "n") != 0 && !a->buffers[0])
    return wrong(place, "it counts nulls, and has no validity bitmap");
  if (a->offset + a->length == 0 || a->n_buffers < 2)
    return true;
  bool two = l->buffers == 3 && l->children == 1; /* offsets and sizes */
  if (!a->buffers[1] || (two && !a->buffers[2]))
    return wrong(place, "it has elements, and no memory for them");
  uintptr_t alignment = (uintptr_t)(l->bits >= 64  ? 8
                                    : l->bits >= 8 ? l->bits / 8
                                    : l->bits      ? 1
                                                   : 4);
  if ((uintptr_t)a->buffers[1] % alignment || (two && (uintptr_t)a->buffers[2] % alignment))
    return wrong(place, "its memory is not aligned to its elements");
  return true;
}

static bool check_children(const tb_place *place, const struct ArrowSchema *s,
                           const struct ArrowArray *a) {
  if (a->n_children != s->n_children || (a->n_children && !a->children))
    return wrong(place, "its children are not those of its schema");
  int64_t n = a->offset + a->length, width = width_of(s->format, n);
  bool fixed = strncmp(s->format, "+w:", 3) == 0;
  if (width < 0)
    return wrong(place, "the size of its elements makes no sense");
  for (int64_t i = 0; i < a->n_children; i++) {
    tb_place at = child_place(place, s->children[i]);
    if (!a->children[i])
      return wrong(&at, "it is not there");
    if (!tb_check_array(&at, s->children[i], a->children[i]))
      return false;
    if ((fixed || strcmp(s->format, "+s") == 0) && a->children[i]->length < n * width)
      return wrong(&at, "it is shorter than what it is part of");
  }
  return true;
}

bool tb_check_array(const tb_place *place, const struct ArrowSchema *s,
                    const struct ArrowArray *a) {
  if (!a->release)
    return wrong(place, "it has been released");
  if (a->length < 0 || a->offset < 0 || a->length > INT64_MAX / 32 || a->offset > INT64_MAX / 32)
    return wrong(place, "its length or offset makes no sense");
  if (a->null_count < -1 || a->null_count > a->length)
    return wrong(place, "it counts more nulls than elements");
  if (a->length > R_XLEN_T_MAX)
    return wrong(place, "it is longer than R's vectors");
  if (!check_buffers(place, layout_of(s->format), a) || !check_children(place, s, a))
    return false;
  if (!s->dictionary != !a->dictionary)
    return wrong(place, "its dictionary is not that of its schema");
  tb_place at = {.parent = place};
  return !s->dictionary || tb_check_array(&at, s->dictionary, a->dictionary);
}
