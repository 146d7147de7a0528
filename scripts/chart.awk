# SPDX-License-Identifier: MIT
# One result on stdin -> the gnuplot commands of its chart on stdout.
# Called by scripts/chart, which says what the CHART_ variables of the environment
# are.  Exit status: 0; 2 with a sentence where this is no result; 3 where a broken
# or unsupported result has nothing to draw.  POSIX awk, bytes (LC_ALL=C).

function fail(why)
{
	print "chart: " ENVIRON["CHART_CSV"] ": " why > "/dev/stderr"
	exit status = 2
}

# ---- reading: metadata, header, rows ---------------------------------------------

BEGIN {
	FS = ","
	KEYS = " claim instead source x y charted chart chart_options reason verdict "
	MOST_POINTS = 2000 # of all curves together
	for (i = 1; i <= 100; i++)
		counted[i] = i # the places of names that stand one after the other
}

{ gsub(/[\001-\037]/, " ") } # a stray control character would not be XML

/^#/ {
	if (!match($0, /^# [a-z_]+: /))
		next
	key = substr($0, 3, RLENGTH - 4)
	value = substr($0, RLENGTH + 1)
	if (key == "arm") {
		sub(/ \| .*/, "", value)
		if (sub(/ \(control\)$/, "", value))
			is_control[value] = 1
	} else if (key == "control" && value !~ /^held/ && doubt == "") {
		split(value, part, / \| /)
		doubt = part[2]
	} else if (index(KEYS, " " key " "))
		about[key] = value
	next
}

!header {
	header = NF
	for (i = 1; i <= NF; i++)
		column[$i] = i
	if (!("arm" in column && "trial" in column && "stage" in column && "x" in column))
		fail("is no result: its header row lacks arm, trial, stage or x")
	next
}

{
	if (NF != header)
		fail("line " NR " has " NF " cells, not " header ": the file is cut short or damaged")
	arm = $column["arm"]
	if (!(arm in arm_index)) {
		arm_name[++arms] = arm
		arm_index[arm] = arms
	}
	a = arm_index[arm]
	trial = $column["trial"]
	if (!((a, trial) in rows))
		trial_name[a, ++trials[a]] = trial
	n = ++rows[a, trial]
	if (n > most_rows[a])
		most_rows[a] = n
	stage[a, trial, n] = $column["stage"]
	for (name in column)
		cell[a, trial, n, name] = $column[name]
	all_rows++
	if ($column["x"] > 0)
		positive_x = 1
}

# ---- numbers ------------------------------------------------------------------------

function minimum(a, b) { return a < b ? a : b }
function maximum(a, b) { return a > b ? a : b }
function size_of(v) { return v < 0 ? -v : v }
function floor(v,    i) { i = int(v); return i > v ? i - 1 : i }
function ceiling(v) { return -floor(-v) }

# pool[1..count] -> median, lowest, highest.
function summarise(pool, count,    i, j, v)
{
	for (i = 2; i <= count; i++) {
		v = pool[i]
		for (j = i - 1; j > 0 && pool[j] > v; j--)
			pool[j + 1] = pool[j]
		pool[j + 1] = v
	}
	lowest = pool[1]
	highest = pool[count]
	median = (pool[int((count + 1) / 2)] + pool[int(count / 2) + 1]) / 2
}

# What column c shows at row n: y as it is, any other as growth since the arm's
# first row; "" where it was not measured.
function shown(a, trial, n, c,    now, first)
{
	now = cell[a, trial, n, c]
	if (now == "" || c == "y")
		return now
	first = cell[a, trial, 1, c]
	return first == "" ? "" : now - first
}

# ---- words and units ------------------------------------------------------------------

function unit_of_text(text)
{
	if (text ~ /(^|[^a-z])bytes?([^a-z]|$)/)
		return "bytes"
	return text ~ /(^|[^a-z])(ns|nanoseconds)([^a-z]|$)/ ? "ns" : "count"
}

function unit_of(c)
{
	if (c == "x" || c == "y")
		return unit_of_text(about[c])
	return c ~ /_bytes$/ ? "bytes" : c ~ /_ns$/ ? "ns" : "count"
}

function words_of(c)
{
	if (c == "y")
		return "y" in about ? short_label(about["y"]) : "y"
	if (c == "mmapped_count")
		return "mmapped blocks"
	if (!sub(/_bytes$/, "", c) && !sub(/_ns$/, " time", c))
		sub(/_count$/, "s", c)
	gsub(/_/, " ", c)
	return c
}

# A label without its unit, for the key: "first size that is mapped, bytes".
function short_label(text)
{
	sub(/(,| in)? *\(?(bytes|ns|nanoseconds)\)?$/, "", text)
	return text == "" ? "y" : text
}

# The unit of a value as large as v: sets unit_scale and unit_name.
function choose_unit(v, unit,    i, name)
{
	unit_scale = 1
	unit_name = unit == "count" ? "" : unit
	if (unit == "bytes") {
		split("bytes KiB MiB GiB TiB PiB", name, " ")
		for (i = 1; i < 6 && v >= 1024 * unit_scale; i++)
			unit_scale *= 1024
		unit_name = name[i]
	} else if (unit == "ns") {
		split("ns us ms s", name, " ")
		for (i = 1; i < 4 && v >= 1000 * unit_scale; i++)
			unit_scale *= 1000
		unit_name = name[i] == "us" ? "µs" : name[i]
	} else if (v >= 1e6) {
		split("millions billions trillions", name, " ")
		i = v >= 1e12 ? 3 : v >= 1e9 ? 2 : 1
		unit_scale = 1000 ^ (i + 1)
		unit_name = name[i]
	}
}

function thousands(v,    text, sign)
{
	text = sprintf("%.0f", size_of(v))
	sign = v < 0 ? "-" : ""
	while (text ~ /[0-9][0-9][0-9][0-9](,|$)/)
		match(text, /[0-9][0-9][0-9](,|$)/) &&
			text = substr(text, 1, RSTART - 1) "," substr(text, RSTART)
	return sign text
}

# A value to be read on its own.  Bytes that are no round number stay exact as long
# as they can be read: 131,049 bytes must not look like 128 KiB.
function number(v, unit)
{
	if (unit == "count")
		return v == int(v) && size_of(v) < 1e12 ? thousands(v) : sprintf("%.4g", v)
	choose_unit(size_of(v), unit)
	if (unit == "bytes" && v % 1024 != 0 && size_of(v) < 1e7)
		return thousands(v) " bytes"
	return sprintf(unit == "bytes" ? "%.4g" : "%.3g", v / unit_scale) " " unit_name
}

# A label with the unit of its axis: "bytes written" -> "written (MiB)".
function label_with(text, unit, name)
{
	if (text == "" || name == "" || name == unit && unit_of_text(text) == unit)
		return text
	if (unit == "bytes" && text ~ /^bytes [a-z]/ && text !~ /^bytes (per|of|in|at|a|an|each) /)
		return substr(text, 7) " (" name ")"
	if (unit == "bytes" && match(text, /bytes?/) || unit == "ns" && match(text, /nanoseconds|ns/))
		return substr(text, 1, RSTART - 1) name substr(text, RSTART + RLENGTH)
	return text " (" name ")"
}

# ---- text for gnuplot -------------------------------------------------------------------

function quote(text) { gsub(/'/, "''", text); return "'" text "'" }

function characters(text) { gsub(/[\200-\277]/, "", text); return length(text) }

# Wraps text at width into at most most lines, joined by "\n"; sets cut where it had to end early.
function wrap(text, width, most,    word, count, i, line, lines, all)
{
	count = split(text, word, / +/)
	cut = 0
	for (i = 1; i <= count; i++) {
		if (line != "" && characters(line " " word[i]) > width) {
			if (lines + 1 == most) {
				cut = 1
				return all line " ..."
			}
			all = all line "\n"
			lines++
			line = ""
		}
		line = line (line == "" ? "" : " ") word[i]
	}
	return all line
}

function quote_lines(text,    line, count, i, all)
{
	count = split(text, line, /\n/)
	all = quote(line[1])
	for (i = 2; i <= count; i++)
		all = all ".\"\\n\"." quote(line[i])
	return all
}

# gnuplot reads the name of a tic as a format.
function quote_tic(text) { gsub(/%/, "%%", text); return quote_lines(text) }

function count_lines(text) { return gsub(/\n/, "\n", text) + 1 }

# The title is the finding.  Sets title and title_size.
function make_title(    first, second, width, whole, i)
{
	first = toupper(about["verdict"]) ": " about["claim"]
	if (about["verdict"] == "refuted" && "instead" in about)
		second = "instead: " about["instead"]
	else if (about["verdict"] == "inconclusive" && doubt != "")
		second = "this control failed: " doubt
	else if ("reason" in about)
		second = "reason: " about["reason"]
	finding = first (second == "" ? "" : " - " second)
	for (i = 1; i <= 2; i++) { # in smaller type where it would not fit
		title_size = i == 1 ? 18 : 15
		width = is_text ? ENVIRON["CHART_COLUMNS"] - 6 : int(85 * 18 / title_size)
		title = wrap(first, width, second == "" ? 3 : 2)
		whole = !cut
		if (second != "") {
			title = title "\n" wrap(second, width, 3 - count_lines(title))
			whole = whole && !cut
		}
		if (whole)
			return
	}
}

# ---- axes ---------------------------------------------------------------------------------
# axis is "x", "y" or "y2": axis_unit[], axis_low[], axis_high[], axis_log[], axis_scale[].

function see(axis, v)
{
	if (!(axis in axis_low) || v < axis_low[axis])
		axis_low[axis] = v
	if (!(axis in axis_high) || v > axis_high[axis])
		axis_high[axis] = v
	if (v > 0 && (!(axis in axis_least) || v < axis_least[axis]))
		axis_least[axis] = v # above 0: where a logarithmic axis begins
}

# Where a value goes on its axis; "NaN" where a logarithmic one has no place for it.
function place(axis, v)
{
	if (axis_log[axis])
		return v > 0 ? sprintf("%.12g", v) : "NaN"
	return sprintf("%.12g", v / axis_scale[axis])
}

function log_tics(axis, low, high,    base, from, to, step, e, list)
{
	base = axis_unit[axis] == "bytes" ? 2 : 10
	from = ceiling(log(low) / log(base) - 1e-9)
	to = floor(log(high) / log(base) + 1e-9)
	step = maximum(1, ceiling((to - from + 1) / (axis == "x" ? 9 : 8)))
	for (e = ceiling(from / step) * step; e <= to; e += step) {
		list = list (list == "" ? "" : ", ") quote(number(base ^ e, axis_unit[axis])) " " base "." "**" e
		if (base == 10 && to - from < 2)
			list = list ", " quote(number(2 * 10 ^ e, axis_unit[axis])) " 2e" e ", " \
				quote(number(5 * 10 ^ e, axis_unit[axis])) " 5e" e
	}
	if (list == "") {
		list = quote(number(axis_least[axis], axis_unit[axis])) " " axis_least[axis]
		if (axis_high[axis] > axis_least[axis])
			list = list ", " quote(number(axis_high[axis], axis_unit[axis])) " " axis_high[axis]
	}
	print "set logscale " axis "\nset " axis "tics (" list ")"
}

# A long one in smaller type or on two lines.  Characters cannot be turned, so for a
# text chart scripts/chart prints the labels below it.
function print_label(axis, text,    width)
{
	if (is_text && text != "")
		print "# below: " (axis == "x" ? "across: " : axis == "y" ? "up: " : "") text
	width = axis == "x" ? 88 : 46
	if (!is_text)
		printf "set %slabel %s font ',%d'\n", axis, quote_lines(wrap(text, width * 1.2, 2)), \
			(characters(text) > width ? 12 : 14)
}

# Range, scale and tics of an axis; room: how much of it to leave above the data.
function set_axis(axis, text, room,    low, high, span)
{
	low = axis_low[axis]
	high = axis_high[axis]
	if (axis_log[axis] && !(axis in axis_least))
		axis_log[axis] = 0 # nothing above 0 to show
	if (axis_log[axis]) {
		low = axis_least[axis]
		span = maximum(high / low, 2)
		print "set " axis "range [" low / span ^ 0.06 / 1.1 ":" high * span ^ room * 1.1 "]"
		log_tics(axis, low / span ^ 0.06 / 1.1, high * span ^ room * 1.1)
		print_label(axis, text)
		return
	}
	if (axis != "x") {
		low = minimum(low, 0)
		high = maximum(high, 0)
	}
	choose_unit(maximum(size_of(low), size_of(high)), axis_unit[axis])
	axis_scale[axis] = unit_scale
	low /= unit_scale
	high /= unit_scale
	span = high - low
	if (span == 0) {
		span = 1
		high += 1
	}
	if (unit_scale == 1 && span <= 5)
		print "set " axis "tics 1" # nothing here counts in fractions
	else if (axis_unit[axis] == "bytes")
		printf "set %stics 2.**%d\n", axis, ceiling(log(span / 5) / log(2) - 0.4)
	printf "set %srange [%.12g:%.12g]\n", axis, low - (axis == "x" ? 0.02 : low < 0 ? room : 0) * span, \
		high + (axis == "x" ? 0.02 : room) * span
	print "set format " axis " '%.10g'"
	print_label(axis, label_with(text, axis_unit[axis], unit_name))
	if (axis == "y2")
		print "set y2tics nomirror\nset border 11"
}

# What stands beside a vertical axis.
function value_label(axis,    i, grown, plain, text)
{
	for (i = 1; i <= columns; i++)
		if (axis_of[i] != axis)
			continue
		else if (charted[i] == "y")
			plain = "y" in about ? about["y"] : "y"
		else {
			grown++
			text = words_of(charted[i]) (axis_unit[axis] == "bytes" ? ": growth" : "")
		}
	if (grown)
		text = (grown > 1 ? "growth" : text) " since the first record"
	if (plain != "")
		text = text (grown ? "; " : "") plain
	return (axis == "y2" ? "right axis: " : "") text
}

# Which column goes to which axis: one unit each.
function assign_axes(    i, u)
{
	axis_unit["x"] = unit_of("x")
	for (i = 1; i <= columns; i++) {
		u = unit_of(charted[i])
		if (!("y" in axis_unit))
			axis_unit["y"] = u
		if (u == axis_unit["y"])
			axis_of[i] = "y"
		else {
			if (!("y2" in axis_unit))
				axis_unit["y2"] = u
			if (u != axis_unit["y2"])
				fail("'# charted:' names columns of three units, and a chart has two axes: leave one out")
			axis_of[i] = "y2"
		}
	}
}

# ---- look of one curve, bar or cloud of dots --------------------------------------------------

function colour(i)
{
	if (is_text)
		return " lt " i
	return " lc rgb '#" substr("0072B2D55E00009E73CC79A7E69F0056B4E9000000", (i - 1) % 7 * 6 + 1, 6) "'"
}

# Filled for a claim's arm, hollow for a control's.
function marker(i, control)
{
	return " pt " (is_text ? i : substr("0705091113150305", 1 + (i - 1) % 6 * 2, 2) - (control ? 1 : 0)) \
		" ps " (is_text ? 1 : control ? 1.2 : 1)
}

# Solid and thick beneath, each later one thinner and of shorter dashes, so that
# curves that coincide all show.
function line_look(i, control)
{
	if (is_text)
		return colour(i)
	if (control)
		return colour(i) (i % 2 ? " lw 1.7 dt (4,8)" : " lw 2.5 dt (12,8)")
	return colour(i) " lw " maximum(2.5, 6.5 - i * 1.5) " dt solid"
}

function full_name(a) { return arm_name[a] (arm_name[a] in is_control ? " (control)" : "") }

function key_name(a, c,    text)
{
	text = arms > 1 || columns == 1 ? arm_name[a] : ""
	if (columns > 1)
		text = text (text == "" ? "" : ": ") words_of(charted[c])
	return text (axis_of[c] == "y2" ? ", right axis" : "") (arm_name[a] in is_control ? " (control)" : "")
}

# ---- lines, steps, stages: curves ----------------------------------------------------------
# Point i of curve k: px, pm (median), pl and ph (lowest, highest of the trials).

function add_point(k, x, pool, count,    i)
{
	summarise(pool, count)
	i = ++points[k]
	px[k, i] = x
	pm[k, i] = median
	pl[k, i] = lowest
	ph[k, i] = highest
	if (highest > lowest)
		spread[k] = 1
	see("x", x)
	see(curve_axis[k], lowest)
	see(curve_axis[k], highest)
}

# The n-th rows of all trials make one point.
function curve_over_x(k, a, c,    n, t, v, x, count, pool)
{
	for (n = 1; n <= most_rows[a]; n++) {
		count = 0
		for (t = 1; t <= trials[a]; t++)
			if ((a, trial_name[a, t], n, c) in cell && (v = shown(a, trial_name[a, t], n, c)) != "") {
				pool[++count] = v + 0
				x = cell[a, trial_name[a, t], n, "x"] + 0
			}
		if (count && !(axis_log["x"] && x <= 0))
			add_point(k, x, pool, count)
	}
}

function number_stages(    a, t, n, s)
{
	for (a = 1; a <= arms; a++)
		for (t = 1; t <= trials[a]; t++)
			for (n = 1; n <= rows[a, trial_name[a, t]]; n++) {
				s = stage[a, trial_name[a, t], n]
				if (!(s in stage_index)) {
					stage_name[++stages] = s
					stage_index[s] = stages
				}
			}
}

# The last row of each stage makes one point.
function curve_over_stages(k, a, c,    s, t, n, v, count, pool, last)
{
	for (t = 1; t <= trials[a]; t++)
		for (n = 1; n <= rows[a, trial_name[a, t]]; n++)
			if ((v = shown(a, trial_name[a, t], n, c)) != "")
				last[t, stage_index[stage[a, trial_name[a, t], n]]] = v
	for (s = 1; s <= stages; s++) {
		count = 0
		for (t = 1; t <= trials[a]; t++)
			if ((t, s) in last)
				pool[++count] = last[t, s] + 0
		if (count)
			add_point(k, s, pool, count)
	}
}

function emit_point(k, i, marked,    axis)
{
	axis = curve_axis[k]
	if (form == "steps" && i > 1)
		print place("x", px[k, i]), place(axis, pm[k, i - 1]), place(axis, pl[k, i - 1]), \
			place(axis, ph[k, i - 1]), "NaN"
	print place("x", px[k, i]), place(axis, pm[k, i]), place(axis, pl[k, i]), place(axis, ph[k, i]), \
		marked ? place(axis, pm[k, i]) : "NaN"
}

# Markers on about a dozen points, each curve's on others where there are enough;
# of too many points only the lowest and highest of each stretch, so that no peak is lost.
function emit_curve(k,    i, j, from, to, least, most, stride, every)
{
	every = ceiling(points[k] / 14)
	if (form != "stages" && points[k] >= 3 * curves)
		every = maximum(every, minimum(curves, 3))
	stride = ceiling(2 * points[k] * curves / MOST_POINTS)
	print "$curve" k " << END_OF_DATA"
	if (points[k] * curves <= MOST_POINTS)
		for (i = 1; i <= points[k]; i++)
			emit_point(k, i, (i - k % every) % every == 0)
	else
		for (from = 1; from <= points[k]; from += stride) {
			to = minimum(from + stride - 1, points[k])
			least = most = from
			for (j = from; j <= to; j++) {
				if (pm[k, j] < pm[k, least])
					least = j
				if (pm[k, j] >= pm[k, most])
					most = j
			}
			i = minimum(least, most)
			emit_point(k, i, int((from - 1) / every) != int((from - 1 - stride) / every))
			if (least != most)
				emit_point(k, maximum(least, most), 0)
			if (to == points[k] && least != to && most != to)
				emit_point(k, to, 0)
		}
	print "END_OF_DATA"
}

function add_plot(text) { plots = plots (plots == "" ? "" : ", \\\n     ") text }

function plot_curve(k,    source, axes, control)
{
	source = "$curve" k " using 1:"
	axes = " axes x1" (curve_axis[k] == "y2" ? "y2" : "y1")
	control = arm_name[curve_arm[k]] in is_control
	add_plot(source "2" axes " with lines" line_look(k, control) " notitle")
	add_plot(source "5" axes " with points" marker(k, control) (is_text ? "" : " lw 1.5") colour(k) " notitle")
	add_plot("keyentry with linespoints" line_look(k, control) marker(k, control) " title " \
		quote(key_name(curve_arm[k], curve_column[k])))
}

function draw_curves(    a, c, k, control)
{
	if (form == "stages")
		number_stages()
	for (control = 0; control < 2; control++)
		for (a = 1; a <= arms; a++)
			for (c = 1; c <= columns; c++) {
				if ((arm_name[a] in is_control) != control)
					continue
				k = ++curves
				curve_arm[k] = a
				curve_column[k] = c
				curve_axis[k] = axis_of[c]
				if (form == "stages")
					curve_over_stages(k, a, charted[c])
				else
					curve_over_x(k, a, charted[c])
				if (!points[k])
					curves--
			}
	if (!curves)
		nothing_to_draw()
	see_marks()
	set_values(0.06)
	if (form == "stages")
		set_categories(stage_name, counted, stages, 0.7, stages + 0.3)
	else
		set_axis("x", about["x"], 0.03)
	for (k = 1; k <= curves; k++) {
		emit_curve(k)
		if (spread[k] && !is_text)
			add_plot("$curve" k " using 1:3:4 axes x1" (curve_axis[k] == "y2" ? "y2" : "y1") \
				" with filledcurves" colour(k) " fs transparent solid 0.2 noborder notitle")
	}
	for (k = 1; k <= curves; k++)
		plot_curve(k)
	for (k = 1; k <= curves && !spread[k]; k++)
		;
	if (k <= curves)
		explain("with filledcurves fs solid 0.25 noborder", "lowest to highest of " trials[curve_arm[k]] " trials")
}

# One more entry of the key, in grey.
function explain(look, text)
{
	if (!is_text)
		add_plot("keyentry " look " lc rgb '#777777' title " quote(text))
}

# ---- the category axis -------------------------------------------------------------------------

# Names below the places at[1..count]: on one line, wrapped, or turned where they are too long.
function set_categories(name, at, count, low, high,    i, width, turned, deepest, text, list)
{
	axis_scale["x"] = 1
	axis_log["x"] = 0
	x_is_names = 1
	width = maximum(6, int((is_text ? ENVIRON["CHART_COLUMNS"] - 16 : 98) / count) - 1)
	for (i = 1; i <= count; i++)
		if (characters(name[i]) > width && (width < 9 || longest_word(name[i]) > width + 1 || \
		    count_lines(wrap(name[i], width, 9)) > 3))
			turned = 1
	for (i = 1; i <= count; i++) {
		text = wrap(name[i], turned ? 34 : width, turned && count > 12 ? 1 : 3)
		if (turned && is_text) { # characters cannot be turned
			print "# below: " i " = " name[i]
			text = i
		}
		deepest = maximum(deepest, count_lines(text))
		list = list (i > 1 ? ", " : "") quote_tic(text) " " at[i]
	}
	print "set xtics (" list ") scale 0" (!turned || is_text ? "" : \
		" rotate by -30 left font '," (count > 12 ? 10 : 14) "'")
	print "set xrange [" low ":" high "]"
	if (!is_text)
		print "set bmargin " (turned ? 9.5 : 1.5 + 1.2 * deepest)
}

function longest_word(text,    word, count, longest)
{
	for (count = split(text, word, / /); count > 0; count--)
		longest = maximum(longest, characters(word[count]))
	return longest
}

# ---- bars ----------------------------------------------------------------------------------------
# Bar b of cluster bar_arm[b] in series bar_series[b]: what the colour stands for.

function add_bar(a, series, axis, pool, count)
{
	if (!count)
		return
	summarise(pool, count)
	bars++
	bar_arm[bars] = a
	bar_series[bars] = series
	bar_axis[bars] = axis
	bar_value[bars] = median
	bar_low[bars] = lowest
	bar_high[bars] = highest
	if (!(series in series_index)) {
		series_name[++series_count] = series
		series_index[series] = series_count
	}
	see(axis, lowest)
	see(axis, highest)
}

function bars_of_y(a, c,    s, t, n, v, count, pool, last)
{
	for (t = 1; t <= trials[a]; t++)
		for (n = 1; n <= rows[a, trial_name[a, t]]; n++)
			if ((v = shown(a, trial_name[a, t], n, "y")) != "")
				last[t, stage_index[stage[a, trial_name[a, t], n]]] = v
	for (s = 1; s <= stages; s++) {
		count = 0
		for (t = 1; t <= trials[a]; t++)
			if ((t, s) in last)
				pool[++count] = last[t, s] + 0
		add_bar(a, stage_name[s], axis_of[c], pool, count)
	}
}

function bar_of_growth(a, c,    t, v, count, pool)
{
	for (t = 1; t <= trials[a]; t++)
		if ((v = shown(a, trial_name[a, t], rows[a, trial_name[a, t]], charted[c])) != "")
			pool[++count] = v + 0
	add_bar(a, words_of(charted[c]) (axis_of[c] == "y2" ? ", right axis" : ""), axis_of[c], pool, count)
}

# Bars stand at 1, 2, 3 ... with a gap between two arms; sets bar_x[] and the names below.
function arrange_bars(    b, gap, next_arm, by_bar, name, count, middle)
{
	by_bar = series_count > 7 # more than colours can tell apart: name each bar
	for (b = 1; b <= bars; b++) {
		if (b > 1 && bar_arm[b] != bar_arm[b - 1])
			gap += series_count == 1 ? 0.3 : 0.7
		bar_x[b] = b + gap
	}
	for (b = 1; b <= bars; b = next_arm) {
		for (next_arm = b + 1; next_arm <= bars && !by_bar && bar_arm[next_arm] == bar_arm[b]; next_arm++)
			;
		name[++count] = full_name(bar_arm[b])
		if (by_bar)
			name[count] = (arms > 1 ? name[count] ": " : "") bar_series[b]
		middle[count] = (bar_x[b] + bar_x[next_arm - 1]) / 2
	}
	set_categories(name, middle, count, 0.3, bar_x[bars] + 0.7)
}

function draw_bars(    a, c, b, s, control, size)
{
	number_stages()
	for (a = 1; a <= arms; a++)
		for (c = 1; c <= columns; c++)
			if (charted[c] == "y")
				bars_of_y(a, c)
			else
				bar_of_growth(a, c)
	if (!bars)
		nothing_to_draw()
	see_marks()
	set_values(0.1)
	arrange_bars()
	size = bars > 14 ? 9 : bars > 8 ? 11 : 13
	for (b = 1; b <= bars; b++)
		printf "set label %s at %s%.12g, %s center offset 0,%s front font ',%d'\n", \
			quote(number(bar_value[b], axis_unit[bar_axis[b]])), \
			bar_axis[b] == "y2" ? "first " : "", bar_x[b], \
			(bar_axis[b] == "y2" ? "second " : "first ") label_place(b), \
			bar_value[b] < 0 ? "-0.7" : "0.6", size
	for (s = 1; s <= series_count; s++)
		for (control = 0; control < 2; control++)
			plot_series(s, control)
}

# The foot of a logarithmic axis for what has no place on it.
function label_place(b,    axis)
{
	axis = bar_axis[b]
	if (axis_log[axis] && bar_high[b] <= 0)
		return sprintf("%.12g", axis_least[axis])
	return place(axis, bar_value[b] < 0 ? bar_low[b] : bar_high[b])
}

function plot_series(s, control,    b, id, found, axis, look, spreads)
{
	id = "$bars" s (control ? "c" : "")
	for (b = 1; b <= bars; b++)
		if (series_index[bar_series[b]] == s && (arm_name[bar_arm[b]] in is_control) == control) {
			if (!found++)
				print id " << END_OF_DATA"
			axis = bar_axis[b]
			print bar_x[b], place(axis, bar_value[b]), place(axis, bar_low[b]), place(axis, bar_high[b])
			if (bar_high[b] > bar_low[b])
				spreads = 1
		}
	if (!found)
		return
	print "END_OF_DATA"
	look = colour(s) (is_text ? "" : control ? " lw 2 dt (8,5) fs solid 0.25 border" : " fs solid 1.0 noborder")
	add_plot(id " using 1:2 axes x1" (axis == "y2" ? "y2" : "y1") " with boxes" look \
		(series_count > 1 && series_count <= 7 && !named[s]++ ? " title " quote(series_name[s]) : " notitle"))
	if (spreads && !is_text) {
		add_plot(id " using 1:3:(0):($4-$3) axes x1" (axis == "y2" ? "y2" : "y1") \
			" with vectors nohead lc rgb '#777777' lw 3 notitle")
		if (!spread_explained++)
			explain("with lines lw 3", "lowest to highest of " trials[1] " trials")
	}
}

# ---- dots -----------------------------------------------------------------------------------------

# Every trial's value at group g (an arm, or an arm and an x).
function add_dot(k, x, v,    g)
{
	g = k SUBSEP x
	if (!(g in group_size)) {
		group[++groups] = g
		group_curve[groups] = k
		group_x[groups] = x
	}
	group_value[g, ++group_size[g]] = v
	points[k]++
	see("x", x)
	see(curve_axis[k], v)
}

# x is the axis when it varies among the rows that are drawn.
function x_varies(    pass, a, t, n, c, first, seen, x)
{
	for (a = 1; a <= arms; a++)
		for (t = 1; t <= trials[a]; t++)
			for (n = 1; n <= rows[a, trial_name[a, t]]; n++)
				for (c = 1; c <= columns; c++) {
					if (charted[c] != "y" && n == 1 || shown(a, trial_name[a, t], n, charted[c]) == "")
						continue
					x = cell[a, trial_name[a, t], n, "x"]
					if (seen++ && x != first)
						return 1
					first = x
				}
	return 0
}

function collect_dots(k, a, c, over_x,    t, n, v, x, name)
{
	for (t = 1; t <= trials[a]; t++) {
		name = trial_name[a, t]
		for (n = c == "y" ? 1 : over_x ? 2 : rows[a, name]; n <= rows[a, name]; n++) {
			x = over_x ? cell[a, name, n, "x"] + 0 : a + (columns > 1 ? (k - 1) % columns * 0.3 - 0.15 : 0)
			if ((v = shown(a, name, n, c)) != "" && !(over_x && axis_log["x"] && x <= 0))
				add_dot(k, x, v + 0)
		}
	}
}

# A little to the side, and always the same: dots of one group must not hide each other.
function jittered(x, i, over_x,    shift)
{
	shift = (i * 0.618034) % 1 - 0.5
	if (!over_x)
		return place("x", x + 0.24 * shift)
	if (axis_log["x"])
		return place("x", x * exp(shift * 0.012 * log(axis_high["x"] / axis_least["x"] + 1)))
	return place("x", x + shift * 0.012 * (axis_high["x"] - axis_low["x"]))
}

function emit_dots(k, over_x,    g, i, axis, pool, id, half)
{
	axis = curve_axis[k]
	print "$dots" k " << END_OF_DATA"
	for (g = 1; g <= groups; g++)
		if (group_curve[g] == k)
			for (i = 1; i <= group_size[group[g]]; i++)
				print jittered(group_x[g], i, over_x), place(axis, group_value[group[g], i])
	print "END_OF_DATA\n$medians" k " << END_OF_DATA"
	for (g = 1; g <= groups; g++)
		if (group_curve[g] == k) {
			for (i = 1; i <= group_size[group[g]]; i++)
				pool[i] = group_value[group[g], i]
			summarise(pool, group_size[group[g]])
			if (over_x)
				print place("x", group_x[g]), place(axis, median)
			else
				print group_x[g] - 0.2, place(axis, median) "\n" group_x[g] + 0.2, place(axis, median) "\n"
			if (!over_x || groups <= 8)
				labels = labels sprintf("set label %s at %s, %s %s left offset %s front boxed font ',13'\n", \
					quote(number(median, axis_unit[axis])), over_x ? place("x", group_x[g]) : group_x[g] + 0.2, \
					axis == "y2" ? "second" : "first", place(axis, median), over_x ? "0.8,0.8" : "0.6,0")
		}
	print "END_OF_DATA"
}

function draw_dots(    a, c, k, over_x, control, axes, name)
{
	over_x = x_varies()
	for (a = 1; a <= arms; a++) {
		name[a] = full_name(a)
		for (c = 1; c <= columns; c++) {
			k = ++curves
			curve_arm[k] = a
			curve_column[k] = c
			curve_axis[k] = axis_of[c]
			collect_dots(k, a, charted[c], over_x)
		}
	}
	if (!groups)
		nothing_to_draw()
	see_marks()
	set_values(0.08)
	if (over_x)
		set_axis("x", about["x"], 0.06)
	else
		set_categories(name, counted, arms, 0.5, arms + 0.7)
	for (k = 1; k <= curves; k++) {
		if (!points[k])
			continue
		emit_dots(k, over_x)
		axes = " axes x1" (curve_axis[k] == "y2" ? "y2" : "y1")
		control = arm_name[curve_arm[k]] in is_control
		add_plot("$dots" k " using 1:2" axes " with points" marker(k, control) colour(k) \
			(is_text ? "" : " lw 1.5") \
			(over_x || columns > 1 ? " title " quote(key_name(curve_arm[k], curve_column[k])) : " notitle"))
		add_plot("$medians" k " using 1:2" axes " with lines" \
			(is_text ? colour(k) : over_x ? line_look(k, control) : " lc rgb 'black' lw 3") " notitle")
	}
	if (trials[1] > 1)
		explain("with lines lw 3", "line: median of " trials[1] " trials")
	printf "%s", labels
}

# ---- options ----------------------------------------------------------------------------------------

function bytes_of(text)
{
	return text * (text ~ /K$/ ? 1024 : text ~ /M$/ ? 1048576 : text ~ /G$/ ? 1073741824 : 1)
}

function read_options(    word, count, i, text)
{
	count = split(about["chart_options"], word, / +/)
	for (i = 1; i <= count; i++) {
		if (word[i] == "log-x" || word[i] == "log-y")
			axis_log[substr(word[i], 5)] = word[i] == "log-y" || positive_x
		else if (word[i] ~ /^mark(-x)?=-?[0-9.]+[KMG]?:./) {
			text = word[i]
			mark_axis[++marks] = text ~ /^mark-x/ ? "x" : "y"
			sub(/^mark(-x)?=/, "", text)
			mark_value[marks] = bytes_of(substr(text, 1, index(text, ":") - 1))
			text = substr(text, index(text, ":") + 1)
			gsub(/_/, " ", text)
			mark_label[marks] = text
		} else if (word[i] != "")
			fail("'# chart_options:' has '" word[i] "': it may be log-x, log-y, " \
				"mark=VALUE:LABEL or mark-x=VALUE:LABEL")
	}
}

# What was predicted (prediction.py): "COLUMN VALUE LABEL" lines.
function read_predictions(    line, count, i, c, axis, text)
{
	count = split(ENVIRON["CHART_PREDICTED"], line, /\n/)
	for (i = 1; i <= count; i++) {
		axis = line[i] ~ /^x / ? "x" : ""
		for (c = 1; c <= columns; c++)
			if (index(line[i], charted[c] " ") == 1)
				axis = axis_of[c]
		if (axis == "")
			continue
		text = line[i]
		sub(/^[^ ]* /, "", text)
		mark_axis[++marks] = axis
		mark_value[marks] = text + 0
		sub(/^[^ ]* /, "", text)
		mark_label[marks] = text
		is_prediction[marks] = 1
	}
}

# A prediction far off must not flatten what was measured.
function is_far_off(i,    axis, v, most)
{
	axis = mark_axis[i]
	v = size_of(mark_value[i])
	most = maximum(size_of(axis_high[axis]), size_of(axis_low[axis]))
	return most > 0 && v > most * (axis_log[axis] ? 1e6 : 8)
}

function see_marks(    i)
{
	for (i = 1; i <= marks; i++)
		if (is_prediction[i] && is_far_off(i))
			far_off[i] = 1
	for (i = 1; i <= marks; i++)
		if (!far_off[i] && (mark_axis[i] != "x" || form != "stages" && form != "bars"))
			see(mark_axis[i], mark_value[i])
}

# A line of its own look, named inside the chart; far off: the name alone, with an arrow.
function draw_prediction(i,    axis, at, line, side, room, name)
{
	axis = mark_axis[i]
	if (axis == "x" && x_is_names)
		return
	at = far_off[i] ? "graph 0.97" : (axis == "y2" ? "second " : "first ") place(axis, mark_value[i])
	if (at ~ /NaN/)
		return
	if (far_off[i])
		mark_label[i] = mark_label[i] (axis == "x" ? " →" : " ↑")
	line = " nohead front" (is_text ? "" : " lc rgb '#a0008c' lw 2.5 dt (10,5)") "\n"
	name = (is_text ? "" : " boxed tc rgb '#a0008c'") " font ',13'\n"
	side = 0.02 + 0.25 * predictions++ % 1
	if (axis == "x") {
		if (!far_off[i])
			printf "set arrow from %s, graph 0 to %s, graph 1%s", at, at, line
		room = maximum(0, mark_value[i] - axis_low["x"]) > (axis_high["x"] - axis_low["x"]) * 0.6 || far_off[i]
		printf "set label %s at %s, graph %g %s front%s", quote(mark_label[i]), at, 0.88 - side / 3, \
			(room ? "right offset -0.6,0" : "left offset 0.6,0"), name
		return
	}
	if (!far_off[i])
		printf "set arrow from graph 0, %s to graph 1, %s%s", at, at, line
	printf "set label %s at graph %g, %s left offset 0,%s front%s", quote(mark_label[i]), side, at, \
		(form == "bars" && mark_value[i] > 0 ? "-0.7" : "0.6"), name # a bar's number stands on it
}

function draw_marks(    i, at, dashed, text, width)
{
	dashed = " nohead back" (is_text ? "" : " lc rgb '#555555' lw 1.5 dt (4,4)") "\n"
	for (i = 1; i <= marks; i++) {
		if (is_prediction[i]) {
			draw_prediction(i)
			continue
		}
		at = place(mark_axis[i], mark_value[i])
		if (mark_axis[i] == "y") {
			printf "set arrow from graph 0, first %s to graph 1, first %s%s", at, at, dashed
			if ("y2" in axis_low)
				printf "set label %s at graph 0.01, first %s left offset 0,0.6 front boxed font ',13'\n", \
					quote(mark_label[i]), at
			else {
				text = wrap(mark_label[i], 12, 3)
				width = maximum(width, maximum(longest_word(mark_label[i]), minimum(characters(mark_label[i]), 12)))
				printf "set label %s at graph 1.01, first %s left offset 0,%g font ',13'\n", \
					quote_lines(text), at, (count_lines(text) - 1) / 2
			}
		} else if (!x_is_names) {
			printf "set arrow from first %s, graph 0 to first %s, graph 1%s", at, at, dashed
			printf "set label %s at first %s, graph 0.95 left offset 0.6,0 front boxed font ',13'\n", \
				quote(mark_label[i]), at
		}
	}
	if (width)
		print "set rmargin " width + 1
}

# ---- the chart -----------------------------------------------------------------------------------------

function nothing_to_draw()
{
	if (about["verdict"] == "broken" || about["verdict"] == "unsupported")
		exit status = 3
	fail("has no value in what it charts (" about["charted"] "): nothing to draw")
}

# Both vertical axes have their 0 at the same height.
function align_zeros(    axis, below)
{
	for (axis in axis_low)
		if (axis != "x") {
			see(axis, 0)
			if (axis_high[axis] > axis_low[axis])
				below = maximum(below + 0, -axis_low[axis] / (axis_high[axis] - axis_low[axis]))
		}
	below = minimum(below, 0.9)
	for (axis in axis_low)
		if (axis != "x" && below > 0) {
			axis_high[axis] = maximum(axis_high[axis], -axis_low[axis] * (1 - below) / below)
			axis_low[axis] = -axis_high[axis] * below / (1 - below)
		}
}

function set_values(room)
{
	axis_scale["y"] = axis_scale["y2"] = 1
	if ("y" in axis_low && "y2" in axis_low && !axis_log["y"])
		align_zeros()
	if ("y" in axis_low)
		set_axis("y", value_label("y"), room)
	if ("y2" in axis_low)
		set_axis("y2", value_label("y2"), room)
}

function set_terminal(    height, text_lines)
{
	text_lines = maximum(10, ENVIRON["CHART_LINES"] - 3) # the labels stand below
	print "reset session\nset encoding utf8"
	if (is_text)
		print "set terminal dumb noenhanced mono size " ENVIRON["CHART_COLUMNS"] "," text_lines
	else # both in pixels: pngcairo's points are a third larger than those of SVG
		print "set terminal " (ENVIRON["CHART_FORMAT"] == "png" ? "pngcairo fontscale 0.75 pointscale 1.5" : "svg") \
			" noenhanced size 900,520 background rgb 'white' font 'DejaVu Sans,14'"
	print "csv = " quote(ENVIRON["CHART_CSV_PATH"]) "\noutput = " quote(ENVIRON["CHART_OUTPUT"])
	print "format = " quote(ENVIRON["CHART_FORMAT"])
	print "claim = " quote(about["claim"]) "\nverdict = " quote(about["verdict"])
	print "instead = " quote(about["instead"]) "\ntitle = " quote_lines(title)
	print "x_label = " quote(about["x"]) "\ny_label = " quote(about["y"])
	print "set output output\nload " quote(ENVIRON["CHART_LOOK"])
	# The title stands above the key, so it is a label and the plot is made less high.
	height = count_lines(title) * (is_text ? 1 / text_lines : (title_size + 8) / 520) + (is_text ? 0 : 0.02)
	print "set label 1000 title at screen 0.02, screen " (is_text ? 1 : 0.96) " left font '," title_size "'"
	print "set size 1, " 1 - height (is_text ? "\nunset grid" : "")
}

# The experiment's own drawing, where there is one.  A result may come from anywhere:
# only a file of this project is loaded.
function own_drawing(    path, line)
{
	path = about["source"]
	if (path !~ /^experiments\/.*\.c$/ || path ~ /\.\./)
		return ""
	sub(/c$/, "gp", path)
	path = ENVIRON["CHART_ROOT"] "/" path
	return (getline line < path) >= 0 ? path : ""
}

# For those who cannot see the chart, and for search.
function description(    i, text)
{
	for (i = 1; i <= columns; i++)
		text = text (i > 1 ? ", " : "Chart of ") words_of(charted[i])
	if (about["x"] != "")
		text = text "; x: " about["x"]
	for (i = 1; i <= arms; i++)
		text = text (i > 1 ? ", " : "; arms: ") full_name(i)
	return text "."
}

function choose_columns(    i)
{
	if (about["charted"] == "")
		about["charted"] = "resident_bytes"
	columns = split(about["charted"], charted, / +/)
	for (i = 1; i <= columns; i++)
		if (!(charted[i] in column))
			fail("'# charted:' names '" charted[i] "', which is no column of it")
}

END {
	if (status)
		exit status
	is_text = ENVIRON["CHART_FORMAT"] == "text"
	if (!("claim" in about))
		fail("is no result: it has no '# claim:' line")
	if (!("verdict" in about))
		fail("is cut short: it has no '# verdict:' line; run the experiment again")
	if (!all_rows && (about["verdict"] == "broken" || about["verdict"] == "unsupported"))
		exit status = 3
	if (!all_rows)
		fail("has no rows: nothing to draw")
	make_title()
	print "# finding: " finding
	set_terminal()
	own = own_drawing()
	if (own != "")
		print "set datafile separator comma\nset datafile columnheaders\nload " quote(own)
	else {
		choose_columns()
		print "# shown: " description()
		read_options()
		assign_axes()
		read_predictions()
		form = "chart" in about ? about["chart"] : "lines"
		if (form == "bars")
			draw_bars()
		else if (form == "dots")
			draw_dots()
		else
			draw_curves()
		draw_marks()
		print "plot " plots
	}
	print "unset output\nset print " quote(ENVIRON["CHART_DONE"]) "\nprint 1\nset print"
}
