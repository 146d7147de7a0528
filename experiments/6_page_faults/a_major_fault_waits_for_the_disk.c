/* SPDX-License-Identifier: MIT */
/* Minor or major: was the page already in memory?
 *
 * When the page cache holds a page of a mapped file, the process needs only an entry in
 * its page table: a minor fault.  That fault also maps what the cache holds of the
 * 64 KiB around it ("fault-around", do_fault_around() in mm/memory.c; since Linux 6.18
 * it maps more where the cache keeps the file in one piece, a large folio).  A page that
 * is not in memory has to be read: the kernel counts a major fault, starts the transfer
 * and puts the process to sleep until the disk has answered.  So the time that the clock
 * shows is longer than the CPU time: the difference is the wait.  getrusage(2) counts the
 * sleeps as well: ru_nvcsw, voluntary context switches.  The column y shows them, and
 * they are not judged: when the disk answers before the processor is given to another
 * process, there is no sleep (one run had 4 sleeps for 256 pages).
 *
 * Without other advice, the kernel guesses that the pages around will be wanted too and
 * reads 128 KiB at once, half of it behind and half ahead (do_sync_mmap_readahead() in
 * mm/filemap.c); then most pages are in memory when they are touched.  madvise(2),
 * MADV_RANDOM, switches that off: one page, one major fault, one wait.
 *
 * Control: with the same file in the page cache there is no major fault, and no wait.
 * Try: read the pages from last to first, or every 40th.  How much does readahead help?
 */
#include <sys/mman.h>
#include <sys/resource.h>

#include "experiment.h"
#include "file.h"
#include "memory.h"

enum { STEPS = 16 };

static int64_t pages = 256;

static int64_t sleeps(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_nvcsw;
}

static void read_file(bool cached, int advice)
{
	int64_t step = pages / STEPS;
	int file = must_make_file(STEPS * step * page_bytes());

	if (!cached)
		must_evict_file(file);
	const char *mapping = must_map_file(file);
	madvise((void *)(uintptr_t)mapping, (size_t)(STEPS * step * page_bytes()), advice);
	record_y("absent", 0, absent_pages_of(mapping, STEPS * step * page_bytes()));

	int64_t before = sleeps();
	record_y("reading", 0, 0);
	for (int64_t i = 0; i < STEPS; i++) {
		read_pages(mapping + i * step * page_bytes(), step * page_bytes());
		record_y("reading", (i + 1) * step, sleeps() - before);
	}
}

static void page_by_page(void)
{
	read_file(false, MADV_RANDOM);
}

static void with_readahead(void)
{
	read_file(false, MADV_NORMAL);
}

static void from_the_cache(void)
{
	read_file(true, MADV_RANDOM);
}

static int64_t major_faults(const char *arm)
{
	return growth(arm, "reading", "reading").major_fault_count;
}

static struct samples time_of(const char *arm)
{
	return growth_samples(arm, "reading", "reading", elapsed_ns);
}

/* Returns for how long each trial waited: what the clock shows and the CPU time does not. */
static struct samples waited(const char *arm)
{
	struct samples elapsed = time_of(arm), cpu = cpu_time(arm, "reading", "reading");

	for (int i = 0; i < elapsed.count; i++)
		elapsed.value[i] -= cpu.value[i];
	return elapsed;
}

static void judge(void)
{
	int64_t read = pages / STEPS * STEPS;

	/* One row before the first step, and one after each of 16. */
	expect_equal(
		"page by page: steps with one major fault for each page so far", "rows", STEPS + 1,
		rows_that_follow("page by page", "reading", "reading", major_fault_count, NULL, 0));
	/* A fault brings in the half of the 128 KiB that lies ahead, or more where the disk's
	 * read_ahead_kb is larger. */
	int64_t most = (read * page_bytes() + 64 * KiB - 1) / (64 * KiB);
	expect_between("with readahead: major faults, at most one for each 64 KiB", "faults", 1,
		       major_faults("with readahead"), most);
	expect_at_least("time to read page by page, as a multiple of that from the cache", 4,
			ratio(time_of("page by page"), time_of("from the cache")));
	expect_at_least("page by page: share of the time that is a wait, not CPU time", 0.2,
			ratio(waited("page by page"), time_of("page by page")));
	control_at_most("from the cache: the wait, as a share of the time to read page by page",
			0.1, ratio(waited("from the cache"), time_of("page by page")));
	control_equal("page by page: pages that were not in memory", "pages", read,
		      y_of("page by page", "absent"));
	control_equal("from the cache: pages that were not in memory", "pages", 0,
		      y_of("from the cache", "absent"));
	control_equal("from the cache: major faults", "faults", 0, major_faults("from the cache"));
	control_between("from the cache: minor faults", "faults", 1,
			growth("from the cache", "reading", "reading").minor_fault_count, read);
}

const struct experiment experiment = {
	.claim = "a page of a file that is not in memory costs a major fault, which waits for the disk",
	.asked = "What is the difference between a minor and a major page fault?",
	.x_axis = "pages read",
	.y_axis = "sleeps so far (voluntary context switches)",
	.charted = "major_fault_count",
	.knobs = { { "pages", &pages, "", "pages of the file", STEPS, 1 << 16 } },
	.arms = { { "page by page", page_by_page },
		  { "with readahead", with_readahead },
		  { "from the cache", from_the_cache, .control = true } },
	.predict = { "The file is read from the disk in order, with readahead. How many major "
		     "faults does that cause?",
		     "major_fault_count", "with readahead", "reading", "reading",
		     .because = "While the process waits for the first page, the kernel reads the "
				"next ones too. Most of the others are in memory when they are "
				"touched, and cost a minor fault or none." },
	.judge = judge,
	.trials = 9,
	.warm_up = true,
	.observe_with = "pages=16",
	.deep = "pages=4096 trials=9",
};
