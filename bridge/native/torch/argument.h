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
  SIZE = 1024 /* one of several ints that are given one by one */
};

/* `name` is the argument's, for messages. May jump. */
PyObject *tb_argument(SEXP x, int kinds, const char *name);

/* The message of the exception counts dims and positions from 1. */
void tb_count_from_one(void);

#endif
