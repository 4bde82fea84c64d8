/* R factors <-> Arrow dictionaries. R's codes count from 1, Arrow's from 0. Codes and levels are
 * copied both ways.
 *
 * Tests: tests/native/arrow/test_arrow.py, tests/native/arrow/test_types.py */
#include "arrow/factor.h"

#include "arrow/schema.h"
#include "arrow/text.h"
#include "core/vector.h"

bool tb_export_factor(tb_export *e) {
  SEXP levels = PROTECT(Rf_getAttrib(e->x, R_LevelsSymbol));
  R_xlen_t n = Rf_xlength(e->x), n_levels = Rf_xlength(levels);
  bool done = false;
  if (TYPEOF(e->x) != INTSXP || TYPEOF(levels) != STRSXP)
    tb_arrow_fail(&e->place, PyExc_ValueError,
                  "a factor whose codes are no integers, or whose levels are no text");
  else if (tb_schema_format(e->schema, "i") && tb_schema_add_dictionary(e->schema) &&
           tb_array_init(e->array, n, 2, 0) && tb_array_add_dictionary(e->array)) {
    tb_export words = {.x = levels,
                       .wanted = e->wanted ? e->wanted->dictionary : NULL,
                       .schema = e->schema->dictionary,
                       .array = e->array->dictionary,
                       .place = {.parent = &e->place},
                       .any = e->any};
    const int *codes = INTEGER_RO(e->x);
    int32_t *to = tb_array_buffer(e->array, 1, (size_t)n * sizeof *to);
    done = to && tb_schema_init(words.schema, "", 0) && tb_export_text(&words);
    for (R_xlen_t i = 0; i < n && done; i++) {
      bool known = codes[i] >= 1 && codes[i] <= n_levels;
      to[i] = known ? codes[i] - 1 : 0;
      if (!known && codes[i] != NA_INTEGER)
        done = tb_arrow_fail(&e->place, PyExc_ValueError,
                             "row %lld has code %d, and there are %lld levels", (long long)i + 1,
                             codes[i], (long long)n_levels);
    }
    if (tb_has_class(e->x, "ordered"))
      e->schema->flags |= ARROW_ORDERED;
    done = done && tb_array_validity(e->array, codes, tb_missing_int) &&
           /* A stream without rows may arrive without any array, and so without its dictionary. */
           (n || tb_schema_facts(e->schema, "r.levels", tb_joined(levels), NULL));
  }
  UNPROTECT(1);
  return done;
}

/* ---- Arrow -> R ---- */

/* The levels of one dictionary as R strings: numbers and dates as as.character() writes them. */
static SEXP words_of(const tb_column *c, const struct ArrowArray *dictionary) {
  tb_column words = {.schema = c->schema->dictionary, .n_pieces = 1, .length = dictionary->length};
  tb_piece piece;
  tb_column_part(&piece, dictionary, 0, dictionary->length);
  words.pieces = &piece;
  words.place = (tb_place){.parent = &c->place};
  words.any = c->any;
  if (words.schema->format[0] == '+' || words.schema->dictionary) {
    tb_arrow_fail(&c->place, PyExc_TypeError,
                  "a dictionary of lists, structs or dictionaries: R's levels are text");
    return NULL;
  }
  SEXP x = c->any(&words);
  if (!x || TYPEOF(x) == STRSXP)
    return x;
  PROTECT(x);
  SEXP call = PROTECT(Rf_lang2(Rf_install("as.character"), x));
  x = Rf_eval(call, R_BaseEnv);
  UNPROTECT(2);
  return x;
}

static bool same_dictionary(const struct ArrowArray *a, const struct ArrowArray *b) {
  if (a->length != b->length || a->offset != b->offset || a->n_buffers != b->n_buffers ||
      a->n_children)
    return false;
  for (int64_t i = 0; i < a->n_buffers; i++)
    if (a->buffers[i] != b->buffers[i])
      return false;
  return a->length > 0;
}

/* Levels met so far, each with its code: R keeps one CHARSXP a string, so addresses compare. */
typedef struct {
  SEXP *strings; /* in order; each is an element of a vector in `seen` */
  int *slots;    /* codes, 0 where empty */
  int64_t mask;
  int n;
} levels;

static int code_of(levels *l, SEXP string) {
  uint64_t at = ((uint64_t)(uintptr_t)string >> 4) * 0x9e3779b97f4a7c15u >> 16;
  for (;; at++) {
    int *slot = &l->slots[at & (uint64_t)l->mask];
    if (*slot == 0) {
      l->strings[l->n] = string;
      return *slot = ++l->n;
    }
    if (l->strings[*slot - 1] == string)
      return *slot;
  }
}

static levels new_levels(int64_t most) {
  levels l = {.mask = 15};
  while (l.mask < 2 * most)
    l.mask = 2 * l.mask + 1;
  l.strings = (SEXP *)R_alloc((size_t)most + 1, sizeof *l.strings);
  l.slots = (int *)R_alloc((size_t)l.mask + 1, sizeof *l.slots);
  memset(l.slots, 0, ((size_t)l.mask + 1) * sizeof *l.slots);
  return l;
}

/* The code of each word of a dictionary: NA for a word that is missing. */
static int *codes_of(const tb_column *c, levels *l, SEXP words) {
  R_xlen_t n = Rf_xlength(words);
  int *codes = (int *)R_alloc((size_t)n + 1, sizeof *codes);
  bool text = strpbrk(c->schema->dictionary->format, "uU") != NULL;
  for (R_xlen_t i = 0; i < n; i++) {
    int before = l->n;
    SEXP word = STRING_ELT(words, i);
    codes[i] = word == NA_STRING ? NA_INTEGER : code_of(l, word);
    if (!text && c->n_pieces == 1 && word != NA_STRING && l->n == before) {
      tb_arrow_fail(&c->place, PyExc_ValueError,
                    "two categories have the same text; R's levels differ");
      return NULL;
    }
  }
  return codes;
}

static int64_t index_at(const tb_piece *p, int64_t i, char type) {
  const void *data = p->array->buffers[1];
  int64_t at = p->offset + i;
  switch (type) {
  case 'c':
    return ((const int8_t *)data)[at];
  case 'C':
    return ((const uint8_t *)data)[at];
  case 's':
    return ((const int16_t *)data)[at];
  case 'S':
    return ((const uint16_t *)data)[at];
  case 'i':
    return ((const int32_t *)data)[at];
  case 'I':
    return ((const uint32_t *)data)[at];
  default: /* an index beyond 2^63 becomes negative, and is refused as such */
    return ((const int64_t *)data)[at];
  }
}

static bool write_codes(const tb_column *c, const tb_piece *p, const int *codes, int64_t n_codes,
                        int *to) {
  char type = c->schema->format[0];
  for (int64_t i = 0; i < p->length; i++) {
    if (!tb_valid(p, i)) {
      to[i] = NA_INTEGER;
      continue;
    }
    int64_t index = index_at(p, i, type);
    if (index < 0 || index >= n_codes)
      return tb_arrow_fail(&c->place, PyExc_ValueError,
                           "element %lld: index %lld into a dictionary of %lld", (long long)i + 1,
                           (long long)index, (long long)n_codes);
    to[i] = codes[index];
  }
  return true;
}

static bool read_pieces(const tb_column *c, SEXP seen, int *to, levels *l) {
  const int *codes = NULL;
  for (int64_t k = 0; k < c->n_pieces; to += c->pieces[k++].length) {
    const struct ArrowArray *dictionary = c->pieces[k].array->dictionary;
    if (!k || !same_dictionary(dictionary, c->pieces[k - 1].array->dictionary)) {
      SEXP words = words_of(c, dictionary);
      if (!words)
        return false;
      SET_VECTOR_ELT(seen, k, words);
      if (!(codes = codes_of(c, l, words)))
        return false;
    }
    if (!write_codes(c, &c->pieces[k], codes, dictionary->length, to))
      return false;
  }
  return true;
}

/* polars says of every Enum that it is ordered; R's models would then use other contrasts. */
static bool is_enum(const struct ArrowSchema *s) {
  return tb_schema_fact(s, "_PL_ENUM_VALUES2") || tb_schema_fact(s, "_PL_ENUM_VALUES");
}

SEXP tb_import_factor(const tb_column *c) {
  int64_t most = 0;
  for (int64_t k = 0; k < c->n_pieces; k++)
    most += c->pieces[k].array->dictionary->length;
  if (most > INT32_MAX / 4) {
    tb_arrow_fail(&c->place, PyExc_ValueError, "a dictionary of more words than R's levels");
    return NULL;
  }
  levels l = new_levels(most);
  SEXP x = PROTECT(tb_new_vector(INTSXP, c->length)),
       seen = PROTECT(Rf_allocVector(VECSXP, c->n_pieces));
  bool done = read_pieces(c, seen, INTEGER(x), &l);
  if (done) {
    bool from_schema = l.n == 0 && c->length == 0;
    SEXP words = PROTECT(from_schema ? tb_split(tb_schema_fact(c->schema, "r.levels"))
                                     : Rf_allocVector(STRSXP, l.n));
    for (int i = 0; i < l.n; i++)
      SET_STRING_ELT(words, i, l.strings[i]);
    Rf_setAttrib(x, R_LevelsSymbol, words);
    bool ordered = (c->schema->flags & ARROW_ORDERED) && !is_enum(c->schema);
    tb_set_class(x, ordered ? "ordered" : "factor", ordered ? "factor" : NULL);
    UNPROTECT(1);
  }
  UNPROTECT(2);
  return done ? x : NULL;
}
