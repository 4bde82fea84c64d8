/* Short-lived handles of little tensors die by blocks.
 *
 * A finalizer for each handle costs more than the rest of an operator. R walks the list of all of
 * them at every collection, keeps each dead handle for one collection more, among the old, and
 * calls the finalizers one by one; and its free memory comes to lie scattered, so that whatever R
 * makes next has to be fetched into the cache.
 *
 * A block is an R list of what its handles are saved by (core/frozen.c), each of which knows the
 * list: as long as one handle is alive, all are, intact. The last element, the key, has the
 * finalizer. It knows nothing of the others, so that R collects a dead block's handles as it
 * collects anything; the key alone is kept for its finalizer, which releases what C knows the
 * handles to have owned.
 *
 * One handle that lives keeps the others of its block. What that costs is bounded. Only little
 * tensors are in blocks, and none that has a graph; one that is bound to a variable or put into a
 * list by the time that the next block is full leaves its block, and gets a finalizer of its own;
 * and where still too many blocks outlive a collection, no more are made. The two blocks at work
 * are the core's own until a collection.
 *
 * Tests: tests/native/core/test_blocks.py */
#include "core/blocks.h"

#include "core/lifetime.h"
#include "core/owned.h"

#include <R_ext/Altrep.h>
#include <stdlib.h>

enum {
  SIZE = 64,
  FIRST = 256, /* as many little tensors in a row, since a collection, come before blocks */
  MOST = 128,  /* blocks may outlive a collection */
  WATCH_EVERY = 512
};

typedef struct block {
  int n;
  struct block *next; /* of the free ones */
  tb_owned items[SIZE];
} block;

static block *first_free = NULL; /* never given back: see core/owned.c */
static int n_blocks = 0;
static SEXP at_work = NULL; /* the lists of the one that is filled and of the one before, KEPT */
enum { KEPT = 2 };          /* a handle that nothing was filled into */
static bool collected = true, too_many = false;
static int in_a_row = 0;

void tb_blocks_init(void) {
  if (at_work)
    return;
  at_work = Rf_allocVector(VECSXP, KEPT + 1);
  R_PreserveObject(at_work);
}

/* NULL once it has been released. */
static block *block_of(SEXP list) {
  return TYPEOF(list) == VECSXP ? R_ExternalPtrAddr(VECTOR_ELT(list, SIZE)) : NULL;
}

/* ---- the end ---- */

static void released(SEXP key) {
  block *b = R_ExternalPtrAddr(key);
  R_ClearExternalPtr(key);
  bool python = Py_IsInitialized() && tb_r_ready();
  PyGILState_STATE gil = python ? PyGILState_Ensure() : PyGILState_UNLOCKED;
  for (int i = 0; i < b->n; i++)
    if (b->items[i].handle)
      tb_disown(&b->items[i]);
  if (python)
    PyGILState_Release(gil);
  n_blocks--;
  b->next = first_free;
  first_free = b;
}

bool tb_is_in_block(SEXP handle) {
  tb_owned *o = R_ExternalPtrAddr(handle);
  return o && o->in_block;
}

void tb_block_leave(SEXP handle) {
  tb_owned *o = tb_owned_by(handle);
  if (!o || !o->in_block)
    return;
  R_RegisterCFinalizerEx(handle, tb_owned_finalize, FALSE);
  o = tb_owned_by(handle); /* that may have run any code */
  if (!o || !o->in_block)
    return;
  tb_owned *own = tb_owned_new();
  if (!own)
    Rf_error("torchbridge: out of memory");
  SEXP saved = R_ExternalPtrProtected(handle), list = R_altrep_data2(saved);
  *own = *o;
  own->in_block = false;
  R_SetExternalPtrAddr(handle, own);
  o->handle = NULL;
  SET_VECTOR_ELT(list, (R_xlen_t)(o - block_of(list)->items), R_NilValue);
  R_set_altrep_data2(saved, R_NilValue);
}

/* Those that something else than their block refers to leave it. */
static void let_the_living_leave(SEXP list) {
  PROTECT(list);
  block *b = block_of(list);
  for (int i = 0; b && i < b->n; i++) {
    SEXP saved = VECTOR_ELT(list, i);
    SEXP handle = saved == R_NilValue ? saved : R_altrep_data1(saved);
    if (handle != R_NilValue && b->items[i].handle == handle && MAYBE_SHARED(handle))
      tb_block_leave(handle);
  }
  UNPROTECT(1);
}

/* ---- the beginning ---- */

static void has_collected(SEXP sentinel) {
  (void)sentinel;
  collected = true;
}

static void watch(void) {
  SEXP sentinel = PROTECT(R_MakeExternalPtr(NULL, R_NilValue, R_NilValue));
  R_RegisterCFinalizerEx(sentinel, has_collected, FALSE);
  UNPROTECT(1);
}

static void open_block(void) {
  let_the_living_leave(VECTOR_ELT(at_work, 1));
  SEXP list = PROTECT(Rf_allocVector(VECSXP, SIZE + 1));
  SEXP key = PROTECT(R_MakeExternalPtr(NULL, R_NilValue, R_NilValue));
  block *b = first_free ? first_free : malloc(sizeof *b);
  if (!b)
    Rf_error("torchbridge: out of memory");
  if (b == first_free)
    first_free = b->next;
  b->n = 0;
  R_SetExternalPtrAddr(key, b);
  SET_VECTOR_ELT(list, SIZE, key);
  R_RegisterCFinalizerEx(key, released, FALSE);
  if (++n_blocks % WATCH_EVERY == 0)
    watch();
  SET_VECTOR_ELT(at_work, 1, VECTOR_ELT(at_work, 0));
  SET_VECTOR_ELT(at_work, 0, list);
  UNPROTECT(2);
}

void tb_block_join(SEXP handle) {
  block *b = block_of(VECTOR_ELT(at_work, 0));
  if (!b || b->n == SIZE) {
    open_block();
    b = block_of(VECTOR_ELT(at_work, 0));
  }
  SEXP list = VECTOR_ELT(at_work, 0), saved = R_ExternalPtrProtected(handle);
  b->items[b->n] = (tb_owned){.in_block = true};
  R_SetExternalPtrAddr(handle, &b->items[b->n]);
  SET_VECTOR_ELT(list, b->n++, saved);
  R_set_altrep_data2(saved, list);
}

void tb_blocks_let_go(void) {
  SET_VECTOR_ELT(at_work, 0, R_NilValue);
  SET_VECTOR_ELT(at_work, 1, R_NilValue);
  SET_VECTOR_ELT(at_work, KEPT, R_NilValue);
}

void tb_block_keep(SEXP handle) { SET_VECTOR_ELT(at_work, KEPT, handle); }

SEXP tb_block_kept(void) {
  SEXP handle = VECTOR_ELT(at_work, KEPT);
  SET_VECTOR_ELT(at_work, KEPT, R_NilValue);
  return handle;
}

/* ---- when ---- */

/* Which of the blocks have outlived it. */
static void after_a_collection(void) {
  collected = false;
  watch();
  too_many = n_blocks > MOST;
  in_a_row = 0;
  let_the_living_leave(VECTOR_ELT(at_work, 1));
  let_the_living_leave(VECTOR_ELT(at_work, 0));
  tb_blocks_let_go();
}

/* R may lose a finalizer that is registered while another runs: nothing is done there, and who
 * watches is followed by others. */
bool tb_blocks_behind(void) { return collected && in_a_row >= FIRST && !tb_disowning(); }

void tb_blocks_look(void) {
  if (collected && !tb_disowning())
    after_a_collection();
}

bool tb_blocks_wanted(void) {
  tb_blocks_look();
  return in_a_row >= FIRST && !too_many && !tb_disowning();
}

void tb_blocks_next(bool little) { in_a_row = little ? in_a_row + (in_a_row < FIRST) : 0; }
