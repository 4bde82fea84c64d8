/* R external pointers that own one Python object. */
#ifndef TB_HANDLE_H
#define TB_HANDLE_H

#include "core/base.h"

void tb_handle_init(void);
SEXP tb_handle(PyObject *x, bool tensor); /* may jump */
SEXP tb_numeric_handle(PyObject *x);      /* of a tensor that follows R's rules; may jump */
SEXP tb_numeric_of(SEXP x); /* a new handle of a plain tensor as such a one; else x; may jump */
/* A tensor's handle that holds nothing as yet (may jump), filled with a plain tensor (false: x is
 * none, or not for this handle; of_little: what x was made of keeps little memory alive), or kept
 * for the next to ask. */
SEXP tb_handle_ready(void);
bool tb_handle_fill(SEXP handle, PyObject *x, bool of_little);
void tb_handle_keep_ready(SEXP handle);
bool tb_is_handle(SEXP x);
bool tb_handle_is_little(SEXP x);  /* a tensor's that keeps no more than TB_LITTLE_BYTES alive? */
bool tb_is_numeric_handle(SEXP x); /* the R package's torch_numeric? */
/* The handle of a Python callable that R holds as a function; any other x is itself. */
SEXP tb_handle_of(SEXP x);
PyObject *tb_handle_object(SEXP x); /* borrowed; NULL without exception if it is none, or saved */
/* A saved handle owns x again: 0, or -1 with an exception; may jump. */
int tb_handle_revive(SEXP pointer, PyObject *x);

/* What R gets as a torch_tensor: the class, its subclasses. None until Python has torch. */
void tb_set_tensor_type(PyTypeObject *type);
bool tb_is_tensor(PyObject *x);
bool tb_is_plain_tensor(PyObject *x); /* of the class itself */

#endif
