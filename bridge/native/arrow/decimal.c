/* Arrow's decimals -> the nearest double, or text; R has no decimals that would go the other way.
 * The R vector is new.
 *
 * Tests: tests/native/arrow/test_arrow.py, tests/native/arrow/test_factor.py */
#include "arrow/decimal.h"

#include "core/vector.h"

#include <stdlib.h>

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

static double power_of_ten(long scale) {
  double power = 1;
  for (; scale > 0; scale--)
    power *= 10;
  return power;
}

/* Up to 2^53 the digits and up to 10^22 the power are doubles, and so their quotient is nearest. */
static bool decimal_is_exact(int128 digits, long scale) {
  const int128 most = (int128)1 << 53;
  return digits >= -most && digits <= most && scale >= 0 && scale <= 22;
}

typedef struct {
  long scale, bits; /* digits after the point; of a value */
} kind;

static kind kind_of(const char *format) {
  char *end;
  strtol(format + 2, &end, 10);
  kind k = {.scale = *end == ',' ? strtol(end + 1, &end, 10) : -1};
  k.bits = *end == ',' ? strtol(end + 1, &end, 10) : 128;
  return k;
}

bool tb_decimal_fits(const tb_column *c) {
  kind k = kind_of(c->schema->format);
  if (k.scale >= 0 && k.scale <= 38 && (k.bits == 32 || k.bits == 64 || k.bits == 128))
    return true;
  return tb_arrow_fail(
      &c->place, PyExc_ValueError,
      "decimals of more than 128 bits, or of a negative scale: cast them in Arrow first");
}

/* Its digits, without the point. */
static int128 digits_at(kind k, const void *data, int64_t at) {
  const char *from = (const char *)data + (size_t)at * (size_t)k.bits / 8;
  int128 digits = 0;
  int64_t middle;
  int32_t narrow;
  if (k.bits == 128)
    memcpy(&digits, from, sizeof digits);
  else if (k.bits == 64)
    digits = (memcpy(&middle, from, sizeof middle), middle);
  else
    digits = (memcpy(&narrow, from, sizeof narrow), narrow);
  return digits;
}

SEXP tb_import_decimal(const tb_column *c) {
  if (!tb_decimal_fits(c))
    return NULL;
  kind k = kind_of(c->schema->format);
  SEXP x = PROTECT(tb_new_vector(REALSXP, c->length));
  double *to = REAL(x), power = power_of_ten(k.scale);
  int64_t lost = 0;
  for (int64_t j = 0; j < c->n_pieces; to += c->pieces[j++].length) {
    const tb_piece *p = &c->pieces[j];
    for (int64_t i = 0; i < p->length; i++) {
      if (!tb_valid(p, i)) {
        to[i] = NA_REAL;
        continue;
      }
      int128 digits = digits_at(k, p->array->buffers[1], p->offset + i);
      to[i] = (double)digits / power;
      lost += !decimal_is_exact(digits, k.scale);
    }
  }
  UNPROTECT(1);
  if (lost &&
      !tb_arrow_note(&c->place, "%lld decimals have more digits than a double", (long long)lost))
    return NULL;
  return x;
}

void tb_decimal_text(const char *format, const void *data, int64_t at, char *to) {
  kind k = kind_of(format);
  int128 digits = digits_at(k, data, at);
  uint128 size = digits < 0 ? -(uint128)digits : (uint128)digits;
  char reversed[TB_DECIMAL_ROOM];
  int n = 0;
  for (; size || n <= k.scale; size /= 10) {
    if (n == k.scale && k.scale)
      reversed[n++] = '.';
    reversed[n++] = (char)('0' + (int)(size % 10));
  }
  if (digits < 0)
    *to++ = '-';
  while (n)
    *to++ = reversed[--n];
  *to = '\0';
}
