/* R vectors over memory that somebody else owns (ALTREP). */
#ifndef TB_FOREIGN_H
#define TB_FOREIGN_H

#include "core/base.h"

/* Those that R has come first: they are read in place. */
typedef enum { F64, I64, I32, U8, C128, F32, F16, BF16, I16, I8, U16, BOOL } tb_element;

/* Memory laid out as R lays out an array, aligned to its elements. */
typedef struct {
  const void *data; /* may be NULL where there are no elements */
  R_xlen_t length;
  tb_element type;
  int rank;
  const int64_t *shape;
  void *owner;
  void (*release)(void *owner); /* with the GIL, on R's main thread */
} tb_foreign_memory;

void tb_foreign_init(void *dll_info);

bool tb_is_foreign(SEXP x); /* one of these? */

/* An RObject, writable until frozen, that owns the owner; or NULL with an exception, and then the
 * owner is as it was. */
PyObject *tb_foreign_vector(const tb_foreign_memory *memory);

#endif
