/* Whole data frames, whose columns of plain numbers are copied in one pass. */
#ifndef TB_PLAIN_COLUMNS_H
#define TB_PLAIN_COLUMNS_H

void tb_plain_columns_add(void); /* adds to RObject's methods */

#endif
