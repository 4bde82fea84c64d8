/* R vectors as C sees them: type, class, memory. Nothing here runs R code. */
#ifndef TB_VECTOR_H
#define TB_VECTOR_H

#include "core/base.h"

bool tb_has_class(SEXP x, const char *name); /* inherits(), but runs no R code */
SEXP tb_attribute(SEXP x, SEXP name); /* Rf_getAttrib() that never jumps, for dim and class */
bool tb_is_int64(SEXP x); /* bit64's integer64 (or nanotime): int64 bits in a double vector */
/* The base pointer of a vector of numbers. May jump, as ALTREP may materialise. */
const void *tb_data(SEXP x);
size_t tb_element_size(SEXPTYPE type);         /* of a vector of numbers, in bytes */
SEXP tb_new_vector(SEXPTYPE type, R_xlen_t n); /* a vector to be written as a whole; may jump */
void tb_set_class(SEXP x, const char *first, const char *second); /* second may be NULL; may jump */
void tb_set_rows(SEXP frame, R_xlen_t rows); /* row names 1, 2, ...; may jump */

/* R's NA: a NaN whose low word is 1954. */
static inline bool tb_is_na(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  return x != x && (uint32_t)bits == 1954;
}

#define TB_INT64_NA INT64_MIN

#endif
