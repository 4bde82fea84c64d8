/* R's types that Arrow has none for. What they are is Python's to say (frames/kept_types.py): text,
 * which stands in the metadata of the column, or as that of an Arrow extension type of ours.
 *
 * Python is called here, and may call R: what it gives is held until it is copied.
 *
 * Tests: tests/frames/test_kept_types.py, tests/arrays/test_type_table.py */
#include "arrow/kept.h"

#include "arrow/schema.h"
#include "core/held.h"
#include "core/hooks.h"
#include "core/robject.h"

const char tb_kept_type[] = "r.type";

static bool note_dropped(const tb_place *place, const char *class) {
  return !class || tb_arrow_note(place, "its class %s is dropped, its values stay", class);
}

static char *copied(const char *text) {
  size_t size = strlen(text) + 1;
  return memcpy(R_alloc(size, 1), text, size);
}

bool tb_describe_type(tb_export *e, const char **text) {
  PyObject *hook = tb_hook(TB_HOOK_DESCRIBE_TYPE);
  PyObject *x = hook ? tb_robject(e->x, false) : NULL;
  PyObject *found = tb_hold(x ? PyObject_CallOneArg(hook, x) : NULL);
  const char *kept = NULL, *dropped = NULL;
  Py_XDECREF(x);
  if (!found)
    return false;
  bool done = PyArg_ParseTuple(found, "zz", &kept, &dropped) && note_dropped(&e->place, dropped);
  *text = done && kept ? copied(kept) : NULL;
  Py_DECREF(tb_unhold());
  return done;
}

static const char *kept_text(const struct ArrowSchema *s) {
  const char *text = tb_schema_fact(s, tb_kept_type);
  if (text || !s->metadata)
    return text;
  const char *name = tb_schema_fact(s, "ARROW:extension:name");
  bool ours = name && strcmp(name, "torchbridge.r_type") == 0;
  return ours ? tb_schema_fact(s, "ARROW:extension:metadata") : NULL;
}

static bool restore(const tb_place *place, SEXP x, const char *text) {
  PyObject *hook = tb_hook(TB_HOOK_RESTORE_TYPE);
  PyObject *made = hook ? tb_robject(x, true) : NULL;
  PyObject *dropped = made ? PyObject_CallFunction(hook, "Os", made, text) : NULL;
  Py_XDECREF(made);
  bool done = dropped && note_dropped(place, dropped == Py_None ? NULL : PyUnicode_AsUTF8(dropped));
  Py_XDECREF(dropped);
  return done;
}

SEXP tb_restore_type(const tb_column *c, SEXP x) {
  if (!x)
    return NULL;
  PROTECT(x);
  const char *text = kept_text(c->schema);
  bool done = !text || restore(&c->place, x, text);
  UNPROTECT(1);
  return done ? x : NULL;
}
