/* What every file of the native core stands on: Python's and R's own headers.
 *
 * Rules that hold everywhere. R's API is called on R's main thread only. An R error (a longjmp)
 * never crosses Python frames, a Python exception never crosses R frames: whatever may raise an R
 * error ("may jump" in the headers) runs inside tb_protected (core/errors.h) or inside a .Call
 * entry (core/entry.h), and a Python reference owned across it stands on the stack of tb_hold
 * (core/held.h), as R's own objects stand on that of PROTECT. SEXPs that are returned are not
 * protected. Functions that return a PyObject * or an int set a Python exception where they return
 * NULL or -1; a PyObject * is a new reference unless its header says "borrowed". The GIL is held
 * unless a header says otherwise.
 *
 * The layers, each of which asks nothing of a later one (module.c puts them together):
 *
 *   core/    lifetime, memory, handles, errors, entries: what both languages' objects stand on
 *   values/  scalars, lists, any value, and what Python sees of an R object
 *   calls/   Python calls R, R calls Python
 *   torch/   tensors: PyTorch's operators, subscripts, memory shared through DLPack
 *   arrow/   data frames through the Arrow C data interface, one file a type */
#ifndef TB_BASE_H
#define TB_BASE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#define R_NO_REMAP
#define STRICT_R_HEADERS
#include <R.h>
#include <Rinternals.h>

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define TB_EXPORT __attribute__((visibility("default")))

#endif
