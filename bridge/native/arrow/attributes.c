/* The attributes that say what the values of an R vector mean. R owns them all.
 *
 * Tests: tests/native/arrow/test_arrow.py */
#include "arrow/attributes.h"

#include "core/strings.h"
#include "core/vector.h"

static const char *const kept[] = {"class", "levels", "tzone", "units"};
enum { KEPT = sizeof kept / sizeof *kept };

void tb_copy_meaning(SEXP to, SEXP from) {
  if (!tb_has_class(from,
                    "data.frame")) { /* types that Python knows have attributes of their own */
    Rf_copyMostAttrib(from, to);
    return;
  }
  for (int i = 0; i < KEPT; i++) {
    SEXP value = Rf_getAttrib(from, Rf_install(kept[i]));
    if (value != R_NilValue)
      Rf_setAttrib(to, Rf_install(kept[i]), value);
  }
}

bool tb_same_meaning(SEXP a, SEXP b) {
  for (int i = 0; i < KEPT; i++) {
    SEXP symbol = Rf_install(kept[i]);
    if (!R_compute_identical(Rf_getAttrib(a, symbol), Rf_getAttrib(b, symbol), 16))
      return false;
  }
  return TYPEOF(a) == TYPEOF(b);
}

bool tb_string_attribute(const tb_place *place, SEXP x, const char *name, const char **value) {
  SEXP found = Rf_getAttrib(x, Rf_install(name));
  int64_t size;
  const char *why;
  *value = NULL;
  if (TYPEOF(found) != STRSXP || Rf_xlength(found) < 1 || STRING_ELT(found, 0) == NA_STRING)
    return true;
  *value = tb_utf8(STRING_ELT(found, 0), &size, &why);
  return *value || tb_arrow_fail(place, PyExc_ValueError, "its attribute '%s' %s", name, why);
}
