# SPDX-License-Identifier: MIT
# Draws each arm's regions as a pile of boxes, the lowest address at the bottom. The pile is not to scale, or
# text and heap would be one line. The number of a region is its place in the textbook's picture. Where 16 MiB
# or more lies between two regions, the pile has a gap, and the gap says how much it is.

# awk prints one line for each region: number and name of the arm, lower edge of the box, place, name of the
# region, and bytes down to the region below.
piles = "< awk -F, '/^# arm:/ { name = substr($0, 8); sub(/ \\|.*/, \"\", name); arm = name; ".\
	"sub(/ \\([a-z ]*\\)$/, \"\", arm); full[arm] = name } ".\
	"!/^#/ && $2 == 1 { if (!n[$1]) n[$1] = ++count; print n[$1] \",\" full[$1] \",\" $4 \",\" $3 \",\" $5 }' '".csv."' | ".\
	"sort -t, -k1,1n -k5,5n | awk -F, 'BEGIN { print \"number,arm,foot,place,region,below\" } ".\
	"$1 != number { number = $1; last = 0; foot = 0 } ".\
	"{ foot += $5 - last < 16777216 ? 1 : 1.8; printf(\"%s,%s,%s,%s,%s,%.0f\\n\", $1, $2, foot, $3, $4, $5 - last); last = $5 }'"
colours = '0x8fc1e3 0x8fc1e3 0x8fc1e3 0x8fc1e3 0xf5d77a 0x7fcdb0 0xdd9cc4 0xef9f76 0xef9f76'
colour(place) = int(word(colours, int(place)))
far(bytes) = bytes < 2**30 ? sprintf('%.0f MiB', bytes / 2**20) : bytes < 2**40 ? sprintf('%.2f GiB', bytes / 2**30) \
	: sprintf('%.1f TiB', bytes / 2**40)
gap = format eq 'text' ? '%s' : '⋮  %s  ⋮'

set xrange [0.5:*]
set yrange [0.7:*]
unset grid
unset ytics
set border 2
set xtics scale 0 ('' 0)
set ylabel 'address, the lowest at the bottom; not to scale'
set style fill solid 1.0 border rgb '#444444'
set bmargin 2.5
unset key
plot piles using 'number':'foot':(column('number') - 0.42):(column('number') + 0.42):'foot':(column('foot') + 1): \
		(colour(column('place'))) with boxxyerror linecolor rgb variable, \
	piles using 'number':(column('foot') + 0.5):(sprintf('%s  %s', strcol('place'), strcol('region'))) with labels, \
	piles using 'number':(column('below') < 2**24 ? NaN : column('foot') - 0.4):(sprintf(gap, far(column('below')))) \
		with labels font ',12' textcolor rgb '#555555', \
	piles using 'number':(0.8):(''):xtic(2) with labels
