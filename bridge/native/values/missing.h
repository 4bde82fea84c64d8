/* R's NA in vectors of numbers. */
#ifndef TB_MISSING_H
#define TB_MISSING_H

void tb_missing_add(void); /* RObject.any_na, .na_mask */

#endif
