/* Strings in both directions: Python's are Unicode, R's have an encoding each. What comes back is
 * new; nothing is kept.
 *
 * Tests: tests/native/core/test_strings.py, tests/native/values/test_values.py */
#include "core/strings.h"

#include "core/held.h"

#include <limits.h>

/* ---- UTF-8 ---- */

bool tb_valid_utf8(const char *text, int64_t n) {
  const unsigned char *at = (const unsigned char *)text, *end = at + n;
  while (at < end) {
    int more = *at < 0x80   ? 0
               : *at < 0xc2 ? -1
               : *at < 0xe0 ? 1
               : *at < 0xf0 ? 2
               : *at < 0xf5 ? 3
                            : -1;
    if (more < 0 || end - at <= more)
      return false;
    for (int i = 1; i <= more; i++)
      if ((at[i] & 0xc0) != 0x80)
        return false;
    /* too long for what it says; a surrogate; beyond the last character */
    if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
        (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
      return false;
    at += 1 + more;
  }
  return true;
}

static bool is_ascii(const char *text) {
  while (*text && (unsigned char)*text < 128)
    text++;
  return !*text;
}

static int64_t angles(const char *text) {
  int64_t n = 0;
  for (; (text = strchr(text, '<')); text++)
    n++;
  return n;
}

const char *tb_utf8(SEXP x, int64_t *size, const char **why) {
  const char *text = R_CHAR(x);
  *size = LENGTH(x);
  if (is_ascii(text))
    return text;
  cetype_t encoding = Rf_getCharCE(x);
  if (encoding == CE_BYTES) {
    *why = "is marked as bytes and has no text; convert it with iconv() first";
    return NULL;
  }
  const char *translated = encoding == CE_UTF8 ? text : Rf_translateCharUTF8(x);
  *size = (int64_t)strlen(translated);
  /* Of a byte that is no character R makes "<e9>", and says nothing. */
  if (tb_valid_utf8(translated, *size) &&
      (translated == text || angles(translated) == angles(text)))
    return translated;
  *why = "is no text in its encoding; iconv() in R mends it";
  return NULL;
}

/* ---- R -> Python ---- */

/* Python's own error of such bytes where they are UTF-8 to be, with our words as its reason. */
static void set_decode_error(SEXP x, const char *kind, R_xlen_t i, const char *why) {
  char reason[200];
  snprintf(reason, sizeof reason, "%s %lld %s", kind, (long long)i + 1, why);
  PyObject *type, *value, *trace;
  PyObject *text = PyUnicode_DecodeUTF8(R_CHAR(x), LENGTH(x), "strict");
  if (text) {
    Py_DECREF(text);
    PyErr_SetString(PyExc_ValueError, reason);
    return;
  }
  PyErr_Fetch(&type, &value, &trace);
  PyErr_NormalizeException(&type, &value, &trace);
  if (PyErr_GivenExceptionMatches(type, PyExc_UnicodeDecodeError))
    PyUnicodeDecodeError_SetReason(value, reason);
  PyErr_Restore(type, value, trace);
}

PyObject *tb_string_from_r(SEXP x, const char *kind, R_xlen_t i) {
  if (x == NA_STRING)
    Py_RETURN_NONE;
  const void *memory = vmaxget();
  int64_t size;
  const char *why, *text = tb_utf8(x, &size, &why);
  PyObject *result = NULL;
  if (text)
    result = PyUnicode_DecodeUTF8(text, (Py_ssize_t)size, "strict");
  else if (Rf_getCharCE(x) == CE_BYTES)
    PyErr_Format(PyExc_ValueError,
                 "%s %lld: an R string marked as bytes has no text; convert it with iconv() first",
                 kind, (long long)i + 1);
  else
    set_decode_error(x, kind, i, why);
  vmaxset(memory);
  return result;
}

PyObject *tb_message_from_r(SEXP x) {
  const void *memory = vmaxget();
  int64_t size;
  const char *why, *text = tb_utf8(x, &size, &why);
  if (!text)
    text = R_CHAR(x), size = LENGTH(x);
  PyObject *result = PyUnicode_DecodeUTF8(text, (Py_ssize_t)size, "backslashreplace");
  vmaxset(memory);
  return result;
}

static PyObject *text_from_r(const void *vector, R_xlen_t i) {
  return tb_message_from_r(STRING_ELT((SEXP)vector, i));
}

bool tb_strings_may_jump(SEXP x) {
  bool plain = TYPEOF(x) != STRSXP || !ALTREP(x);
  for (R_xlen_t i = 0; plain && TYPEOF(x) == STRSXP && i < Rf_xlength(x); i++)
    plain = is_ascii(R_CHAR(STRING_ELT(x, i)));
  return !plain;
}

PyObject *tb_strings_from_r(SEXP x) {
  PyObject *list = tb_list(TYPEOF(x) == STRSXP ? Rf_xlength(x) : 0, text_from_r, x);
  PyObject *tuple = list ? PyList_AsTuple(list) : NULL;
  Py_XDECREF(list);
  return tuple;
}

/* ---- Python -> R ---- */

/* Python's own error of a lone surrogate names the element, too. */
static void set_encode_error(const char *kind, R_xlen_t i) {
  char reason[200];
  snprintf(reason, sizeof reason, "%s %lld has a lone surrogate, which is no character", kind,
           (long long)i + 1);
  PyObject *type, *value, *trace;
  PyErr_Fetch(&type, &value, &trace);
  PyErr_NormalizeException(&type, &value, &trace);
  if (PyErr_GivenExceptionMatches(type, PyExc_UnicodeEncodeError))
    PyUnicodeEncodeError_SetReason(value, reason);
  PyErr_Restore(type, value, trace);
}

SEXP tb_string_to_r(PyObject *x, const char *kind, R_xlen_t i) {
  Py_ssize_t size;
  const char *text = PyUnicode_AsUTF8AndSize(x, &size), *why;
  if (!text) {
    set_encode_error(kind, i);
    return NULL;
  }
  if (strlen(text) != (size_t)size)
    why = "an R string cannot hold a NUL character";
  else if (size > INT_MAX)
    why = "an R string holds at most 2^31 - 1 bytes";
  else
    return Rf_mkCharLenCE(text, (int)size, CE_UTF8);
  PyErr_Format(PyExc_ValueError, "%s %lld: %s", kind, (long long)i + 1, why);
  return NULL;
}

SEXP tb_message_to_r(PyObject *x) {
  PyObject *bytes = x ? PyUnicode_AsEncodedString(x, "utf-8", "backslashreplace") : NULL;
  if (!bytes)
    return NULL;
  tb_hold(bytes);
  /* What comes after a NUL is left out. */
  SEXP made = Rf_mkCharCE(PyBytes_AS_STRING(bytes), CE_UTF8);
  Py_DECREF(tb_unhold());
  return made;
}

SEXP tb_strings_to_r(PyObject *sequence) {
  Py_ssize_t n = sequence ? PySequence_Size(sequence) : 0;
  SEXP x = PROTECT(Rf_allocVector(STRSXP, n < 0 ? 0 : n));
  for (Py_ssize_t i = 0; i < n; i++) {
    PyObject *item = tb_hold(PySequence_GetItem(sequence, i));
    SEXP text = tb_message_to_r(item);
    if (!text)
      PyErr_Clear();
    SET_STRING_ELT(x, i, text ? text : Rf_mkChar("?"));
    if (item)
      Py_DECREF(tb_unhold());
  }
  UNPROTECT(1);
  return x;
}
