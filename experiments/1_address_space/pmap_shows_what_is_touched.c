/* SPDX-License-Identifier: MIT */
/* Three numbers for one mapping: how much was reserved, used and changed.
 *
 * `pmap -x` prints them side by side, from /proc/PID/smaps (proc(5)).  Kbytes is the
 * length of the mapping.  RSS is the part of it that this process has in memory.  Dirty is
 * the part of RSS that was written and has not been saved since (Shared_Dirty and
 * Private_Dirty), so the kernel cannot just drop it when memory becomes scarce.
 * (`pmap -d` shows neither RSS nor Dirty.)
 *
 * The mapping is one of a file (memfd_create(2)), private or shared.  Every second page of
 * it is read and every fourth is written.  A file is used because reading works differently
 * on anonymous memory: fresh anonymous memory that is only read gets no pages of its own
 * but the one shared page of zeros, which counts in nobody's RSS.
 *
 * Controls: a mapping that is only read has no Dirty, a mapping that is not touched at all
 * has no RSS, and anonymous memory that is only read has no RSS either.
 * Try: build/1_address_space/pmap_shows_what_is_touched --step, and look with pmap -X.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/mman.h>

#include "experiment.h"
#include "mappings.h"
#include "memory.h"

static int64_t pages = 64;

/* Returns a column of the mapping's line in `pmap -x`, in bytes; pmap prints KiB. */
static int64_t pmap_column(int column, const char *mapping)
{
	char command[160];

	snprintf(command, sizeof(command),
		 "command -v pmap >/dev/null || exit 127; "
		 "pmap -x $PID | awk '$1 ~ /^0*%lx$/ { print $%d }'",
		 (unsigned long)(uintptr_t)mapping, column);
	return ask(command) * KiB;
}

static void show(const char *mapping)
{
	record_y("Kbytes", 0, pmap_column(2, mapping));
	record_y("RSS", 0, pmap_column(3, mapping));
	record_y("Dirty", 0, pmap_column(4, mapping));
}

/* Reads every second page. */
static void read_half(const char *mapping)
{
	for (int64_t i = 0; i < pages; i += 2)
		read_pages(mapping + i * page_bytes(), page_bytes());
}

static void write_quarter(char *mapping)
{
	for (int64_t i = 0; i < pages; i += 4)
		write_pages(mapping + i * page_bytes(), page_bytes());
}

static void use(int flags)
{
	char *mapping = must_map_apart(pages * page_bytes(), flags);

	read_half(mapping);
	write_quarter(mapping);
	show(mapping);
}

static void private_file(void)
{
	use(MAP_PRIVATE);
}

static void shared_file(void)
{
	use(MAP_SHARED);
}

static void untouched(void)
{
	show(must_map_apart(pages * page_bytes(), MAP_PRIVATE));
}

static void only_read(void)
{
	char *mapping = must_map_apart(pages * page_bytes(), MAP_PRIVATE);

	read_half(mapping);
	show(mapping);
}

static void anonymous_read(void)
{
	char *mapping = must_map_apart(pages * page_bytes(), MAP_PRIVATE | MAP_ANONYMOUS);

	read_half(mapping);
	show(mapping);
}

static void judge(void)
{
	int64_t reserved = pages * page_bytes();
	int64_t read = (pages + 1) / 2 * page_bytes(), written = (pages + 3) / 4 * page_bytes();

	expect_equal("private file: Kbytes is what was reserved", "bytes", reserved,
		     y_of("private file", "Kbytes"));
	expect_equal("private file: RSS is what was touched", "bytes", read,
		     y_of("private file", "RSS"));
	expect_equal("private file: Dirty is what was written", "bytes", written,
		     y_of("private file", "Dirty"));
	expect_equal("shared file: Kbytes is what was reserved", "bytes", reserved,
		     y_of("shared file", "Kbytes"));
	expect_equal("shared file: RSS is what was touched", "bytes", read,
		     y_of("shared file", "RSS"));
	expect_equal("shared file: Dirty is what was written", "bytes", written,
		     y_of("shared file", "Dirty"));
	control_equal("only read: nothing is Dirty", "bytes", 0, y_of("only read", "Dirty"));
	control_equal("only read: RSS is what was read", "bytes", read, y_of("only read", "RSS"));
	control_equal("untouched: RSS is zero", "bytes", 0, y_of("untouched", "RSS"));
	control_equal("anonymous memory only read: RSS is zero", "bytes", 0,
		      y_of("anonymous only read", "RSS"));
}

const struct experiment experiment = {
	.claim = "for each mapping, pmap -x shows how much was reserved, how much touched and how much "
		 "written",
	.asked = "What do Kbytes, RSS and Dirty mean in pmap?",
	.y_axis = "what pmap shows, bytes",
	.y_unit = "bytes",
	.charted = "y",
	.chart = CHART_BARS,
	.knobs = { { "pages", &pages, "", "length of the mapping in pages", 4, 1 << 16 } },
	.arms = { { "private file", private_file },
		  { "shared file", shared_file },
		  { "only read", only_read, .control = true },
		  { "untouched", untouched, .control = true },
		  { "anonymous only read", anonymous_read, .control = true } },
	.predict = { "Half of a mapped file is read, a quarter of it written. What will pmap -x "
		     "show as RSS?",
		     "y", "private file", .to = "RSS",
		     .because = "RSS counts each page that is in memory once, whether it was read "
				"or written. Dirty counts the written pages once more." },
	.judge = judge,
};
