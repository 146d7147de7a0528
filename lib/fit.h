/* SPDX-License-Identifier: MIT */
/* The straight line through points, by least squares. */
#ifndef TOUCHSTONE_FIT_H
#define TOUCHSTONE_FIT_H

/* y = from + slope * x; left_over is the part of the variance of y that the line does
 * not explain: 1 - R squared. */
struct line {
	double from, slope, left_over;
};

/* Of at least one point.  Points that all have one x are on no line: slope 0, all left over. */
struct line fit_line(const double *x, const double *y, int count);

#endif
