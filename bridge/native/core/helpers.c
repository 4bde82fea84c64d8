/* The R side of the core: an environment of small functions, preserved for ever.
 *
 * Tests: tests/native/core/test_errors.py */
#include "core/helpers.h"

static SEXP helpers = NULL;

void tb_set_helpers(SEXP environment) {
  R_PreserveObject(environment);
  helpers = environment;
}

SEXP tb_helper(const char *name) {
  SEXP symbol = Rf_install(name);
  if (!helpers || !R_existsVarInFrame(helpers, symbol))
    Rf_error("torchbridge: host.R has no function '%s'", name);
  return Rf_eval(symbol, helpers);
}
