/* The values of an Arrow dictionary as R's levels, which are text: a value's text is another's only
 * if the values are equal. So as.character() will not do: it rounds.
 *
 *   integers   in decimal                 doubles  the shortest text that reads back to the same
 * bits logicals   TRUE, FALSE                decimals all their digits dates      2024-02-29 times
 * 2024-02-29 12:00:00.000001+01:00, digits of the fraction only where there is one spans seconds,
 * all their digits  times of the day  12:00:00
 *
 * Bytes and nested values are refused. The R vector is new.
 *
 * Tests: tests/native/arrow/test_factor.py */
#include "arrow/level.h"

#include "arrow/decimal.h"
#include "arrow/text.h"
#include "core/helpers.h"
#include "values/float16.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

/* What writes a value into `to`. */
enum { ROOM = 96 };
typedef struct {
  const char *format;
  const void *data;
  int64_t offset;
  SEXP zone_offsets; /* of times in a zone by name: seconds, one a value */
} source;

/* ---- numbers ---- */

static bool write_integer(const source *s, int64_t i, char *to) {
  const void *data = s->data;
  int64_t at = s->offset + i;
  switch (s->format[0]) {
  case 'c':
    return snprintf(to, ROOM, "%d", ((const int8_t *)data)[at]) > 0;
  case 'C':
    return snprintf(to, ROOM, "%d", ((const uint8_t *)data)[at]) > 0;
  case 's':
    return snprintf(to, ROOM, "%d", ((const int16_t *)data)[at]) > 0;
  case 'S':
    return snprintf(to, ROOM, "%d", ((const uint16_t *)data)[at]) > 0;
  case 'i':
    return snprintf(to, ROOM, "%d", ((const int32_t *)data)[at]) > 0;
  case 'I':
    return snprintf(to, ROOM, "%u", ((const uint32_t *)data)[at]) > 0;
  case 'l':
    return snprintf(to, ROOM, "%lld", (long long)((const int64_t *)data)[at]) > 0;
  default:
    return snprintf(to, ROOM, "%llu", (unsigned long long)((const uint64_t *)data)[at]) > 0;
  }
}

static bool write_logical(const source *s, int64_t i, char *to) {
  int64_t bit = s->offset + i;
  bool value = ((const uint8_t *)s->data)[bit >> 3] >> (bit & 7) & 1;
  strcpy(to, value ? "TRUE" : "FALSE");
  return true;
}

/* Python's repr() is the shortest that reads back, in whatever locale. */
static bool write_number(double x, char *to) {
  if (!isfinite(x)) {
    strcpy(to, isnan(x) ? "NaN" : x > 0 ? "Inf" : "-Inf");
    return true;
  }
  char *text = PyOS_double_to_string(x, 'r', 0, 0, NULL);
  if (!text)
    return false;
  strcpy(to, text);
  PyMem_Free(text);
  return true;
}

/* The double that has the fewest digits of those that are this float. */
static bool shortest(float x, double *found) {
  int digits = fabsf(x) < FLT_MIN ? 1 : FLT_DIG;
  for (*found = x; digits <= FLT_DIG + 3; digits++) {
    char *text = PyOS_double_to_string(x, 'g', digits, 0, NULL);
    if (!text)
      return false;
    double value = PyOS_string_to_double(text, NULL, NULL);
    PyMem_Free(text);
    if ((float)value == x) {
      *found = value;
      return true;
    }
  }
  return true;
}

static bool write_double(const source *s, int64_t i, char *to) {
  int64_t at = s->offset + i;
  if (s->format[0] == 'g')
    return write_number(((const double *)s->data)[at], to);
  float x = s->format[0] == 'f' ? ((const float *)s->data)[at]
                                : (float)tb_float16_to_double(((const uint16_t *)s->data)[at]);
  double value = x;
  return (!isfinite(x) || shortest(x, &value)) && write_number(value, to);
}

static bool write_decimal(const source *s, int64_t i, char *to) {
  tb_decimal_text(s->format, s->data, s->offset + i, to);
  return true;
}

/* ---- dates and times ---- */

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }

/* Year, month, day of a count of days since 1970: Howard Hinnant, "chrono-Compatible Low-Level Date
 * Algorithms", civil_from_days. */
static int write_day(int64_t days, char *to) {
  days += 719468;
  int64_t era = floor_div(days, 146097), day = days - era * 146097;
  int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
  int64_t of_year = day - (365 * year + year / 4 - year / 100), part = (5 * of_year + 2) / 153;
  int64_t month = part < 10 ? part + 3 : part - 9;
  year += era * 400 + (month <= 2);
  return snprintf(to, ROOM, "%s%04lld-%02d-%02d", year < 0 ? "-" : "", llabs(year), (int)month,
                  (int)(of_year - (153 * part + 2) / 5 + 1));
}

static int64_t per_second(char unit) {
  return unit == 's' ? 1 : unit == 'm' ? 1000 : unit == 'u' ? 1000000 : 1000000000;
}

/* As Python writes it: six digits, or nine, or none. */
static int write_fraction(int64_t rest, int64_t per, char *to) {
  int64_t nanos = rest * (1000000000 / per);
  if (nanos == 0)
    return 0;
  return nanos % 1000 ? sprintf(to, ".%09lld", (long long)nanos)
                      : sprintf(to, ".%06lld", (long long)nanos / 1000);
}

static int write_clock(int64_t seconds, int64_t rest, int64_t per, char *to) {
  int n = snprintf(to, ROOM, "%02lld:%02d:%02d", (long long)(seconds / 3600),
                   (int)(seconds / 60 % 60), (int)(seconds % 60));
  return n + write_fraction(rest, per, to + n);
}

static int64_t count_at(const source *s, int64_t i, int bits) {
  return bits == 32 ? ((const int32_t *)s->data)[s->offset + i]
                    : ((const int64_t *)s->data)[s->offset + i];
}

static bool write_date(const source *s, int64_t i, char *to) {
  bool whole = s->format[2] == 'D';
  int64_t count = count_at(s, i, whole ? 32 : 64), day = whole ? count : floor_div(count, 86400000);
  int n = write_day(day, to);
  if (!whole && (count -= day * 86400000)) {
    to[n++] = ' ';
    write_clock(count / 1000, count % 1000, 1000, to + n);
  }
  return true;
}

static void write_offset(int offset, char *to) {
  int size = abs(offset);
  int n = sprintf(to, "%c%02d:%02d", offset < 0 ? '-' : '+', size / 3600, size / 60 % 60);
  if (size % 60) /* local mean time */
    sprintf(to + n, ":%02d", size % 60);
}

/* Seconds of "+09:00", "-0330" or "+09"; 0 for a name. */
static int fixed_offset(const char *zone) {
  int hours = 0, minutes = 0;
  if ((*zone != '+' && *zone != '-') || sscanf(zone + 1, "%2d:%2d", &hours, &minutes) < 1)
    return 0;
  if (!strchr(zone, ':'))
    sscanf(zone + 1, "%2d%2d", &hours, &minutes);
  int offset = 3600 * hours + 60 * minutes;
  return *zone == '-' ? -offset : offset;
}

static bool write_time(const source *s, int64_t i, char *to) {
  const char *zone = s->format + 4;
  int64_t per = per_second(s->format[2]), count = count_at(s, i, 64);
  int64_t seconds = floor_div(count, per), rest = count - seconds * per;
  int offset = s->zone_offsets ? INTEGER_ELT(s->zone_offsets, i) : fixed_offset(zone);
  int64_t local, day;
  if (__builtin_add_overflow(seconds, offset, &local)) /* at the end of time */
    local = seconds, offset = 0;
  day = floor_div(local, 86400);
  int n = write_day(day, to);
  to[n++] = ' ';
  n += write_clock(local - day * 86400, rest, per, to + n);
  if (*zone)
    write_offset(offset, to + n);
  return true;
}

static bool write_time_of_day(const source *s, int64_t i, char *to) {
  char unit = s->format[2];
  int64_t per = per_second(unit), count = count_at(s, i, unit == 's' || unit == 'm' ? 32 : 64);
  int64_t seconds = floor_div(count, per), rest = count - seconds * per;
  if (seconds >= 0)
    write_clock(seconds, rest, per, to);
  else /* before midnight is no time of day: as the number that it is */
    snprintf(to, ROOM, "%lld", (long long)count);
  return true;
}

static bool write_span(const source *s, int64_t i, char *to) {
  char unit = s->format[2];
  int64_t per = per_second(unit), count = count_at(s, i, 64);
  uint64_t size = count < 0 ? -(uint64_t)count : (uint64_t)count;
  int digits = unit == 's' ? 0 : unit == 'm' ? 3 : unit == 'u' ? 6 : 9;
  int n = snprintf(to, ROOM, "%s%llu", count < 0 ? "-" : "",
                   (unsigned long long)(size / (uint64_t)per));
  if (size % (uint64_t)per) {
    n += sprintf(to + n, ".%0*llu", digits, (unsigned long long)(size % (uint64_t)per));
    while (to[n - 1] == '0')
      to[--n] = '\0';
  }
  return true;
}

/* R knows the zones by name; NULL where it does not know this one, and UTC is told. */
static SEXP offsets_of(const tb_column *c, const char *format) {
  const char *zone = format + 4;
  if (!*zone || *zone == '+' || *zone == '-' || strcmp(zone, "UTC") == 0)
    return NULL;
  const tb_piece *p = &c->pieces[0];
  int64_t per = per_second(format[2]);
  SEXP seconds = PROTECT(Rf_allocVector(REALSXP, p->length));
  for (int64_t i = 0; i < p->length; i++)
    REAL(seconds)
  [i] = (double)floor_div(((const int64_t *)p->array->buffers[1])[p->offset + i], per);
  SEXP name = PROTECT(Rf_ScalarString(Rf_mkCharCE(zone, CE_UTF8)));
  SEXP call = PROTECT(Rf_lang3(tb_helper("zone_offsets"), seconds, name));
  SEXP offsets = Rf_eval(call, R_BaseEnv);
  UNPROTECT(3);
  return TYPEOF(offsets) == INTSXP && Rf_xlength(offsets) == p->length ? offsets : NULL;
}

/* ---- any value ---- */

static const struct writer {
  const char *formats; /* how they begin */
  bool (*write)(const source *s, int64_t i, char *to);
} writers[] = {
    {"b", write_logical},      {"c", write_integer}, {"C", write_integer}, {"s", write_integer},
    {"S", write_integer},      {"i", write_integer}, {"I", write_integer}, {"l", write_integer},
    {"L", write_integer},      {"e", write_double},  {"f", write_double},  {"g", write_double},
    {"d:", write_decimal},     {"td", write_date},   {"ts", write_time},   {"tD", write_span},
    {"tt", write_time_of_day},
};

static const struct writer *writer_of(const char *format) {
  for (size_t i = 0; i < sizeof writers / sizeof *writers; i++)
    if (strncmp(format, writers[i].formats, strlen(writers[i].formats)) == 0)
      return &writers[i];
  return NULL;
}

/* Fills `levels`; 'NA' as text is a level like others. */
static bool write_all(const tb_column *c, const struct writer *writer, SEXP levels) {
  const tb_piece *p = &c->pieces[0];
  source s = {.format = c->schema->format,
              .data = p->length ? p->array->buffers[1] : NULL,
              .offset = p->offset};
  if (writer->write == write_time)
    s.zone_offsets = offsets_of(c, s.format);
  PROTECT(s.zone_offsets ? s.zone_offsets : R_NilValue);
  bool done = true;
  for (int64_t i = 0; i < p->length && done; i++) {
    char text[2 * ROOM];
    if (!tb_valid(p, i)) {
      SET_STRING_ELT(levels, i, NA_STRING);
      continue;
    }
    done = writer->write(&s, i, text);
    if (done)
      SET_STRING_ELT(levels, i, Rf_mkCharCE(text, CE_UTF8));
  }
  UNPROTECT(1);
  return done;
}

static SEXP refused(const tb_column *c, const char *what) {
  tb_arrow_fail(&c->place, PyExc_TypeError, "a dictionary of %s: R's levels are text", what);
  return NULL;
}

SEXP tb_import_levels(const tb_column *c) {
  const char *format = c->schema->format;
  if (format[0] == '+' || c->schema->dictionary)
    return refused(c, "lists, structs or dictionaries");
  if (format[0] == 'u' || format[0] == 'U' || strcmp(format, "vu") == 0)
    return tb_import_text(c);
  const struct writer *writer = writer_of(format);
  if (!writer && format[0] != 'n')
    return refused(c, "bytes");
  if (format[0] == 'd' && !tb_decimal_fits(c))
    return NULL;
  SEXP levels = PROTECT(Rf_allocVector(STRSXP, c->length));
  bool done = true;
  if (writer)
    done = write_all(c, writer, levels);
  for (int64_t i = 0; !writer && i < c->length; i++)
    SET_STRING_ELT(levels, i, NA_STRING);
  UNPROTECT(1);
  return done ? levels : NULL;
}
