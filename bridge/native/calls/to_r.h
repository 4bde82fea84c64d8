/* Python calls R. */
#ifndef TB_TO_R_H
#define TB_TO_R_H

void tb_to_r_add(void); /* RObject.call, and calling an RObject */

#endif
