# SPDX-License-Identifier: MIT
# Draws each arm's regions as a pile of boxes, the lowest address at the bottom. The pile is not to scale, or
# text and heap would be one line. The number of a region is its place in the textbook's picture. Where 16 MiB
# or more lies between two regions, the pile has a gap, and the gap says how much it is.
far_away = 2.**24
box = 1
box_and_gap = 1.8

# The regions of the first trial: the number of the arm, the place in the textbook's picture, name and address.
n = 0
array arm[1000]; array place[1000]; array region[1000]; array address[1000]
number_of(name) = sum [i = 1:words(arms)] (word(arms, i) eq name ? i : 0)
keep(i) = (arm[i] = number_of(strcol('arm')), place[i] = int(column('x')), region[i] = strcol('stage'), \
	address[i] = column('y'))
stats csv using (column('trial') == 1 ? (n = n + 1, keep(n)) : NaN) nooutput

# Of each region the number of its arm, the lower edge of its box, its place and name, and the bytes down to the region below.
array below[1000]
is_below(j, i) = arm[j] == arm[i] && address[j] < address[i]
do for [i = 1:n] {
	below[i] = address[i]
	do for [j = 1:n] {
		if (is_below(j, i) && address[i] - address[j] < below[i]) { below[i] = address[i] - address[j] }
	}
}
height(i) = below[i] < far_away ? box : box_and_gap
foot(i) = height(i) + (sum [j = 1:n] (is_below(j, i) ? height(j) : 0))
set print $piles
print 'number,foot,place,region,below'
do for [i = 1:n] {
	print sprintf('%d,%g,%d,%s,%.0f', arm[i], foot(i), place[i], region[i], below[i])
}
set print

shades = '0x8fc1e3 0x8fc1e3 0x8fc1e3 0x8fc1e3 0xf5d77a 0x7fcdb0 0xdd9cc4 0xef9f76 0xef9f76'
shade(place) = int(word(shades, int(place)))
far(bytes) = bytes < 2**30 ? sprintf('%.0f MiB', bytes / 2**20) : bytes < 2**40 ? sprintf('%.2f GiB', bytes / 2**30) \
	: sprintf('%.1f TiB', bytes / 2**40)
gap = format eq 'text' ? '%s' : '⋮  %s  ⋮'

set xrange [0.5:*]
set yrange [0.7:*]
unset grid
unset ytics
set border 2
set xtics scale 0 ('' 0)
do for [i = 1:words(arms)] {
	set xtics add (word(full_names, i) i)
}
set ylabel 'address, the lowest at the bottom; not to scale'
set style fill solid 1.0 border rgb '#444444'
set bmargin 2.5
unset key
plot $piles using 'number':'foot':(column('number') - 0.42):(column('number') + 0.42):'foot':(column('foot') + 1): \
		(shade(column('place'))) with boxxyerror linecolor rgb variable, \
	$piles using 'number':(column('foot') + 0.5):(sprintf('%s  %s', strcol('place'), strcol('region'))) with labels, \
	$piles using 'number':(column('below') < far_away ? NaN : column('foot') - 0.4):(sprintf(gap, far(column('below')))) \
		with labels font ',12' textcolor rgb '#555555'
