/* R's types that Arrow has none for: text of Python's that stays beside the values. */
#ifndef TB_ARROW_KEPT_H
#define TB_ARROW_KEPT_H

#include "arrow/column.h"

/* The fact of a schema that the text is. */
extern const char tb_kept_type[];
/* The text for e's type, in R's transient memory (NULL: none); notes a class that is dropped. */
bool tb_describe_type(tb_export *e, const char **text);
/* x, which may be NULL, with the type that the column's schema says. */
SEXP tb_restore_type(const tb_column *c, SEXP x);

#endif
