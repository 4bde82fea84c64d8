/* Memory of the system's and of malloc's. */
#ifndef TB_MEMORY_H
#define TB_MEMORY_H

#include "core/base.h"

void *tb_large_memory(size_t bytes); /* for free(); NULL: there is none */
/* A hint that data, not written yet, is to come in large pages. */
void tb_use_large_pages(void *data, size_t bytes);
/* Small blocks that are freed join their free neighbours at once from now on. */
void tb_join_freed_memory(void);

#endif
