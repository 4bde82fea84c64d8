/* R forks in C (parallel::mclapply()), where os.register_at_fork() never fires. Another thread may
 * hold Python's lock at that moment, and its owner is not in the child: so R's thread takes it
 * before a fork, and gives it back in the parent, and in the child once Python is told of the fork.
 * It is told before, too: its own locks are held across a fork, and a child that lets go of one
 * that nobody held dies from Python 3.13 on. The child is told at once: another thread may have
 * asked for the lock, which Python would wait to hand over, and R's look for events (rpy2's
 * function) may be the first to enter Python.
 *
 * Tests: tests/native/core/test_fork.py */
#include "core/fork.h"

#include "core/lifetime.h"

static bool by_python = false, taken = false;
static PyGILState_STATE gil;

void tb_fork_by_python(bool now) { by_python = now; }

#ifndef _WIN32
#include <pthread.h>

static void before(void) {
  taken = !by_python && tb_r_ready() && tb_on_main_thread() && Py_IsInitialized();
  if (!taken)
    return;
  gil = PyGILState_Ensure();
  PyOS_BeforeFork();
}

static void in_parent(void) {
  if (!taken)
    return;
  PyOS_AfterFork_Parent();
  PyGILState_Release(gil);
}

static void in_child(void) {
  if (!taken)
    return;
  PyOS_AfterFork_Child();
  PyGILState_Release(gil);
}

void tb_fork_init(void) {
  static bool done = false;
  if (!done)
    done = pthread_atfork(before, in_parent, in_child) == 0;
}
#else
void tb_fork_init(void) {}
#endif
