/* Lists and dicts in both directions. */
#ifndef TB_LISTS_H
#define TB_LISTS_H

#include "core/base.h"

/* How a plain vector of numbers (length not 1) arrives in Python: as a literal, for the arguments
 * of Python functions, or as NumPy, for the results of R functions. With TB_LABELLED what the user
 * sees keeps its names, or a LossyWarning says that it does not; torchbridge's own calls go
 * without. */
enum { TB_AS_LIST = 0, TB_AS_NUMPY = 1, TB_LABELLED = 2 };
typedef unsigned tb_vectors;

/* How an item is converted, which may be of any type: values.c says. `depth` is that of the item.
 */
typedef PyObject *(*tb_item_from_r)(SEXP x, tb_vectors vectors, int depth);
typedef int (*tb_item_to_r)(PyObject *x, SEXP *result, int depth);

/* All may jump; what is given to R is unprotected. `depth` is that of the list. */
PyObject *tb_list_from_r(SEXP x, tb_vectors vectors, int depth, tb_item_from_r item);
int tb_sequence_to_r(PyObject *x, SEXP *result, int depth, tb_item_to_r item);
int tb_dict_to_r(PyObject *x, SEXP *result, int depth, tb_item_to_r item);

#endif
