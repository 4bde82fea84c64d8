/* The Arrow C data and C stream interfaces, as their specification lays them out
 * (https://arrow.apache.org/docs/format/CDataInterface.html). No Arrow library is needed. Only
 * layout lives here. */
#ifndef TB_ARROW_INTERFACE_H
#define TB_ARROW_INTERFACE_H

#include "core/base.h"

#define ARROW_ORDERED 1
#define ARROW_NULLABLE 2

struct ArrowSchema {
  const char *format, *name, *metadata;
  int64_t flags, n_children;
  struct ArrowSchema **children, *dictionary;
  void (*release)(struct ArrowSchema *);
  void *private_data;
};

struct ArrowArray {
  int64_t length, null_count, offset, n_buffers, n_children;
  const void **buffers;
  struct ArrowArray **children, *dictionary;
  void (*release)(struct ArrowArray *);
  void *private_data;
};

struct ArrowArrayStream {
  int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *out);
  int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *out);
  const char *(*get_last_error)(struct ArrowArrayStream *);
  void (*release)(struct ArrowArrayStream *);
  void *private_data;
};

#endif
