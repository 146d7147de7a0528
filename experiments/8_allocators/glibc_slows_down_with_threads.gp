# SPDX-License-Identifier: MIT
# On the left are blocks that a thread frees itself, on the right blocks that another thread frees.
# A box goes from the lower to the upper quartile of the trials, which judge() uses too; its bar is
# the median.
count = words(arms)
name(i) = format eq 'text' ? sprintf('%d', i) : word(full_names, i) # a chart of characters has no rotated labels
stages = '"one thread" "a thread a CPU" "two a CPU"'
of(arm, work, threads) = strcol('arm') eq word(arms, arm) && \
	strcol('stage') eq work.': '.word(stages, threads) ? column('y') / 1000.0 : NaN

set logscale y
set style boxplot nooutliers
set style fill solid 0.7
set ylabel 'ns for a malloc and a free'
set yrange [2:5000]
set ytics (2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)
set xrange [0.4:2 * count + 1.6]
set xtics rotate by 35 right font ',13' scale 0 ('' 0)
set rmargin 3
do for [i = 1:count] {
	set xtics add (name(i) i, name(i) i + count + 1)
}
set bmargin 5
legend = ''
if (format eq 'text') { do for [i = 1:count] { legend = legend.sprintf('%d %s%s', i, word(full_names, i), i % 4 ? '  ' : "\n") } }
set xlabel legend
set key width -6
set label 'blocks that a thread frees itself' at graph 0.02, graph 0.95
set label 'blocks that another thread frees' at graph 0.52, graph 0.95
plot for [t = 1:3] for [i = 1:count] csv using (i + 0.27 * (t - 2)):(of(i, 'own blocks', t)):(0.24) \
		with boxplot lc rgb word(colours, t) notitle, \
	for [t = 1:3] for [i = 1:count] csv using (i + count + 1 + 0.27 * (t - 2)):(of(i, 'passed on', t)):(0.24) \
		with boxplot lc rgb word(colours, t) notitle, \
	for [t = 1:3] keyentry with boxes lc rgb word(colours, t) title word(stages, t), \
	keyentry with boxes fillstyle empty linecolor rgb '#777777' title 'box: middle half of the trials, bar: median'
