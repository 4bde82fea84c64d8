/* When R should collect for memory that it does not see.
 *
 * An R handle is a few bytes to R's collector, whatever it holds. What tensors and shared vectors
 * hold is counted. What any other object holds (a frame, a module, an optimizer) nobody knows:
 * while R gets such, the memory of the whole process is looked at now and then.
 *
 * A collection is due where what is held has grown by ALLOWANCE, or by as much as the last one
 * left (of the process: a quarter of that). The first try is a young collection, which costs a
 * hundredth of a full one and frees what a loop has just dropped. What was still bound at one of
 * these is older garbage at the next: the full one comes when that is all there is.
 *
 * Tests: tests/native/core/test_pressure.py */
#include "core/pressure.h"

#include "core/blocks.h"
#include "core/lifetime.h"

#include <R_ext/GraphicsEngine.h> /* R_interrupts_suspended */
#include <stdio.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <time.h>
#include <unistd.h>

/* Few enough that three steps of 80 MB are due, enough that small ones seldom are. */
#define ALLOWANCE ((int64_t)240000000)
/* Reading the process's memory takes 6 us, and no large object is made in less than this. */
#define LOOK_EVERY_MS 5

typedef struct {
  int64_t (*held)(void);
  int share;    /* 1/share of what is left may come again */
  int64_t left; /* after the last full collection */
} gauge;

static int64_t counted(void) { return tb_count_get(TB_FOREIGN_BYTES); }

/* Bytes of this process in memory that are no file's; 0 where the system does not say. */
static int64_t resident(void) {
  long pages = 0, shared = 0;
  FILE *file = fopen("/proc/self/statm", "re");
  if (file) {
    if (fscanf(file, "%*d %ld %ld", &pages, &shared) != 2)
      pages = shared = 0;
    fclose(file);
  }
  return (int64_t)(pages - shared) * sysconf(_SC_PAGESIZE);
}

/* Of the process much is PyTorch's and everybody's own. */
static gauge tensors = {counted, 1, 0}, process = {resident, 4, 0};
static SEXP young_call = NULL; /* gc(verbose = FALSE, reset = FALSE, full = FALSE) */
static bool unknown = false;   /* has R got such an object since the last full collection? */
static bool fresh = false;     /* and since the last look at the clock? */
static bool collecting = false;

void tb_pressure_init(void) {
  if (young_call)
    return;
  SEXP no = PROTECT(Rf_ScalarLogical(FALSE));
  young_call = Rf_lang4(Rf_install("gc"), no, no, no);
  R_PreserveObject(young_call);
  UNPROTECT(1);
  process.left = resident(); /* none of it is a user's: a collection would be in vain */
}

void tb_pressure_torch_is_there(void) { process.left = resident(); }

void tb_pressure_unknown(void) { unknown = fresh = true; }

/* R has no function of C for this. Evaluating it must not jump, nor take a Ctrl-C or a time limit
 * that is meant for the code around. */
void tb_collect_young(void) {
  int failed;
  bool before = collecting;
  Rboolean suspended = R_interrupts_suspended;
  R_interrupts_suspended = TRUE;
  collecting = true; /* finalizers may come in here */
  R_tryEvalSilent(young_call, R_BaseEnv, &failed);
  collecting = before;
  R_interrupts_suspended = suspended;
}

static int64_t allowance(const gauge *g) {
  int64_t share = g->left / g->share;
  return share > ALLOWANCE ? share : ALLOWANCE;
}

/* Free memory that malloc keeps for later is no growth. */
static void give_back(const gauge *g) {
#ifdef __GLIBC__
  if (g == &process)
    malloc_trim(0);
#endif
  (void)g;
}

/* Collects if it is due. */
static void relieve(gauge *g) {
  int64_t held = g->held();
  if (held < g->left / 2) /* what was large then has gone by itself */
    g->left = held;
  int64_t mark = g->left + allowance(g);
  if (held < mark)
    return;
  collecting = true;
  tb_blocks_let_go();
  tb_collect_young();
  give_back(g);
  if (g->held() > mark - allowance(g) / 8) {
    R_gc();
    give_back(g);
    tensors.left = counted();
    process.left = resident();
    unknown = false;
  }
  collecting = false;
}

/* The clock costs as much as all else here: where R got nothing new, few entries look at it. */
enum { CALLS_A_LOOK = 32 };

static bool time_to_look(void) {
  static int64_t next = 0;
  static int calls = 0;
  if (!fresh && ++calls < CALLS_A_LOOK)
    return false;
  calls = 0;
  fresh = false;
  struct timespec now;
#ifdef CLOCK_MONOTONIC_COARSE
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
#else
  clock_gettime(CLOCK_MONOTONIC, &now);
#endif
  int64_t ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
  if (ms < next)
    return false;
  next = ms + LOOK_EVERY_MS;
  return true;
}

void tb_relieve_pressure(void) {
  if (collecting)
    return;
  relieve(&tensors);
  if (unknown && time_to_look())
    relieve(&process);
}
