/* Where in the frame we are, for messages. */
#ifndef TB_ARROW_PLACE_H
#define TB_ARROW_PLACE_H

#include "core/base.h"

typedef struct tb_place {
  const struct tb_place *parent;
  const char *name; /* NULL: no column of its own */
  PyObject *notes;  /* of the outermost one: the list that gathers what was lost */
} tb_place;

/* "column 'a': ..." with printf's formats; fail() sets a Python exception and is false. */
bool tb_arrow_fail(const tb_place *place, PyObject *type, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool tb_arrow_note(const tb_place *place, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
