/* What a handle leaves in a saved R object (saveRDS, serialize). */
#ifndef TB_FROZEN_H
#define TB_FROZEN_H

#include "core/base.h"

/* What values/saved.c does, which knows how objects become bytes. */
typedef struct {
  /* The bytes of a handle's object; NULL, with or without an exception: there are none. */
  PyObject *(*freeze)(SEXP pointer);
  /* The object of a handle that readRDS() has read: borrowed, or NULL with an exception; may jump.
   */
  PyObject *(*thaw)(SEXP pointer);
  void (*leave_block)(SEXP pointer); /* tb_block_leave() */
} tb_saving;

void tb_frozen_init(void *dll_info, const tb_saving *how);
SEXP tb_frozen_tag(void);                      /* of the handles of this session */
bool tb_is_saved_tag(SEXP x);                  /* of those of another one, too */
void tb_frozen_set(SEXP pointer, bool tensor); /* what R is to write of a handle; may jump */
void tb_frozen_release(void);                  /* what was made for writing */
void tb_frozen_forget(SEXP pointer);           /* the handle is being collected */
PyObject *tb_thaw(SEXP pointer);               /* as of tb_saving */

#endif
