/* Whole data frames, in one entry each way, and the columns of plain numbers in them, each copied
 * in one pass that looks for NA as well. A column is copied into memory that the caller owns, or
 * into a new R vector; buffers of Python's are held until R has its copy.
 *
 * Tests: tests/native/values/test_plain_columns.py */
#include "values/plain_columns.h"

#include "core/entry.h"
#include "core/errors.h"
#include "core/held.h"
#include "core/robject.h"
#include "core/sound.h"
#include "core/strings.h"
#include "core/vector.h"
#include "values/object.h"

#include <limits.h>
#include <stdlib.h>

/* So many at a time are asked of what R keeps otherwise than in memory. */
enum { BLOCK = 1024 };

/* Columns are copied by loops of the compiler's. An R vector begins 48 bytes behind its block of
 * memory, a Python array does not: memcpy(), which may leave such copies to `rep movsb`, takes a
 * quarter more on processors that do not like that distance (AMD Zen 4), and a half more by pages.
 */
#if defined(__GNUC__) && !defined(__clang__)
#define LOOP __attribute__((optimize("O3", "no-tree-loop-distribute-patterns")))
#else
#define LOOP
#endif

/* Copies, and says whether NA is among them. */
LOOP static bool copy_ints(int *restrict to, const int *restrict from, R_xlen_t n) {
  int found = 0;
  for (R_xlen_t i = 0; i < n; i++) {
    found |= from[i] == NA_INTEGER;
    to[i] = from[i];
  }
  return found;
}

LOOP static void copy_doubles(double *restrict to, const double *restrict from, R_xlen_t n) {
  for (R_xlen_t i = 0; i < n; i++)
    to[i] = from[i];
}

LOOP static bool copy_logicals(uint8_t *to, const int *from, R_xlen_t n) {
  int found = 0;
  for (R_xlen_t i = 0; i < n; i++) {
    found |= from[i] == NA_LOGICAL;
    to[i] = from[i] == 1;
  }
  return found;
}

typedef struct {
  SEXP x;
  void *to;
  bool any_na;
} copy_job;

/* What R keeps otherwise than in memory (1:n) is not put there for this: it is asked in parts. */
static void copy_parts(copy_job *job) {
  R_xlen_t n = Rf_xlength(job->x);
  if (TYPEOF(job->x) == REALSXP) {
    REAL_GET_REGION(job->x, 0, n, job->to);
    return;
  }
  int part[BLOCK];
  for (R_xlen_t start = 0; start < n; start += BLOCK) {
    R_xlen_t size = n - start < BLOCK ? n - start : BLOCK;
    if (TYPEOF(job->x) == INTSXP) {
      INTEGER_GET_REGION(job->x, start, size, part);
      job->any_na |= copy_ints((int *)job->to + start, part, size);
    } else {
      LOGICAL_GET_REGION(job->x, start, size, part);
      job->any_na |= copy_logicals((uint8_t *)job->to + start, part, size);
    }
  }
}

static void copy_run(void *p) {
  copy_job *job = p;
  R_xlen_t n = Rf_xlength(job->x);
  if (ALTREP(job->x))
    copy_parts(job);
  else if (TYPEOF(job->x) == INTSXP)
    job->any_na = copy_ints(job->to, INTEGER_RO(job->x), n);
  else if (TYPEOF(job->x) == LGLSXP)
    job->any_na = copy_logicals(job->to, LOGICAL_RO(job->x), n);
  else
    copy_doubles(job->to, REAL_RO(job->x), n);
}

/* NumPy's letter of the elements, as bytes of `size`. */
static const char *letter_of(SEXP x, size_t *size) {
  switch (TYPEOF(x)) {
  case REALSXP:
    return *size = sizeof(double), "d";
  case INTSXP:
    return *size = sizeof(int), "i";
  case LGLSXP:
    return *size = 1, "?";
  default:
    return NULL;
  }
}

static PyObject *copy_to(RObject *self, PyObject *array) {
  size_t size;
  R_xlen_t n;
  const char *letter = letter_of(self->x, &size);
  Py_buffer view;
  if (tb_check_thread())
    return NULL;
  if (!letter)
    return PyErr_Format(PyExc_TypeError, "an R %s is no vector of plain numbers",
                        Rf_type2char(TYPEOF(self->x)));
  if (PyObject_GetBuffer(array, &view, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE | PyBUF_FORMAT))
    return NULL;
  copy_job job = {.x = self->x, .to = view.buf};
  bool fits = tb_length(self->x, &n) == 0;
  if (fits && (strcmp(view.format, letter) != 0 || view.len != (Py_ssize_t)((size_t)n * size))) {
    PyErr_Format(PyExc_ValueError, "array: expected %lld elements of format '%s'", (long long)n,
                 letter);
    fits = false;
  }
  if (fits && ALTREP(self->x))
    fits = tb_protected(copy_run, &job) == 0;
  else if (fits)
    copy_run(&job);
  PyBuffer_Release(&view);
  return fits ? PyBool_FromLong(job.any_na) : NULL;
}

/* ---- an R data frame, as its parts ---- */

typedef struct {
  SEXP x;
  tb_damage why;
  PyObject *made;
} parts_job;

static PyObject *name_at(const void *names, R_xlen_t i) {
  return tb_string_from_r(STRING_ELT((SEXP)names, i), "name", i);
}

static PyObject *column_at(const void *frame, R_xlen_t i) {
  return tb_robject(VECTOR_ELT((SEXP)frame, i), false);
}

static char kind_of(SEXP x) {
  size_t size;
  const char *letter = letter_of(x, &size);
  return !letter || Rf_isObject(x) || tb_attribute(x, R_DimSymbol) != R_NilValue ? '.' : *letter;
}

/* Row names that say something; R_NilValue where they count from 1. */
static SEXP telling_rows(SEXP frame, SEXP rows) {
  SEXP call = PROTECT(Rf_lang2(Rf_install(".row_names_info"), frame));
  bool told = Rf_asInteger(Rf_eval(call, R_BaseEnv)) > 0;
  UNPROTECT(1);
  if (!told || TYPEOF(rows) != INTSXP)
    return told ? rows : R_NilValue;
  R_xlen_t i = 0, n = Rf_xlength(rows);
  while (i < n && INTEGER_ELT(rows, i) == i + 1)
    i++;
  return i < n ? rows : R_NilValue;
}

static void parts_run(void *p) {
  parts_job *job = p;
  if (!tb_is_sound(job->x, &job->why)) {
    PyErr_SetString(PyExc_ValueError, job->why.text);
    return;
  }
  R_xlen_t n = Rf_xlength(job->x);
  SEXP names = PROTECT(Rf_getAttrib(job->x, R_NamesSymbol)),
       rows = PROTECT(Rf_getAttrib(job->x, R_RowNamesSymbol)),
       told = PROTECT(telling_rows(job->x, rows));
  PyObject *words = tb_hold(tb_list(n, name_at, names));
  PyObject *columns = tb_hold(words ? tb_list(n, column_at, job->x) : NULL);
  PyObject *labels = NULL, *kinds = NULL;
  if (columns)
    labels = told == R_NilValue ? Py_NewRef(Py_None) : tb_robject(told, false);
  if (tb_hold(labels))
    kinds = PyUnicode_New((Py_ssize_t)n, 127);
  for (R_xlen_t i = 0; kinds && i < n; i++)
    PyUnicode_WRITE(PyUnicode_1BYTE_KIND, PyUnicode_DATA(kinds), i,
                    (Py_UCS1)kind_of(VECTOR_ELT(job->x, i)));
  if (kinds)
    job->made =
        Py_BuildValue("(OnOON)", words, (Py_ssize_t)Rf_xlength(rows), labels, columns, kinds);
  UNPROTECT(3);
}

static PyObject *frame_parts(RObject *self, PyObject *unused) {
  (void)unused;
  parts_job job = {.x = self->x};
  if (tb_check_thread())
    return NULL;
  if (TYPEOF(self->x) != VECSXP || !tb_has_class(self->x, "data.frame")) {
    PyErr_SetString(PyExc_TypeError, "it is no R data frame");
    return NULL;
  }
  size_t held = tb_held();
  int failed = tb_protected(parts_run, &job);
  if (!failed)
    tb_drop(held);
  return failed ? NULL : job.made;
}

/* ---- columns -> an R data frame ---- */

/* A column that comes: an R vector, or a buffer of numbers. */
typedef struct {
  SEXP x; /* NULL: a buffer */
  Py_buffer view;
  SEXPTYPE type; /* what it becomes */
} column;

/* Of 64-bit integers that lie in `view`: R's type, NILSXP where a double may not hold them. */
static SEXPTYPE wide_type(const Py_buffer *view) {
  const char *at = view->buf;
  int64_t low = 0, high = 0;
  for (Py_ssize_t i = 0; i < view->shape[0]; i++, at += view->strides[0]) {
    int64_t value = *(const int64_t *)(const void *)at;
    low = value < low ? value : low;
    high = value > high ? value : high;
  }
  const int64_t most = (int64_t)1 << 53;
  if (low > INT_MIN && high <= INT_MAX)
    return INTSXP;
  return low >= -most && high <= most ? REALSXP : NILSXP;
}

static SEXPTYPE type_of(const Py_buffer *view) {
  static const char wide[] = {sizeof(long) == 8 ? 'l' : 'q', 'q', 0};
  const char *format = view->format ? view->format : "";
  bool aligned = ((uintptr_t)view->buf | (uintptr_t)view->strides[0]) % (size_t)view->itemsize == 0;
  if (view->ndim != 1 || strlen(format) != 1 || !aligned)
    return NILSXP;
  switch (*format) {
  case 'd':
  case 'f':
    return REALSXP;
  case 'i':
    return INTSXP;
  case '?':
    return LGLSXP;
  default:
    return strchr(wide, *format) ? wide_type(view) : NILSXP;
  }
}

/* Each element of the buffer, at its stride, as `expression` of `from`. */
#define EACH(from_type, to_type, target, expression)                                               \
  do {                                                                                             \
    to_type *to = (target);                                                                        \
    const char *at = view->buf;                                                                    \
    Py_ssize_t stride = view->strides[0];                                                          \
    if (stride == (Py_ssize_t)sizeof(from_type))                                                   \
      for (R_xlen_t i = 0; i < n; i++) {                                                           \
        from_type from = ((const from_type *)view->buf)[i];                                        \
        to[i] = (expression);                                                                      \
      }                                                                                            \
    else                                                                                           \
      for (R_xlen_t i = 0; i < n; i++, at += stride) {                                             \
        from_type from = *(const from_type *)(const void *)at;                                     \
        to[i] = (expression);                                                                      \
      }                                                                                            \
  } while (0)

/* A new vector of the buffer's numbers; INT_MIN, which is R's NA, makes integers doubles. */
__attribute__((optimize("O3"))) static SEXP new_column(const column *c, SEXPTYPE type) {
  const Py_buffer *view = &c->view;
  R_xlen_t n = view->shape[0];
  bool solid = view->strides[0] == view->itemsize, missing = false;
  SEXP x = PROTECT(tb_new_vector(type, n));
  if (*view->format == 'd' && solid && n)
    copy_doubles(REAL(x), view->buf, n);
  else if (*view->format == 'd')
    EACH(double, double, REAL(x), from);
  else if (*view->format == 'f')
    EACH(float, double, REAL(x), from);
  else if (*view->format == '?')
    EACH(uint8_t, int, LOGICAL(x), from != 0);
  else if (*view->format == 'i' && type == REALSXP)
    EACH(int, double, REAL(x), from);
  else if (*view->format == 'i' && solid)
    missing = copy_ints(INTEGER(x), view->buf, n);
  else if (*view->format == 'i')
    EACH(int, int, INTEGER(x), (missing |= from == NA_INTEGER, from));
  else if (type == INTSXP)
    EACH(int64_t, int, INTEGER(x), (int)from);
  else
    EACH(int64_t, double, REAL(x), (double)from);
  UNPROTECT(1);
  return missing ? new_column(c, REALSXP) : x;
}

typedef struct {
  column *columns;
  PyObject *names;
  SEXP row_names; /* or NULL: they count */
  int rows;
  PyObject *made;
} frame_job;

static void frame_run(void *p) {
  frame_job *job = p;
  Py_ssize_t n = PyList_GET_SIZE(job->names);
  SEXP frame = PROTECT(Rf_allocVector(VECSXP, n)), names = PROTECT(Rf_allocVector(STRSXP, n));
  for (Py_ssize_t i = 0; i < n; i++) {
    SEXP name = tb_string_to_r(PyList_GET_ITEM(job->names, i), "name", i);
    if (!name) {
      UNPROTECT(2);
      return;
    }
    SET_STRING_ELT(names, i, name);
    const column *c = &job->columns[i];
    SET_VECTOR_ELT(frame, i, c->x ? c->x : new_column(c, c->type));
  }
  Rf_setAttrib(frame, R_NamesSymbol, names);
  if (job->row_names)
    Rf_setAttrib(frame, R_RowNamesSymbol, job->row_names);
  else
    tb_set_rows(frame, job->rows);
  tb_set_class(frame, "data.frame", NULL);
  job->made = tb_robject(frame, true);
  UNPROTECT(2);
}

/* Sees what each column is; its place, or n where all are such as come from here. */
static Py_ssize_t first_other(PyObject *given, column *columns, Py_ssize_t *got) {
  Py_ssize_t n = PyList_GET_SIZE(given);
  for (Py_ssize_t i = 0; i < n; i++) {
    PyObject *item = PyList_GET_ITEM(given, i);
    if (tb_is_robject(item)) {
      columns[i].x = ((RObject *)item)->x;
    } else if (PyObject_GetBuffer(item, &columns[i].view, PyBUF_STRIDED_RO | PyBUF_FORMAT)) {
      PyErr_Clear();
      return i;
    }
    *got = i + 1;
    if (!columns[i].x && !(columns[i].type = type_of(&columns[i].view)))
      return i;
  }
  return n;
}

static PyObject *new_frame(PyTypeObject *type, PyObject *args) {
  (void)type;
  PyObject *given, *row_names;
  frame_job job = {0};
  if (!PyArg_ParseTuple(args, "O!O!iO", &PyList_Type, &given, &PyList_Type, &job.names, &job.rows,
                        &row_names) ||
      tb_check_thread())
    return NULL;
  Py_ssize_t n = PyList_GET_SIZE(given), got = 0;
  if (n != PyList_GET_SIZE(job.names) || (row_names != Py_None && !tb_is_robject(row_names))) {
    PyErr_SetString(PyExc_ValueError, "expected a name for each column, and R's row names or None");
    return NULL;
  }
  if (row_names != Py_None)
    job.row_names = ((RObject *)row_names)->x;
  if (!(job.columns = calloc((size_t)n + 1, sizeof *job.columns)))
    return PyErr_NoMemory();
  Py_ssize_t other = first_other(given, job.columns, &got);
  if (other < n)
    job.made = PyLong_FromSsize_t(other);
  else if (tb_protected(frame_run, &job))
    job.made = NULL;
  for (Py_ssize_t i = 0; i < got; i++)
    if (!job.columns[i].x)
      PyBuffer_Release(&job.columns[i].view);
  free(job.columns);
  return job.made;
}

static const PyMethodDef methods[] = {
    {"copy_to", (PyCFunction)copy_to, METH_O,
     "copy_to(array): plain numbers into an array of as many; is there any NA?"},
    {"frame_parts", (PyCFunction)frame_parts, METH_NOARGS,
     "A data frame's names, number of rows, row names, columns, and their kinds."},
    {"new_frame", (PyCFunction)new_frame, METH_VARARGS | METH_CLASS,
     "new_frame(columns, names, rows, row_names): a data frame, or the place of a column that is "
     "neither an RObject nor an array of plain numbers."},
    {NULL, NULL, 0, NULL}};

void tb_plain_columns_add(void) { tb_robject_add(methods, NULL); }
