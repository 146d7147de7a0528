#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Tests scripts/address_map on saved smaps files: the names, the scale and the arrows of a map must be those of the process.

load helper

setup() {
	saved=tests/fixtures/smaps
	export RESULTS=$BATS_TEST_TMPDIR/results
	regions=$RESULTS/1_address_space/regions_come_in_order
	bits32=$RESULTS/1_address_space/a_32_bit_process_has_4_gib
	mkdir -p "$regions.observed" "$bits32.observed"
}

# declares RESULT ARM ... -- LINE ...: writes a result that declares a map of these arms and ends with these lines.
declares() {
	printf '# %s\n' 'format: 2' 'claim: c' 'address_map: yes' >"$1.csv"
	for ((shift_by = 2; shift_by <= $#; shift_by++)); do
		[[ ${!shift_by} != -- ]] || break
		printf '# arm: %s | test | ran |\n' "${!shift_by}" >>"$1.csv"
	done
	printf '# %s\n' "${@:shift_by+1}" >>"$1.csv"
}

# Writes what scripts/observe leaves of both claims: two records of the first arm, and one record of each other arm.
observed() {
	declares "$regions" 'as it is' 'old layout' 'unlimited stack' -- 'verdict: reproduced'
	declares "$bits32" 64-bit 32-bit '32-bit with 3 GiB' -- 'verdict: reproduced'
	printf '%s\n' arm,trial,stage,x,pid,vsz_kib,rss_kib,min_flt,maj_flt 'as it is,1,early,1,7,1,1,1,1' \
		'as it is,1,last,2,7,1,1,1,1' 'old layout,1,last,2,8,1,1,1,1' >"$regions.observed/ps.csv"
	sed '/\[heap\]/,/^VmFlags/d' "$saved/x86_64.txt" >"$regions.observed/001.smaps.txt"
	cp "$saved/x86_64.txt" "$regions.observed/002.smaps.txt"
	cp "$saved/x86_64-old-layout.txt" "$regions.observed/003.smaps.txt"
	cp "$saved/x86_64.txt" "$bits32.observed/64-bit.smaps.txt"
	cp "$saved/i386.txt" "$bits32.observed/32-bit.smaps.txt"
}

# python CODE FILE...: runs the code for each smaps file; `named` holds its regions, `column` the column drawn of them.
python() { PYTHONPATH=scripts /usr/bin/python3 -c 'import sys
from touchstone.address_map import draw, layout, smaps
for path in sys.argv[2:]:
    named = smaps.regions(smaps.read(open(path).read()))
    column = layout.Space("", named=named)
    exec(sys.argv[1])' "$@"; }

texts() { sed -E -n '/<text /{s/<[^>]*>//g; p}' "$1"; }

@test "the parts of a program have their textbook names, from low to high addresses" {
	run -0 python 'print(*[region.name for region in named if region.kind in ("program", "heap")], sep="\n")' "$saved/x86_64.txt"
	assert_output $'header, symbols\ntext\nread-only data\nrelocated data\ndata\nbss\nheap'
}

@test "every mapping has a name and a kind, and a bss that touches a library belongs to that library" {
	run -0 python 'print(*[f"{region.start:x} {region.kind} {region.name}" for region in named], sep="\n")' "$saved/x86_64.txt"
	assert_equal "${#lines[@]}" "$(grep -c '^[0-9a-f]*-' "$saved/x86_64.txt")"
	assert_output --partial "7ffff7fa7000 library bss"
	assert_output --partial "7ffff7dcf000 mapping anonymous"
	assert_output --partial "7ffff7d94000 mapping shared"
	assert_output --partial "7ffff7fc2000 kernel vvar"
	assert_output --partial "7ffffffde000 stack stack"
	apart=$(sed 's/^7ffff7fa7000-7ffff7fb4000/7ffff7fa8000-7ffff7fb5000/' "$saved/x86_64.txt")
	run -0 python 'print(*[region.kind for region in named if region.start == 0x7ffff7fa8000])' /dev/stdin <<<"$apart"
	assert_output mapping
}

@test "address_map reads a process with 64 KiB pages, whose text begins its file and whose library leaves addresses unused" {
	run -0 python 'print(*[f"{region.kind} {region.name}" for region in named], named[0].page, sep="\n")' "$saved/aarch64-64k-pages.txt"
	assert_equal "${lines[0]}" "program text"
	assert_equal "${lines[1]}" "program relocated data"
	assert_output --partial "library unused"
	assert_equal "${lines[-1]}" 65536
}

@test "address_map finds the end of the user addresses on each kind of machine, and gives none without the top mappings" {
	of() { python 'print(column.limit and layout.power(column.limit))' "$@"; }
	run -0 of "$saved"/{x86_64,i386,i386-3-gib,aarch64-64k-pages}.txt
	assert_output $'2^47 = 128 TiB\n2^32 = 4 GiB\n3 GiB\n2^48 = 256 TiB'
	five_levels=$'fffffffffe0000-fffffffffff000 rw-p 00000000 00:00 0 \nSize: 124 kB\nKernelPageSize: 4 kB\nRss: 0 kB'
	assert_equal "$({
		cat "$saved/x86_64.txt"
		echo "$five_levels"
	} | of /dev/stdin)" "2^56 = 64 PiB"
	assert_equal "$(sed '/^7ff/,$d' "$saved/x86_64.txt" | of /dev/stdin)" None
}

@test "the map loses no address: its regions and gaps add up to the whole address space" {
	run -0 python '
at = 0
for piece in column.stack:
    assert piece.start == at < piece.end, hex(at)
    at = piece.end
assert [piece.region for piece in column.stack if piece.region] == named
assert any(piece.end == column.limit for piece in column.stack)' "$saved"/*.txt
}

@test "the map has one scale: a box has as many pixels as pages or is drawn torn, and only arrows make a gap higher" {
	run -0 python '
for piece in column.stack:
    pages = (piece.end - piece.start) / named[0].page
    if piece.torn and not (piece.up or piece.down):
        assert pages > layout.MOST_PAGES and piece.height <= layout.MOST_PAGES * layout.PAGE[0]
    elif not piece.torn:
        assert piece.height == pages * layout.PAGE[0] <= layout.MOST_PAGES * layout.PAGE[0]' "$saved"/*.txt
}

@test "arrows show that mappings grow down, or up in the old layout, and the arrow of the stack depends on its gd flag" {
	arrows() { python 'print(*sorted(f"{region.kind} {way}" for region, way, text in layout.growth(named)), sep=", ")' "$@"; }
	run -0 arrows "$saved"/{x86_64,x86_64-old-layout,aarch64-64k-pages}.txt
	assert_equal "${lines[0]}" "heap up, mapping down, stack down"
	assert_equal "${lines[1]}" "heap up, mapping up, stack down"
	assert_equal "${lines[2]}" "heap up, mapping down, stack down"
	assert_equal "$(sed 's/ gd / /' "$saved/i386.txt" | arrows /dev/stdin)" "heap up, mapping down"
}

@test "address_map draws both maps from the last record, with real addresses and sizes and a text alternative" {
	observed
	scripts/address_map
	/usr/bin/python3 -c 'import sys, xml.dom.minidom as d; [d.parse(svg) for svg in sys.argv[1:]]' {"$regions","$bits32"}.address_map.svg
	texts "$regions.address_map.svg" | grep -Fx 555555588000
	assert_equal "$(texts "$regions.address_map.svg" | grep -Fxc heap)" 2
	texts "$regions.address_map.svg" | grep -Fx "42.67 TiB: left out, nothing there"
	texts "$regions.address_map.svg" | grep -Fx "the next mmap() goes above"
	texts "$bits32.address_map.svg" | grep -Fx "2^32 = 4 GiB"
	grep -F '<desc>' "$bits32.address_map.svg" | grep -F "stack at fffdd000, 132 KiB"
}

@test "the dark part of a box is as large as the share of the region that is resident" {
	half=$'10000-12000 rw-p 00000000 00:00 0 [heap]\nSize: 8 kB\nKernelPageSize: 4 kB\nRss: RSS kB'
	dark() { python 'print(draw.svg([column], "", ""))' /dev/stdin <<<"${half/RSS/$1}" | grep -o 'width="[0-9.]*" height="16" fill="#e8a838"'; }
	assert_equal "$(dark 4)" 'width="35" height="16" fill="#e8a838"'
	assert_equal "$(dark 8)" 'width="70" height="16" fill="#e8a838"'
	assert_equal "$(dark 0)" 'width="0" height="16" fill="#e8a838"'
}

@test "the map is readable: no text is smaller than 13 px, no lines of a column overlap, and no line is too wide" {
	observed
	cp "$saved/aarch64-64k-pages.txt" "$bits32.observed/64-bit.smaps.txt"
	scripts/address_map
	for svg in "$regions" "$bits32"; do
		/usr/bin/python3 -I - "$svg.address_map.svg" <<-'END'
			import re, sys
			found = [(float(x), float(y), float(size), re.sub("<[^>]*>", "", text)) for x, y, size, text in
			         re.findall(r'<text x="([\d.]+)" y="([\d.]+)" font-size="([\d.]+)"[^>]*>(.*)</text>', open(sys.argv[1]).read())]
			assert len(found) > 100 and min(size for _, _, size, _ in found) >= 13
			for x in (234, 730):
			    ys = sorted(y for at, y, _, _ in found if abs(at - x) < 1)
			    assert len(ys) > 20 and all(b - a >= 16.9 for a, b in zip(ys, ys[1:])), ys
			    assert all(len(text) < 42 for at, _, _, text in found if abs(at - x) < 1)
		END
	done
}

@test "the map says why the 32-bit side is left out when the 32-bit helper does not run" {
	observed
	rm "$bits32.observed/32-bit.smaps.txt"
	declares "$bits32" 64-bit 32-bit -- 'reason: `m32` does not run: `apt install gcc-multilib`' 'verdict: unsupported'
	scripts/address_map
	texts "$bits32.address_map.svg" | tr '\n' ' ' | grep -F 'Left out here: `m32` does not run: `apt install gcc-multilib`'
	texts "$bits32.address_map.svg" | grep -Fx 555555588000
}

@test "address_map removes an old map, prints one sentence and exits with 77 when nothing was observed" {
	declares "$regions" 'as it is' 'old layout' -- 'verdict: reproduced'
	touch "$regions.address_map.svg"
	run -77 scripts/address_map
	assert_equal "${#lines[@]}" 1
	assert_output --partial "make observe"
	assert [ ! -e "$regions.address_map.svg" ]
}

@test "address_map refuses damaged smaps and unknown claims with one sentence and status 2, and writes nothing" {
	observed
	sed -i '0,/^Rss/{/^Rss/d}' "$regions.observed/002.smaps.txt"
	run -2 scripts/address_map
	assert_output --partial "002.smaps.txt: the mapping at 555555554000 has no Rss"
	assert [ ! -e "$regions.address_map.svg" ]
	run -2 scripts/address_map no_such_claim
	assert_output --partial "no_such_claim"
}

@test "address_map draws each claim that declares a map, in the order of its arms, and refuses a result in another format" {
	observed
	other=$RESULTS/1_address_space/another_claim
	cp -r "$regions.observed" "$other.observed"
	declares "$other" 'old layout' 'as it is' -- 'verdict: reproduced'
	scripts/address_map
	grep -E '<desc>Map of the address space\. old layout, .*as it is, ' "$other.address_map.svg"
	sed -i '/^# address_map/d' "$other.csv"
	rm "$other.address_map.svg"
	scripts/address_map
	[ ! -e "$other.address_map.svg" ]
	sed -i 's/^# format: 2/# format: 1/' "$regions.csv"
	run -2 scripts/address_map regions_come_in_order
	[[ ${#lines[@]} -eq 1 && $output == *'regions_come_in_order.csv is in format 1; these scripts read format 2'* ]]
}

@test "the helper program shows the map of a process with heap, mapping and stack" {
	for helper in "$(program a_32_bit_process_has_4_gib)".m{64,32}; do
		[ -x "$helper" ] && "$helper" pointer >/dev/null || continue
		run -0 python 'print(*{region.kind for region in named}, sum(region.size >= 1 << 20 for region in named if region.name == "anonymous"))' <("$helper" smaps)
		for kind in program heap mapping library stack; do [[ $output == *$kind* ]]; done
		[[ $output == *" 1" ]] || fail "$output"
	done
}

@test "the report shows the map as long as it exists, with a text for readers who cannot see it" {
	/usr/bin/python3 -c 'import jinja2' 2>/dev/null || skip "python3-jinja2 is missing"
	observed
	declares "$regions" 'as it is' 'old layout' -- 'reason: r' 'verdict: unsupported'
	scripts/address_map regions_come_in_order
	scripts/report "$RESULTS"
	grep -E '<svg[^>]*aria-label="Map of the address space\. as it is[^"]*heap at 555555588000, 132 KiB' "$RESULTS/index.html"
	rm "$regions.address_map.svg"
	scripts/report "$RESULTS"
	run ! grep -F 'Map of the address space' "$RESULTS/index.html"
}
