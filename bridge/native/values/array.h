/* R's vectors and arrays of numbers as NumPy knows arrays. */
#ifndef TB_ARRAY_H
#define TB_ARRAY_H

void tb_array_add(void); /* RObject.new_vector, .__array_interface__ */

#endif
