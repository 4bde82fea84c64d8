/* R calls Python: .Call entries of the R package and of host.R. */
#ifndef TB_TO_PYTHON_H
#define TB_TO_PYTHON_H

#include "core/base.h"

/* function(*args): named elements of the list args are keywords. For torchbridge's own calls, whose
 * values go without names. */
SEXP tb_entry_call(SEXP function, SEXP args);
/* The same of a function that R looked up: its arguments are a user's. */
SEXP tb_entry_call_found(SEXP function, SEXP args);
/* The same of a function that Python gave to an R function: it gets what results of R's are. */
SEXP tb_entry_call_back(SEXP function, SEXP args);
/* function(x) of torchbridge's own that takes doubles and gives doubles: bytes there. */
SEXP tb_entry_numbers(SEXP function, SEXP x);
SEXP tb_entry_getattr(SEXP object, SEXP name);
SEXP tb_entry_setattr(SEXP object, SEXP name, SEXP value);
SEXP tb_entry_import(SEXP name);
/* The hook for_r's <name>(x, *args): x arrives as it is (an RObject, or the Python
 * object of a handle), so that the function sees R's own vector. */
SEXP tb_entry_api(SEXP name, SEXP x, SEXP args);

#endif
