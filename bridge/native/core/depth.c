/* Where in the calls of R's into Python we are; entry.c counts, on R's main thread.
 *
 * Tests: tests/native/calls/test_calls.py */
#include "core/depth.h"

static tb_call here = {0};
static int64_t numbers = 0;

tb_call tb_here(void) { return here; }

int tb_depth(void) { return here.depth; }

tb_call tb_call_begins(void) {
  tb_call from = here;
  here = (tb_call){from.depth + 1, ++numbers};
  return from;
}

void tb_call_ends(tb_call from) { here = from; }
