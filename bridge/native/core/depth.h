/* How many calls of R's into Python have not ended: R waits for them. */
#ifndef TB_DEPTH_H
#define TB_DEPTH_H

int tb_depth(void);
void tb_set_depth(int depth); /* the entries' own */

#endif
