/* A complex number is a struct of two doubles, `re` and `im`, which every library can show. Both
 * ways the numbers are copied.
 *
 * Tests: tests/native/arrow/test_arrow.py, tests/native/arrow/test_types.py */
#include "arrow/complex.h"

#include "arrow/number.h"
#include "arrow/schema.h"
#include "core/vector.h"

static const char *const names[] = {"re", "im"};

bool tb_export_complex(tb_export *e) {
  const Rcomplex *data = COMPLEX_RO(e->x);
  R_xlen_t n = Rf_xlength(e->x);
  if (!tb_schema_init(e->schema, e->place.name, 2) || !tb_schema_format(e->schema, "+s") ||
      !tb_schema_facts(e->schema, "r.class", "complex", NULL) || !tb_array_init(e->array, n, 1, 2))
    return false;
  for (int part = 0; part < 2; part++) {
    struct ArrowSchema *s = e->schema->children[part];
    struct ArrowArray *a = e->array->children[part];
    double *to;
    if (!tb_schema_init(s, names[part], 0) || !tb_schema_format(s, "g") ||
        !tb_array_init(a, n, 2, 0) || !(to = tb_array_buffer(a, 1, (size_t)n * sizeof *to)))
      return false;
    for (R_xlen_t i = 0; i < n; i++)
      to[i] = part ? data[i].i : data[i].r;
    if (!tb_array_validity(a, to, tb_missing_real))
      return false;
  }
  return true;
}

/* A struct of two doubles, `re` and `im`, that no data frame of R's was. */
bool tb_is_complex(const struct ArrowSchema *s) {
  if (strcmp(s->format, "+s") != 0 || s->n_children != 2)
    return false;
  for (int i = 0; i < 2; i++) {
    const struct ArrowSchema *part = s->children[i];
    if (strcmp(part->format, "g") != 0 || part->dictionary || !part->name ||
        strcmp(part->name, names[i]) != 0)
      return false;
  }
  const char *class = tb_schema_fact(s, "r.class");
  return !class || strcmp(class, "complex") == 0;
}

SEXP tb_import_complex(const tb_column *c) {
  SEXP x = PROTECT(tb_new_vector(CPLXSXP, c->length));
  Rcomplex *to = COMPLEX(x);
  for (int part = 0; part < 2; part++) {
    tb_column child;
    tb_column_child(c, part, &child);
    SEXP values = PROTECT(tb_import_double(&child));
    const double *from = REAL_RO(values);
    for (int64_t i = 0; i < c->length; i++)
      *(part ? &to[i].i : &to[i].r) = from[i];
    UNPROTECT(1);
  }
  UNPROTECT(1);
  return x;
}
