/* Entries into the core: what R and Python call first. */
#ifndef TB_ENTRY_H
#define TB_ENTRY_H

#include "core/base.h"

/* From Python: may R be called here? 0, or -1 with a RuntimeError or RecursionError set. Also
 * releases what waits for it. */
int tb_check_thread(void);

/* From R, without the GIL: takes it and runs work(data, &result), which may jump and leaves an R
 * value or (-1) a Python exception; gives the GIL back, and signals the exception as an R error. */
SEXP tb_enter(int (*work)(void *data, SEXP *result), void *data);

/* The same where the result is a tensor as a rule, for the hot path: quick(data), which must not
 * jump, gives what it holds (tb_hold), and whether that was made of tensors that keep little memory
 * alive; R need not be kept from jumping. Where that is no plain
 * tensor, or NULL, with an exception or without, work(data, &result) goes on from what quick() left
 * in the data. */
SEXP tb_enter_for_tensor(PyObject *(*quick)(void *data, bool *little),
                         int (*work)(void *data, SEXP *result), void *data);

/* Arguments of .Call entries, before the GIL is taken; an R error where they are none. */
const char *tb_string_argument(SEXP x, const char *name);
PyObject *tb_object_argument(SEXP x); /* borrowed: the Python object of a handle */

#endif
