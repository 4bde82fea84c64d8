/* The DLPack exchange structures, versions 0.x ("dltensor") and 1.x
 * ("dltensor_versioned"), as the DLPack specification lays them out. Only layout
 * lives here; who owns what is said in dlpack.c. */
#ifndef TB_DLPACK_LAYOUT_H
#define TB_DLPACK_LAYOUT_H

#include "core/base.h"

enum { DL_CPU = 1 };

enum { DL_INT = 0, DL_UINT = 1, DL_FLOAT = 2, DL_BFLOAT = 4, DL_COMPLEX = 5, DL_BOOL = 6 };

#define DL_FLAG_READ_ONLY ((uint64_t)1)

typedef struct {
  int32_t type;
  int32_t id;
} DLDevice;

typedef struct {
  uint8_t code;
  uint8_t bits;
  uint16_t lanes;
} DLDataType;

typedef struct {
  void *data;
  DLDevice device;
  int32_t ndim;
  DLDataType dtype;
  int64_t *shape;
  int64_t *strides; /* in elements; NULL means compact row-major */
  uint64_t byte_offset;
} DLTensor;

typedef struct DLManaged {
  DLTensor tensor;
  void *context;
  void (*deleter)(struct DLManaged *);
} DLManaged;

typedef struct {
  uint32_t major;
  uint32_t minor;
} DLVersion;

typedef struct DLManagedVersioned {
  DLVersion version;
  void *context;
  void (*deleter)(struct DLManagedVersioned *);
  uint64_t flags;
  DLTensor tensor;
} DLManagedVersioned;

#endif
