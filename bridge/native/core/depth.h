/* Calls within calls: how deep, and which one. */
#ifndef TB_DEPTH_H
#define TB_DEPTH_H

#include "core/base.h"

/* `depth`: how many calls of R's into Python have not ended, so that R waits for them. `number`:
 * the innermost one's own, never given again; 0 where there is none. */
typedef struct {
  int depth;
  int64_t number;
} tb_call;

tb_call tb_here(void);
int tb_depth(void);
tb_call tb_call_begins(void);    /* gives where it came from, */
void tb_call_ends(tb_call from); /* which is to be given back */

#endif
