/* SPDX-License-Identifier: MIT */
/* Tests lib/harness/statistics.c on points whose line is known.  USAGE: statistics_test */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "statistics.h"

static void assert_line(struct line line, double from, double slope, double left_over)
{
	assert_float_equal(line.from, from, 1e-6);
	assert_float_equal(line.slope, slope, 1e-6);
	assert_float_equal(line.left_over, left_over, 1e-6);
}

static void points_on_a_line(void **state)
{
	(void)state;
	assert_line(fit_line((double[]){ 1, 2, 4 }, (double[]){ 5, 7, 11 }, 3), 3, 2, 0);
	assert_line(fit_line((double[]){ 1, 2, 4 }, (double[]){ 5, 5, 5 }, 3), 5, 0, 0);
}

/* By hand: the sums are 2 of x * x, 1 of x * y and 2 of y * y, so 1 - 1 / (2 * 2) is left over. */
static void points_beside_it(void **state)
{
	(void)state;
	assert_line(fit_line((double[]){ 0, 1, 2 }, (double[]){ 0, 2, 1 }, 3), 0.5, 0.5, 0.75);
}

static void points_above_each_other(void **state)
{
	(void)state;
	assert_line(fit_line((double[]){ 1, 1 }, (double[]){ 2, 4 }, 2), 3, 0, 1);
}

/* By hand: Pascal's triangle, and the powers of two. */
static void tosses_of_a_coin(void **state)
{
	(void)state;
	assert_true(chance_of_heads(0, 0) == 1);
	assert_true(chance_of_heads(1, 1) == 0.5);
	assert_true(chance_of_heads(5, 5) == 1 / 32.0);
	assert_true(chance_of_heads(5, 4) == 6 / 32.0);
	assert_true(chance_of_heads(5, 0) == 1);
	assert_true(chance_of_heads(9, 8) == 10 / 512.0);
	assert_true(chance_of_heads(11, 9) == 67 / 2048.0);
	assert_true(chance_of_heads(15, 16) == 0);
	assert_true(chance_of_heads(1000, 527) < 0.05 && chance_of_heads(1000, 526) > 0.05);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(points_on_a_line),
		cmocka_unit_test(points_beside_it),
		cmocka_unit_test(points_above_each_other),
		cmocka_unit_test(tosses_of_a_coin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
