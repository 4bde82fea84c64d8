/* R forks in C (parallel::mclapply()), where os.register_at_fork() never fires. Another thread may
 * hold Python's lock at that moment, and its owner is not in the child: so R's thread takes it
 * before a fork, and gives it back in the parent. The child keeps it until it first enters Python,
 * where Python is told of the fork (most children never do: they become another program).
 *
 * Tests: tests/native/core/test_fork.py */
#include "core/fork.h"

#include "core/lifetime.h"

static bool by_python = false, taken = false, forked = false;
static PyGILState_STATE gil;

void tb_fork_by_python(bool now) { by_python = now; }

#ifndef _WIN32
#include <pthread.h>

static void before(void) {
  taken = !by_python && tb_r_ready() && tb_on_main_thread() && Py_IsInitialized();
  if (taken)
    gil = PyGILState_Ensure();
}

static void in_parent(void) {
  if (taken)
    PyGILState_Release(gil);
}

static void in_child(void) { forked = taken; }

void tb_fork_init(void) {
  static bool done = false;
  if (!done)
    done = pthread_atfork(before, in_parent, in_child) == 0;
}
#else
void tb_fork_init(void) {}
#endif

PyGILState_STATE tb_fork_tell(PyGILState_STATE entered) {
  if (!forked)
    return entered;
  forked = false;
  PyOS_AfterFork_Child();
  PyGILState_Release(entered);
  return gil;
}
