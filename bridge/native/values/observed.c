/* Vectors that know whether somebody has looked at their elements (ALTREP).
 *
 * A differentiated R function that is replayed with other data may not have seen the values of
 * these: with such a vector in their place R's code runs as ever, and whatever in R or in a package
 * reads an element leaves a mark. Length and attributes are read without. A copy is a plain vector,
 * for which the elements were read.
 *
 * data1 is the vector itself, data2 c(id, looked).
 *
 * Tests: test-autodiff-observed.R */
#include "values/observed.h"

#include "core/vector.h"

#include <R_ext/Altrep.h>

static R_altrep_class_t real_class, integer_class, logical_class, string_class;

/* ---- ALTREP methods ---- */

static SEXP looked_at(SEXP x) {
  INTEGER(R_altrep_data2(x))[1] = 1;
  return R_altrep_data1(x);
}

static R_xlen_t length(SEXP x) { return Rf_xlength(R_altrep_data1(x)); }

static Rboolean inspect(SEXP x, int pre, int deep, int pvec, void (*subtree)(SEXP, int, int, int)) {
  (void)pre, (void)deep, (void)pvec, (void)subtree;
  Rprintf(" torchbridge observed vector (length %lld)\n", (long long)length(x));
  return TRUE;
}

/* The vector is marked immutable: R duplicates before writing. */
static void *dataptr(SEXP x, Rboolean writable) {
  (void)writable;
  SEXP root = looked_at(x);
  return TYPEOF(root) == STRSXP ? (void *)STRING_PTR_RO(root) : (void *)tb_data(root);
}

static const void *dataptr_or_null(SEXP x) {
  (void)x;
  return NULL;
}

static double real_elt(SEXP x, R_xlen_t i) { return REAL_ELT(looked_at(x), i); }
static int integer_elt(SEXP x, R_xlen_t i) { return INTEGER_ELT(looked_at(x), i); }
static int logical_elt(SEXP x, R_xlen_t i) { return LOGICAL_ELT(looked_at(x), i); }
static SEXP string_elt(SEXP x, R_xlen_t i) { return STRING_ELT(looked_at(x), i); }

static R_xlen_t real_region(SEXP x, R_xlen_t i, R_xlen_t n, double *to) {
  return REAL_GET_REGION(looked_at(x), i, n, to);
}
static R_xlen_t integer_region(SEXP x, R_xlen_t i, R_xlen_t n, int *to) {
  return INTEGER_GET_REGION(looked_at(x), i, n, to);
}
static R_xlen_t logical_region(SEXP x, R_xlen_t i, R_xlen_t n, int *to) {
  return LOGICAL_GET_REGION(looked_at(x), i, n, to);
}

static void common_methods(R_altrep_class_t class) {
  R_set_altrep_Length_method(class, length);
  R_set_altrep_Inspect_method(class, inspect);
  R_set_altvec_Dataptr_method(class, dataptr);
  R_set_altvec_Dataptr_or_null_method(class, dataptr_or_null);
}

void tb_observed_init(void *dll_info) {
  DllInfo *dll = dll_info;
  real_class = R_make_altreal_class("observed_real", "torchbridge", dll);
  R_set_altreal_Elt_method(real_class, real_elt);
  R_set_altreal_Get_region_method(real_class, real_region);
  integer_class = R_make_altinteger_class("observed_integer", "torchbridge", dll);
  R_set_altinteger_Elt_method(integer_class, integer_elt);
  R_set_altinteger_Get_region_method(integer_class, integer_region);
  logical_class = R_make_altlogical_class("observed_logical", "torchbridge", dll);
  R_set_altlogical_Elt_method(logical_class, logical_elt);
  R_set_altlogical_Get_region_method(logical_class, logical_region);
  string_class = R_make_altstring_class("observed_string", "torchbridge", dll);
  R_set_altstring_Elt_method(string_class, string_elt);
  common_methods(real_class);
  common_methods(integer_class);
  common_methods(logical_class);
  common_methods(string_class);
}

/* ---- R's entries ---- */

SEXP tb_entry_observe(SEXP x, SEXP id) {
  SEXPTYPE type = TYPEOF(x);
  if (type != REALSXP && type != INTSXP && type != LGLSXP && type != STRSXP)
    Rf_error("no vector of numbers, truth values or strings");
  SEXP state = PROTECT(Rf_allocVector(INTSXP, 2));
  INTEGER(state)[0] = Rf_asInteger(id);
  INTEGER(state)[1] = 0;
  R_altrep_class_t class = type == REALSXP  ? real_class
                           : type == INTSXP ? integer_class
                           : type == LGLSXP ? logical_class
                                            : string_class;
  SEXP made = PROTECT(R_new_altrep(class, x, state));
  Rf_copyMostAttrib(x, made); /* all but the three */
  SEXP symbols[] = {R_DimSymbol, R_DimNamesSymbol, R_NamesSymbol};
  bool shaped = false;
  for (int k = 0; k < 3; k++) {
    SEXP value = PROTECT(k == 2 && shaped ? R_NilValue : Rf_getAttrib(x, symbols[k]));
    if (value != R_NilValue)
      Rf_setAttrib(made, symbols[k], value);
    shaped = shaped || value != R_NilValue; /* (an array's names are its dimnames) */
    UNPROTECT(1);
  }
  INTEGER(state)[1] = 0;
  MARK_NOT_MUTABLE(made);
  UNPROTECT(2);
  return made;
}

bool tb_is_observed(SEXP x) {
  return ALTREP(x) && (R_altrep_inherits(x, real_class) || R_altrep_inherits(x, integer_class) ||
                       R_altrep_inherits(x, logical_class) || R_altrep_inherits(x, string_class));
}

SEXP tb_entry_observed(SEXP x, SEXP anew) {
  if (!tb_is_observed(x))
    return R_NilValue;
  SEXP state = R_altrep_data2(x);
  if (Rf_asLogical(anew) == TRUE)
    INTEGER(state)[1] = 0;
  return state;
}
