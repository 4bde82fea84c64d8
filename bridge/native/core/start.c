/* Starting Python in R's process: R loads libpython and this library, and Python imports the latter
 * as torchbridge._native when it runs.
 *
 * It is what the program `python` does at its start, but for three things: the signals stay R's,
 * the locale stays as R has set it, and nothing is run. The thread keeps the GIL, as where
 * reticulate starts Python: what R's finalizers free is then freed under it.
 *
 * Tests: test-python-embed.R */
#include "core/start.h"

#include "core/entry.h"

#include <stdio.h>

enum { LONGEST = 4000 };

static PyStatus initialise(const char *python) {
  PyPreConfig before;
  PyPreConfig_InitPythonConfig(&before);
  before.coerce_c_locale = before.utf8_mode = 0;
  PyStatus status = Py_PreInitialize(&before);
  if (PyStatus_Exception(status))
    return status;
  PyConfig config;
  PyConfig_InitPythonConfig(&config);
  config.install_signal_handlers = config.parse_argv = 0;
  char *arguments[] = {(char *)python};
  status = PyConfig_SetBytesString(&config, &config.program_name, python);
  if (!PyStatus_Exception(status))
    status = PyConfig_SetBytesArgv(&config, 1, arguments);
  if (!PyStatus_Exception(status))
    status = Py_InitializeFromConfig(&config);
  PyConfig_Clear(&config);
  return status;
}

/* Copies what the exception says. */
static void take_error(char *why) {
  PyObject *type, *value, *trace;
  PyErr_Fetch(&type, &value, &trace);
  PyErr_NormalizeException(&type, &value, &trace);
  PyObject *said = value ? PyObject_Str(value) : NULL;
  const char *text = said ? PyUnicode_AsUTF8(said) : NULL;
  snprintf(why, LONGEST, "%s: %s", value ? Py_TYPE(value)->tp_name : "Error", text ? text : "");
  Py_XDECREF(said);
  Py_XDECREF(type);
  Py_XDECREF(value);
  Py_XDECREF(trace);
  PyErr_Clear();
}

static void run(const char *code, char *why) {
  PyObject *names = PyDict_New(), *done = NULL;
  if (names && PyDict_SetItemString(names, "__builtins__", PyEval_GetBuiltins()) == 0)
    done = PyRun_String(code, Py_file_input, names, names);
  if (!done)
    take_error(why);
  Py_XDECREF(done);
  Py_XDECREF(names);
}

SEXP tb_entry_start(SEXP python, SEXP code) {
  const char *path = tb_string_argument(python, "python"), *text = tb_string_argument(code, "code");
  char why[LONGEST] = "";
  if (Py_IsInitialized())
    Rf_error("Python is running already");
  PyStatus status = initialise(path);
  if (PyStatus_Exception(status))
    snprintf(why, LONGEST, "%s", status.err_msg ? status.err_msg : "it does not start");
  else
    run(text, why);
  if (*why)
    Rf_error("%s", why);
  return R_NilValue;
}
