/* What Python has to tell R while R waits for it: warnings. */
#ifndef TB_NOTES_H
#define TB_NOTES_H

#include "core/base.h"

void tb_notes_init(void); /* once R is there */

/* A warning of R's with these classes (a sequence of str), when the entry that runs ends; -1 with
 * an exception. Only within an entry. */
int tb_note(PyObject *message, PyObject *classes);
void tb_notes_tell(void); /* signals those that wait; may jump */
void tb_notes_drop(void);

#endif
