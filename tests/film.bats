#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # stderr and stderr_lines are set by run
#
# The film: true to the heap, moving no number, honest where it cannot see, and drawn.
#
# USAGE
#   bats tests/film.bats
#
# OVERHEADS
#   About 20 s; writes in bats' temporary directory only.

load helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$ROOT/scripts
}

# filmed NAME [argument ...]: compiles tests/fixtures/film/NAME.c and films it.
filmed() {
	cp "$ROOT/tests/fixtures/film/$1.c" .
	compiled "$1.c"
	FILM=$1.film.csv "./$1" "${@:2}" >"$1.csv"
}

# states ARM RECORD KIND: the states of that kind with how many rows, in order.
states() {
	awk -F, -v arm="$1" -v record="$2" -v kind="$3" \
		'$1 == arm && $3 == record && $5 == kind { print $6 }' ./*.film.csv | uniq -c | xargs
}

# python SCRIPT: with the film of known.c as `film`, its result as `rows`.
python() {
	/usr/bin/python3 - <<-PY
		import csv, sys
		from touchstone.film.described import total
		from touchstone.film.read import IN_MEMORY, read_film
		film = read_film("$1.film.csv")
		rows = list(csv.DictReader(line for line in open("$1.csv") if not line.startswith("#")))
		$(cat)
	PY
}

need_glibc() {
	"$BUILD/4_giving_back/the_four_block_story" 2>/dev/null | grep -q '^# malloc_source: mallinfo2' ||
		skip "needs glibc 2.33 or later"
}

@test "known blocks are found in their states, with malloc's own sizes" {
	need_glibc
	filmed known
	assert_equal "$(states states 1 chunk)" ""
	assert_equal "$(states states 2 chunk)" "12 in use 1 top"
	assert_equal "$(states states 3 chunk)" "1 in use 7 cached 2 fast 1 free 1 in use 1 top"
	python known <<-'PY'
		word = sys.maxsize.bit_length() // 8 + 1
		size = lambda request: max((request + word + 15) // 16 * 16, 4 * word)
		sizes = [chunk[2] for chunk in film.arms["states"][2].chunks[1:12]]
		assert sizes == [size(24)] * 9 + [size(5000), size(2000)], sizes
	PY
}

@test "the film knows the line that allocated each block, and none of a freed one" {
	need_glibc
	filmed known
	python known <<-'PY'
		source = open("known.c").read().splitlines()
		def text(arm, stage, state):
		    frame = next(frame for frame in film.arms[arm] if frame.stage == stage)
		    return {source[frame.lines[block[1]] - 1].strip() if block[1] in frame.lines else ""
		            for block in frame.chunks + frame.mappings if block[0] == state}
		lines = {"small[i] = must_malloc(24);", "char *hole = must_malloc(5000);", "must_malloc(2000);"}
		assert lines <= text("states", "allocated", "in use"), film.arms["states"][1].lines
		assert text("states", "freed", "free") == {""}
		assert text("mapped", "mapped", "malloc") == {"char *block = must_malloc(1 * MiB);"}
		assert text("mapped", "mapped", "mmap") == {"char *plain = must_map(3 * page_bytes());"}
	PY
}

@test "chunks, pages and mappings leave no gap, and add up to what malloc and the kernel count" {
	need_glibc
	for claim in the_four_block_story free_trims_a_large_top churn_leaves_holes a_pool_gives_everything_back; do
		FILM=$claim.film.csv "$(cd "$ROOT" && program $claim)" >$claim.csv 2>/dev/null || (($? == 1))
		python $claim <<-'PY'
			counted = {arm: [row for row in rows if row["arm"] == arm] for arm in film.arms}
			for arm, frames in film.arms.items():
			    assert len(frames) == len(counted[arm]) and not film.reasons, film.reasons
			    for frame, row in zip(frames, counted[arm]):
			        at = 0
			        for state, start, size, count in frame.chunks:
			            assert start == at, (arm, frame.record, start, at)
			            at += size
			        assert at in (0, frame.end)
			        assert total(frame.chunks, "free", "top", "fast") == int(row["free_bytes"])
			        assert total(frame.chunks, "in use", "cached") == int(row["in_use_bytes"])
			        assert total(frame.mappings, "malloc") == int(row["mmapped_bytes"])
			        resident = total(frame.pages, *IN_MEMORY) - total(frames[0].pages, *IN_MEMORY)
			        assert resident == int(row["resident_bytes"]) - int(counted[arm][0]["resident_bytes"])
		PY
	done
}

@test "the film shows mapped blocks, plain mappings and their pages" {
	need_glibc
	filmed known
	assert_equal "$(states mapped 1 mapping)" ""
	assert_equal "$(states mapped 2 mapping)" "1 malloc"
	assert_equal "$(states mapped 4 mapping)" "1 malloc 1 mmap"
	assert_equal "$(states mapped 5 mapping)" ""
	python known <<-'PY'
		written = {frame.stage: total(frame.mapped_pages(), *IN_MEMORY) for frame in film.arms["mapped"]}
		page = int(film.metadata["page_size"].split()[0])
		assert written["malloc M"] == page                        # the header
		assert written["half written"] in (512 * 1024, 512 * 1024 + page)
		assert written["mapped"] == written["half written"] + page
		assert film.arms["mapped"][1].names                        # "malloc M" names the block
	PY
}

@test "the film changes no number with 10,000 chunks and 20 records, in bins and in fastbins" {
	filmed large
	filmed large small=1
	grep -q '^# expect: held | 0 == 0 | faults | still | [0-9]* | minor faults' large.csv
	cc=$(grep -c '^still,0,20,' large.film.csv)
	((cc > 1000))
}

@test "every count and every byte is the same with and without a film" {
	for claim in the_four_block_story a_hole_is_never_returned free_trims_a_large_top; do
		program=$(cd "$ROOT" && program $claim)
		FILM=with.film.csv "$program" >with.csv 2>/dev/null || (($? == 1))
		"$program" >without.csv 2>/dev/null || (($? == 1))
		/usr/bin/python3 - <<-'PY'
			import csv
			def moved(path):
			    first, moved = {}, []
			    for row in csv.DictReader(line for line in open(path) if not line.startswith("#")):
			        origin = first.setdefault(row["arm"], row)
			        moved.append({name: int(text) - int(origin[name]) for name, text in row.items()
			                      if name.endswith(("_bytes", "_count")) and text})
			    return moved
			assert moved("with.csv") == moved("without.csv") != []
		PY
	done
}

@test "the film shows pages and mappings, but no chunks, of another malloc" {
	[[ -z $(LD_PRELOAD=libjemalloc.so.2 cat /dev/null 2>&1) ]] || skip "libjemalloc.so.2 is missing: scripts/setup"
	LD_PRELOAD=libjemalloc.so.2 FILM=a.film.csv "$BUILD/3_residency/malloc_is_lazy" >/dev/null 2>&1 || true
	grep -q "^# reason: arm lazy, record 1 (before malloc): the heap's layout is not the one known: malloc is not" a.film.csv
	assert_equal "$(grep -c ',chunk,' a.film.csv)" 0
	grep -q ',mapping,mmap,' a.film.csv
	grep -q ',pages,resident,' a.film.csv
}

@test "the film shows no chunks, and says why, where the heap is damaged or not only malloc uses it" {
	need_glibc
	filmed known
	assert_equal "$(states tampered 1 chunk)" "3 in use 1 top"
	assert_equal "$(states tampered 2 chunk)" ""
	assert_equal "$(states tampered 3 chunk)" "3 in use 1 top"
	grep -q "^# reason: arm tampered, record 2 (tampered): .* size field holds" known.film.csv
	assert_equal "$(states swallowed 1 chunk)" ""
	grep -q "^# reason: arm swallowed, record 1 (swallowed): .* free bytes, and malloc counts" known.film.csv
	assert_equal "$(states 'foreign break' 2 chunk)" ""
	grep -q "^# reason: arm foreign break, record 2 (moved): .*somebody else called sbrk" known.film.csv
	assert_equal "$(states 'second arena' 2 chunk)" ""
	grep -q "^# reason: arm second arena, record 2" known.film.csv
}

# need_page_scan: skips the test where the kernel tells neither zero nor written pages apart.
need_page_scan() {
	"$BUILD/3_residency/reading_costs_no_memory" >/dev/null 2>&1
	FILM=scan.film.csv "$BUILD/3_residency/reading_costs_no_memory" pages=16 >/dev/null 2>&1
	grep -q ',pages,zero,' scan.film.csv || skip "needs PAGEMAP_SCAN (Linux 6.7)"
	grep -q ',pages,written,' scan.film.csv || skip "userfaultfd(2) is refused here"
	rm scan.film.csv
}

@test "the film tells the page of zeros, pages written since the last stage, and other pages apart" {
	need_page_scan
	filmed known
	assert_equal "$(states pages 1 pages | grep -o 'absent$')" absent
	# Of four pages one was read, one is written once, and one in each stage.
	python known <<-'PY'
		kinds = [[page[0] for page in frame.mapped_pages()] for frame in film.arms["pages"]]
		assert kinds == [["absent"], ["zero", "written", "absent"], ["zero", "resident", "written", "absent"],
		                 ["written", "resident", "absent"]], kinds
	PY
}

@test "after fork() the film shows both processes, and which pages they share" {
	FILM=fork.film.csv "$BUILD/3_residency/fork_shares_until_written" block=1M >fork.csv 2>/dev/null
	python fork <<-'PY'
		for arm, other in (("child writes", "parent"), ("parent writes", "child"), ("child reads", "parent")):
		    forked, last = film.arms[arm][3], film.arms[arm][-1]
		    block = total(forked.mappings, "mmap")
		    for frame in (forked, last):
		        assert frame.other_is == other, (arm, frame.other_is)
		    assert total(forked.mapped_pages(), "shared") == total(forked.others_mapped_pages(), "shared") == block
		    shared = block if arm == "child reads" else 0
		    assert total(last.mapped_pages(), "shared") == total(last.others_mapped_pages(), "shared") == shared, arm
		    assert total(last.mapped_pages(), *IN_MEMORY) == total(last.others_mapped_pages(), *IN_MEMORY) == block
		assert not film.arms["child reads"][1].other_is  # before fork()
	PY
}

@test "the experiment's own notes are in the film's file and not in its pictures" {
	need_glibc
	for claim in churn_leaves_holes free_trims_a_large_top; do
		FILM=$claim.film.csv "$(cd "$ROOT" && program $claim)" >$claim.csv 2>/dev/null
		python $claim <<-'PY'
			for frames in film.arms.values():
			    assert all(frame.notes and not frame.mappings and not frame.mapped_pages() for frame in frames)
		PY
	done
}

@test "the film shows no chunks of a heap that does not come from the break" {
	need_glibc
	FILM=a.film.csv "$BUILD/4_giving_back/the_four_block_story" --tunables=glibc.malloc.hugetlb=2 >/dev/null 2>&1 || (($? != 2))
	[ "$(grep -c ',chunk,' a.film.csv)" = 0 ] || grep -q ',chunk,top,' a.film.csv # hugetlb may be refused
	[ "$(grep -c ',chunk,' a.film.csv)" != 0 ] || grep -q '^# reason: .*did not come from the break' a.film.csv
}

@test "there is no film without FILM, without .film or for an observer, and one that cannot be written is refused" {
	"$BUILD/4_giving_back/the_four_block_story" >/dev/null 2>&1 || true
	FILM=a.film.csv "$BUILD/2_brk_or_mmap/small_requests_move_the_break" >/dev/null 2>&1
	FILM=a.film.csv OBSERVER=/bin/true "$BUILD/4_giving_back/the_four_block_story" >/dev/null 2>&1 || true
	assert_equal "$(echo *)" "*"
	FILM=/nowhere/a.film.csv run -2 --separate-stderr "$BUILD/4_giving_back/the_four_block_story"
	assert_equal "$output" ""
	assert_equal "${#stderr_lines[@]}" 1
	assert_contains "$stderr" "FILM=/nowhere/a.film.csv"
}

@test "scripts/run keeps the film beside the result and deletes an older one, and no verb takes it for a result" {
	export RESULTS=$PWD/results
	cd "$ROOT"
	scripts/run the_four_block_story 2>/dev/null
	film=$RESULTS/4_giving_back/the_four_block_story.film.csv
	assert [ -s "$film" ]
	KNOBS=nonsense=1 run ! scripts/run the_four_block_story
	assert [ -s "$film" ]
	mkdir "$RESULTS/2_brk_or_mmap"
	touch "$RESULTS/2_brk_or_mmap/small_requests_move_the_break.film.csv"
	scripts/run small_requests_move_the_break 2>/dev/null
	assert [ ! -e "$RESULTS/2_brk_or_mmap/small_requests_move_the_break.film.csv" ]
	assert_equal "$(find "$RESULTS" -name '.*')" ""
	if command -v gnuplot >/dev/null; then
		run -0 scripts/chart "$RESULTS"/*/*.csv
		assert [ ! -e "${film%.csv}.svg" ]
	fi
	assert_equal "$(cd scripts && /usr/bin/python3 -c 'import sys; from touchstone.results import read_results; print(len(read_results(sys.argv[1])))' "$RESULTS")" 2
}

# reported: the page of what stands in ./results, in $page.
reported() {
	/usr/bin/python3 -c 'import jinja2' 2>/dev/null || skip "python3-jinja2 is missing: scripts/setup"
	"$ROOT/scripts/report" results
	page=$(<results/index.html)
}

@test "the page plays the film: it shows names and sizes of blocks, the hole, the break and the source line" {
	need_glibc
	mkdir -p results/4_giving_back
	FILM=results/4_giving_back/the_four_block_story.film.csv "$BUILD/4_giving_back/the_four_block_story" \
		>results/4_giving_back/the_four_block_story.csv 2>/dev/null || true
	reported
	for text in '>A</text>' '>30 KiB</text>' '>free</text>' '>40 KiB</text>' '>break 300 KiB</text>' '>C</text>' \
		'aria-label="Arm as it is, stage free B: break at 300 KiB; 3 chunks in use' 'role="img"' 'aria-live="polite"'; do
		[[ $page == *"$text"* ]] || {
			echo "lacks $text"
			false
		}
	done
	line=$(grep -n 'record("free B"' "$ROOT/experiments/4_giving_back/the_four_block_story.c" | cut -d: -f1)
	assert_contains "$page" "the_four_block_story-L$line\">$line</a>  record(&#34;free B&#34;, 0);"
	# Both arms tell the same stages: one player moves them side by side.
	assert_equal "$(grep -c '<div class="film several"' results/index.html)" 1
}

# only_its_own_scripts_may_run COUNT: the page has so many scripts, and its policy allows these alone.
only_its_own_scripts_may_run() {
	local hashes
	hashes=$(/usr/bin/python3 -c 'import base64, hashlib, re
for text in re.findall(r"<script>(.*?)</script>", open("results/index.html").read(), re.S):
    print(f"'"'"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"'"'")' | paste -sd ' ')
	assert_contains "$page" "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src $hashes\""
	assert_equal "$(grep -o '<script' results/index.html | wc -l)" "$1"
}

@test "the page loads nothing, and only its own scripts may run" {
	mkdir -p results/4_giving_back
	FILM=results/4_giving_back/the_four_block_story.film.csv "$BUILD/4_giving_back/the_four_block_story" \
		>results/4_giving_back/the_four_block_story.csv 2>/dev/null || true
	reported
	only_its_own_scripts_may_run 3
	run ! grep -Eo '(src|href)="?(https?:)?//[^"]*' results/index.html
	run ! grep -Eq 'fetch\(|XMLHttp|import\(|@import|url\([^#]' results/index.html
	assert_equal "$(grep -o ' id="[^"]*"' results/index.html | sort | uniq -d)" ""
	rm results/*/*.film.csv
	reported
	only_its_own_scripts_may_run 2
}

@test "the script runs in a browser under the page's own policy, and leaves the first stage" {
	browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || skip "no chromium: scripts/setup"
	mkdir -p results/4_giving_back
	FILM=results/4_giving_back/the_four_block_story.film.csv "$BUILD/4_giving_back/the_four_block_story" \
		>results/4_giving_back/the_four_block_story.csv 2>/dev/null || true
	reported
	run -0 --separate-stderr "$browser" --headless --no-sandbox --disable-gpu --dump-dom "file://$PWD/results/index.html"
	assert_output --partial 'class="film several plays"'
	assert_equal "$(grep -oE '<li [^>]*class="key now"' <<<"$output" | wc -l)" 1
	refute_contains "$stderr" 'Content Security Policy'
}

# bats test_tags=long
@test "a film of 10,000 chunks and 20 stages stays far below 5 MB of page, and its areas stay true" {
	filmed large
	mkdir -p results/9_x
	mv large.csv large.film.csv results/9_x
	reported
	size=$(stat -c %s results/index.html)
	((size < 2500000))
	assert_contains "$page" 'Where blocks are finer than the picture'
	/usr/bin/python3 - <<-'PY'
		from touchstone.film.read import CHUNKS
		from touchstone.film.shapes import shapes
		segments = [("in use" if i % 3 else "free", i * 16, 16, 1) for i in range(3000)]
		drawn = shapes(segments, CHUNKS, lambda address: address / 48)
		(steps, end), = drawn.columns["in use"]
		ends = [x for x, _ in steps[1:]] + [end]
		area = sum(share * (to - x) for (x, share), to in zip(steps, ends))
		assert abs(area / end - 2 / 3) < .01, area / end
	PY
}

@test "the text of a film is escaped, and the page says which film is damaged" {
	mkdir -p results/4_giving_back
	"$BUILD/4_giving_back/the_four_block_story" >results/4_giving_back/the_four_block_story.csv 2>/dev/null || true
	film=results/4_giving_back/the_four_block_story.film.csv
	printf '%s\n' '# format: 2' '# reason: <b>why</b>' arm,trial,record,stage,kind,state,start,bytes,count \
		'<i>arm</i>,1,1,<script>x</script>,break,,4096,0,1' >"$film"
	reported
	assert_contains "$page" '&lt;b&gt;why'
	assert_contains "$page" '&lt;script&gt;x'
	refute_contains "$page" '<i>arm'
	refute_contains "$page" '<script>x'
	echo 'a,1,1,s,chunk,lost,0,16,1' >>"$film"
	reported
	assert_contains "$page" 'the_four_block_story.film.csv cannot be read: line 5: '
	printf '%s\n' '# format: 2' 'nothing of the kind' >"$film"
	reported
	assert_contains "$page" 'cannot be read: line 2: it is no film'
	sed -i 's/^# format: 2/# format: 1/' "$film"
	reported
	assert_contains "$page" 'cannot be read: it is in format 1; these scripts read format 2: measure again with make run-all'
}

@test "scripts/film draws a strip as PNG or PDF, or of one arm, and says what is missing" {
	need_glibc
	command -v rsvg-convert >/dev/null || skip "rsvg-convert is missing: scripts/setup"
	filmed known
	run -0 "$ROOT/scripts/film" known.film.csv
	assert_output known.film.png
	assert_equal "$(head -c 4 known.film.png | tail -c 3)" PNG
	run -0 "$ROOT/scripts/film" known.film.csv --arm mapped --pdf
	[ "$(head -c 4 known.film.pdf)" = %PDF ]
	run -2 --separate-stderr "$ROOT/scripts/film" known.film.csv --arm nobody
	assert_equal "${#stderr_lines[@]}" 1
	assert_contains "$stderr" 'no arm "nobody"' 'states, mapped'
	run -2 --separate-stderr "$ROOT/scripts/film" absent.film.csv
	assert_equal "${#stderr_lines[@]}" 1
	assert_contains "$stderr" 'No such file'
	run -2 --separate-stderr "$ROOT/scripts/film" known.csv
	assert_equal "${#stderr_lines[@]}" 1
	assert_contains "$stderr" 'it is no film'
	assert_equal "$(find . -name '.known*')" ""
}

@test "the strip is the report's drawing: it shows the stages below each other and escapes the text of a film" {
	printf '%s\n' '# format: 2' '# claim: <b>why</b>' arm,trial,record,stage,kind,state,start,bytes,count \
		a,1,1,before,break,,4096,0,1 a,1,1,before,chunk,top,0,4096,1 'a,1,2,malloc A & B,break,,4096,0,1' 'a,1,2,malloc A & B,chunk,in use,0,4096,1' >made.film.csv
	/usr/bin/python3 - <<-'PY'
		import xml.etree.ElementTree as ET
		from touchstone.film import strip
		from touchstone.film.read import read_film
		svg = ET.fromstring(strip.drawn(read_film("made.film.csv"), "a", {0, 1}))
		texts = ["".join(text.itertext()) for text in svg.iter("{http://www.w3.org/2000/svg}text")]
		assert texts[:3] == ["<b>why</b>", "arm: a", "before"] and "malloc A & B" in texts, texts
		assert texts.count("break 4 KiB") == 2 and texts.count("4 KiB") == 3, texts  # each stage its own, the axis one tick
	PY
}

@test "scripts/film says how to install rsvg-convert where it is missing, and draws SVG without it" {
	mkdir bin
	cp "$ROOT/results/reference/4_giving_back/the_four_block_story.film.csv" x.film.csv
	PATH="$PWD/bin" run -0 /usr/bin/python3 "$ROOT/scripts/film" x.film.csv --svg
	assert_equal "$(head -c 4 x.film.svg)" "<svg"
	run -77 --separate-stderr env PATH="$PWD/bin" "$ROOT/scripts/film" x.film.csv
	assert_equal "${#stderr_lines[@]}" 1
	assert_contains "$stderr" librsvg2-bin scripts/setup
}
