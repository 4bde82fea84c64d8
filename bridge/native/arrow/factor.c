/* R factors <-> Arrow dictionaries. R's codes count from 1, Arrow's from 0. Codes and levels are
 * copied both ways; level.c says what text the words of a dictionary become.
 *
 * Tests: tests/native/arrow/test_factor.py, tests/native/arrow/test_types.py */
#include "arrow/factor.h"

#include "arrow/level.h"
#include "arrow/schema.h"
#include "arrow/text.h"
#include "core/vector.h"

/* The place of the level that is NA (addNA()), counted from 1; 0: there is none. */
static int na_level(SEXP levels) {
  for (R_xlen_t i = 0; i < Rf_xlength(levels); i++)
    if (STRING_ELT(levels, i) == NA_STRING)
      return (int)i + 1;
  return 0;
}

/* The levels but that one. Unprotected. */
static SEXP levels_without(SEXP levels, int na) {
  SEXP kept = PROTECT(Rf_allocVector(STRSXP, Rf_xlength(levels) - 1));
  for (int i = 0; i < Rf_xlength(kept); i++)
    SET_STRING_ELT(kept, i, STRING_ELT(levels, i + (i + 1 >= na)));
  UNPROTECT(1);
  return kept;
}

/* The codes of these levels: those of NA are missing. Unprotected. */
static SEXP codes_without(SEXP x, int na) {
  R_xlen_t n = Rf_xlength(x);
  SEXP codes = PROTECT(Rf_allocVector(INTSXP, n));
  for (R_xlen_t i = 0; i < n; i++) {
    int code = INTEGER_ELT(x, i);
    INTEGER(codes)[i] = code == na ? NA_INTEGER : code - (code > na);
  }
  UNPROTECT(1);
  return codes;
}

bool tb_export_factor(tb_export *e) {
  SEXP levels = PROTECT(Rf_getAttrib(e->x, R_LevelsSymbol)), x = e->x;
  int na = na_level(levels);
  PROTECT(levels = na ? levels_without(levels, na) : levels);
  PROTECT(x = na ? codes_without(x, na) : x);
  R_xlen_t n = Rf_xlength(x), n_levels = Rf_xlength(levels);
  bool done = false;
  if ((!na || tb_arrow_note(&e->place, "its level NA is left out: such values are missing")) &&
      tb_schema_format(e->schema, "i") && tb_schema_add_dictionary(e->schema) &&
      tb_array_init(e->array, n, 2, 0) && tb_array_add_dictionary(e->array)) {
    tb_export words = {.x = levels,
                       .wanted = e->wanted ? e->wanted->dictionary : NULL,
                       .schema = e->schema->dictionary,
                       .array = e->array->dictionary,
                       .place = {.parent = &e->place},
                       .each = "level",
                       .any = e->any};
    const int *codes = INTEGER_RO(x);
    int32_t *to = tb_array_buffer(e->array, 1, (size_t)n * sizeof *to);
    done = to && tb_schema_init(words.schema, "", 0) && tb_export_text(&words);
    for (R_xlen_t i = 0; i < n && done; i++) {
      bool known = codes[i] >= 1 && codes[i] <= n_levels;
      to[i] = known ? codes[i] - 1 : 0;
      if (!known && codes[i] != NA_INTEGER)
        done = tb_arrow_fail(&e->place, PyExc_ValueError,
                             "row %lld has code %d, and there are %lld levels: this R object "
                             "is damaged",
                             (long long)i + 1, codes[i], (long long)n_levels);
    }
    if (tb_has_class(e->x, "ordered"))
      e->schema->flags |= ARROW_ORDERED;
    done =
        done && tb_array_validity(e->array, codes, tb_missing_int) &&
        /* A stream without rows may arrive without any array, and so without its dictionary. */
        (n || tb_schema_facts(e->schema, "r.levels", tb_joined(&e->place, "level", levels), NULL));
  }
  UNPROTECT(3);
  return done;
}

/* ---- levels met so far ---- */

/* Each has its code. R keeps one CHARSXP a string, so addresses compare. */
typedef struct {
  SEXP strings; /* in order, with room for more */
  PROTECT_INDEX at;
  int *slots; /* codes, 0 where empty; R's transient memory, as is what they were before */
  int64_t mask;
  int n;
} levels;

static int *slot_of(const levels *l, SEXP string) {
  uint64_t at = ((uint64_t)(uintptr_t)string >> 4) * 0x9e3779b97f4a7c15u >> 16;
  for (;; at++) {
    int *slot = &l->slots[at & (uint64_t)l->mask];
    if (*slot == 0 || STRING_ELT(l->strings, *slot - 1) == string)
      return slot;
  }
}

/* Protects l->strings, once. */
static void start_levels(levels *l, int64_t room) {
  l->n = 0;
  PROTECT_WITH_INDEX(l->strings = Rf_allocVector(STRSXP, room), &l->at);
  for (l->mask = 15; l->mask < 2 * room;)
    l->mask = 2 * l->mask + 1;
  l->slots = (int *)R_alloc((size_t)l->mask + 1, sizeof *l->slots);
  memset(l->slots, 0, ((size_t)l->mask + 1) * sizeof *l->slots);
}

/* Room for `more` of them: twice what there was, so that what is left behind is no more than that.
 */
static bool make_room(const tb_place *place, levels *l, int64_t more) {
  int64_t room = Rf_xlength(l->strings);
  if (l->n + more <= room)
    return true;
  if (l->n + more > INT32_MAX / 2)
    return tb_arrow_fail(place, PyExc_ValueError, "dictionaries of more words than R's levels");
  room = 2 * room > l->n + more ? 2 * room : l->n + more;
  REPROTECT(l->strings = Rf_xlengthgets(l->strings, room), l->at);
  for (; l->mask < 2 * room;)
    l->mask = 2 * l->mask + 1;
  l->slots = (int *)R_alloc((size_t)l->mask + 1, sizeof *l->slots);
  memset(l->slots, 0, ((size_t)l->mask + 1) * sizeof *l->slots);
  for (int i = 0; i < l->n; i++)
    *slot_of(l, STRING_ELT(l->strings, i)) = i + 1;
  return true;
}

static int code_of(levels *l, SEXP string) {
  int *slot = slot_of(l, string);
  if (*slot == 0) {
    SET_STRING_ELT(l->strings, l->n, string);
    *slot = ++l->n;
  }
  return *slot;
}

/* ---- dictionaries met so far ---- */

/* Chunks share dictionaries: each is read once. */
typedef struct {
  const struct ArrowArray **arrays;
  int64_t *slots; /* positions in `arrays` and `codes` counted from 1, 0 where empty */
  int64_t mask, n;
  SEXP codes; /* a list: of each dictionary, the codes of its words */
} dictionaries;

/* All memory of the input stays while it is read: the same places hold the same words. */
static bool same_dictionary(const struct ArrowArray *a, const struct ArrowArray *b, bool views) {
  if (a->length != b->length || a->offset != b->offset || a->n_buffers != b->n_buffers ||
      a->null_count != b->null_count)
    return false;
  int64_t n = a->n_buffers - views; /* their last one has sizes, made for each array anew */
  for (int64_t i = 0; i < n; i++)
    if (a->buffers[i] != b->buffers[i])
      return false;
  return true;
}

static int64_t *place_of(const dictionaries *d, const struct ArrowArray *a, bool views) {
  const void *data = a->n_buffers > 1 ? a->buffers[1] : NULL;
  uint64_t at = (uint64_t)(uintptr_t)data ^ (uint64_t)a->offset << 7 ^ (uint64_t)a->length << 29;
  at = at * 0x9e3779b97f4a7c15u >> 20;
  for (;; at++) {
    int64_t *slot = &d->slots[at & (uint64_t)d->mask];
    if (*slot == 0 || same_dictionary(d->arrays[*slot - 1], a, views))
      return slot;
  }
}

/* Protects d->codes, once. */
static void start_dictionaries(dictionaries *d, int64_t most) {
  d->n = 0;
  for (d->mask = 15; d->mask < 2 * most;)
    d->mask = 2 * d->mask + 1;
  d->slots = (int64_t *)R_alloc((size_t)d->mask + 1, sizeof *d->slots);
  memset(d->slots, 0, ((size_t)d->mask + 1) * sizeof *d->slots);
  d->arrays = (const struct ArrowArray **)R_alloc((size_t)most + 1, sizeof *d->arrays);
  d->codes = PROTECT(Rf_allocVector(VECSXP, most));
}

/* The text of the words of a dictionary. */
static SEXP words_of(const tb_column *c, const struct ArrowArray *dictionary) {
  tb_column words = {.schema = c->schema->dictionary, .n_pieces = 1, .length = dictionary->length};
  tb_piece piece;
  tb_column_part(&piece, dictionary, 0, dictionary->length);
  words.pieces = &piece;
  words.place = (tb_place){.parent = &c->place, .notes = c->place.notes};
  words.any = c->any;
  const void *memory = vmaxget();
  SEXP x = tb_import_levels(&words);
  vmaxset(memory);
  return x;
}

/* polars says of every Enum that it is ordered; R's models would then use other contrasts. */
static bool is_enum(const struct ArrowSchema *s) {
  return tb_schema_fact(s, "_PL_ENUM_VALUES2") || tb_schema_fact(s, "_PL_ENUM_VALUES");
}

static bool is_ordered(const tb_column *c) {
  return (c->schema->flags & ARROW_ORDERED) && !is_enum(c->schema);
}

/* The code of each word of a dictionary, NA for a word that is missing; unprotected. Words that
 * are equal are one level. */
static SEXP codes_of(const tb_column *c, levels *l, SEXP words) {
  R_xlen_t n = Rf_xlength(words);
  if (!make_room(&c->place, l, n))
    return NULL;
  SEXP codes = Rf_allocVector(INTSXP, n);
  bool ordered = is_ordered(c);
  int last = 0;
  for (R_xlen_t i = 0; i < n; i++) {
    SEXP word = STRING_ELT(words, i);
    int code = INTEGER(codes)[i] = word == NA_STRING ? NA_INTEGER : code_of(l, word);
    if (ordered && code != NA_INTEGER && code < last) {
      tb_arrow_fail(&c->place, PyExc_ValueError,
                    "its dictionaries have their ordered categories in different orders");
      return NULL;
    }
    last = code != NA_INTEGER ? code : last;
  }
  return codes;
}

/* The codes of a dictionary's words; they stay protected. */
static const int *codes_for(const tb_column *c, dictionaries *d, levels *l,
                            const struct ArrowArray *dictionary) {
  int64_t *slot = place_of(d, dictionary, c->schema->dictionary->format[0] == 'v');
  if (*slot == 0) {
    SEXP words = words_of(c, dictionary);
    if (!words)
      return NULL;
    PROTECT(words);
    SEXP codes = codes_of(c, l, words);
    UNPROTECT(1);
    if (!codes)
      return NULL;
    SET_VECTOR_ELT(d->codes, d->n, codes);
    d->arrays[d->n] = dictionary;
    *slot = ++d->n;
  }
  return INTEGER_RO(VECTOR_ELT(d->codes, *slot - 1));
}

/* ---- Arrow -> R ---- */

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

static bool read_pieces(const tb_column *c, int *to, dictionaries *d, levels *l) {
  for (int64_t k = 0; k < c->n_pieces; to += c->pieces[k++].length) {
    const struct ArrowArray *dictionary = c->pieces[k].array->dictionary;
    const int *codes = codes_for(c, d, l, dictionary);
    if (!codes || !write_codes(c, &c->pieces[k], codes, dictionary->length, to))
      return false;
  }
  return true;
}

SEXP tb_import_factor(const tb_column *c) {
  levels l;
  dictionaries d;
  int64_t room = c->n_pieces ? c->pieces[0].array->dictionary->length : 0;
  SEXP x = PROTECT(tb_new_vector(INTSXP, c->length));
  start_levels(&l, room < INT32_MAX / 2 ? room : 0);
  start_dictionaries(&d, c->n_pieces);
  bool done = read_pieces(c, INTEGER(x), &d, &l);
  if (done) {
    bool from_schema = l.n == 0 && c->length == 0;
    SEXP words = PROTECT(from_schema ? tb_split(tb_schema_fact(c->schema, "r.levels"))
                                     : Rf_xlengthgets(l.strings, l.n));
    Rf_setAttrib(x, R_LevelsSymbol, words);
    tb_set_class(x, is_ordered(c) ? "ordered" : "factor", is_ordered(c) ? "factor" : NULL);
    UNPROTECT(1);
  }
  UNPROTECT(3);
  return done ? x : NULL;
}
