/* SPDX-License-Identifier: MIT */
/* Medians, quantiles, and the straight line through points.
 *
 * Two kinds of numbers are summed up in two ways, in the scripts as here.  Of integers (a column
 * of the result) the median is one that was really measured: of an even number, the lower of the
 * two in the middle.  Ratios are judged by quantiles, which are linear between neighbours.
 */
#ifndef TOUCHSTONE_STATISTICS_H
#define TOUCHSTONE_STATISTICS_H

#include <stdint.h>

/* Sorts, rising. */
void sort_doubles(double *values, int count);

/* Returns the quantile of at least one sorted value: Hyndman and Fan's type 7, which is the
 * default of R and NumPy.  fraction is 0 to 1; 0.5 gives the median. */
double quantile(const double *sorted, int count, double fraction);

/* Returns the median of at least one integer, the lower one of two; sorts the values.
 * NOT_MEASURED where one of them was not measured. */
int64_t median_integer(int64_t *values, int count);

/* y = from + slope * x; left_over is the part of the variance of y that the line does
 * not explain: 1 - R squared. */
struct line {
	double from, slope, left_over;
};

/* Fits the line to at least one point by least squares.  Points that all have one x are on no
 * line: slope 0, all left over. */
struct line fit_line(const double *x, const double *y, int count);

#endif
