/* Arrow's dates, times and spans -> R's Date, POSIXct and difftime (seconds, or the units R had).
 */
#include "arrow.h"

#include <limits.h>
#include <math.h>

static int64_t count_at(const tb_piece *p, int64_t i, int bits) {
  const void *data = p->array->buffers[1];
  return bits == 32 ? ((const int32_t *)data)[p->offset + i]
                    : ((const int64_t *)data)[p->offset + i];
}

static bool fact_is(const tb_column *c, const char *key, const char *value) {
  const char *found = tb_schema_fact(c->schema, key);
  return found && strcmp(found, value) == 0;
}

/* As R had it: integers where every number is one. */
static SEXP as_stored(const tb_column *c, SEXP x) {
  if (!fact_is(c, "r.storage", "integer"))
    return x;
  const double *values = REAL_RO(x);
  for (R_xlen_t i = 0; i < Rf_xlength(x); i++)
    if (values[i] == values[i] && (values[i] != floor(values[i]) || fabs(values[i]) > INT_MAX))
      return x;
  return Rf_coerceVector(x, INTSXP);
}

/* ---- dates ---- */

static SEXP import_date(const tb_column *c) {
  bool days = c->schema->format[2] == 'D';
  const int64_t day = days ? 1 : 86400000; /* else milliseconds */
  int64_t lost = 0;
  SEXP x = PROTECT(tb_new_vector(REALSXP, c->length));
  double *to = REAL(x);
  for (int64_t k = 0; k < c->n_pieces; to += c->pieces[k++].length)
    for (int64_t i = 0; i < c->pieces[k].length; i++) {
      if (!tb_valid(&c->pieces[k], i)) {
        to[i] = NA_REAL;
        continue;
      }
      int64_t count = count_at(&c->pieces[k], i, days ? 32 : 64), rest = days ? 0 : count % day;
      to[i] = days ? (double)count : (double)(count / day - (rest < 0));
      lost += rest != 0;
    }
  SEXP date = PROTECT(as_stored(c, x));
  tb_set_class(date, "Date", NULL);
  UNPROTECT(2);
  if (lost && !tb_arrow_note(&c->place, "%lld dates have a part of a day, which is dropped",
                             (long long)lost))
    return NULL;
  return date;
}

/* ---- counts of a part of a second ---- */

/* The quotient of doubles is right, or next to it, and many times faster than that of int64. */
static inline double seconds_of(int64_t count, int64_t per_second) {
  int64_t whole = (int64_t)((double)count / (double)per_second), rest = count - whole * per_second;
  int step = rest >= per_second || (count < 0 && rest > 0)    ? 1
             : rest <= -per_second || (count > 0 && rest < 0) ? -1
                                                              : 0;
  whole += step;
  rest -= step * per_second;
  return tb_seconds(whole, rest, per_second);
}

/* A count is kept if it, or (of nanoseconds) its microseconds, can be had back from the double. */
static bool is_kept(int64_t count, double seconds, int64_t per_second) {
  if (tb_counts(seconds, per_second) == count)
    return true;
  return per_second == 1000000000 && count % 1000 == 0 &&
         tb_counts(seconds, 1000000) == count / 1000;
}

/* `scale`: seconds in R's unit. */
static SEXP import_counts(const tb_column *c, int bits, char unit, double scale) {
  const int64_t per_second = unit == 's'   ? 1
                             : unit == 'm' ? 1000
                             : unit == 'u' ? 1000000
                                           : 1000000000;
  int64_t lost = 0;
  SEXP x = PROTECT(tb_new_vector(REALSXP, c->length));
  double *to = REAL(x);
  for (int64_t k = 0; k < c->n_pieces; to += c->pieces[k++].length)
    for (int64_t i = 0; i < c->pieces[k].length; i++) {
      if (!tb_valid(&c->pieces[k], i)) {
        to[i] = NA_REAL;
        continue;
      }
      int64_t count = count_at(&c->pieces[k], i, bits);
      double seconds = seconds_of(count, per_second);
      to[i] = scale == 1 ? seconds : seconds / scale;
      lost += !is_kept(count, scale == 1 ? seconds : to[i] * scale, per_second);
    }
  SEXP stored = as_stored(c, x);
  UNPROTECT(1);
  if (lost &&
      !tb_arrow_note(&c->place, "%lld values are finer than a double holds, and are rounded",
                     (long long)lost))
    return NULL;
  return stored;
}

static SEXP import_stamp(const tb_column *c) {
  const char *zone = c->schema->format + 4, *kept = tb_schema_fact(c->schema, "r.tzone");
  SEXP x = import_counts(c, 64, c->schema->format[2], 1);
  if (!x)
    return NULL;
  PROTECT(x);
  if (!*zone || *zone == '+' ||
      *zone == '-') /* R knows zones by name only; the instant is the same */
    zone = "UTC";
  if (strcmp(zone, "UTC") == 0 && fact_is(c, "r.class", "POSIXct"))
    zone = kept; /* R had none, or an empty one */
  if (zone) {
    SEXP value = PROTECT(Rf_ScalarString(Rf_mkCharCE(zone, CE_UTF8)));
    Rf_setAttrib(x, Rf_install("tzone"), value);
    UNPROTECT(1);
  }
  tb_set_class(x, "POSIXct", "POSIXt");
  UNPROTECT(1);
  return x;
}

static SEXP import_span(const tb_column *c, int bits, char unit) {
  const char *units = tb_schema_fact(c->schema, "r.units");
  double scale = tb_unit_seconds(units);
  if (scale == 0)
    units = "secs", scale = 1;
  SEXP x = import_counts(c, bits, unit, scale);
  if (!x)
    return NULL;
  PROTECT(x);
  SEXP value = PROTECT(Rf_mkString(units));
  Rf_setAttrib(x, Rf_install("units"), value);
  tb_set_class(x, "difftime", NULL);
  UNPROTECT(2);
  return x;
}

SEXP tb_import_time(const tb_column *c) {
  const char *format = c->schema->format;
  switch (format[1]) {
  case 'd':
    return import_date(c);
  case 's':
    return import_stamp(c);
  case 't':
    return import_span(c, format[2] == 's' || format[2] == 'm' ? 32 : 64, format[2]);
  default:
    return import_span(c, 64, format[2]);
  }
}
