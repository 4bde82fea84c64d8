/* Arrow's arrays, made for consumers. */
#ifndef TB_ARROW_ARRAY_H
#define TB_ARROW_ARRAY_H

#include "arrow/interface.h"

/* False without an exception means that there is no memory; none of these needs Python. An array is
 * released as a whole, on any thread. */
bool tb_array_init(struct ArrowArray *a, int64_t length, int64_t n_buffers, int64_t n_children);
bool tb_array_add_dictionary(struct ArrowArray *a);
void *tb_array_buffer(struct ArrowArray *a, int which, size_t bytes); /* its own memory, or NULL */
bool tb_array_resize(struct ArrowArray *a, int which, size_t bytes);
void tb_array_borrow(struct ArrowArray *a, int which, const void *data, SEXP owner); /* may jump */
/* The validity bitmap of `missing` (one byte an element), if any is; and null_count. */
typedef bool (*tb_is_missing)(const void *data, int64_t i);
bool tb_array_validity(struct ArrowArray *a, const void *data, tb_is_missing missing);
bool tb_missing_int(const void *data, int64_t i);
bool tb_missing_real(const void *data, int64_t i); /* NA, but not NaN */
bool tb_missing_nan(const void *data, int64_t i);  /* NA or NaN */
bool tb_missing_int64(const void *data, int64_t i);

#endif
