/* R's call of an operator. */
#ifndef TB_DISPATCH_H
#define TB_DISPATCH_H

#include "core/base.h"

SEXP tb_entry_op(SEXP args);                  /* .External(entry, "torch_sum", ...) */
SEXP tb_entry_op1(SEXP name, SEXP x);         /* .Call(entry, "neg", x) */
SEXP tb_entry_op2(SEXP name, SEXP x, SEXP y); /* .Call(entry, "+", x, y) */

#endif
