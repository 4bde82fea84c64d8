/* How memory comes from the system and from malloc.
 *
 * Large blocks come in large pages: the kernel clears and maps new memory page by page as it is
 * first written, and for a large vector that takes longer than the copy itself. The caller owns
 * every block.
 *
 * Small ones that are freed join their free neighbours at once. R's collector frees the tensors of
 * tens of thousands of operators together, three or four blocks each; glibc would keep them apart
 * in its "fast" bins until a large block is wanted, and pieces scattered over all that memory would
 * be what the next operators get: a quarter of an operator's time in a loop. Where Python hosts,
 * what a loop drops is freed one by one, and malloc is left as it is; so it is where the user has
 * set these bins (GLIBC_TUNABLES).
 *
 * Tests: tests/native/core/test_memory.py, tests/native/core/test_lifetime.py */
#include "core/memory.h"

#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
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

void tb_join_freed_memory(void) {
#ifdef __GLIBC__
  const char *set = getenv("GLIBC_TUNABLES");
  if (!set || !strstr(set, "glibc.malloc.mxfast="))
    mallopt(M_MXFAST, 0);
#endif
}
