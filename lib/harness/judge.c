/* SPDX-License-Identifier: MIT */
/* The functions that judge() calls: they read the rows of all trials, keep the findings, and
 * decide on the verdict. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "statistics.h"

struct finding *findings;
int finding_count;

/* ---- rows ----------------------------------------------------------------- */

/* Returns the n-th row (from 0) under a stage, or under any where stage is NULL. */
static const struct row *find_row(const struct run *run, const char *stage, int n)
{
	for (const struct row *row = run->rows; row < run->rows + run->count; row++)
		if ((stage == NULL || strcmp(row->stage, stage) == 0) && n-- == 0)
			return row;
	return NULL;
}

static const struct row *last_row(const struct run *run, const char *stage)
{
	for (int n = run->count - 1; n >= 0; n--)
		if (strcmp(run->rows[n].stage, stage) == 0)
			return &run->rows[n];
	return NULL;
}

/* Returns the row.  Where it is NULL, ends the experiment as broken: judge() asked for a stage
 * that was not recorded, so a name in its source is wrong. */
static const struct row *must_have(const struct row *row, const char *arm, const char *stage)
{
	if (row == NULL)
		broken("judge() asks for stage \"%s\" of arm %s, which recorded no such stage",
		       stage, arm);
	return row;
}

static int64_t column_of(const struct snapshot *snapshot, size_t column)
{
	return *(const int64_t *)((const char *)snapshot + column);
}

static int64_t difference(int64_t later, int64_t earlier)
{
	return later == NOT_MEASURED || earlier == NOT_MEASURED ? NOT_MEASURED : later - earlier;
}

/* Applies to each run of an arm. */
#define FOR_EACH_RUN_OF(arm_name, run)                                    \
	for (const struct run *run = runs; run < runs + run_count; run++) \
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

/* Returns the names of the arms, joined by ", ", in the order of the declaration: the order in
 * which a call's arguments are read depends on the compiler.  They are kept for findings that
 * follow without reading another arm: those judge the same numbers. */
static char *names_of_arms_read(void)
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
		const struct row *first = must_have(find_row(run, from, 0), arm, from);
		const struct row *last = must_have(last_row(run, to), arm, to);
		values[count++] =
			difference(column_of(&last->is, column), column_of(&first->is, column));
	}
	must_have_run(count, arm);
	return median_integer(values, count);
}

struct snapshot growth(const char *arm, const char *from, const char *to)
{
	struct snapshot grown;
#define COLUMN(name) grown.name = growth_of_column(arm, from, to, offsetof(struct snapshot, name));
	SNAPSHOT_COLUMNS(COLUMN)
#undef COLUMN
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
#define COLUMN(name) median.is.name = median_of_rows(rows, count, offsetof(struct row, is.name));
	SNAPSHOT_COLUMNS(COLUMN)
#undef COLUMN
	return &median;
}

int64_t y_of(const char *arm, const char *stage)
{
	return must_have(nth_row(arm, stage, 0), arm, stage)->y;
}

int64_t rows_with_y(const char *arm, const char *stage, int64_t y)
{
	const struct row *row;
	int64_t count = 0;

	for (int n = 0; (row = nth_row(arm, stage, n)) != NULL; n++)
		count += row->y == y;
	return count;
}

static void must_be_measured(const char *sentence, int64_t actual)
{
	if (actual == NOT_MEASURED)
		unsupported("\"%s\" needs a column that this machine does not fill (heap report: %s)",
			    sentence, malloc_source[0] != '\0' ? malloc_source : "none");
}

struct samples growth_samples_at(const char *arm, const char *from, const char *to, size_t column)
{
	struct samples samples = { 0 };

	FOR_EACH_RUN_OF(arm, run) {
		const struct row *first = must_have(find_row(run, from, 0), arm, from);
		const struct row *last = must_have(last_row(run, to), arm, to);
		int64_t grown =
			difference(column_of(&last->is, column), column_of(&first->is, column));
		must_be_measured(to, grown);
		samples.value[samples.count++] = (double)grown;
	}
	must_have_run(samples.count, arm);
	return samples;
}

struct samples samples_of_y(const char *arm, const char *stage)
{
	struct samples samples = { 0 };

	FOR_EACH_RUN_OF(arm, run) {
		int64_t y = must_have(find_row(run, stage, 0), arm, stage)->y;
		must_be_measured(stage, y);
		samples.value[samples.count++] = (double)y;
	}
	must_have_run(samples.count, arm);
	return samples;
}

struct samples cpu_time(const char *arm, const char *from, const char *to)
{
	struct samples user = growth_samples(arm, from, to, user_ns);
	struct samples both = growth_samples(arm, from, to, system_ns);

	for (int i = 0; i < both.count; i++)
		both.value[i] += user.value[i];
	return both;
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

/* ---- findings ------------------------------------------------------------- */

static struct samples sorted(struct samples samples)
{
	sort_doubles(samples.value, samples.count);
	return samples;
}

double median_of(struct samples samples)
{
	if (samples.count == 0)
		return 0;
	samples = sorted(samples);
	return quantile(samples.value, samples.count, 0.5);
}

const char *about(const char *arm, const char *sentence)
{
	static char text[256];

	snprintf(text, sizeof(text), "%s: %s", arm, sentence);
	return text;
}

static struct finding *add_finding(bool control, int line, const char *sentence, const char *unit,
				   const char *outcome)
{
	findings = realloc(findings, ((size_t)finding_count + 1) * sizeof(*findings));
	if (findings == NULL)
		broken("out of memory for the findings");
	struct finding *finding = &findings[finding_count++];
	*finding = (struct finding){ .control = control,
				     .outcome = outcome,
				     .sentence = strdup(sentence),
				     .unit = unit,
				     .arms = names_of_arms_read(),
				     .line = line };
	if (finding->sentence == NULL || finding->arms == NULL)
		broken("out of memory for the findings");
	if (unit == NULL || strpbrk(unit, "|\n") != NULL)
		broken("\"%s\" needs a unit, such as \"bytes\", \"ns\" or \"faults\"", sentence);
	return finding;
}

static const char *bound_text(char text[static 24], int64_t bound)
{
	if (bound == INT64_MIN)
		return "-inf";
	if (bound == INT64_MAX)
		return "inf";
	snprintf(text, 24, "%lld", (long long)bound);
	return text;
}

/* Prints always three numbers, even where a side is open, so that the measured number is the one
 * in the middle. */
void find_between(bool control, int line, const char *sentence, const char *unit, int64_t least,
		  int64_t actual, int64_t most)
{
	char low[24], high[24];

	must_be_measured(sentence, actual);
	struct finding *finding = add_finding(control, line, sentence, unit,
					      least <= actual && actual <= most ? "held" : "failed");
	snprintf(finding->numbers, sizeof(finding->numbers), "%s <= %lld <= %s",
		 bound_text(low, least), (long long)actual, bound_text(high, most));
}

void find_equal(bool control, int line, const char *sentence, const char *unit, int64_t expected,
		int64_t actual)
{
	must_be_measured(sentence, actual);
	struct finding *finding =
		add_finding(control, line, sentence, unit, expected == actual ? "held" : "failed");
	snprintf(finding->numbers, sizeof(finding->numbers), "%lld == %lld", (long long)actual,
		 (long long)expected);
}

void find_beyond(bool control, int line, const char *sentence, int sign, double bound,
		 struct samples ratios)
{
	if (ratios.count == 0)
		broken("\"%s\" has no samples", sentence);
	ratios = sorted(ratios);
	double lower = quantile(ratios.value, ratios.count, 0.25);
	double upper = quantile(ratios.value, ratios.count, 0.75);
	double worst = sign > 0 ? lower : upper, best = sign > 0 ? upper : lower;
	const char *outcome = sign * worst >= sign * bound ? "held" :
			      sign * best < sign * bound   ? "failed" :
							     "unclear";

	struct finding *finding = add_finding(control, line, sentence, "times", outcome);
	double median = quantile(ratios.value, ratios.count, 0.5);
	if (sign > 0)
		snprintf(finding->numbers, sizeof(finding->numbers),
			 "%.4g <= %.4g <= inf (quartiles %.4g to %.4g)", bound, median, lower, upper);
	else
		snprintf(finding->numbers, sizeof(finding->numbers),
			 "-inf <= %.4g <= %.4g (quartiles %.4g to %.4g)", median, bound, lower,
			 upper);
}

/* ---- verdict -------------------------------------------------------------- */

static int count_findings(bool control, const char *outcome)
{
	int count = 0;

	for (int i = 0; i < finding_count; i++)
		if (findings[i].control == control &&
		    (outcome == NULL || strcmp(findings[i].outcome, outcome) == 0))
			count++;
	return count;
}

void judge_run(void)
{
	experiment.judge();
	if (count_findings(false, NULL) == 0)
		end_with(BROKEN, "judge() states no expectation");
	if (count_findings(true, NULL) == 0)
		end_with(BROKEN, "judge() states no control: nothing shows that the test could fail");
	if (count_findings(true, "held") < count_findings(true, NULL))
		end_with(INCONCLUSIVE, "a control failed, so this run proves nothing");
	if (count_findings(false, "failed") > 0)
		end_with(REFUTED, NULL);
	if (count_findings(false, "unclear") > 0)
		end_with(INCONCLUSIVE, "the timings are spread too widely to decide");
	end_with(REPRODUCED, NULL);
}
