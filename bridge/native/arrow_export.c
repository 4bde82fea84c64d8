/* R vectors and data frames -> Arrow arrays.
 *
 * Doubles, integers, integer64 and raw stay where they are: the array holds a root of the vector,
 * and R copies before it writes to it from now on. Everything else is made anew. */
#include "arrow.h"

#include <stdlib.h>

/* ---- arrays ---- */

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

bool tb_missing_real(const void *data, int64_t i) {
  uint64_t bits;
  memcpy(&bits, (const double *)data + i, sizeof bits);
  /* R's NA: a NaN whose low word is 1954 */
  return (uint32_t)bits == 1954 && tb_missing_nan(data, i);
}

bool tb_missing_int64(const void *data, int64_t i) {
  return ((const int64_t *)data)[i] == INT64_MIN;
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
    uint8_t gone = 0;
    int64_t stop = n - i < 8 ? n - i : 8;
    for (int64_t j = 0; j < stop; j++)
      gone |= (uint8_t)(missing(data, i + j) << j);
    bits[i >> 3] = (uint8_t)~gone;
    nulls += __builtin_popcount(gone);
  }
  a->null_count = nulls;
  return true;
}

/* ---- vectors of numbers ---- */

static bool borrowed(tb_export *e, const char *format, const char *class, tb_is_missing missing) {
  const void *data = tb_data(e->x);
  R_xlen_t n = Rf_xlength(e->x);
  if (!tb_schema_format(e->schema, "%s", format) ||
      !tb_schema_facts(e->schema, "r.class", class, NULL) || !tb_array_init(e->array, n, 2, 0))
    return false;
  tb_array_borrow(e->array, 1, data, e->x);
  return !missing || tb_array_validity(e->array, data, missing);
}

static bool logical(tb_export *e) {
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

/* A complex number is a struct of two doubles, `re` and `im`, which every library can show. */
static bool complex(tb_export *e) {
  const Rcomplex *data = COMPLEX_RO(e->x);
  R_xlen_t n = Rf_xlength(e->x);
  static const char *names[] = {"re", "im"};
  if (!tb_schema_init(e->schema, e->place.name, 2) || !tb_schema_format(e->schema, "+s") ||
      !tb_schema_facts(e->schema, "r.class", "complex", NULL) || !tb_array_init(e->array, n, 1, 2))
    return false;
  for (int part = 0; part < 2; part++) {
    struct ArrowSchema *s = e->schema->children[part];
    struct ArrowArray *a = e->array->children[part];
    double *to;
    if (!tb_schema_init(s, names[part], 0) || !tb_schema_format(s, "g") ||
        !tb_array_init(a, n, 2, 0) || !(to = tb_array_buffer(a, 1, (size_t)n * sizeof *to)))
      return false;
    for (R_xlen_t i = 0; i < n; i++)
      to[i] = part ? data[i].i : data[i].r;
    if (!tb_array_validity(a, to, tb_missing_real))
      return false;
  }
  return true;
}

/* ---- data frames ---- */

/* Row names that say something: text. (Numbers say which rows of another frame these were.) */
static SEXP text_row_names(SEXP x) {
  SEXP names = Rf_getAttrib(x, R_RowNamesSymbol);
  return TYPEOF(names) == STRSXP && Rf_xlength(names) > 0 ? names : R_NilValue;
}

static const char *name_of(SEXP names, R_xlen_t i) {
  if (TYPEOF(names) != STRSXP || i >= Rf_xlength(names) || STRING_ELT(names, i) == NA_STRING)
    return "";
  return Rf_translateCharUTF8(STRING_ELT(names, i));
}

static R_xlen_t rows_of(SEXP x) { return Rf_xlength(Rf_getAttrib(x, R_RowNamesSymbol)); }

static bool frame(tb_export *e) {
  R_xlen_t columns = Rf_xlength(e->x), rows = rows_of(e->x);
  bool whole = !e->place.parent;
  SEXP names = PROTECT(Rf_getAttrib(e->x, R_NamesSymbol));
  SEXP row_names = PROTECT(text_row_names(e->x));
  int64_t first = row_names != R_NilValue;
  if (first && !whole) {
    first = 0;
    if (!tb_arrow_note(&e->place, "the row names of a data frame within another are left out"))
      return false;
  }
  for (R_xlen_t i = 0; i < columns && first; i++)
    if (strcmp(name_of(names, i), "row.names") == 0) {
      first = 0;
      if (!tb_arrow_note(&e->place, "the row names are left out: a column has the name row.names"))
        return false;
    }
  const char *class = tb_has_class(e->x, "tbl_df") ? "tbl_df" : "data.frame";
  bool done = tb_schema_init(e->schema, e->place.name, columns + first) &&
              tb_schema_format(e->schema, "+s") &&
              tb_schema_facts(e->schema, "r.class", class, NULL) &&
              tb_array_init(e->array, rows, 1, columns + first);
  for (R_xlen_t i = 0; i < columns + first && done; i++) {
    bool is_names = i < first;
    SEXP x = is_names ? row_names : VECTOR_ELT(e->x, i - first);
    const struct ArrowSchema *wanted =
        e->wanted && i < e->wanted->n_children ? e->wanted->children[i] : NULL;
    tb_export column = {
        .x = x,
        .wanted = wanted,
        .schema = e->schema->children[i],
        .array = e->array->children[i],
        .place = {.parent = &e->place, .name = is_names ? "row.names" : name_of(names, i - first)}};
    done = tb_export_column(&column);
    if (done && column.array->length != rows)
      done = tb_arrow_fail(&column.place, PyExc_ValueError,
                           "%lld elements in a data frame of %lld rows",
                           (long long)column.array->length, (long long)rows);
  }
  UNPROTECT(2);
  return done;
}

/* ---- any column ---- */

/* Classes that Arrow has a type for, or that say nothing of the values. */
static bool is_known(const char *class) {
  static const char *const known[] = {"factor",  "ordered",  "Date",      "POSIXct",  "POSIXt",
                                      "POSIXlt", "difftime", "integer64", "nanotime", "AsIs",
                                      "matrix",  "array",    "list"};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (strcmp(class, known[i]) == 0)
      return true;
  return false;
}

/* The values of any other class cross, the class does not. */
static bool tell_class(tb_export *e) {
  SEXP classes = Rf_getAttrib(e->x, R_ClassSymbol);
  for (R_xlen_t i = 0; i < Rf_xlength(classes); i++) {
    const char *class = R_CHAR(STRING_ELT(classes, i));
    if (!is_known(class))
      return tb_arrow_note(&e->place, "its class %s is dropped, its values stay", class);
  }
  return true;
}

static bool as_posixct(tb_export *e) {
  SEXP call = PROTECT(Rf_lang2(Rf_install("as.POSIXct"), e->x));
  tb_export other = *e;
  other.x = PROTECT(Rf_eval(call, R_BaseEnv));
  bool done = tb_export_time(&other);
  UNPROTECT(2);
  return done;
}

static bool by_type(tb_export *e) {
  SEXP x = e->x;
  bool number = TYPEOF(x) == INTSXP || TYPEOF(x) == REALSXP;
  if (number && tb_has_class(x, "factor"))
    return tb_export_factor(e);
  if (number && tb_has_class(x, "Date"))
    return tb_export_date(e);
  if (number && tb_has_class(x, "POSIXct"))
    return tb_export_time(e);
  if (number && tb_has_class(x, "difftime"))
    return tb_export_span(e);
  if (TYPEOF(x) == REALSXP && tb_has_class(x, "nanotime"))
    return borrowed(e, "tsn:UTC", "nanotime", tb_missing_int64);
  if (tb_is_int64(x))
    return borrowed(e, "l", "integer64", tb_missing_int64);
  switch (TYPEOF(x)) {
  case LGLSXP:
    return logical(e);
  case INTSXP:
    return borrowed(e, "i", NULL, tb_missing_int);
  case REALSXP:
    return borrowed(e, "g", NULL, tb_missing_real);
  case RAWSXP:
    return borrowed(e, "C", "raw", NULL);
  case CPLXSXP:
    return complex(e);
  case STRSXP:
    return tb_export_text(e);
  default:
    return tb_export_list(e);
  }
}

bool tb_export_column(tb_export *e) {
  SEXP x = e->x, dim = Rf_getAttrib(x, R_DimSymbol);
  if (!tb_check_depth(&e->place))
    return false;
  if (tb_has_class(x, "data.frame"))
    return TYPEOF(x) == VECSXP
               ? frame(e)
               : tb_arrow_fail(&e->place, PyExc_TypeError, "a data frame that is no list");
  if (!tell_class(e))
    return false;
  if (dim != R_NilValue && Rf_xlength(dim) > 1)
    return tb_export_matrix(e);
  if (tb_has_class(x, "POSIXlt"))
    return tb_schema_init(e->schema, e->place.name, 0) && as_posixct(e);
  if (!Rf_isVector(x) || TYPEOF(x) == EXPRSXP)
    return tb_arrow_fail(&e->place, PyExc_TypeError, "Arrow has no type for an R %s",
                         Rf_type2char(TYPEOF(x)));
  if (TYPEOF(x) == CPLXSXP || TYPEOF(x) == VECSXP) /* these have children, and say how many */
    return by_type(e);
  return tb_schema_init(e->schema, e->place.name, 0) && by_type(e);
}
