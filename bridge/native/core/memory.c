/* New memory in large pages: the kernel clears and maps it page by page as it is first written,
 * and for a large vector that takes longer than the copy itself. The caller owns every block.
 *
 * Tests: tests/native/core/test_lifetime.py */
#include "core/memory.h"

#include <stdlib.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

enum { LARGE_PAGE = 2 << 20, WORTH_IT = 4 << 20 };

void tb_use_large_pages(void *data, size_t bytes) {
#ifdef MADV_HUGEPAGE
  if (bytes < WORTH_IT)
    return;
  /* Whole pages only: what is around belongs to others. A hint, which may be refused. */
  uintptr_t start = ((uintptr_t)data + 4095) & ~(uintptr_t)4095,
            end = ((uintptr_t)data + bytes) & ~(uintptr_t)4095;
  madvise((void *)start, end - start, MADV_HUGEPAGE);
#else
  (void)data, (void)bytes;
#endif
}

void *tb_large_memory(size_t bytes) {
  void *data = NULL;
  if (posix_memalign(&data, bytes < WORTH_IT ? 64 : LARGE_PAGE, bytes ? bytes : 1))
    return NULL;
  tb_use_large_pages(data, bytes);
  return data;
}
