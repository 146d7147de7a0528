/* SPDX-License-Identifier: MIT */
/* The findings of judge(), and the verdict that they come to. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "statistics.h"

struct finding *findings;
int finding_count;

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

static struct finding *add_finding(enum finding_kind kind, int line, const char *sentence,
				   const char *unit, const char *outcome)
{
	findings = realloc(findings, ((size_t)finding_count + 1) * sizeof(*findings));
	if (findings == NULL)
		broken("out of memory for the findings");
	struct finding *finding = &findings[finding_count++];
	*finding = (struct finding){ .kind = kind,
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

/* Returns a number as text, in a buffer of 24 bytes; the largest number has a name, since it
 * stands for no number: "inf" for a bound, "never" for what was measured. */
static const char *number_text(char text[static 24], int64_t number, const char *largest)
{
	if (number == INT64_MAX)
		return largest;
	snprintf(text, 24, "%lld", (long long)number);
	return text;
}

static const char *bound_text(char text[static 24], int64_t bound)
{
	return bound == INT64_MIN ? "-inf" : number_text(text, bound, "inf");
}

/* Prints always three numbers, even where a side is open, so that the measured number is the one
 * in the middle. */
void find_between(enum finding_kind kind, int line, const char *sentence, const char *unit,
		  int64_t least, int64_t actual, int64_t most)
{
	char low[24], middle[24], high[24];

	must_be_measured(sentence, actual);
	struct finding *finding =
		add_finding(kind, line, sentence, unit,
			    least <= actual && actual <= most && actual != NEVER ? "held" : "failed");
	snprintf(finding->numbers, sizeof(finding->numbers), "%s <= %s <= %s", bound_text(low, least),
		 number_text(middle, actual, "never"), bound_text(high, most));
}

void find_equal(enum finding_kind kind, int line, const char *sentence, const char *unit,
		int64_t expected, int64_t actual)
{
	char left[24], right[24];

	must_be_measured(sentence, actual);
	must_be_measured(sentence, expected);
	struct finding *finding =
		add_finding(kind, line, sentence, unit, expected == actual ? "held" : "failed");
	snprintf(finding->numbers, sizeof(finding->numbers), "%s == %s",
		 number_text(left, actual, "never"), number_text(right, expected, "never"));
}

/* Returns the value that is judged for all trials: the median, or where a trial is out of the
 * bounds, the one that is. */
static int64_t worst_of(struct samples samples, int64_t least, int64_t most)
{
	samples = sorted(samples);
	if (samples.value[0] < (double)least)
		return (int64_t)samples.value[0];
	if (samples.value[samples.count - 1] > (double)most)
		return (int64_t)samples.value[samples.count - 1];
	return (int64_t)samples.value[(samples.count - 1) / 2];
}

static void must_have_samples(const char *sentence, struct samples samples)
{
	if (samples.count == 0)
		broken("\"%s\" has no samples", sentence);
}

void find_each_between(enum finding_kind kind, int line, const char *sentence, const char *unit,
		       int64_t least, struct samples samples, int64_t most)
{
	must_have_samples(sentence, samples);
	find_between(kind, line, sentence, unit, least, worst_of(samples, least, most), most);
}

void find_each_equal(enum finding_kind kind, int line, const char *sentence, const char *unit,
		     int64_t expected, struct samples samples)
{
	must_have_samples(sentence, samples);
	find_equal(kind, line, sentence, unit, expected, worst_of(samples, expected, expected));
}

/* ---- ratios --------------------------------------------------------------- */

/* The probability with which a verdict may be wrong that ratios led to. */
static const double may_be_wrong = 0.05;

/* Judges by the sign test.  The ratios may be spread in any way, and a few trials that a neighbour
 * on the machine disturbed decide nothing. */
void find_beyond(enum finding_kind kind, int line, int sign, const char *sentence, double bound,
		 struct samples ratios)
{
	int beyond = 0;

	must_have_samples(sentence, ratios);
	ratios = sorted(ratios);
	for (int i = 0; i < ratios.count; i++)
		beyond += sign * ratios.value[i] >= sign * bound;
	double doubt = chance_of_heads(ratios.count, ratios.count - beyond);
	const char *outcome = chance_of_heads(ratios.count, beyond) <= may_be_wrong ? "held" :
			      doubt <= may_be_wrong                                 ? "failed" :
										      "unclear";

	struct finding *finding = add_finding(kind, line, sentence, "times", outcome);
	finding->trials = ratios.count;
	finding->beyond = beyond;
	finding->doubt = doubt;
	double median = quantile(ratios.value, ratios.count, 0.5);
	double lower = quantile(ratios.value, ratios.count, 0.25);
	double upper = quantile(ratios.value, ratios.count, 0.75);
	if (sign > 0)
		snprintf(finding->numbers, sizeof(finding->numbers),
			 "%.4g <= %.4g <= inf (quartiles %.4g to %.4g)", bound, median, lower, upper);
	else
		snprintf(finding->numbers, sizeof(finding->numbers),
			 "-inf <= %.4g <= %.4g (quartiles %.4g to %.4g)", median, bound, lower,
			 upper);
}

/* Makes a ratio that failed unclear where, among so many ratios, one would often fail by chance
 * (Bonferroni's correction).  One that failed refutes the claim, so it is the error of all together
 * that must be small.  All must have held for the claim to be reproduced, and that is in error only
 * where the one that does not hold is in error: so `held` needs no correction. */
static void correct_for_many(void)
{
	int ratios = 0;

	for (int i = 0; i < finding_count; i++)
		ratios += findings[i].kind == EXPECT && findings[i].trials > 0;
	for (struct finding *finding = findings; finding < findings + finding_count; finding++)
		if (finding->kind == EXPECT && finding->trials > 0 &&
		    strcmp(finding->outcome, "failed") == 0 && finding->doubt * ratios > may_be_wrong)
			finding->outcome = "unclear";
}

/* ---- verdict -------------------------------------------------------------- */

/* Returns the first finding of that kind and outcome (NULL: of any), NULL where there is none. */
static const struct finding *find_finding(enum finding_kind kind, const char *outcome)
{
	for (int i = 0; i < finding_count; i++)
		if (findings[i].kind == kind &&
		    (outcome == NULL || strcmp(findings[i].outcome, outcome) == 0))
			return &findings[i];
	return NULL;
}

/* Ends with the verdict refuted, and says whether what .instead says was measured as well. */
static void __attribute__((noreturn)) refute(void)
{
	char reason[REASON_SIZE];
	const struct finding *failed = find_finding(INSTEAD, "failed");
	const struct finding *unclear = find_finding(INSTEAD, "unclear");

	if (failed == NULL && unclear == NULL)
		end_with(REFUTED, NULL);
	if (failed != NULL)
		snprintf(reason, sizeof(reason),
			 "refuted, and not for the reason that is known: this failed too: %s",
			 failed->sentence);
	else
		snprintf(reason, sizeof(reason),
			 "refuted, but the timings are spread too widely to tell: %s",
			 unclear->sentence);
	end_with(REFUTED, reason);
}

static void __attribute__((noreturn)) leave_undecided(const struct finding *unclear)
{
	char reason[REASON_SIZE];

	snprintf(reason, sizeof(reason),
		 "the timings are spread too widely to decide, or the trials are too few: %d of %d are on "
		 "the right side of the bound: %s",
		 unclear->beyond, unclear->trials, unclear->sentence);
	end_with(INCONCLUSIVE, reason);
}

void judge_run(void)
{
	experiment.judge();
	correct_for_many();
	if (find_finding(EXPECT, NULL) == NULL)
		end_with(BROKEN, "judge() states no expectation");
	if (find_finding(CONTROL, NULL) == NULL)
		end_with(BROKEN, "judge() states no control: nothing shows that the test could fail");
	if (find_finding(CONTROL, "failed") != NULL || find_finding(CONTROL, "unclear") != NULL)
		end_with(INCONCLUSIVE, "a control failed, so this run proves nothing");
	if (find_finding(EXPECT, "failed") != NULL)
		refute();
	if (find_finding(EXPECT, "unclear") != NULL)
		leave_undecided(find_finding(EXPECT, "unclear"));
	end_with(REPRODUCED, NULL);
}
