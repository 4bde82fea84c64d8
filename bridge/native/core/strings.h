/* Strings in both directions. */
#ifndef TB_STRINGS_H
#define TB_STRINGS_H

#include "core/base.h"

/* What is no text is an error that names it: element i, counted from 0, of what `kind` says
 * ("element", "name"). All may jump. */
PyObject *tb_string_from_r(SEXP x, const char *kind, R_xlen_t i); /* of a CHARSXP; None for NA */
SEXP tb_string_to_r(PyObject *x, const char *kind, R_xlen_t i);   /* a CHARSXP, or NULL */
/* The UTF-8 of a CHARSXP but NA, and its bytes: its own memory or R's transient one. NULL without
 * an exception: it is no text, and `why` says what it is. */
const char *tb_utf8(SEXP x, int64_t *size, const char **why);
bool tb_valid_utf8(const char *text, int64_t n);

/* Classes and messages, which never fail: what is no text is escaped. */
PyObject *tb_strings_from_r(SEXP x);      /* a tuple; not NA; may jump */
bool tb_strings_may_jump(SEXP x);         /* in that, where x may have to be translated first */
SEXP tb_strings_to_r(PyObject *sequence); /* of a sequence, or NULL for none; may jump */
PyObject *tb_message_from_r(SEXP x);      /* of a CHARSXP; may jump */
SEXP tb_message_to_r(PyObject *x);        /* the CHARSXP of a str, or NULL; may jump */

#endif
