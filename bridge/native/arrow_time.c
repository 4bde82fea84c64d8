/* R's Date, POSIXct and difftime -> Arrow.
 *
 * Arrow counts whole units. Times and spans go in microseconds where that gives R's numbers back
 * exactly, else in nanoseconds where that does and they fit, else in the one that is nearer, with
 * a note. */
#include "arrow.h"

#include <math.h>

static const double day = 86400;

static inline int64_t floor_of(double x) { return (int64_t)x - ((double)(int64_t)x > x); }

static const char *storage(SEXP x) { return TYPEOF(x) == INTSXP ? "integer" : "double"; }

/* ---- Date ---- */

bool tb_export_date(tb_export *e) {
  const void *data = tb_data(e->x);
  R_xlen_t n = Rf_xlength(e->x), parts = 0;
  if (!tb_schema_format(e->schema, "tdD") ||
      !tb_schema_facts(e->schema, "r.class", "Date", "r.storage", storage(e->x), NULL) ||
      !tb_array_init(e->array, n, 2, 0))
    return false;
  if (TYPEOF(e->x) == INTSXP) {
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
      parts += to[i] != days[i];
    } else
      return tb_arrow_fail(&e->place, PyExc_ValueError,
                           "row %lld is infinite, or beyond Arrow's dates", (long long)i + 1);
  }
  if (parts && !tb_arrow_note(&e->place, "%lld dates have a part of a day, which is dropped",
                              (long long)parts))
    return false;
  return tb_array_validity(e->array, days, tb_missing_nan);
}

/* ---- counts of a unit ---- */

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
double tb_seconds(int64_t whole, int64_t rest, int64_t per_second) {
  int64_t all = whole * per_second + rest, most = (int64_t)1 << 53;
  return all <= most && all >= -most ? (double)all / (double)per_second
                                     : (double)whole + (double)rest / (double)per_second;
}

/* The number in R's unit, of `scale` seconds, that comes of it. */
static inline double back(parts p, int64_t per_second, double scale) {
  double seconds = tb_seconds(p.whole, p.rest, per_second);
  return scale == 1 ? seconds : seconds / scale;
}

int64_t tb_counts(double seconds, int64_t per_second) {
  return fits(seconds, per_second) ? count(split(seconds, per_second), per_second) : INT64_MIN;
}

typedef struct {
  R_xlen_t far, lost; /* where the first one is that does not fit, or -1; how many are not exact */
} written;

static inline written write_unit(const double *data, R_xlen_t n, double scale, int64_t per_second,
                                 bool all, int64_t *to) {
  written w = {.far = -1};
  for (R_xlen_t i = 0; i < n && (all || !w.lost); i++) {
    double value = data[i], seconds = value * scale;
    to[i] = INT64_MIN;
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
  SEXP x = PROTECT(TYPEOF(e->x) == INTSXP ? Rf_coerceVector(e->x, REALSXP) : e->x);
  bool done = write_counts(e, x, scale, unit);
  UNPROTECT(1);
  return done;
}

/* ---- POSIXct ---- */

static const char *string_attribute(SEXP x, const char *name) {
  SEXP value = Rf_getAttrib(x, Rf_install(name));
  if (TYPEOF(value) != STRSXP || Rf_xlength(value) < 1 || STRING_ELT(value, 0) == NA_STRING)
    return NULL;
  return R_CHAR(STRING_ELT(value, 0));
}

/* A time without a zone is an instant all the same: R prints it in the zone of the session. */
bool tb_export_time(tb_export *e) {
  const char *zone = string_attribute(e->x, "tzone");
  char unit;
  return counts(e, 1, &unit) &&
         tb_schema_format(e->schema, "ts%c:%s", unit, zone && *zone ? zone : "UTC") &&
         tb_schema_facts(e->schema, "r.class", "POSIXct", "r.storage", storage(e->x), "r.tzone",
                         zone, NULL);
}

/* ---- difftime ---- */

double tb_unit_seconds(const char *units) {
  static const struct {
    const char *name;
    double seconds;
  } known[] = {{"secs", 1}, {"mins", 60}, {"hours", 3600}, {"days", day}, {"weeks", 7 * day}};
  for (size_t i = 0; units && i < sizeof known / sizeof *known; i++)
    if (strcmp(known[i].name, units) == 0)
      return known[i].seconds;
  return 0;
}

bool tb_export_span(tb_export *e) {
  const char *units = string_attribute(e->x, "units");
  double scale = tb_unit_seconds(units);
  char unit;
  if (scale == 0)
    return tb_arrow_fail(&e->place, PyExc_ValueError,
                         "a difftime whose units are not secs, mins, hours, days or weeks");
  return counts(e, scale, &unit) && tb_schema_format(e->schema, "tD%c", unit) &&
         tb_schema_facts(e->schema, "r.class", "difftime", "r.storage", storage(e->x), "r.units",
                         units, NULL);
}
