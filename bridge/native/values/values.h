/* Any value, in both directions. */
#ifndef TB_VALUES_H
#define TB_VALUES_H

#include "values/lists.h"

PyObject *tb_from_r(SEXP x, tb_vectors vectors); /* may jump */
/* A Python object as another bridge (reticulate) holds it: tb_from_r() gives the object itself. */
bool tb_is_reticulate(SEXP x);
/* 0 with the result unprotected, or -1 with an exception; may jump. */
int tb_to_r(PyObject *x, SEXP *result);
/* Callables that become R functions from now on are callbacks of an R function (true): they get R's
 * vectors as its results are given. What held before. */
bool tb_set_callbacks(bool now);
/* The same of a value that a function has just made (stolen; NULL: its exception is set), for
 * tb_enter, which releases it. */
int tb_give(PyObject *value, SEXP *result);

#endif
