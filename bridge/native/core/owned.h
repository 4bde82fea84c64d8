/* What a handle owns: one Python object, and what is known of it. */
#ifndef TB_OWNED_H
#define TB_OWNED_H

#include "core/base.h"

enum tb_little { TB_LITTLE_UNKNOWN, TB_LITTLE, TB_NOT_LITTLE };

typedef struct tb_owned {
  PyObject *object;
  SEXP handle; /* whose it is, compared only; NULL: nobody's */
  int64_t bytes;
  enum tb_little little; /* does it keep no more than a few bytes alive? */
  bool untracked;        /* by Python's collector, as long as this lives */
  bool in_block;         /* this memory is a block's (core/blocks.c) */
  struct tb_owned *next; /* of the free ones */
} tb_owned;

tb_owned *tb_owned_new(void); /* NULL: there is no memory */
/* The handle owns x, by what is filled here; bytes is 0 of what is no tensor; tensor: it is a plain
 * one. Nothing can jump. */
void tb_own(SEXP handle, tb_owned *o, PyObject *x, int64_t bytes, bool tensor);
void tb_disown(tb_owned *o);         /* its object goes, with the GIL or once Python has ended */
bool tb_disowning(void);             /* is that going on? */
tb_owned *tb_owned_by(SEXP handle);  /* NULL: the handle owns nothing, or not any more */
void tb_owned_finalize(SEXP handle); /* the handle's own finalizer */

#endif
