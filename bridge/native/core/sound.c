/* Is what an R object says of itself what it holds? Else what reads it would read beyond its
 * memory, or take the bits of one type for another's. Each promise of a class is a row. Nothing is
 * owned here.
 *
 * Tests: tests/native/core/test_sound.py */
#include "core/sound.h"

#include "core/strings.h"
#include "core/vector.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static SEXP tzone, units;

void tb_sound_init(void) {
  tzone = Rf_install("tzone");
  units = Rf_install("units");
}

/* Writes why; false. */
__attribute__((format(printf, 2, 3))) static bool damaged(tb_damage *why, const char *format, ...) {
  static const char rest[] = ": this R object is damaged";
  va_list values;
  va_start(values, format);
  vsnprintf(why->text, sizeof why->text - sizeof rest, format, values);
  va_end(values);
  strcat(why->text, rest);
  return false;
}

static const char *type_of(SEXP x) { return Rf_type2char(TYPEOF(x)); }

/* ---- shape ---- */

static bool dim_fits(SEXP dim, R_xlen_t length) {
  bool fits = TYPEOF(dim) == INTSXP && Rf_length(dim) > 0, empty = false;
  for (int i = 0; fits && i < Rf_length(dim); i++) {
    fits = INTEGER_ELT(dim, i) >= 0; /* NA is below 0, too */
    empty |= INTEGER_ELT(dim, i) == 0;
  }
  R_xlen_t elements = empty ? 0 : 1;
  for (int i = 0; fits && !empty && i < Rf_length(dim); i++) {
    fits = elements <= R_XLEN_T_MAX / INTEGER_ELT(dim, i);
    elements *= fits ? INTEGER_ELT(dim, i) : 1;
  }
  return fits && elements == length;
}

static bool has_sound_dim(SEXP x, R_xlen_t length, tb_damage *why) {
  SEXP dim = tb_attribute(x, R_DimSymbol);
  return dim == R_NilValue || dim_fits(dim, length) ||
         damaged(why, "its dim does not go with its %lld elements", (long long)length);
}

int tb_check_dim(SEXP x, R_xlen_t length) {
  tb_damage why;
  if (has_sound_dim(x, length, &why))
    return 0;
  PyErr_Format(PyExc_ValueError, "x: %s", why.text);
  return -1;
}

/* Names of each dim: none, or as many as it is long. */
static bool has_sound_dimnames(SEXP x, tb_damage *why) {
  SEXP dim = Rf_getAttrib(x, R_DimSymbol);
  SEXP names = dim == R_NilValue ? dim : Rf_getAttrib(x, R_DimNamesSymbol);
  if (names == R_NilValue)
    return true;
  if (TYPEOF(names) != VECSXP || Rf_xlength(names) != Rf_xlength(dim))
    return damaged(why, "its dimnames are no list of one element a dim");
  for (int i = 0; i < Rf_length(dim); i++) {
    SEXP these = VECTOR_ELT(names, i);
    if (these != R_NilValue && Rf_xlength(these) != INTEGER_ELT(dim, i))
      return damaged(why, "its dimnames have %lld names for dim %d, which is %d long",
                     (long long)Rf_xlength(these), i + 1, INTEGER_ELT(dim, i));
  }
  return true;
}

static bool has_sound_names(SEXP x, R_xlen_t length, tb_damage *why) {
  SEXP names = Rf_getAttrib(x, R_NamesSymbol);
  return names == R_NilValue || (TYPEOF(names) == STRSXP && Rf_xlength(names) == length) ||
         damaged(why, "its names are %lld, and it has %lld elements", (long long)Rf_xlength(names),
                 (long long)length);
}

/* ---- classes of vectors ---- */

/* Strings of which no two addresses are the same text: R keeps one of each text and encoding. */
static bool is_plain_text(SEXP strings) {
  bool plain = !ALTREP(strings);
  for (R_xlen_t i = 0; plain && i < Rf_xlength(strings); i++) {
    SEXP string = STRING_ELT(strings, i);
    cetype_t encoding = Rf_getCharCE(string);
    const char *c = R_CHAR(string);
    while (encoding == CE_NATIVE && *c && !(*c & 0x80))
      c++;
    plain = encoding == CE_UTF8 || (encoding == CE_NATIVE && *c == 0);
  }
  return plain;
}

/* The place, counted from 1, of the first string that was there before; 0: all differ. */
static R_xlen_t first_again(SEXP strings) {
  enum { FEW = 64 };
  R_xlen_t n = Rf_xlength(strings), again = 0, mask = 2 * FEW - 1;
  if (n > INT32_MAX || !is_plain_text(strings))
    return Rf_any_duplicated(strings, FALSE);
  while (mask < 2 * n)
    mask = 2 * mask + 1;
  int few[2 * FEW] = {0}, *places = n > FEW ? calloc((size_t)mask + 1, sizeof *places) : few;
  for (R_xlen_t i = 0; places && !again && i < n; i++) {
    SEXP string = STRING_ELT(strings, i);
    uint64_t at = ((uint64_t)(uintptr_t)string >> 4) * 0x9e3779b97f4a7c15u >> 16;
    while (places[at & (uint64_t)mask] &&
           STRING_ELT(strings, places[at & (uint64_t)mask] - 1) != string)
      at++;
    again = places[at & (uint64_t)mask] ? i + 1 : 0;
    places[at & (uint64_t)mask] = (int)i + 1;
  }
  if (places != few)
    free(places);
  return again;
}

static bool is_factor(SEXP x, const char *class, tb_damage *why) {
  SEXP levels = Rf_getAttrib(x, R_LevelsSymbol);
  if (TYPEOF(x) != INTSXP)
    return damaged(why, "a %s whose codes are of type %s, not integer", class, type_of(x));
  if (TYPEOF(levels) != STRSXP)
    return damaged(why, "a %s whose levels are of type %s, not character", class, type_of(levels));
  R_xlen_t again = first_again(levels);
  return again == 0 ||
         damaged(why, "a %s whose level %lld is there twice", class, (long long)again);
}

static bool is_int64(SEXP x, const char *class, tb_damage *why) {
  return TYPEOF(x) == REALSXP ||
         damaged(why, "a vector of class %s must be of type double, not %s", class, type_of(x));
}

/* NA alone is often a logical: .POSIXct(NA). */
static bool is_all_na(SEXP x) {
  R_xlen_t n = TYPEOF(x) == LGLSXP ? Rf_xlength(x) : 0, i = 0;
  while (i < n && LOGICAL_ELT(x, i) == NA_LOGICAL)
    i++;
  return TYPEOF(x) == LGLSXP && i == n;
}

static bool is_count(SEXP x, const char *class, tb_damage *why) {
  SEXP words[] = {tzone, units};
  for (int i = 0; i < 2; i++) {
    SEXP said = Rf_getAttrib(x, words[i]);
    if (said != R_NilValue && TYPEOF(said) != STRSXP)
      return damaged(why, "a %s whose %s is of type %s, not character", class,
                     R_CHAR(PRINTNAME(words[i])), type_of(said));
  }
  return TYPEOF(x) == REALSXP || TYPEOF(x) == INTSXP || is_all_na(x) ||
         damaged(why, "a vector of class %s must be numeric, not %s", class, type_of(x));
}

/* sec, min, hour, mday, mon, year, wday, yday, isdst; and then perhaps a zone. */
static bool is_parts(SEXP x, const char *class, tb_damage *why) {
  enum { PARTS = 9 };
  bool sound = TYPEOF(x) == VECSXP && Rf_xlength(x) >= PARTS;
  for (int i = 0; sound && i < PARTS; i++) {
    SEXPTYPE type = TYPEOF(VECTOR_ELT(x, i));
    sound = type == INTSXP || type == REALSXP;
  }
  return sound || damaged(why, "a %s that is no list of the parts of times", class);
}

/* ---- data frames ---- */

static bool is_row_label(SEXP names, R_xlen_t i) {
  return TYPEOF(names) == STRSXP ? STRING_ELT(names, i) != NA_STRING
                                 : INTEGER_ELT(names, i) != NA_INTEGER;
}

static bool has_sound_row_names(SEXP names, tb_damage *why) {
  if (TYPEOF(names) != STRSXP && TYPEOF(names) != INTSXP)
    return damaged(why, "a data frame whose row.names are of type %s", type_of(names));
  bool known = TYPEOF(names) == INTSXP ? INTEGER_NO_NA(names) : STRING_NO_NA(names);
  R_xlen_t n = known ? 0 : Rf_xlength(names);
  for (R_xlen_t i = 0; i < n; i++)
    if (!is_row_label(names, i))
      return damaged(why, "a data frame whose row name %lld is NA", (long long)i + 1);
  return true;
}

/* How many rows a column has; -1: its class has a length of its own. */
static R_xlen_t rows_of(SEXP x) {
  SEXP dim = tb_attribute(x, R_DimSymbol);
  if (tb_has_class(x, "data.frame"))
    return Rf_xlength(Rf_getAttrib(x, R_RowNamesSymbol));
  if (TYPEOF(dim) == INTSXP && Rf_xlength(dim) > 0)
    return INTEGER_ELT(dim, 0);
  bool record = tb_has_class(x, "POSIXlt") || tb_has_class(x, "vctrs_rcrd");
  bool vector = Rf_isVector(x) || x == R_NilValue;
  return vector && !record ? Rf_xlength(x) : -1;
}

static const char *column_name(SEXP names, R_xlen_t i) {
  int64_t size;
  const char *why, *name = tb_utf8(STRING_ELT(names, i), &size, &why);
  return name ? name : "";
}

static bool is_frame(SEXP x, const char *class, tb_damage *why) {
  if (TYPEOF(x) != VECSXP)
    return damaged(why, "an object of class %s must be a list, not %s", class, type_of(x));
  R_xlen_t columns = Rf_xlength(x);
  SEXP names = PROTECT(Rf_getAttrib(x, R_NamesSymbol)),
       row_names = PROTECT(Rf_getAttrib(x, R_RowNamesSymbol));
  R_xlen_t rows = Rf_xlength(row_names);
  bool sound = true;
  if (columns && (TYPEOF(names) != STRSXP || Rf_xlength(names) != columns))
    sound = damaged(why, "a data frame of %lld columns with %lld names", (long long)columns,
                    (long long)(TYPEOF(names) == STRSXP ? Rf_xlength(names) : 0));
  if (sound && (columns || row_names != R_NilValue))
    sound = has_sound_row_names(row_names, why);
  for (R_xlen_t i = 0; i < columns && sound; i++) {
    R_xlen_t found = rows_of(VECTOR_ELT(x, i));
    if (STRING_ELT(names, i) == NA_STRING)
      sound = damaged(why, "a data frame whose column %lld has no name", (long long)i + 1);
    else if (found >= 0 && found != rows)
      sound = damaged(why, "column '%.80s': %lld elements in a data frame of %lld rows",
                      column_name(names, i), (long long)found, (long long)rows);
  }
  UNPROTECT(2);
  return sound;
}

/* ---- any object ---- */

static const struct {
  const char *class;
  bool (*holds)(SEXP x, const char *class, tb_damage *why);
} promises[] = {
    {"data.frame", is_frame}, {"factor", is_factor}, {"integer64", is_int64},
    {"nanotime", is_int64},   {"Date", is_count},    {"POSIXct", is_count},
    {"difftime", is_count},   {"POSIXlt", is_parts},
};

bool tb_check_may_jump(SEXP x) {
  if (ALTREP(x) || tb_has_class(x, "data.frame"))
    return true;
  SEXP levels = tb_has_class(x, "factor") ? Rf_getAttrib(x, R_LevelsSymbol) : R_NilValue;
  return TYPEOF(levels) == STRSXP && !is_plain_text(levels);
}

bool tb_is_sound(SEXP x, tb_damage *why) {
  if (!Rf_isVector(x))
    return true;
  R_xlen_t length = Rf_xlength(x);
  if (!has_sound_dim(x, length, why) || !has_sound_dimnames(x, why))
    return false;
  for (size_t i = 0; Rf_isObject(x) && i < sizeof promises / sizeof *promises; i++)
    if (tb_has_class(x, promises[i].class) && !promises[i].holds(x, promises[i].class, why))
      return false;
  return tb_has_class(x, "data.frame") || has_sound_names(x, length, why);
}
