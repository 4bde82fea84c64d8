/* R's Date, POSIXct and difftime -> Arrow.
 *
 * Arrow counts whole units. Times and spans go in microseconds where that gives R's numbers back
 * exactly, else in nanoseconds where that does and they fit, else in the one that is nearer, with
 * a note. */
#include "arrow.h"

#include <math.h>
#include <stdlib.h>

static const double day = 86400;

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
    double whole = floor(days[i]);
    if (days[i] != days[i])
      to[i] = 0;
    else if (whole >= INT32_MIN && whole <= INT32_MAX)
      to[i] = (int32_t)whole, parts += whole != days[i];
    else
      return tb_arrow_fail(&e->place, PyExc_ValueError, "row %lld is infinite, or beyond Arrow's dates",
                           (long long)i + 1);
  }
  if (parts && !tb_arrow_note(&e->place, "%lld dates have a part of a day, which is dropped", (long long)parts))
    return false;
  return tb_array_validity(e->array, days, tb_missing_nan);
}

/* ---- counts of a unit ---- */

typedef struct {
  char letter;
  int64_t per_second;
} unit;

static const unit micro = {'u', 1000000}, nano = {'n', 1000000000};

static bool fits(double seconds, unit u) { return fabs(seconds) < (double)(INT64_MAX / u.per_second); }

/* Whole seconds and the rest apart: each part is exact. */
static int64_t count(double seconds, unit u) {
  if ((double)(int64_t)seconds == seconds)
    return (int64_t)seconds * u.per_second;
  double whole = floor(seconds);
  return (int64_t)whole * u.per_second + (int64_t)nearbyint((seconds - whole) * (double)u.per_second);
}

double tb_seconds(int64_t counts, int64_t per_second) {
  int64_t whole = counts / per_second, rest = counts % per_second;
  if (rest < 0)
    whole--, rest += per_second;
  return (double)whole + (double)rest / (double)per_second;
}

int64_t tb_counts(double seconds, int64_t per_second) {
  unit u = {.per_second = per_second};
  return fits(seconds, u) ? count(seconds, u) : INT64_MIN;
}

/* `scale`: seconds in one of R's units. */
static double back(int64_t counts, unit u, double scale) {
  return scale == 1 ? tb_seconds(counts, u.per_second) : tb_seconds(counts, u.per_second) / scale;
}

typedef struct {
  R_xlen_t first_far, not_micro, not_nano; /* where, or how many */
} survey;

/* Writes microseconds and says what that, and nanoseconds, would lose. */
static survey write_micro(const double *data, R_xlen_t n, double scale, int64_t *to) {
  survey found = {.first_far = -1};
  bool nano_fits = true;
  R_xlen_t nano_lost = 0;
  for (R_xlen_t i = 0; i < n; i++) {
    double value = data[i], seconds = value * scale;
    to[i] = INT64_MIN;
    if (value != value)
      continue;
    if (!fits(seconds, micro)) {
      found.first_far = i;
      return found;
    }
    to[i] = count(seconds, micro);
    nano_fits &= fits(seconds, nano);
    if (back(to[i], micro, scale) != value) {
      found.not_micro++;
      nano_lost += !nano_fits || back(count(seconds, nano), nano, scale) != value;
    }
  }
  found.not_nano = nano_fits ? nano_lost : n;
  return found;
}

static bool write_counts(tb_export *e, SEXP x, double scale, unit *chosen) {
  const double *data = REAL_RO(x);
  R_xlen_t n = Rf_xlength(x);
  *chosen = micro;
  if (!tb_array_init(e->array, n, 2, 0))
    return false;
  int64_t *to = tb_array_buffer(e->array, 1, (size_t)n * sizeof *to);
  if (!to)
    return false;
  survey found = write_micro(data, n, scale, to);
  if (found.first_far >= 0)
    return tb_arrow_fail(&e->place, PyExc_ValueError, "row %lld is infinite, or too far away for Arrow's times",
                         (long long)found.first_far + 1);
  R_xlen_t lost = found.not_micro;
  if (found.not_nano < found.not_micro) {
    *chosen = nano;
    lost = found.not_nano;
    for (R_xlen_t i = 0; i < n; i++)
      if (to[i] != INT64_MIN)
        to[i] = count(data[i] * scale, nano);
  }
  if (lost && !tb_arrow_note(&e->place, "%lld values are rounded to the %s", (long long)lost,
                             chosen->letter == 'n' ? "nanosecond" : "microsecond"))
    return false;
  return tb_array_validity(e->array, to, tb_missing_int64);
}

static bool counts(tb_export *e, double scale, unit *chosen) {
  SEXP x = PROTECT(TYPEOF(e->x) == INTSXP ? Rf_coerceVector(e->x, REALSXP) : e->x);
  bool done = write_counts(e, x, scale, chosen);
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
  unit chosen;
  return counts(e, 1, &chosen) &&
         tb_schema_format(e->schema, "ts%c:%s", chosen.letter, zone && *zone ? zone : "UTC") &&
         tb_schema_facts(e->schema, "r.class", "POSIXct", "r.storage", storage(e->x), "r.tzone", zone, NULL);
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
  unit chosen;
  if (scale == 0)
    return tb_arrow_fail(&e->place, PyExc_ValueError, "a difftime whose units are not secs, mins, hours, days or weeks");
  return counts(e, scale, &chosen) && tb_schema_format(e->schema, "tD%c", chosen.letter) &&
         tb_schema_facts(e->schema, "r.class", "difftime", "r.storage", storage(e->x), "r.units", units, NULL);
}
