/* The attributes that say what the values of an R vector mean. */
#ifndef TB_ARROW_ATTRIBUTES_H
#define TB_ARROW_ATTRIBUTES_H

#include "arrow/place.h"

/* class, levels, tzone, units. All may jump. */
void tb_copy_meaning(SEXP to, SEXP from);
bool tb_same_meaning(SEXP a, SEXP b); /* and type */
/* The first string of an attribute in `value`, NULL where there is none; false with an exception:
 * it is no text. */
bool tb_string_attribute(const tb_place *place, SEXP x, const char *name, const char **value);

#endif
