/* Floating point numbers of 16 bits: float16 of IEEE 754, and bfloat16, the upper half of a
 * float.
 *
 * Tests: tests/native/torch/test_foreign.py */
#include "values/float16.h"

double tb_float16_to_double(uint16_t bits) {
  int exponent = bits >> 10 & 31;
  double fraction = bits & 1023, value;
  if (exponent == 31)
    value = fraction ? R_NaN : R_PosInf;
  else if (exponent == 0)
    value = ldexp(fraction, -24);
  else
    value = ldexp(1024 + fraction, exponent - 25);
  return bits >> 15 ? -value : value;
}

double tb_bfloat16_to_double(uint16_t bits) {
  uint32_t wide = (uint32_t)bits << 16;
  float value;
  memcpy(&value, &wide, sizeof value);
  return value;
}
