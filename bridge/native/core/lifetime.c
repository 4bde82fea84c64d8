/* Who keeps R objects alive for the outside world.
 *
 * A root is one cell of a doubly linked pairlist whose head R itself preserves:
 * CAR is the cell before, CDR the cell after, TAG the object. Adding and removing
 * cost O(1), where R_ReleaseObject searches a list. A cell released on another
 * thread (torch frees tensors wherever it likes, with or without the GIL) waits in
 * a lock-free stack until R's main thread passes by. */
#include "core/lifetime.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

typedef struct waiting {
  SEXP cell;
  struct waiting *next;
} waiting;

static SEXP roots = NULL;
static _Atomic(bool) r_alive = false;
static pthread_t main_thread;
static _Atomic(waiting *) queue = NULL;
static _Atomic(int64_t) counts[TB_COUNTS];

void tb_count_add(enum tb_count which, int64_t change) { atomic_fetch_add(&counts[which], change); }

int64_t tb_count_get(enum tb_count which) { return atomic_load(&counts[which]); }

/* R checks its stack, Python its recursion; calls back and forth between them would pass
 * under both. Below this address, a quarter from the end, they are refused. */
static const char *stack_floor = NULL;

void tb_lifetime_adopt_thread(void) {
  main_thread = pthread_self();
#ifdef __linux__
  pthread_attr_t attributes;
  void *lowest;
  size_t size;
  if (pthread_getattr_np(main_thread, &attributes) == 0) {
    if (pthread_attr_getstack(&attributes, &lowest, &size) == 0)
      stack_floor = (const char *)lowest + size / 4;
    pthread_attr_destroy(&attributes);
  }
#endif
}

bool tb_stack_is_low(void) { return (const char *)__builtin_frame_address(0) < stack_floor; }

void tb_lifetime_init(void) {
  if (!roots) {
    roots = Rf_cons(R_NilValue, R_NilValue);
    R_PreserveObject(roots);
  }
  tb_lifetime_adopt_thread();
  atomic_store(&r_alive, true);
}

void tb_lifetime_close(void) {
  if (tb_r_ready() && tb_on_main_thread())
    tb_drain();
  atomic_store(&r_alive, false);
}

static bool python_hosts = false;

void tb_set_python_hosts(bool yes) { python_hosts = yes; }

bool tb_python_hosts(void) { return python_hosts; }

bool tb_r_ready(void) { return atomic_load(&r_alive); }

bool tb_on_main_thread(void) { return pthread_equal(pthread_self(), main_thread); }

SEXP tb_root(SEXP x) {
  PROTECT(x);
  SEXP cell = PROTECT(Rf_cons(roots, R_NilValue));
  /* Only now: that may have collected, and finalizers add and remove cells, the first one too. */
  SEXP after = CDR(roots);
  SETCDR(cell, after);
  SET_TAG(cell, x);
  SETCDR(roots, cell);
  if (after != R_NilValue)
    SETCAR(after, cell);
  UNPROTECT(2);
  tb_count_add(TB_R_OBJECTS, 1);
  return cell;
}

static void unlink_cell(SEXP cell) {
  SEXP before = CAR(cell), after = CDR(cell);
  SETCDR(before, after);
  if (after != R_NilValue)
    SETCAR(after, before);
  SET_TAG(cell, R_NilValue);
  tb_count_add(TB_R_OBJECTS, -1);
}

void tb_unroot(SEXP cell) {
  if (!tb_r_ready())
    return; /* the process is ending and R's heap with it */
  if (tb_on_main_thread()) {
    unlink_cell(cell);
    return;
  }
  waiting *node = malloc(sizeof *node);
  if (!node)
    return; /* out of memory: keeping the object is the safe side */
  node->cell = cell;
  node->next = atomic_load(&queue);
  while (!atomic_compare_exchange_weak(&queue, &node->next, node)) {
  }
}

void tb_drain(void) {
  if (!atomic_load(&queue))
    return;
  waiting *node = atomic_exchange(&queue, NULL);
  while (node) {
    waiting *next = node->next;
    unlink_cell(node->cell);
    free(node);
    node = next;
  }
}
