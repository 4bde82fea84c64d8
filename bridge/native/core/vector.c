/* R vectors as C sees them. None of these owns anything: a pointer into a vector lives as long as
 * the vector, which the caller keeps.
 *
 * Tests: tests/native/values/test_object.py */
#include "core/vector.h"

#include "core/memory.h"

SEXP tb_attribute(SEXP x, SEXP name) {
  return TYPEOF(x) == CHARSXP ? R_NilValue : Rf_getAttrib(x, name);
}

bool tb_has_class(SEXP x, const char *name) {
  SEXP classes = Rf_isObject(x) ? Rf_getAttrib(x, R_ClassSymbol) : R_NilValue;
  for (R_xlen_t i = 0; i < (TYPEOF(classes) == STRSXP ? Rf_xlength(classes) : 0); i++)
    if (strcmp(R_CHAR(STRING_ELT(classes, i)), name) == 0)
      return true;
  return false;
}

bool tb_is_int64(SEXP x) {
  return TYPEOF(x) == REALSXP && (tb_has_class(x, "integer64") || tb_has_class(x, "nanotime"));
}

const void *tb_data(SEXP x) {
  /* A vector whose memory has been released (foreign.c) raises its error here: raised in Dataptr it
   * would leave R's collector switched off. */
  (void)Rf_xlength(x);
  switch (TYPEOF(x)) {
  case LGLSXP:
    return LOGICAL_RO(x);
  case INTSXP:
    return INTEGER_RO(x);
  case REALSXP:
    return REAL_RO(x);
  case CPLXSXP:
    return COMPLEX_RO(x);
  case RAWSXP:
    return RAW_RO(x);
  default:
    Rf_error("R type '%s' is not a vector of numbers", Rf_type2char(TYPEOF(x)));
  }
}

size_t tb_element_size(SEXPTYPE type) {
  return type == REALSXP ? 8 : type == CPLXSXP ? 16 : type == RAWSXP ? 1 : 4;
}

SEXP tb_new_vector(SEXPTYPE type, R_xlen_t n) {
  SEXP x = Rf_allocVector(type, n);
  if (type == STRSXP || type == VECSXP)
    return x; /* written already */
  tb_use_large_pages((void *)tb_data(x), (size_t)n * tb_element_size(type));
  return x;
}

void tb_set_class(SEXP x, const char *first, const char *second) {
  SEXP classes = PROTECT(Rf_allocVector(STRSXP, second ? 2 : 1));
  SET_STRING_ELT(classes, 0, Rf_mkChar(first));
  if (second)
    SET_STRING_ELT(classes, 1, Rf_mkChar(second));
  Rf_setAttrib(x, R_ClassSymbol, classes);
  UNPROTECT(1);
}

void tb_set_rows(SEXP frame, R_xlen_t rows) {
  SEXP compact = PROTECT(Rf_allocVector(INTSXP, 2));
  INTEGER(compact)[0] = NA_INTEGER;
  INTEGER(compact)[1] = -(int)rows;
  Rf_setAttrib(frame, R_RowNamesSymbol, compact);
  UNPROTECT(1);
}
