/* Are the finalizers run of all that R has collected?
 *
 * R_RunPendingFinalizers() does not know of all. Where a finalizer collects in its turn (an R
 * function may), R marks what that finds, runs only those that come later in its list, and believes
 * afterwards that none is left: an object may wait for its end, intact, until the next collection.
 * Who has kept no more than its address cannot see that, and would bring to life what is cleared a
 * moment later. So where R has collected, one more collection, a young one, runs the rest.
 *
 * Tests: test-nn-wrapper.R */
#include "core/finalizers.h"

#include "core/pressure.h"

/* Garbage whose finalizer has not run: R has not collected since it was made. Compared only; NULL
 * where it has. */
static SEXP awaited = NULL;

static void has_run(SEXP sentinel) {
  if (sentinel == awaited)
    awaited = NULL;
}

static void wait_for_a_collection(void) {
  SEXP sentinel = PROTECT(R_MakeExternalPtr(NULL, R_NilValue, R_NilValue));
  R_RegisterCFinalizerEx(sentinel, has_run, FALSE);
  UNPROTECT(1);
  awaited = sentinel;
}

bool tb_run_finalizers(void) {
  R_RunPendingFinalizers();
  if (awaited)
    return true;
  wait_for_a_collection();
  tb_collect_young();
  bool ran = awaited == NULL; /* within a finalizer R runs no others */
  wait_for_a_collection();
  return ran;
}
