/* Strings in both directions. */
#ifndef TB_STRINGS_H
#define TB_STRINGS_H

#include "core/base.h"

PyObject *tb_string_from_r(SEXP x); /* of a CHARSXP, None for NA; may jump */
SEXP tb_string_to_r(PyObject *x);   /* the CHARSXP of a str, or NULL with an exception; may jump */
/* Several at once, as names, classes and messages are; what is no text becomes a mark of that. */
PyObject *tb_strings_from_r(SEXP x);      /* a tuple; not NA; may jump */
SEXP tb_strings_to_r(PyObject *sequence); /* of a sequence, or NULL for none; may jump */

#endif
