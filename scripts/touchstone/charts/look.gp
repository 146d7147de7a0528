# SPDX-License-Identifier: MIT
# The look of every chart: white, large type, a light grid, the key above the data.
# Colours of the curves: gnuplot.py (Okabe and Ito's, told apart by the colour-blind).

set border 3 linewidth 1.2 linecolor rgb '#444444'
set tics nomirror scale 0.6
set grid linetype 1 dashtype 1 linewidth 1 linecolor rgb '#e4e4e4'
set grid back
set key tmargin center horizontal Left reverse samplen 3 spacing 1.15
set style fill solid 1.0
set style textbox opaque fillcolor rgb 'white' noborder margins 0.3, 0.2
set boxwidth 0.8
