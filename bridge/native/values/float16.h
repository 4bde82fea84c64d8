/* Floating point numbers of 16 bits, which C has no type for. */
#ifndef TB_FLOAT16_H
#define TB_FLOAT16_H

#include "core/base.h"

double tb_float16_to_double(uint16_t bits);
double tb_bfloat16_to_double(uint16_t bits);

#endif
