/* What the files of the native core share. One noun a file:
 *
 *   lifetime.c  R objects kept alive for others, the release queue, live counts
 *   errors.c    R conditions <-> Python exceptions; user interrupts
 *   robject.c   RObject: the Python type that owns one R object
 *   memory.c    large blocks of new memory
 *   arrow*.c    data frames through Arrow: arrow.h
 *   dlpack.c    R memory -> DLPack capsule
 *   foreign.c   DLPack capsule -> ALTREP vector over foreign memory
 *   handle.c    R external pointers that own one Python object
 *   frozen.c    handles in saved R objects
 *   values.c    scalars, strings, lists and dicts in both directions
 *   operator.c  PyTorch's functions with R's arguments
 *   index.c     x[i, j, ...] on tensors
 *   call.c      R calls Python (.Call entries), Python calls R
 *   module.c    the Python module, the R routine table, attach and close
 *
 * Rules that hold everywhere. R's API is called on R's main thread only. An R error
 * (a longjmp) never crosses Python frames, a Python exception never crosses R frames:
 * whatever may raise an R error ("may jump", below) runs inside tb_protected or inside
 * a .Call entry (call.c), and a Python reference owned across it stands on the stack
 * of tb_hold, as R's own objects stand on that of PROTECT. */
#ifndef TB_NATIVE_H
#define TB_NATIVE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#define R_NO_REMAP
#define STRICT_R_HEADERS
#include <R.h>
#include <Rinternals.h>

#include <signal.h>
#include <stdbool.h>

#define TB_EXPORT __attribute__((visibility("default")))

/* ---- lifetime.c ---- */
enum tb_count { TB_R_OBJECTS, TB_PY_HANDLES, TB_FOREIGN, TB_FOREIGN_BYTES, TB_COUNTS };

void tb_count_add(enum tb_count which, int64_t change);
int64_t tb_count_get(enum tb_count which);

void tb_lifetime_init(void);         /* from R_init__native: makes the list of roots */
void tb_lifetime_adopt_thread(void); /* this thread is R's main thread */
void tb_lifetime_close(void);        /* R is going away: later releases do nothing */
bool tb_r_ready(void);
/* Where Python hosts R, other Python threads run while R code does. Where R hosts
 * Python they wait: reticulate (1.28 at least) frees Python objects in R finalizers
 * without taking the GIL, so the main thread must hold it. */
void tb_set_python_hosts(bool yes);
bool tb_python_hosts(void);
bool tb_on_main_thread(void);
bool tb_stack_is_low(void); /* on the main thread */
/* What every entry does first: may R be called here? 0, or -1 with a RuntimeError set.
 * Also drains the queue and relieves pressure. */
int tb_check_thread(void);

SEXP tb_root(SEXP x);           /* keep x alive; may jump */
void tb_unroot(SEXP cell);      /* any thread, with or without the GIL */
void tb_drain(void);            /* main thread: release what other threads queued */
void tb_relieve_pressure(void); /* main thread: collect when handles hold much */

/* Python references owned across an R call that may jump. */
PyObject *tb_hold(PyObject *x); /* steals x, and gives it back; NULL stays NULL */
PyObject *tb_unhold(void);      /* takes the last one off again */
size_t tb_held(void);
void tb_drop(size_t held); /* releases all but the first `held`: after a jump */

/* ---- errors.c ---- */
/* The R side of the core (host.R): an environment of small functions. */
void tb_set_helpers(SEXP environment);
SEXP tb_helper(const char *name); /* may jump */
/* Runs fn(data), which may jump; that becomes a Python exception: 0, or -1 with it set.
 * No handler, restart or interrupt of R code below reaches into fn. */
int tb_protected(void (*fn)(void *), void *data);
/* Evaluates a call of host.R's protected() or call_function(), the GIL held or not: its value,
 * unprotected, or NULL. Then tb_set_caught makes the failure (unprotected too) the Python
 * exception. */
typedef struct {
  SEXP condition, calls;
} tb_failure;
SEXP tb_try(SEXP call, tb_failure *failure);
void tb_set_caught(const tb_failure *failure);
/* The R call that signals the Python exception now set (R_NilValue for KeyboardInterrupt),
 * which is cleared. May jump. */
SEXP tb_condition_call(void);
/* Evaluates it; by then no Python frame and no reference may be left. */
void tb_signal(SEXP condition_call) __attribute__((noreturn));
/* Sets torchbridge.RError from an R condition and the calls that led to it. */
void tb_set_r_error(SEXP condition, SEXP calls);
/* While Python (or R) code runs, Ctrl-C must reach that language. */
typedef struct {
  bool installed;
  struct sigaction saved;
} tb_interrupts;
void tb_interrupts_to_python(tb_interrupts *state);
void tb_interrupts_to_r(tb_interrupts *state);
/* Puts the former handler back; is a Ctrl-C meant for R still waiting? */
bool tb_interrupts_restore(tb_interrupts *state);
void tb_set_keyboard_interrupt(void); /* Python's KeyboardInterrupt, R's taken back */
SEXP tb_entry_run(void);              /* .Call entries for host.R's protected() and caught() */
SEXP tb_entry_caught(SEXP condition, SEXP calls);

/* ---- robject.c ---- */
typedef struct {
  PyObject_HEAD
  SEXP x;
  SEXP cell;     /* its root */
  bool writable; /* made by the core and not yet seen by R code */
} RObject;

extern PyTypeObject tb_RObjectType;
PyObject *tb_robject(SEXP x, bool writable); /* may jump */
static inline bool tb_is_robject(PyObject *x) { return PyObject_TypeCheck(x, &tb_RObjectType); }
bool tb_has_class(SEXP x, const char *name); /* inherits(), but runs no R code */
SEXP tb_attribute(SEXP x, SEXP name); /* Rf_getAttrib() that never jumps, for dim and class */
/* Its length: 0, or -1 with an exception, as an ALTREP vector's Length may raise an R error. */
int tb_length(SEXP x, R_xlen_t *length);
bool tb_is_int64(SEXP x); /* bit64's integer64: int64 bits in a double vector */
/* The base pointer of an atomic vector. May jump, as ALTREP may materialise. */
const void *tb_data(SEXP x);

/* ---- memory.c ---- */
void *tb_large_memory(size_t bytes);           /* for free(); NULL: there is none */
SEXP tb_new_vector(SEXPTYPE type, R_xlen_t n); /* a vector to be written as a whole; may jump */
void tb_use_large_pages(void *data, size_t bytes);

/* ---- dlpack.c ---- */
PyObject *tb_dlpack_export(RObject *self, bool versioned);

/* ---- foreign.c ---- */
void tb_foreign_init(void *dll_info);
PyObject *tb_foreign_vector(PyObject *capsule);
double tb_half_to_double(uint16_t bits);

/* ---- handle.c ---- */
void tb_handle_init(void);
SEXP tb_handle(PyObject *x, bool tensor); /* may jump */
bool tb_is_handle(SEXP x);
PyObject *tb_handle_object(SEXP x); /* borrowed; NULL without exception if it is none, or saved */
int tb_handle_revive(SEXP pointer,
                     PyObject *x); /* a saved handle owns x again; -1 with an exception; may jump */

/* ---- frozen.c ---- */
void tb_frozen_init(void *dll_info);
SEXP tb_frozen_tag(void);                      /* of the handles of this session */
bool tb_is_saved_tag(SEXP x);                  /* of those of another one, too */
void tb_frozen_set(SEXP pointer, bool tensor); /* what R is to write of a handle; may jump */
void tb_frozen_release(void);                  /* with the GIL: what was made for writing */
void tb_frozen_forget(SEXP pointer);
/* The object of a handle that readRDS() has read: borrowed, or NULL with an exception; may jump. */
PyObject *tb_thaw(SEXP pointer);

/* ---- values.c ---- */
void tb_set_tensor_type(PyTypeObject *type);
bool tb_is_tensor(PyObject *x);
/* How a plain vector of numbers (length not 1) arrives in Python: as a literal, for
 * the arguments of Python functions, or as NumPy, for the results of R functions. */
enum tb_vectors { TB_AS_LIST, TB_AS_NUMPY };
/* A new reference, or NULL with an exception; may jump. */
PyObject *tb_from_r(SEXP x, enum tb_vectors vectors);
PyObject *tb_string_from_r(SEXP x); /* of a CHARSXP, None for NA; likewise */
/* 0 with the result unprotected, or -1 with an exception; may jump. */
int tb_to_r(PyObject *x, SEXP *result);
PyObject *tb_strings_from_r(SEXP x); /* a tuple of str, whatever their encoding; not NA; may jump */
/* A list of n items; each is made by item(data, i), which may jump. */
PyObject *tb_list(R_xlen_t n, PyObject *(*item)(const void *data, R_xlen_t i), const void *data);
/* An attribute, borrowed, of a module of ours. */
PyObject *tb_bridge(const char *module, const char *name);

/* ---- operator.c ---- */
extern PyTypeObject tb_OperatorType;
/* tags: the symbols of arguments by name, NULL where there is none, or for no names at all. */
enum { TB_MOST_ARGUMENTS = 32 };
PyObject *tb_operator_call(SEXP name, const SEXP *values, const SEXP *tags, int n);

/* ---- index.c ---- */
void tb_index_init(void);
SEXP tb_index_subscripts(SEXP expressions, SEXP frame, SEXP caller, PyObject *x);
PyObject *tb_index_get(PyObject *x, SEXP subscripts, bool drop);
int tb_index_set(PyObject *x, SEXP subscripts, PyObject *value);

/* ---- call.c ---- */
/* The result as a Python value, or (convert false) as an RObject. */
PyObject *tb_call_r(SEXP function, PyObject *args, PyObject *kwargs, bool convert);
void tb_register_routines(void *dll_info);

#endif
