/* Is what an R object says of itself what it holds? structure(), or a damaged file, makes objects
 * that say more. */
#ifndef TB_SOUND_H
#define TB_SOUND_H

#include "core/base.h"

/* What is wrong, in words. */
typedef struct {
  char text[240];
} tb_damage;

/* dim, dimnames, names, what the class asks of the type and of the levels; of a data frame its
 * names, its row names and how long its columns are. Codes of factors are looked at where they are
 * read, and columns where each is converted. May jump where the other says so. */
bool tb_is_sound(SEXP x, tb_damage *why);
bool tb_check_may_jump(SEXP x);

void tb_sound_init(void); /* once R is there */

/* 0 where the dim of x, if any, is that of `length` elements; or -1 with an exception. */
int tb_check_dim(SEXP x, R_xlen_t length);

#endif
