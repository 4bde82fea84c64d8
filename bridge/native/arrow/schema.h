/* Arrow's schemas: formats, and the metadata that keeps what only R knows. */
#ifndef TB_ARROW_SCHEMA_H
#define TB_ARROW_SCHEMA_H

#include "arrow/interface.h"
#include "arrow/place.h"

/* An empty schema node, released as a whole. Here and for arrays false without an exception means
 * that there is no memory; none of these needs Python. */
bool tb_schema_init(struct ArrowSchema *s, const char *name, int64_t n_children);
bool tb_schema_format(struct ArrowSchema *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
bool tb_schema_add_dictionary(struct ArrowSchema *s);
bool tb_schema_copy(struct ArrowSchema *to, const struct ArrowSchema *from);
/* Key and value pairs that end with NULL; pairs whose value is NULL are left out. */
bool tb_schema_facts(struct ArrowSchema *s, ...) __attribute__((sentinel));
bool tb_schema_add_fact(struct ArrowSchema *s, const char *key, const char *value);
/* The value of a key as a string in R's transient memory, or NULL; may jump. */
const char *tb_schema_fact(const struct ArrowSchema *s, const char *key);
/* Strings as one fact, in transient memory, and again; may jump. NULL with an exception: element
 * i, of what `kind` says, is no text. */
const char *tb_joined(const tb_place *place, const char *kind, SEXP strings);
SEXP tb_split(const char *text); /* NULL: none; unprotected */

#endif
