/* SPDX-License-Identifier: MIT */
/* A free() that does nothing. */
void free(void *block);

void free(void *block)
{
	(void)block;
}
