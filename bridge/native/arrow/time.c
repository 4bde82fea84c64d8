/* Dates, times and spans of time, both ways: R's Date, POSIXct and difftime.
 *
 * Arrow counts whole units. Times and spans go in microseconds where that gives R's numbers back
 * exactly, else in nanoseconds where that does and they fit, else in the one that is nearer, with
 * a note. Spans come back in seconds, or in the units R had. Only integer dates and nanotimes stay
 * where they are; all else is copied.
 *
 * Tests: tests/native/arrow/test_arrow.py, tests/native/arrow/test_types.py */
#include "arrow/time.h"

#include "arrow/attributes.h"
#include "arrow/schema.h"
#include "core/helpers.h"
#include "core/vector.h"

#include <limits.h>
#include <math.h>

static const double day = 86400;

/* ---- seconds and counts of a part of a second ---- */

static bool fits(double seconds, int64_t per_second) {
  return fabs(seconds) < (double)(INT64_MAX / per_second);
}

/* Whole seconds and the rest apart, so that each is exact. Without floor() and a 64-bit division,
 * which would take most of the time. */
typedef struct {
  int64_t whole, rest;
} parts;

static inline parts split(double seconds, int64_t per_second) {
  parts p = {.whole = (int64_t)seconds};
  double rest = (seconds - (double)p.whole) * (double)per_second;
  p.rest = (int64_t)(rest < 0 ? rest - 0.5 : rest + 0.5);
  return p;
}

static inline int64_t count(parts p, int64_t per_second) { return p.whole * per_second + p.rest; }

/* A quotient of doubles is the nearest one, if its numerator is exact. */
static inline double seconds_from(int64_t whole, int64_t rest, int64_t per_second) {
  int64_t all = whole * per_second + rest, most = (int64_t)1 << 53;
  return all <= most && all >= -most ? (double)all / (double)per_second
                                     : (double)whole + (double)rest / (double)per_second;
}

/* The number in R's unit, of `scale` seconds, that comes of it. */
static inline double back(parts p, int64_t per_second, double scale) {
  double seconds = seconds_from(p.whole, p.rest, per_second);
  return scale == 1 ? seconds : seconds / scale;
}

static inline int64_t counts_of(double seconds, int64_t per_second) {
  return fits(seconds, per_second) ? count(split(seconds, per_second), per_second) : INT64_MIN;
}

static double unit_seconds(const char *units) {
  static const struct {
    const char *name;
    double seconds;
  } known[] = {{"secs", 1}, {"mins", 60}, {"hours", 3600}, {"days", day}, {"weeks", 7 * day}};
  for (size_t i = 0; units && i < sizeof known / sizeof *known; i++)
    if (strcmp(known[i].name, units) == 0)
      return known[i].seconds;
  return 0;
}

/* ---- R -> Arrow: dates ---- */

static inline int64_t floor_of(double x) { return (int64_t)x - ((double)(int64_t)x > x); }

static const char *storage(SEXP x) { return TYPEOF(x) == INTSXP ? "integer" : "double"; }

bool tb_export_date(tb_export *e) {
  const void *data = tb_data(e->x);
  R_xlen_t n = Rf_xlength(e->x), fractions = 0;
  if (!tb_schema_format(e->schema, "tdD") ||
      !tb_schema_facts(e->schema, "r.class", "Date", "r.storage", storage(e->x), NULL) ||
      !tb_array_init(e->array, n, 2, 0))
    return false;
  if (TYPEOF(e->x) != REALSXP) {
    tb_array_borrow(e->array, 1, data, e->x);
    return tb_array_validity(e->array, data, tb_missing_int);
  }
  const double *days = data;
  int32_t *to = tb_array_buffer(e->array, 1, (size_t)n * sizeof *to);
  if (!to)
    return false;
  for (R_xlen_t i = 0; i < n; i++) {
    to[i] = 0;
    if (days[i] != days[i])
      continue;
    if (days[i] >= INT32_MIN && days[i] < (double)INT32_MAX + 1) {
      to[i] = (int32_t)floor_of(days[i]);
      fractions += to[i] != days[i];
    } else
      return tb_arrow_fail(&e->place, PyExc_ValueError,
                           "row %lld is infinite, or beyond Arrow's dates", (long long)i + 1);
  }
  if (fractions && !tb_arrow_note(&e->place, "%lld dates have a part of a day, which is dropped",
                                  (long long)fractions))
    return false;
  return tb_array_validity(e->array, days, tb_missing_nan);
}

/* ---- R -> Arrow: times and spans ---- */

typedef struct {
  R_xlen_t far, lost; /* where the first one is that does not fit, or -1; how many are not exact */
} written;

static inline written write_unit(const double *data, R_xlen_t n, double scale, int64_t per_second,
                                 bool all, int64_t *to) {
  written w = {.far = -1};
  for (R_xlen_t i = 0; i < n && (all || !w.lost); i++) {
    double value = data[i], seconds = value * scale;
    to[i] = TB_INT64_NA;
    if (value != value)
      continue;
    if (!fits(seconds, per_second)) {
      w.far = i;
      return w;
    }
    parts p = split(seconds, per_second);
    to[i] = count(p, per_second);
    w.lost += back(p, per_second, scale) != value;
  }
  return w;
}

/* One loop for each unit, so that dividing by it is cheap. */
static written write_micro(const double *data, R_xlen_t n, double scale, bool all, int64_t *to) {
  return write_unit(data, n, scale, 1000000, all, to);
}

static written write_nano(const double *data, R_xlen_t n, double scale, int64_t *to) {
  return write_unit(data, n, scale, 1000000000, true, to);
}

static bool write_counts(tb_export *e, SEXP x, double scale, char *unit) {
  const double *data = REAL_RO(x);
  R_xlen_t n = Rf_xlength(x);
  *unit = 'u';
  if (!tb_array_init(e->array, n, 2, 0))
    return false;
  int64_t *to = tb_array_buffer(e->array, 1, (size_t)n * sizeof *to);
  if (!to)
    return false;
  written micro = write_micro(data, n, scale, false, to), nano = {0};
  if (micro.lost) {
    nano = write_nano(data, n, scale, to);
    *unit = 'n';
  }
  if (micro.lost && (nano.lost || nano.far >= 0)) {
    micro = write_micro(data, n, scale, true, to);
    *unit = 'u';
    if (micro.far < 0 && nano.far < 0 && nano.lost < micro.lost) {
      nano = write_nano(data, n, scale, to);
      *unit = 'n';
    }
  }
  if (micro.far >= 0)
    return tb_arrow_fail(&e->place, PyExc_ValueError,
                         "row %lld is infinite, or too far away for Arrow's times",
                         (long long)micro.far + 1);
  R_xlen_t lost = *unit == 'n' ? nano.lost : micro.lost;
  if (lost && !tb_arrow_note(&e->place, "%lld values are rounded to the %s", (long long)lost,
                             *unit == 'n' ? "nanosecond" : "microsecond"))
    return false;
  return tb_array_validity(e->array, to, tb_missing_int64);
}

static bool counts(tb_export *e, double scale, char *unit) {
  SEXP x = PROTECT(TYPEOF(e->x) == REALSXP ? e->x : Rf_coerceVector(e->x, REALSXP));
  bool done = write_counts(e, x, scale, unit);
  UNPROTECT(1);
  return done;
}

/* The zone in which R prints a time without one: the host's environment keeps the text. */
static const char *session_zone(void) {
  SEXP call = PROTECT(Rf_lang1(tb_helper("session_zone")));
  SEXP zone = Rf_eval(call, R_BaseEnv);
  UNPROTECT(1);
  return R_CHAR(STRING_ELT(zone, 0));
}

/* A time without a zone is an instant all the same, and keeps the clock that R shows. */
bool tb_export_time(tb_export *e) {
  const char *zone;
  char unit;
  return tb_string_attribute(&e->place, e->x, "tzone", &zone) && counts(e, 1, &unit) &&
         tb_schema_format(e->schema, "ts%c:%s", unit, zone && *zone ? zone : session_zone()) &&
         tb_schema_facts(e->schema, "r.class", "POSIXct", "r.storage", storage(e->x), "r.tzone",
                         zone, NULL);
}

bool tb_export_posixlt(tb_export *e) {
  SEXP call = PROTECT(Rf_lang2(Rf_install("as.POSIXct"), e->x));
  tb_export other = *e;
  other.x = PROTECT(Rf_eval(call, R_BaseEnv));
  bool done = tb_export_time(&other);
  UNPROTECT(2);
  return done;
}

bool tb_export_nanotime(tb_export *e) {
  return tb_export_memory(e, "tsn:UTC", "nanotime", tb_missing_int64);
}

bool tb_export_span(tb_export *e) {
  const char *units;
  if (!tb_string_attribute(&e->place, e->x, "units", &units))
    return false;
  double scale = unit_seconds(units);
  char unit;
  if (scale == 0)
    return tb_arrow_fail(&e->place, PyExc_ValueError,
                         "a difftime whose units are not secs, mins, hours, days or weeks");
  return counts(e, scale, &unit) && tb_schema_format(e->schema, "tD%c", unit) &&
         tb_schema_facts(e->schema, "r.class", "difftime", "r.storage", storage(e->x), "r.units",
                         units, NULL);
}

/* ---- Arrow -> R: dates ---- */

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

SEXP tb_import_date(const tb_column *c) {
  bool days = c->schema->format[2] == 'D';
  const int64_t whole = days ? 1 : 86400000; /* else milliseconds */
  int64_t lost = 0;
  SEXP x = PROTECT(tb_new_vector(REALSXP, c->length));
  double *to = REAL(x);
  for (int64_t k = 0; k < c->n_pieces; to += c->pieces[k++].length)
    for (int64_t i = 0; i < c->pieces[k].length; i++) {
      if (!tb_valid(&c->pieces[k], i)) {
        to[i] = NA_REAL;
        continue;
      }
      int64_t count = count_at(&c->pieces[k], i, days ? 32 : 64), rest = days ? 0 : count % whole;
      to[i] = days ? (double)count : (double)(count / whole - (rest < 0));
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

/* ---- Arrow -> R: times and spans ---- */

/* The quotient of doubles is right, or next to it, and many times faster than that of int64. */
static inline double seconds_of(int64_t count, int64_t per_second) {
  int64_t whole = (int64_t)((double)count / (double)per_second), rest = count - whole * per_second;
  int step = rest >= per_second || (count < 0 && rest > 0)    ? 1
             : rest <= -per_second || (count > 0 && rest < 0) ? -1
                                                              : 0;
  whole += step;
  rest -= step * per_second;
  return seconds_from(whole, rest, per_second);
}

/* A count is kept if it, or (of nanoseconds) its microseconds, can be had back from the double. */
static bool is_kept(int64_t count, double seconds, int64_t per_second) {
  if (counts_of(seconds, per_second) == count)
    return true;
  return per_second == 1000000000 && count % 1000 == 0 &&
         counts_of(seconds, 1000000) == count / 1000;
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

SEXP tb_import_time(const tb_column *c) {
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

SEXP tb_import_span(const tb_column *c) {
  const char *format = c->schema->format;
  char unit = format[2];
  int bits = format[1] == 't' && (unit == 's' || unit == 'm') ? 32 : 64;
  const char *units = tb_schema_fact(c->schema, "r.units");
  double scale = unit_seconds(units);
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
