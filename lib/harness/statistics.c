/* SPDX-License-Identifier: MIT */
#include "statistics.h"

#include <stdlib.h>

#include "probe.h"

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

void sort_doubles(double *values, int count)
{
	qsort(values, (size_t)count, sizeof(values[0]), compare_doubles);
}

double quantile(const double *sorted, int count, double fraction)
{
	double position = fraction * (count - 1);
	int below = (int)position;

	if (below + 1 >= count)
		return sorted[count - 1];
	return sorted[below] + (position - below) * (sorted[below + 1] - sorted[below]);
}

static int compare_integers(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

int64_t median_integer(int64_t *values, int count)
{
	qsort(values, (size_t)count, sizeof(values[0]), compare_integers);
	/* NOT_MEASURED is the smallest integer, so it comes first. */
	return values[0] == NOT_MEASURED ? NOT_MEASURED : values[(count - 1) / 2];
}

double chance_of_heads(int tosses, int heads)
{
	double sum = 0, chance = 1; /* of exactly n heads */

	for (int n = 0; n < tosses; n++)
		chance /= 2;
	for (int n = 0; n <= tosses; n++) {
		if (n >= heads)
			sum += chance;
		chance = chance * (tosses - n) / (n + 1);
	}
	return sum;
}

static double mean(const double *value, int count)
{
	double sum = 0;

	for (int i = 0; i < count; i++)
		sum += value[i];
	return sum / count;
}

struct line fit_line(const double *x, const double *y, int count)
{
	double middle_x = mean(x, count), middle_y = mean(y, count);
	double xx = 0, xy = 0, yy = 0;

	for (int i = 0; i < count; i++) {
		xx += (x[i] - middle_x) * (x[i] - middle_x);
		xy += (x[i] - middle_x) * (y[i] - middle_y);
		yy += (y[i] - middle_y) * (y[i] - middle_y);
	}
	/* Points that all have the same y lie on a level line; points that all have the same x
	 * lie on no line that has a slope. */
	double slope = xx > 0 ? xy / xx : 0;
	return (struct line){ .from = middle_y - slope * middle_x,
			      .slope = slope,
			      .left_over = yy > 0 ? 1 - slope * xy / yy : 0 };
}
