/* The depth of calls within calls; entry.c counts, on R's main thread.
 *
 * Tests: tests/native/calls/test_calls.py */
#include "core/depth.h"

static int depth = 0;

int tb_depth(void) { return depth; }

void tb_set_depth(int now) { depth = now; }
