/* SPDX-License-Identifier: MIT */
/* Medians, quantiles, and the straight line through points.
 *
 * The C code and the scripts follow the same two rules.  The median of integers (a column of the
 * result) is a number that was really measured: of an even number of them, the lower of the two
 * in the middle.  Quantiles of ratios are interpolated linearly between neighbours.
 */
#ifndef TOUCHSTONE_STATISTICS_H
#define TOUCHSTONE_STATISTICS_H

#include <stdint.h>

/* Sorts the values in rising order. */
void sort_doubles(double *values, int count);

/* Returns the quantile of at least one sorted value: Hyndman and Fan's type 7, which is the
 * default of R and NumPy.  fraction is 0 to 1; 0.5 gives the median. */
double quantile(const double *sorted, int count, double fraction);

/* Returns the median of at least one integer: of an even number, the lower of the two in the
 * middle.  Returns NOT_MEASURED where one of them was not measured.  Sorts the values. */
int64_t median_integer(int64_t *values, int count);

/* Returns the probability that a coin comes up heads in at least so many of the tosses.  It is also
 * that of so many trials on one side of their true median, whatever their distribution is. */
double chance_of_heads(int tosses, int heads);

/* The line y = from + slope * x.  left_over is the part of the variance of y that the line does
 * not explain: 1 - R squared. */
struct line {
	double from, slope, left_over;
};

/* Fits a line to at least one point by least squares.  Where all points have the same x, the
 * slope is 0 and left_over is 1, or 0 where they also have the same y. */
struct line fit_line(const double *x, const double *y, int count);

#endif
