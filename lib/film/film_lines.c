/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "film_lines.h"

#include <search.h>
#include <stddef.h>
#include <stdlib.h>

#include "end.h"

/* Nodes of a search tree, tsearch(3), since an arm may allocate very many blocks. */
struct line_of_block {
	int64_t block;
	int line;
};
static void *tree;

static int by_block(const void *a, const void *b)
{
	int64_t first = ((const struct line_of_block *)a)->block;
	int64_t second = ((const struct line_of_block *)b)->block;

	return (first > second) - (first < second);
}

void film_lines_clear(void)
{
	while (tree != NULL) {
		struct line_of_block *entry = *(struct line_of_block **)tree;
		tdelete(entry, &tree, by_block);
		free(entry);
	}
}

void film_lines_add(int64_t block, int line)
{
	struct line_of_block *new = malloc(sizeof(*new));

	if (new == NULL)
		broken("out of memory for the lines of a film");
	*new = (struct line_of_block){ block, line };
	struct line_of_block **found = tsearch(new, &tree, by_block);
	if (found == NULL)
		broken("out of memory for the lines of a film");
	if (*found == new)
		return;
	(*found)->line = line;
	free(new);
}

int film_lines_find(int64_t block)
{
	struct line_of_block wanted = { block, 0 };
	struct line_of_block **found = tfind(&wanted, &tree, by_block);

	return found != NULL ? (*found)->line : 0;
}
