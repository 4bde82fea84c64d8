/* How the objects of handles are saved with R's, and come back. */
#ifndef TB_SAVED_H
#define TB_SAVED_H

#include "core/frozen.h"

extern const tb_saving tb_saved;

SEXP tb_entry_is_live(SEXP x); /* .Call entry: is there an object, or can there be one again? */

#endif
