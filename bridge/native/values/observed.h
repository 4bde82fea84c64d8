/* Vectors that know whether somebody has looked at their elements. */
#ifndef TB_OBSERVED_H
#define TB_OBSERVED_H

#include "core/base.h"

bool tb_is_observed(SEXP x);

void tb_observed_init(void *dll_info); /* DllInfo */

/* A vector (numbers, truth values or strings) as another that reads the same, with its attributes.
 * `id` is an integer by which it is known. */
SEXP tb_entry_observe(SEXP x, SEXP id);

/* Of such a vector c(id, looked), which stays up to date; NULL of any other. `anew` TRUE: from now
 * on nobody has looked at it. */
SEXP tb_entry_observed(SEXP x, SEXP anew);

#endif
