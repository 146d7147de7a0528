/* SPDX-License-Identifier: MIT */
/* Tests lib/harness/judge.c on made-up rows: statistics, findings, and which verdict wins.
 *
 * This file replaces what judge.c takes from the other parts of the harness: the rows, and the
 * two ways to end.  An end jumps back into the test that caused it.
 *
 * USAGE: judge_test
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness.h"

/* ---- in place of the rest of the harness ---------------------------------- */

struct run *runs;
int run_count;
char resident_source[16], malloc_source[16];

static jmp_buf at_the_end;
static enum verdict ended;
static char reason[REASON_SIZE];

static void remember(enum verdict verdict, const char *why)
{
	snprintf(reason, sizeof(reason), "%s", why != NULL ? why : "");
	ended = verdict;
	longjmp(at_the_end, 1);
}

static void (*the_judge)(void);

static void judge(void)
{
	the_judge();
}

const struct experiment experiment = { .judge = judge,
				       .arms = { { .name = "quick" }, { .name = "slow" } } };

const struct arm *find_arm(const char *name)
{
	for (const struct arm *arm = experiment.arms; arm->name != NULL; arm++)
		if (strcmp(arm->name, name) == 0)
			return arm;
	return NULL;
}

/* Gives the verdict with which a statement ends the experiment; -1 when it does not end it. */
#define END_OF(statement)                                                                   \
	(ended = (enum verdict) - 1, setjmp(at_the_end) == 0 ? (void)(statement) : (void)0, \
	 (int)ended)

static void forget_findings(void)
{
	for (int i = 0; i < finding_count; i++) {
		free((char *)findings[i].sentence);
		free((char *)findings[i].arms);
	}
	free(findings);
	findings = NULL;
	finding_count = 0;
}

static int verdict_of(void (*judge_under_test)(void))
{
	forget_findings();
	the_judge = judge_under_test;
	return END_OF(judge_run());
}

static const char *outcome(void)
{
	return findings[finding_count - 1].outcome;
}

static const char *numbers(void)
{
	return findings[finding_count - 1].numbers;
}

/* ---- rows: two arms, five trials ------------------------------------------ */

enum { TRIALS = 5 };

static struct row rows[2 * TRIALS][3];
static struct run all_runs[2 * TRIALS];

static void set_row(struct row *row, const char *stage, int64_t x, int64_t y, int64_t value)
{
	snprintf(row->stage, sizeof(row->stage), "%s", stage);
	row->x = x;
	row->y = y;
#define COLUMN(name) row->is.name = value;
	SNAPSHOT_COLUMNS(COLUMN)
#undef COLUMN
	row->is.mapping_count = NOT_MEASURED;
}

/* In its five trials quick grows by 40 10 50 20 30 from "before" to "work", and slow by three times
 * as much.  Each trial records "work" twice, and the last row counts. */
static int set_up(void **state)
{
	static const int64_t growths[TRIALS] = { 40, 10, 50, 20, 30 };

	(void)state;
	end_by(remember);
	for (int i = 0; i < 2 * TRIALS; i++) {
		int64_t grown = growths[i / 2] * (i % 2 == 0 ? 1 : 3), before = INT64_C(1000) * i;
		set_row(&rows[i][0], "before", 0, NOT_MEASURED, before);
		set_row(&rows[i][1], "work", 1, grown, before + 7);
		set_row(&rows[i][2], "work", 2, grown + 1, before + grown);
		all_runs[i] = (struct run){ .arm = &experiment.arms[i % 2],
					    .trial = i / 2 + 1,
					    .count = 3,
					    .rows = rows[i] };
	}
	runs = all_runs;
	run_count = 2 * TRIALS;
	snprintf(malloc_source, sizeof(malloc_source), "mallinfo2");
	forget_findings();
	return 0;
}

/* ---- statistics ----------------------------------------------------------- */

static void medians(void **state)
{
	(void)state;
	assert_true(median_of((struct samples){ 3, { 9, -1, 4 } }) == 4);
	assert_true(median_of((struct samples){ 4, { 4, 1, 3, 2 } }) == 2.5);
	assert_true(median_of((struct samples){ 1, { 7.5 } }) == 7.5);
	assert_true(median_of((struct samples){ 0 }) == 0);
}

static void growth_is_the_median_of_the_trials(void **state)
{
	struct snapshot grown = growth("quick", "before", "work");

	(void)state;
	assert_int_equal(grown.resident_bytes, 30);
	assert_int_equal(grown.swap_bytes, 30);
	assert_true(grown.mapping_count == NOT_MEASURED);
	assert_int_equal(growth("slow", "before", "work").resident_bytes, 90);

	/* Of an even number of trials it is the lower middle one: 10 20 40 50. */
	run_count = 2 * (TRIALS - 1);
	assert_int_equal(growth("quick", "before", "work").resident_bytes, 20);
}

/* There is no median when one trial lacks the number. */
static void growth_with_a_hole_is_not_measured(void **state)
{
	(void)state;
	rows[4][2].is.resident_bytes = NOT_MEASURED;
	assert_true(growth("quick", "before", "work").resident_bytes == NOT_MEASURED);
	assert_int_equal(growth("quick", "before", "work").virtual_bytes, 30);
}

static void rows_are_medians(void **state)
{
	const struct row *row = nth_row("quick", "work", 1);

	(void)state;
	assert_int_equal(row->x, 2);
	assert_int_equal(row->y, 31);
	assert_int_equal(row->is.resident_bytes, 4050); /* the median of 40 2010 4050 6020 8030 */
	assert_int_equal(nth_row("quick", NULL, 1)->y, 30);
	assert_null(nth_row("quick", "work", 2));
	assert_null(nth_row("quick", NULL, 3));
	assert_int_equal(y_of("quick", "work"), 30);
	assert_int_equal(rows_with_y("quick", "work", 30), 1);
	assert_int_equal(rows_with_y("quick", "before", NOT_MEASURED), 1);
	assert_int_equal(rows_with_y("quick", NULL, 32), 0);
}

/* A run goes on from the row that was found last: also where the next one lies before it, or
 * under another stage, or nowhere. */
static void rows_are_found_in_any_order(void **state)
{
	enum { ROWS = 12 };
	struct row many[ROWS];
	struct run run = { .arm = &experiment.arms[0], .trial = 1, .count = ROWS, .rows = many };

	(void)state;
	for (int i = 0; i < ROWS; i++)
		set_row(&many[i], i % 3 == 0 ? "third" : "other", i, i, i);
	runs = &run;
	run_count = 1;
	for (int asked = 0; asked < 1000; asked++) {
		int n = asked * 7 % 13 % 5, other = asked * 5 % 11 % 9;
		const struct row *row = nth_row("quick", "third", n);
		if (n < 4)
			assert_int_equal(row->y, 3 * n);
		else
			assert_null(row);
		row = nth_row("quick", "other", other);
		if (other < 8)
			assert_int_equal(row->y, 3 * (other / 2) + 1 + other % 2);
		else
			assert_null(row);
	}
}

static void names_that_do_not_exist_are_broken(void **state)
{
	(void)state;
	assert_int_equal(END_OF(growth("no such arm", "before", "work")), BROKEN);
	assert_int_equal(END_OF(growth("quick", "no such stage", "work")), BROKEN);
	assert_int_equal(END_OF(growth("quick", "before", "no such stage")), BROKEN);
	assert_int_equal(END_OF(nth_row("no such arm", "work", 0)), BROKEN);
	assert_int_equal(END_OF(y_of("quick", "no such stage")), BROKEN);
	assert_int_equal(END_OF(growth_samples("no such arm", "before", "work", elapsed_ns)), BROKEN);
}

static void ratios_are_taken_trial_by_trial(void **state)
{
	struct samples to_quick = growth_samples("quick", "before", "work", elapsed_ns);
	struct samples of_slow = growth_samples("slow", "before", "work", elapsed_ns);
	struct samples times = ratio(of_slow, to_quick);

	(void)state;
	assert_int_equal(times.count, TRIALS);
	for (int i = 0; i < times.count; i++)
		assert_true(times.value[i] == 3);
}

/* ---- findings ------------------------------------------------------------- */

static void bounds_are_inclusive(void **state)
{
	(void)state;
	expect_between("at the lower bound", "bytes", 5, 5, 9);
	assert_string_equal(outcome(), "held");
	assert_string_equal(numbers(), "5 <= 5 <= 9");
	expect_between("at the upper bound", "bytes", 5, 9, 9);
	assert_string_equal(outcome(), "held");
	expect_between("below", "bytes", 5, 4, 9);
	assert_string_equal(outcome(), "failed");
	expect_between("above", "bytes", 5, 10, 9);
	assert_string_equal(outcome(), "failed");
	expect_between("an empty interval", "bytes", 9, 7, 5);
	assert_string_equal(outcome(), "failed");
	expect_between("open at both ends", "bytes", INT64_MIN, -3, INT64_MAX);
	assert_string_equal(outcome(), "held");
	assert_string_equal(numbers(), "-inf <= -3 <= inf");
	expect_between("open above", "bytes", 5, 7, INT64_MAX);
	assert_string_equal(numbers(), "5 <= 7 <= inf");
	expect_equal("equal", "bytes", 4096, 4096);
	assert_string_equal(outcome(), "held");
	expect_equal("off by one", "bytes", 4096, 4095);
	assert_string_equal(outcome(), "failed");
	assert_string_equal(numbers(), "4095 == 4096");
}

/* What never happened is within no bounds, and is no number. */
static void never_is_no_number(void **state)
{
	(void)state;
	expect_between("open above", "bytes", 5, NEVER, INT64_MAX);
	assert_string_equal(outcome(), "failed");
	assert_string_equal(numbers(), "5 <= never <= inf");
	expect_equal("equal", "bytes", 7, NEVER);
	assert_string_equal(outcome(), "failed");
	assert_string_equal(numbers(), "never == 7");
}

/* One trial that is out of the bounds decides, where the median would hide it. */
static void each_trial_is_judged(void **state)
{
	struct samples samples = { 5, { 7, 7, 7, 8, 7 } };

	(void)state;
	expect_each_equal("all", "faults", 7, samples);
	assert_string_equal(outcome(), "failed");
	assert_string_equal(numbers(), "8 == 7");
	expect_each_between("all", "faults", 7, samples, 8);
	assert_string_equal(outcome(), "held");
	assert_string_equal(numbers(), "7 <= 7 <= 8");
	samples.value[3] = 6;
	control_each_between("all", "faults", 7, samples, 8);
	assert_string_equal(outcome(), "failed");
	assert_string_equal(numbers(), "7 <= 6 <= 8");
	assert_int_equal(END_OF(expect_each_equal("nothing", "faults", 1, (struct samples){ 0 })),
			 BROKEN);
}

static int64_t a_step_of_ten(int64_t x)
{
	return 10 * x;
}

/* quick grows by 7 until its first row of work, in every trial, and its x is 1 and 2 there. */
static void rows_follow_x(void **state)
{
	(void)state;
	assert_int_equal(rows_under("quick", "work"), 2);
	assert_int_equal(rows_that_follow("quick", "before", "work", resident_bytes, NULL, 6), 1);
	assert_int_equal(rows_that_follow("quick", "before", "work", resident_bytes, NULL, 5), 0);
	assert_int_equal(
		rows_that_follow("quick", "before", "work", resident_bytes, a_step_of_ten, 3), 1);
	assert_int_equal(rows_that_follow("quick", "before", "work", resident_bytes, NULL, 60), 2);
	assert_int_equal(END_OF(rows_under("quick", "no such stage")), BROKEN);
	assert_int_equal(END_OF(rows_that_follow("quick", "before", "work", mapping_count, NULL, 60)),
			 UNSUPPORTED);
	all_runs[2].count = 2; /* one trial has a row less */
	assert_int_equal(rows_under("quick", "work"), 1);
}

/* The quartiles of 1 2 3 4 5 are 2 and 4 (type 7, as in R and NumPy).  All of five trials must be on
 * one side, since a coin gives five heads in one of 32 times, and four in one of 5. */
static void the_sign_test_decides(void **state)
{
	struct samples samples = { 5, { 5, 3, 1, 4, 2 } };

	(void)state;
	expect_at_least("all reach it", 1, samples);
	assert_string_equal(outcome(), "held");
	assert_string_equal(numbers(), "1 <= 3 <= inf (quartiles 2 to 4)");
	expect_at_least("four reach it", 2, samples);
	assert_string_equal(outcome(), "unclear");
	expect_at_least("one reaches it", 5, samples);
	assert_string_equal(outcome(), "unclear");
	expect_at_least("none reaches it", 5.5, samples);
	assert_string_equal(outcome(), "failed");

	expect_at_most("all stay below", 5, samples);
	assert_string_equal(outcome(), "held");
	assert_string_equal(numbers(), "-inf <= 3 <= 5 (quartiles 2 to 4)");
	expect_at_most("four stay below", 4, samples);
	assert_string_equal(outcome(), "unclear");
	expect_at_most("one stays below", 1, samples);
	assert_string_equal(outcome(), "unclear");
	expect_at_most("none stays below", 0.5, samples);
	assert_string_equal(outcome(), "failed");

	/* With nine trials, one may be on the other side: 10 of 512 times; with eight, too: 9 of 256. */
	expect_at_least("eight of nine", 2, ((struct samples){ 9, { 9, 8, 7, 6, 5, 4, 3, 2, 1 } }));
	assert_string_equal(outcome(), "held");
	expect_at_least("seven of nine", 3, ((struct samples){ 9, { 9, 8, 7, 6, 5, 4, 3, 2, 1 } }));
	assert_string_equal(outcome(), "unclear");

	/* The quartiles of 1 2 3 4 lie between two of them.  Four trials decide nothing. */
	expect_at_least("four of four", 1, ((struct samples){ 4, { 4, 3, 2, 1 } }));
	assert_string_equal(outcome(), "unclear");
	assert_string_equal(numbers(), "1 <= 2.5 <= inf (quartiles 1.75 to 3.25)");
	assert_int_equal(END_OF(expect_at_least("nothing", 1, (struct samples){ 0 })), BROKEN);
}

/* ---- how often the sign test is wrong -------------------------------------- */

enum { RUNS = 2000, EXPECTATIONS = 5 };

static int trials_of_a_run, expectations_of_a_run;

/* Returns ratios whose median is 1, and which are spread as timings are: a neighbour on the machine
 * makes some much larger. */
static struct samples ratios_around_one(int count)
{
	struct samples ratios = { .count = count };

	for (int i = 0; i < count; i++) {
		double luck = drand48();
		ratios.value[i] = luck < 0.5 ? 0.9 + luck / 5 : 1 / (1.001 - luck) - 0.996;
	}
	return ratios;
}

static void at_the_bound(void)
{
	control_equal("control", "blocks", 1, 1);
	for (int i = 0; i < expectations_of_a_run; i++)
		expect_at_least("at the bound", 1, ratios_around_one(trials_of_a_run));
}

/* Returns how many of the runs come to a verdict. */
static int runs_that_are(enum verdict verdict, int trials, int expectations)
{
	int count = 0;

	srand48(1);
	trials_of_a_run = trials;
	expectations_of_a_run = expectations;
	for (int run = 0; run < RUNS; run++)
		count += verdict_of(at_the_bound) == (int)verdict;
	return count;
}

/* Where the true median is at the bound, neither verdict may come out in more than 5 % of the runs,
 * with one expectation and with many.  The quartiles that decided before were wrong in 19 % with five
 * trials, and in 9 % with nine.  Two standard deviations are allowed for luck. */
static void a_median_at_the_bound_is_rarely_decided(void **state)
{
	const int most = RUNS / 20 + 2 * 10; /* the square root of 2,000 * 0.05 * 0.95 is 9.7 */

	(void)state;
	for (int trials = 4; trials <= 16; trials += trials < 9 ? 1 : 3) {
		assert_in_range(runs_that_are(REPRODUCED, trials, 1), 0, most);
		assert_in_range(runs_that_are(REFUTED, trials, 1), 0, most);
		assert_in_range(runs_that_are(REFUTED, trials, EXPECTATIONS), 0, most);
	}
	/* And it can decide: the sign test uses up most of its 5 % where eight trials permit. */
	assert_in_range(runs_that_are(REPRODUCED, 8, 1), RUNS / 40, most);
}

static void what_is_not_measured_is_unsupported(void **state)
{
	struct samples samples;

	(void)state;
	assert_int_equal(END_OF(expect_equal("no number", "bytes", 0, NOT_MEASURED)), UNSUPPORTED);
	assert_int_equal(END_OF(expect_equal("no number", "bytes", NOT_MEASURED, 0)), UNSUPPORTED);
	assert_int_equal(END_OF(measured(NOT_MEASURED, "no number")), UNSUPPORTED);
	assert_int_equal(measured(7, "a number"), 7);
	assert_int_equal(
		END_OF(control_between("no number", "bytes", INT64_MIN, NOT_MEASURED, INT64_MAX)),
		UNSUPPORTED);
	/* NOT_MEASURED must not become a very small number on its way through samples. */
	assert_int_equal(END_OF((samples = growth_samples("quick", "before", "work", mapping_count),
				 expect_at_most("no number", 100, samples))),
			 UNSUPPORTED);
}

/* A finding names the arms that were read since the one before it, in the declaration's order. */
static void a_finding_names_the_arms_that_were_read(void **state)
{
	(void)state;
	expect_equal(about("slow", "growth"), "bytes", 90,
		     growth("slow", "before", "work").resident_bytes);
	assert_string_equal(findings[0].sentence, "slow: growth");
	assert_string_equal(findings[0].arms, "slow");
	assert_int_equal(findings[0].line, __LINE__ - 4);
	int64_t slow = growth("slow", "before", "work").resident_bytes;
	expect_equal("both", "bytes", slow, 3 * growth("quick", "before", "work").resident_bytes);
	assert_string_equal(findings[1].arms, "quick, slow");
	control_equal("the same numbers once more", "bytes", slow, slow);
	assert_string_equal(findings[2].arms, "quick, slow");
	control_equal("one of them", "moves", 31, nth_row("quick", "work", 1)->y);
	assert_string_equal(findings[3].arms, "quick");
	assert_string_equal(findings[3].unit, "moves");
}

static void a_finding_needs_a_unit(void **state)
{
	(void)state;
	assert_int_equal(END_OF(expect_equal("no unit", NULL, 1, 1)), BROKEN);
	assert_int_equal(END_OF(expect_equal("a bar in it", "a|b", 1, 1)), BROKEN);
}

/* ---- the verdict ---------------------------------------------------------- */

static const struct samples wide = { 5, { 1, 2, 3, 4, 5 } };

static void all_held(void)
{
	expect_equal("claim", "bytes", 1, 1);
	control_equal("control", "bytes", 1, 1);
}

static void claim_failed(void)
{
	expect_equal("claim", "bytes", 1, 2);
	expect_equal("claim, another part", "bytes", 1, 1);
	control_equal("control", "bytes", 1, 1);
}

static void control_failed(void)
{
	expect_equal("claim", "bytes", 1, 1);
	control_equal("control", "bytes", 1, 1);
	control_equal("control, another part", "bytes", 1, 2);
}

static void both_failed(void)
{
	expect_equal("claim", "bytes", 1, 2);
	control_equal("control", "bytes", 1, 2);
}

static void claim_unclear(void)
{
	expect_at_least("claim", 3, wide);
	control_equal("control", "bytes", 1, 1);
}

static void control_unclear(void)
{
	expect_equal("claim", "bytes", 1, 1);
	control_at_most("control", 3, wide);
}

static void failed_and_unclear(void)
{
	expect_at_least("claim", 3, wide);
	expect_equal("claim, another part", "bytes", 1, 2);
	control_equal("control", "bytes", 1, 1);
}

static void failed_as_known(void)
{
	expect_equal("claim", "bytes", 1, 2);
	control_equal("control", "bytes", 1, 1);
	instead_equal("what is true instead", "bytes", 2, 2);
}

static void failed_in_another_way(void)
{
	expect_equal("claim", "bytes", 1, 3);
	control_equal("control", "bytes", 1, 1);
	instead_equal("what is true instead", "bytes", 2, 3);
}

static void held_against_what_is_known(void)
{
	all_held();
	instead_equal("what is true instead", "bytes", 2, 1);
}

static void no_control(void)
{
	expect_equal("claim", "bytes", 1, 1);
}

static void no_expectation(void)
{
	control_equal("control", "bytes", 1, 1);
}

static void nothing(void)
{
}

static void the_verdict_that_wins(void **state)
{
	(void)state;
	assert_int_equal(verdict_of(all_held), REPRODUCED);
	assert_int_equal(verdict_of(claim_failed), REFUTED);
	assert_int_equal(verdict_of(control_failed), INCONCLUSIVE);
	assert_int_equal(verdict_of(both_failed), INCONCLUSIVE); /* a failed control refutes nothing */
	assert_int_equal(verdict_of(claim_unclear), INCONCLUSIVE);
	assert_int_equal(verdict_of(control_unclear), INCONCLUSIVE);
	assert_int_equal(verdict_of(failed_and_unclear), REFUTED);
	assert_int_equal(verdict_of(failed_as_known), REFUTED);
	assert_string_equal(reason, "");
	assert_int_equal(verdict_of(failed_in_another_way), REFUTED);
	assert_string_equal(reason, "refuted, and not for the reason that is known: this failed too: "
				    "what is true instead");
	assert_int_equal(verdict_of(held_against_what_is_known), REPRODUCED);
	assert_int_equal(verdict_of(no_control), BROKEN);
	assert_int_equal(verdict_of(no_expectation), BROKEN);
	assert_int_equal(verdict_of(nothing), BROKEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(medians, set_up),
		cmocka_unit_test_setup(growth_is_the_median_of_the_trials, set_up),
		cmocka_unit_test_setup(growth_with_a_hole_is_not_measured, set_up),
		cmocka_unit_test_setup(rows_are_medians, set_up),
		cmocka_unit_test_setup(rows_are_found_in_any_order, set_up),
		cmocka_unit_test_setup(names_that_do_not_exist_are_broken, set_up),
		cmocka_unit_test_setup(ratios_are_taken_trial_by_trial, set_up),
		cmocka_unit_test_setup(bounds_are_inclusive, set_up),
		cmocka_unit_test_setup(never_is_no_number, set_up),
		cmocka_unit_test_setup(each_trial_is_judged, set_up),
		cmocka_unit_test_setup(rows_follow_x, set_up),
		cmocka_unit_test_setup(the_sign_test_decides, set_up),
		cmocka_unit_test_setup(a_median_at_the_bound_is_rarely_decided, set_up),
		cmocka_unit_test_setup(what_is_not_measured_is_unsupported, set_up),
		cmocka_unit_test_setup(a_finding_names_the_arms_that_were_read, set_up),
		cmocka_unit_test_setup(a_finding_needs_a_unit, set_up),
		cmocka_unit_test_setup(the_verdict_that_wins, set_up),
	};

	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	forget_findings();
	return failed;
}
