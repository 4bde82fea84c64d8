/* Operators of tensors that follow R's rules. */
#ifndef TB_NUMERIC_H
#define TB_NUMERIC_H

#include "core/base.h"

/* An R operator or function ("+", "%*%", "neg", "!", "exp", "sum", "[" with one position, ...)
 * where an operand is a torch_numeric; y is NULL where there is one. Its R value; for "[" R's NULL
 * where R code must find the positions. May jump; without the GIL. */
SEXP tb_by_r_rules(SEXP name, SEXP x, SEXP y);

#endif
