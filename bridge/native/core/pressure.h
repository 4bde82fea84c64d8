/* When R should collect for memory that it does not see. */
#ifndef TB_PRESSURE_H
#define TB_PRESSURE_H

#include "core/base.h"

void tb_pressure_init(void);           /* may jump */
void tb_pressure_torch_is_there(void); /* its own memory is nothing that R could give back */
void tb_pressure_unknown(void);        /* R got an object of which nobody knows what it holds */
void tb_collect_young(void);           /* costs a hundredth of a full collection */
void tb_relieve_pressure(void);        /* main thread, at an entry: collect where it is due */

#endif
