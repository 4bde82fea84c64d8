/* What Python has to tell R: warnings, which wait until the entry ends, where an R handler may jump
 * and no Python frame is below. The cell owns them.
 *
 * Tests: test-python-object.R */
#include "core/notes.h"

#include "core/errors.h"
#include "core/helpers.h"
#include "core/strings.h"

static SEXP waiting = NULL; /* its CDR: a list(message, classes) each */

void tb_notes_init(void) {
  waiting = Rf_cons(R_NilValue, R_NilValue);
  R_PreserveObject(waiting);
}

typedef struct {
  PyObject *message, *classes;
  bool failed;
} note_job;

static void note_run(void *p) {
  note_job *job = p;
  SEXP text = tb_message_to_r(job->message);
  job->failed = !text;
  if (job->failed)
    return;
  PROTECT(text);
  SEXP note = PROTECT(Rf_allocVector(VECSXP, 2)), last = waiting;
  SET_VECTOR_ELT(note, 0, Rf_ScalarString(text));
  SET_VECTOR_ELT(note, 1, tb_strings_to_r(job->classes));
  while (CDR(last) != R_NilValue)
    last = CDR(last);
  SETCDR(last, Rf_cons(note, R_NilValue));
  UNPROTECT(2);
}

int tb_note(PyObject *message, PyObject *classes) {
  note_job job = {.message = message, .classes = classes};
  return tb_protected(note_run, &job) || job.failed ? -1 : 0;
}

void tb_notes_drop(void) {
  if (waiting)
    SETCDR(waiting, R_NilValue);
}

void tb_notes_tell(void) {
  if (!waiting || CDR(waiting) == R_NilValue)
    return;
  SEXP notes = PROTECT(Rf_PairToVectorList(CDR(waiting)));
  tb_notes_drop();
  SEXP call = PROTECT(Rf_lang2(tb_helper("signal_notes"), notes));
  Rf_eval(call, R_GlobalEnv);
  UNPROTECT(2);
}
