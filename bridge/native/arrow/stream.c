/* Arrow's PyCapsules: an R object as a stream, and any stream as an R object.
 *
 * A stream of ours has all its data when it is made, on R's main thread; what consumers call later
 * (get_schema, get_next, release) runs no R and no Python, and may run anywhere. What arrives is
 * owned here, outside of any R call that may jump, until R has its copy.
 *
 * Tests: tests/native/arrow/test_arrow.py */
#include "arrow/stream.h"

#include "arrow/check.h"
#include "arrow/column.h"
#include "arrow/schema.h"
#include "arrow/types.h"
#include "core/entry.h"
#include "core/errors.h"
#include "core/hooks.h"
#include "core/robject.h"

#include <errno.h>
#include <stdlib.h>

static const char stream_name[] = "arrow_array_stream", schema_name[] = "arrow_schema";

/* ---- R -> Arrow ---- */

/* What a stream of ours offers: one array, or none any more. */
typedef struct {
  struct ArrowSchema schema;
  struct ArrowArray array;
} offer;

static void release_offer(offer *o) {
  if (o->schema.release)
    o->schema.release(&o->schema);
  if (o->array.release)
    o->array.release(&o->array);
  free(o);
}

static int offer_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
  offer *o = stream->private_data;
  if (tb_schema_copy(out, &o->schema))
    return 0;
  if (out->release)
    out->release(out);
  return ENOMEM;
}

static int offer_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
  offer *o = stream->private_data;
  *out = o->array;
  o->array.release = NULL;
  return 0;
}

static const char *offer_error(struct ArrowArrayStream *stream) {
  (void)stream;
  return NULL;
}

static void offer_release(struct ArrowArrayStream *stream) {
  release_offer(stream->private_data);
  stream->release = NULL;
}

typedef struct {
  SEXP x;
  const struct ArrowSchema *wanted;
  PyObject *notes;
  offer *made;
  bool done;
} export_job;

static void export_run(void *p) {
  export_job *job = p;
  tb_export e = {.x = job->x,
                 .wanted = job->wanted,
                 .schema = &job->made->schema,
                 .array = &job->made->array,
                 .place = {.notes = job->notes},
                 .any = tb_export_column};
  job->done = tb_export_column(&e);
}

/* Warns of what was lost. */
static bool warn(PyObject *notes) {
  if (PyList_GET_SIZE(notes) == 0)
    return true;
  PyObject *f = tb_hook(TB_HOOK_WARN_LOSSY);
  PyObject *done = f ? PyObject_CallOneArg(f, notes) : NULL;
  Py_XDECREF(done);
  return done != NULL;
}

static offer *make_offer(RObject *self, PyObject *requested) {
  export_job job = {.x = self->x};
  if (tb_check_thread())
    return NULL;
  if (requested != Py_None && !(job.wanted = PyCapsule_GetPointer(requested, schema_name)))
    return NULL;
  if (!(job.notes = PyList_New(0)))
    return NULL;
  if (!(job.made = calloc(1, sizeof *job.made)))
    PyErr_NoMemory();
  else if (tb_protected(export_run, &job) || !job.done || !warn(job.notes)) {
    if (!PyErr_Occurred())
      PyErr_NoMemory();
    release_offer(job.made);
    job.made = NULL;
  }
  Py_DECREF(job.notes);
  return job.made;
}

static void stream_destructor(PyObject *capsule) {
  struct ArrowArrayStream *stream = PyCapsule_GetPointer(capsule, stream_name);
  if (stream->release)
    stream->release(stream);
  free(stream);
}

static void schema_destructor(PyObject *capsule) {
  struct ArrowSchema *schema = PyCapsule_GetPointer(capsule, schema_name);
  if (schema->release)
    schema->release(schema);
  free(schema);
}

static PyObject *c_stream(PyObject *self, PyObject *args, PyObject *kwargs) {
  static char *names[] = {"requested_schema", NULL};
  PyObject *requested = Py_None;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O", names, &requested))
    return NULL;
  offer *made = make_offer((RObject *)self, requested);
  struct ArrowArrayStream *stream = made ? malloc(sizeof *stream) : NULL;
  if (stream) {
    *stream = (struct ArrowArrayStream){offer_schema, offer_next, offer_error, offer_release, made};
    PyObject *capsule = PyCapsule_New(stream, stream_name, stream_destructor);
    if (capsule)
      return capsule;
    free(stream);
  }
  if (made)
    release_offer(made);
  return PyErr_Occurred() ? NULL : PyErr_NoMemory();
}

static PyObject *c_schema(PyObject *self, PyObject *unused) {
  (void)unused;
  offer *made = make_offer((RObject *)self, Py_None);
  struct ArrowSchema *schema = made ? malloc(sizeof *schema) : NULL;
  if (schema) {
    *schema = made->schema;
    made->schema.release = NULL;
    release_offer(made);
    PyObject *capsule = PyCapsule_New(schema, schema_name, schema_destructor);
    if (!capsule) {
      schema->release(schema);
      free(schema);
    }
    return capsule;
  }
  if (made)
    release_offer(made);
  return PyErr_Occurred() ? NULL : PyErr_NoMemory();
}

/* ---- Arrow -> R ---- */

static void release_input(tb_arrow_input *input) {
  for (int64_t i = 0; i < input->n_arrays; i++)
    if (input->arrays[i].release)
      input->arrays[i].release(&input->arrays[i]);
  free(input->arrays);
  if (input->schema.release)
    input->schema.release(&input->schema);
}

static int next_array(struct ArrowArrayStream *stream, tb_arrow_input *input) {
  if (input->n_arrays == input->room) {
    int64_t room = input->room ? 2 * input->room : 16;
    struct ArrowArray *arrays = realloc(input->arrays, (size_t)room * sizeof *arrays);
    if (!arrays)
      return ENOMEM;
    input->arrays = arrays;
    input->room = room;
  }
  struct ArrowArray *next = &input->arrays[input->n_arrays];
  *next = (struct ArrowArray){0};
  int status = stream->get_next(stream, next);
  if (status == 0 && next->release)
    input->n_arrays++;
  return status;
}

/* The producer may be Python code, or threads that are: it runs without the GIL. */
static int read_all(struct ArrowArrayStream *stream, tb_arrow_input *input) {
  int status;
  Py_BEGIN_ALLOW_THREADS status = stream->get_schema(stream, &input->schema);
  while (status == 0) {
    int64_t before = input->n_arrays;
    status = next_array(stream, input);
    if (input->n_arrays == before)
      break;
  }
  Py_END_ALLOW_THREADS return status;
}

static bool check_all(const tb_arrow_input *input, PyObject *notes) {
  tb_place place = {.notes = notes};
  if (!tb_check_schema(&place, &input->schema))
    return false;
  for (int64_t i = 0; i < input->n_arrays; i++)
    if (!tb_check_array(&place, &input->schema, &input->arrays[i]))
      return false;
  return true;
}

typedef struct {
  const tb_arrow_input *input;
  PyObject *notes, *made;
} import_job;

static void import_run(void *p) {
  import_job *job = p;
  tb_column column = {.place = {.notes = job->notes}, .any = tb_import_column};
  if (!tb_column_of(job->input, &column))
    return;
  SEXP x = tb_import_column(&column);
  if (x) {
    PROTECT(x);
    job->made = tb_robject(x, true);
    UNPROTECT(1);
  }
}

PyObject *tb_from_arrow(PyObject *capsule) {
  struct ArrowArrayStream *stream = PyCapsule_GetPointer(capsule, stream_name);
  if (!stream || tb_check_thread())
    return NULL;
  if (!stream->release) {
    PyErr_SetString(PyExc_ValueError, "stream: it has been read already");
    return NULL;
  }
  tb_arrow_input input = {0};
  import_job job = {.input = &input, .notes = PyList_New(0)};
  if (!job.notes)
    return NULL;
  int status = read_all(stream, &input);
  if (status != 0 && !PyErr_Occurred()) {
    const char *reason = stream->get_last_error(stream);
    PyErr_Format(PyExc_ValueError, "stream: %s", reason ? reason : strerror(status));
  }
  if (status == 0 && check_all(&input, job.notes) && tb_protected(import_run, &job) == 0 &&
      job.made && !warn(job.notes))
    Py_CLEAR(job.made);
  else if (!job.made && !PyErr_Occurred())
    PyErr_NoMemory();
  /* What releases may be Python code, which must not find an exception there. */
  PyObject *type, *value, *trace;
  PyErr_Fetch(&type, &value, &trace);
  stream->release(stream);
  release_input(&input);
  Py_DECREF(job.notes);
  PyErr_Restore(type, value, trace);
  return job.made;
}

static const PyMethodDef methods[] = {
    {"__arrow_c_stream__", (PyCFunction)(void (*)(void))c_stream, METH_VARARGS | METH_KEYWORDS,
     "A data frame, or a vector, as an Arrow stream of one array."},
    {"__arrow_c_schema__", (PyCFunction)c_schema, METH_NOARGS, "The schema of that stream."},
    {NULL, NULL, 0, NULL}};

void tb_stream_add(void) { tb_robject_add(methods, NULL); }
