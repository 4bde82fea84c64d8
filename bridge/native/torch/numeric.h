/* Operators of tensors that follow R's rules. */
#ifndef TB_NUMERIC_H
#define TB_NUMERIC_H

#include "core/base.h"

/* An R operator or function ("+", "%*%", "neg", "!", "exp", "sum", ...) where an operand is a
 * torch_numeric; y is NULL where there is one. Its R value. May jump; without the GIL. */
SEXP tb_by_r_rules(SEXP name, SEXP x, SEXP y);

/* A rule of any number of operands, a list ("c", "pmax", "dnorm", ...), one a torch_numeric; R's
 * NULL where R code must do it: beside other operands, names, and errors. */
SEXP tb_entry_numeric_rule(SEXP name, SEXP operands);

/* The attributes that hold a torch_numeric's names and dimnames. */
SEXP tb_names_symbol(void), tb_dimnames_symbol(void);

#endif
