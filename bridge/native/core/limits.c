/* A time limit that has passed is an error out of R_ProcessEvents(). Python's loops call it here
 * (tb_let_r_look), where the error becomes an exception. But reticulate calls it too, up to five
 * times a second while Python runs, at R's top level: there R prints the error, loses it, and ends
 * a session that is not interactive. What R does with an error there is told by options(error = ).
 * That is ours (host.R) in a call that takes longer than a moment, or looks, to its end: it keeps a
 * time limit for the next look, or the end of the call.
 *
 * Tests: tests/native/core/test_interrupts.py */
#include "core/limits.h"

#include "core/depth.h"
#include "core/errors.h"
#include "core/helpers.h"
#include "core/interrupts.h"
#include "core/lifetime.h"

#ifndef _WIN32
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>
#endif

static bool looking = false;
static bool passed = false;
static int watched_at = 0; /* the depth of the call that set the option; 0 for none */

SEXP tb_entry_limit(void) {
  passed = true;
  return R_NilValue;
}

static void call_run(void *helper) {
  Rf_eval(PROTECT(Rf_lang1(tb_helper(helper))), R_BaseEnv);
  UNPROTECT(1);
}

static int raise_passed(void) {
  if (!passed)
    return 0;
  passed = false;
  return tb_protected(call_run, "raise_limit");
}

static int watch(void) {
  if (watched_at || tb_python_hosts())
    return 0;
  watched_at = tb_depth();
  return tb_protected(call_run, "watch_limits");
}

/* ---- which calls take long ---- */

#ifndef _WIN32
/* Setting the option costs as much as a short call: a thread of ours asks for it, by Python, in
 * calls that are there after a tick. While none comes it sleeps. */
static const struct timespec tick = {.tv_nsec = 10 * 1000 * 1000};
enum { IDLE = 100 }; /* ticks */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t call_came = PTHREAD_COND_INITIALIZER;
static _Atomic(unsigned) calls = 0; /* of R's, not within another */
static _Atomic(bool) in_call = false, asleep = false;
static pid_t ticking = 0; /* the process with the thread: not its forks */

static int watch_this(void *call) {
  if (atomic_load(&in_call) && atomic_load(&calls) == (unsigned)(uintptr_t)call && watch())
    PyErr_Clear();
  return 0;
}

static void *tick_on(void *unused) {
  unsigned seen = 0, asked = 0;
  for (int idle = 0;; idle++) {
    nanosleep(&tick, NULL);
    unsigned now = atomic_load(&calls);
    if (now != seen)
      idle = 0;
    else if (atomic_load(&in_call) && now != asked)
      if (Py_AddPendingCall(watch_this, (void *)(uintptr_t)now) == 0)
        asked = now;
    seen = now;
    if (idle < IDLE)
      continue;
    pthread_mutex_lock(&mutex);
    atomic_store(&asleep, true);
    while (atomic_load(&calls) == seen)
      pthread_cond_wait(&call_came, &mutex);
    atomic_store(&asleep, false);
    pthread_mutex_unlock(&mutex);
    idle = 0;
  }
  return unused;
}

static void start_ticking(void) {
  ticking = getpid();
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  if (pthread_create(&thread, NULL, tick_on, NULL) == 0)
    pthread_detach(thread);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void tb_limits_begin(void) {
  if (tb_depth() > 1 || tb_python_hosts())
    return;
  atomic_store_explicit(&in_call, true, memory_order_release);
  atomic_fetch_add(&calls, 1); /* before it looks whether the thread sleeps */
  if (!ticking)
    start_ticking();
  if (atomic_load(&asleep) && ticking == getpid()) {
    pthread_mutex_lock(&mutex);
    pthread_cond_signal(&call_came);
    pthread_mutex_unlock(&mutex);
  }
}

static void call_ended(void) {
  if (tb_depth() <= 1)
    atomic_store_explicit(&in_call, false, memory_order_release);
}
#else
void tb_limits_begin(void) {}
static void call_ended(void) {}
#endif

int tb_limits_end(void) {
  call_ended();
  if (!watched_at || tb_depth() > watched_at)
    return 0;
  watched_at = 0;
  PyObject *type, *value, *trace; /* what the call itself raised */
  PyErr_Fetch(&type, &value, &trace);
  int failed = tb_protected(call_run, "unwatch_limits");
  if (failed) { /* the limit or Ctrl-C came just there, and comes once */
    PyObject *ours[3];
    PyErr_Fetch(&ours[0], &ours[1], &ours[2]);
    if (tb_protected(call_run, "unwatch_limits"))
      PyErr_Clear();
    PyErr_Restore(ours[0], ours[1], ours[2]);
    passed = false;
  }
  if (failed || raise_passed()) {
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(trace);
    return -1;
  }
  PyErr_Restore(type, value, trace);
  return 0;
}

static void look_run(void *unused) {
  (void)unused;
  R_CheckUserInterrupt();
}

int tb_let_r_look(void) {
  if (looking)
    return 0;
  if (watch() || raise_passed())
    return -1;
  tb_interrupts interrupts;
  tb_interrupts_to_r(&interrupts);
  looking = true;
  int failed = tb_protected(look_run, NULL);
  looking = false;
  tb_interrupts_restore(&interrupts);
  return failed;
}
