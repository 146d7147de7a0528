/* SPDX-License-Identifier: MIT */
#include "fit.h"

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
	/* Points of one height are explained by the flat line, points above each other by none. */
	double slope = xx > 0 ? xy / xx : 0;
	return (struct line){ .from = middle_y - slope * middle_x,
			      .slope = slope,
			      .left_over = yy > 0 ? 1 - slope * xy / yy : 0 };
}
