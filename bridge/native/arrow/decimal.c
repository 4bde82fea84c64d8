/* Arrow's decimals -> the nearest double; R has no decimals that would go the other way. The R
 * vector is new.
 *
 * Tests: tests/native/arrow/test_arrow.py */
#include "arrow/decimal.h"

#include "core/vector.h"

#include <stdlib.h>

__extension__ typedef __int128 int128;

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

SEXP tb_import_decimal(const tb_column *c) {
  char *end;
  strtol(c->schema->format + 2, &end, 10);
  long scale = *end == ',' ? strtol(end + 1, &end, 10) : -1,
       bits = *end == ',' ? strtol(end + 1, &end, 10) : 128;
  if (scale < 0 || scale > 38 || (bits != 32 && bits != 64 && bits != 128)) {
    tb_arrow_fail(
        &c->place, PyExc_ValueError,
        "decimals of more than 128 bits, or of a negative scale: cast them in Arrow first");
    return NULL;
  }
  SEXP x = PROTECT(tb_new_vector(REALSXP, c->length));
  double *to = REAL(x), power = power_of_ten(scale);
  int64_t lost = 0;
  for (int64_t k = 0; k < c->n_pieces; to += c->pieces[k++].length) {
    const tb_piece *p = &c->pieces[k];
    for (int64_t i = 0; i < p->length; i++) {
      const char *at =
          (const char *)p->array->buffers[1] + (size_t)(p->offset + i) * (size_t)bits / 8;
      int128 digits = 0;
      if (!tb_valid(p, i)) {
        to[i] = NA_REAL;
        continue;
      }
      if (bits == 128)
        memcpy(&digits, at, sizeof digits);
      else
        digits = bits == 64 ? *(const int64_t *)at : *(const int32_t *)at;
      to[i] = (double)digits / power;
      lost += !decimal_is_exact(digits, scale);
    }
  }
  UNPROTECT(1);
  if (lost &&
      !tb_arrow_note(&c->place, "%lld decimals have more digits than a double", (long long)lost))
    return NULL;
  return x;
}
