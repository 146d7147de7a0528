/* SPDX-License-Identifier: MIT */
/* How a row of one run is found. */
#include <string.h>

#include "end.h"
#include "harness.h"

/* Goes on from the row that was found last where that is on the way, so that asking for one row after
 * the other takes no time that grows with the square of their number. */
const struct row *find_row(struct run *run, const char *stage, int n)
{
	int at = 0, seen = 0;

	if (stage == NULL)
		return n < run->count ? &run->rows[n] : NULL;
	if (run->found_nth > 0 && n >= run->found_nth &&
	    strcmp(run->rows[run->found_at].stage, stage) == 0) {
		at = run->found_at;
		seen = run->found_nth;
	}
	for (; at < run->count; at++)
		if (strcmp(run->rows[at].stage, stage) == 0 && seen++ == n)
			break;
	if (at == run->count)
		return NULL;
	if (n > 0) { /* the first row is found soon enough */
		run->found_at = at;
		run->found_nth = n;
	}
	return &run->rows[at];
}

const struct row *last_row(const struct run *run, const char *stage)
{
	for (int n = run->count - 1; n >= 0; n--)
		if (strcmp(run->rows[n].stage, stage) == 0)
			return &run->rows[n];
	return NULL;
}

const struct row *must_have_row(const struct row *row, const char *arm, const char *stage)
{
	if (row == NULL)
		broken("judge() asks for stage \"%s\" of arm %s, which recorded no such stage",
		       stage, arm);
	return row;
}
