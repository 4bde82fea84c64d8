/* Blocks of handles that have one finalizer together. */
#ifndef TB_BLOCKS_H
#define TB_BLOCKS_H

#include "core/base.h"

/* Bytes that a tensor of a block may keep alive. */
enum { TB_LITTLE_BYTES = 8192 };

void tb_blocks_init(void);
void tb_blocks_look(void);        /* has R collected since? May jump */
bool tb_blocks_behind(void);      /* it has, while blocks were at work */
bool tb_blocks_wanted(void);      /* is the next handle to be one of a block? May jump */
void tb_blocks_next(bool little); /* a tensor came: one for a block? */
void tb_block_join(SEXP handle);  /* of nothing as yet, without a finalizer; may jump */
void tb_block_leave(SEXP handle); /* it has a finalizer of its own from now on; may jump */
bool tb_is_in_block(SEXP handle); /* also while it owns nothing */
void tb_block_keep(SEXP handle);  /* of a block and of nothing, for the next who asks */
SEXP tb_block_kept(void);         /* R_NilValue: none */
void tb_blocks_let_go(void);      /* a collection comes: the core itself holds no handle */

#endif
