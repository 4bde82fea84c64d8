/* Operator: a PyTorch function and what its arguments are to R. */
#ifndef TB_OPERATOR_H
#define TB_OPERATOR_H

#include "core/base.h"

typedef struct {
  SEXP r_name;
  PyObject *python_name;
  int kinds;  /* tb_kind */
  int places; /* bit i: may be given as the i-th by position */
} tb_parameter;

typedef struct {
  PyObject_HEAD
  PyObject *name, *function, *results;
  int n_positional, n_named, n_order;
  int *positional; /* kinds */
  tb_parameter *named;
  const tb_parameter **order; /* R's order of arguments, into named */
  unsigned index_results;     /* bit i: result i is positions */
} Operator;

extern PyTypeObject tb_OperatorType;

/* The Operator of an R name (a CHARSXP): borrowed, and kept; NULL with an exception where PyTorch
 * has no such function. */
const Operator *tb_operator(SEXP name);

/* The same if it has been asked for before, else NULL without exception. */
const Operator *tb_known_operator(SEXP name);

#endif
