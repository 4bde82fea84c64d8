/* Arguments of operators: the Python value of an R value, by what the operator takes. */
#ifndef TB_ARGUMENT_H
#define TB_ARGUMENT_H

#include "core/base.h"

/* What an argument may be, as bits: those of Python's operators module, in the same order. */
enum tb_kind {
  TENSOR = 1,
  TENSORS = 2,
  DIM = 4,
  INDEX = 8,
  POSITION = 16,
  SCALAR = 32,
  DTYPE = 64,
  INT = 128,
  INTS = 256,
  NAMES = 512,
  BOOL = 1024,
  SIZE = 2048 /* one of several ints that are given one by one */
};

/* All that a call was given: an R vector becomes a tensor on the device of the first tensor there.
 */
typedef struct {
  const SEXP *values;
  R_xlen_t n;
  bool *calm; /* where nothing may jump: becomes false, with NULL but no exception, if it might */
} tb_given;

/* `name` is the argument's, for messages. May jump, but for `calm` with plain numbers and handles.
 */
PyObject *tb_argument(SEXP x, int kinds, const char *name, const tb_given *given);

/* One number in R's own memory, of no class: reading it never jumps. */
bool tb_is_plain_number(SEXP x);

/* The message of the exception counts dims and positions from 1. */
void tb_count_from_one(void);

#endif
