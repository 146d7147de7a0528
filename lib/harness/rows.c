/* SPDX-License-Identifier: MIT */
/* The functions by which judge() reads the rows of all trials of an arm. */
#include <stdio.h>
#include <string.h>

#include "harness.h"
#include "statistics.h"

static int64_t column_of(const struct snapshot *snapshot, size_t column)
{
	return *(const int64_t *)((const char *)snapshot + column);
}

/* Applies to each column of a snapshot: each is an int64_t, this far from the beginning. */
#define FOR_EACH_COLUMN(column) \
	for (size_t column = 0; column < sizeof(struct snapshot); column += sizeof(int64_t))

static void set_column(struct snapshot *snapshot, size_t column, int64_t value)
{
	*(int64_t *)((char *)snapshot + column) = value;
}

static int64_t difference(int64_t later, int64_t earlier)
{
	return later == NOT_MEASURED || earlier == NOT_MEASURED ? NOT_MEASURED : later - earlier;
}

/* Applies to each run of an arm. */
#define FOR_EACH_RUN_OF(arm_name, run)                              \
	for (struct run *run = runs; run < runs + run_count; run++) \
		if (strcmp(run->arm->name, arm_name) == 0)

/* Which arms judge() has read for its next finding. */
static bool was_read[MAX_ARMS];
static bool arms_are_used; /* a finding has them: the next arm that is read begins a new set */

static void note_arm_as_read(const char *name)
{
	if (arms_are_used)
		memset(was_read, 0, sizeof(was_read));
	arms_are_used = false;
	was_read[find_arm(name) - experiment.arms] = true;
}

/* The order is that of the declaration, because the order in which a call's arguments are read
 * depends on the compiler.  The names are kept for findings that follow without reading another
 * arm: those judge the same numbers. */
char *names_of_arms_read(void)
{
	char *text;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	const char *separator = "";

	arms_are_used = true;
	if (stream == NULL)
		return NULL;
	for (int i = 0; i < MAX_ARMS; i++)
		if (was_read[i]) {
			fprintf(stream, "%s%s", separator, experiment.arms[i].name);
			separator = ", ";
		}
	return fclose(stream) == 0 ? text : NULL;
}

static void must_have_run(int count, const char *arm)
{
	if (count > 0)
		note_arm_as_read(arm);
	else
		broken("judge() asks for arm %s, which did not run: it is not in the declaration, or the "
		       "library that it preloads is not installed (call arm_ran() first)",
		       arm);
}

bool arm_ran(const char *arm)
{
	FOR_EACH_RUN_OF(arm, run)
		return true;
	return false;
}

static int64_t growth_of_column(const char *arm, const char *from, const char *to, size_t column)
{
	int64_t values[MAX_TRIALS];
	int count = 0;

	FOR_EACH_RUN_OF(arm, run) {
		const struct row *first = must_have_row(find_row(run, from, 0), arm, from);
		const struct row *last = must_have_row(last_row(run, to), arm, to);
		values[count++] =
			difference(column_of(&last->is, column), column_of(&first->is, column));
	}
	must_have_run(count, arm);
	return median_integer(values, count);
}

struct snapshot growth(const char *arm, const char *from, const char *to)
{
	struct snapshot grown = { 0 };

	FOR_EACH_COLUMN(column)
		set_column(&grown, column, growth_of_column(arm, from, to, column));
	return grown;
}

static int64_t median_of_rows(const struct row **rows, int count, size_t column)
{
	int64_t values[MAX_TRIALS];

	for (int i = 0; i < count; i++)
		values[i] = *(const int64_t *)((const char *)rows[i] + column);
	return median_integer(values, count);
}

const struct row *nth_row(const char *arm, const char *stage, int n)
{
	static struct row median;
	const struct row *rows[MAX_TRIALS];
	int count = 0;

	must_have_run(arm_ran(arm), arm);
	FOR_EACH_RUN_OF(arm, run) {
		const struct row *row = find_row(run, stage, n);
		if (row != NULL)
			rows[count++] = row;
	}
	if (count == 0)
		return NULL;
	median = *rows[0];
	median.x = median_of_rows(rows, count, offsetof(struct row, x));
	median.y = median_of_rows(rows, count, offsetof(struct row, y));
	FOR_EACH_COLUMN(column)
		set_column(&median.is, column,
			   median_of_rows(rows, count, offsetof(struct row, is) + column));
	return &median;
}

int64_t y_of(const char *arm, const char *stage)
{
	return must_have_row(nth_row(arm, stage, 0), arm, stage)->y;
}

int64_t rows_with_y(const char *arm, const char *stage, int64_t y)
{
	const struct row *row;
	int64_t count = 0;

	for (int n = 0; (row = nth_row(arm, stage, n)) != NULL; n++)
		count += row->y == y;
	return count;
}

int64_t measured(int64_t value, const char *name)
{
	must_be_measured(name, value);
	return value;
}

int64_t rows_under(const char *arm, const char *stage)
{
	int64_t count = INT64_MAX;

	must_have_run(arm_ran(arm), arm);
	FOR_EACH_RUN_OF(arm, run) {
		int64_t found = 0;
		for (const struct row *row = run->rows; row < run->rows + run->count; row++)
			found += strcmp(row->stage, stage) == 0;
		if (found < count)
			count = found;
	}
	if (count == 0)
		must_have_row(NULL, arm, stage);
	return count;
}

/* Returns whether a row follows: see rows_that_follow_at(). */
static bool follows(const struct row *row, const struct row *first, size_t column,
		    int64_t (*expected)(int64_t x), int64_t slack)
{
	int64_t grown = difference(column_of(&row->is, column), column_of(&first->is, column));

	must_be_measured(row->stage, grown);
	int64_t wanted = expected != NULL ? expected(row->x) : row->x;
	return wanted - slack <= grown && grown <= wanted + slack;
}

int64_t rows_that_follow_at(const char *arm, const char *from, const char *stage, size_t column,
			    int64_t (*expected)(int64_t x), int64_t slack)
{
	int64_t count = 0, all = rows_under(arm, stage);

	for (int n = 0; n < all; n++) {
		bool in_all_trials = true;
		FOR_EACH_RUN_OF(arm, run)
			if (!follows(find_row(run, stage, n),
				     must_have_row(find_row(run, from, 0), arm, from), column,
				     expected, slack))
				in_all_trials = false;
		count += in_all_trials;
	}
	return count;
}

void must_be_measured(const char *sentence, int64_t actual)
{
	if (actual == NOT_MEASURED)
		unsupported("\"%s\" needs a column that this machine does not fill (heap report: %s)",
			    sentence, malloc_source[0] != '\0' ? malloc_source : "none");
}

/* Returns by how much a column grew.  Where it was not measured, ends the experiment as unsupported. */
static double growth_between(const struct row *first, const struct row *last, size_t column)
{
	int64_t grown = difference(column_of(&last->is, column), column_of(&first->is, column));

	must_be_measured(last->stage, grown);
	return (double)grown;
}

struct samples growth_samples_at(const char *arm, const char *from, const char *to, size_t column)
{
	struct samples samples = { 0 };

	FOR_EACH_RUN_OF(arm, run) {
		const struct row *first = must_have_row(find_row(run, from, 0), arm, from);
		const struct row *last = must_have_row(last_row(run, to), arm, to);
		samples.value[samples.count++] = growth_between(first, last, column);
	}
	must_have_run(samples.count, arm);
	return samples;
}

struct samples samples_of_y(const char *arm, const char *stage)
{
	struct samples samples = { 0 };

	FOR_EACH_RUN_OF(arm, run) {
		int64_t y = must_have_row(find_row(run, stage, 0), arm, stage)->y;
		must_be_measured(stage, y);
		samples.value[samples.count++] = (double)y;
	}
	must_have_run(samples.count, arm);
	return samples;
}

struct samples cpu_time(const char *arm, const char *from, const char *to)
{
	struct samples samples = { 0 };

	FOR_EACH_RUN_OF(arm, run) {
		const struct row *first = must_have_row(find_row(run, from, 0), arm, from);
		const struct row *last = must_have_row(last_row(run, to), arm, to);
		samples.value[samples.count++] =
			growth_between(first, last, offsetof(struct snapshot, user_ns)) +
			growth_between(first, last, offsetof(struct snapshot, system_ns));
	}
	must_have_run(samples.count, arm);
	return samples;
}

struct samples ratio(struct samples of, struct samples to)
{
	if (of.count != to.count)
		broken("judge() divides %d samples by %d in ratio(): the numbers must be equal",
		       of.count, to.count);
	for (int i = 0; i < of.count; i++) {
		if (to.value[i] <= 0)
			broken("judge() divides by %g in ratio(): only a number above zero makes sense",
			       to.value[i]);
		of.value[i] /= to.value[i];
	}
	return of;
}
