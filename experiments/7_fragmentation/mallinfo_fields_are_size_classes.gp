# SPDX-License-Identifier: MIT
# Draws the fields side by side for each size. The dashed line is what the field that the claim names
# should reach.

arms = '"as it is" "no thread cache"'
fields = 'fsmblks smblks ordblks'
colours = '#0072b2 #d55e00 #009e73'

# Each size has a group of six bars, two for each field: first as it is, then without a thread cache.
place(size, field, arm) = size + (field - 2) * 0.28 + (arm - 1.5) * 0.13
group(x) = x == 40 ? 1 : x == 200 ? 2 : 3
grown(field, arm) = strcol('stage') eq word(fields, field) && strcol('arm') eq word(arms, arm) ? column('y') : NaN
# The height at which a number is written: on top of its bar, a 0 at the bottom.
top(number) = number > 0.7 ? number : number <= 0.7 ? 0.7 : NaN

set logscale y
set style textbox opaque noborder margins 0.4, 0.4
set yrange [0.7:3000]
set xrange [0.4:3.6]
set boxwidth 0.12
set xtics ('40 bytes' 1, '200 bytes' 2, '2,000 bytes' 3) scale 0
set xlabel x_label
set ylabel y_label

plot 20 with lines dashtype 2 linecolor rgb '#444444' title 'freed: 20', \
	for [f = 1:3] csv using (place(group(column('x')), f, 1)):(grown(f, 1)) with boxes \
		linecolor rgb word(colours, f) title word(fields, f), \
	for [f = 1:3] csv using (place(group(column('x')), f, 2)):(grown(f, 2)) with boxes \
		fillstyle pattern 4 linecolor rgb word(colours, f) notitle, \
	keyentry with boxes fillstyle pattern 4 linecolor rgb '#444444' title ' no thread cache (control)', \
	for [f = 1:3] for [a = 1:2] csv using (place(group(column('x')), f, a)):(top(grown(f, a))): \
		(sprintf('%.0f', grown(f, a))) with labels boxed offset 0, 0.6 font ',12' notitle
