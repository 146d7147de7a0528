/* SPDX-License-Identifier: MIT */
/* Linux ignores the limit on RSS.
 *
 * `ulimit -m` sets RLIMIT_RSS, "the maximum resident set size".  bash describes it so, and adds
 * that many systems do not honour the limit.  Linux is one of them: the limit has had an effect
 * only up to Linux 2.4.29, and there only on madvise(MADV_WILLNEED) (getrlimit(2)).  Today
 * nothing in the kernel's memory management reads it.
 *
 * Limits that do work count something else: RLIMIT_AS counts addresses (ulimit -v), RLIMIT_DATA
 * counts private memory that may be written (ulimit -d), and a memory control group counts
 * resident pages, of a whole group of processes, and kills one of them at its limit.
 *
 * The program limits itself, then maps a block and writes it.
 *
 * Controls: under RLIMIT_AS and under RLIMIT_DATA of the same size, the kernel refuses the
 * block.
 * Try: block=1G.  Does any of the three arms behave in another way?
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "experiment.h"
#include "memory.h"
#include "procfs.h"
#include "small_file.h"

static int64_t limit_bytes = 1 * MiB;
static int64_t block_bytes = 64 * MiB;

static void must_limit(int resource, int64_t bytes)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) != 0)
		broken("getrlimit: %m");
	if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < (rlim_t)bytes)
		unsupported("the shell has a lower limit already: ulimit -m, -v or -d");
	limit.rlim_cur = (rlim_t)bytes;
	if (setrlimit(resource, &limit) != 0 || getrlimit(resource, &limit) != 0)
		broken("setrlimit: %m");
	record_y("limited", 0, (int64_t)limit.rlim_cur);
}

/* Maps the block and writes it, under a limit of so much more than the process has before.
 * y is 1 where the kernel gave the block, 0 where it refused. */
static void write_under(int resource, int64_t before)
{
	must_have_memory(block_bytes);
	record_y("begin", 0, before);
	must_limit(resource, before + limit_bytes);
	char *block = mmap(NULL, (size_t)block_bytes, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (block == MAP_FAILED && errno != ENOMEM)
		broken("mmap: %m");
	record_y("asked", 0, block != MAP_FAILED);
	if (block != MAP_FAILED)
		write_pages(block, block_bytes);
	record("written", block_bytes);
}

static void limit_on_rss(void)
{
	write_under(RLIMIT_RSS, snapshot_now().resident_bytes);
}

static void limit_on_addresses(void)
{
	write_under(RLIMIT_AS, snapshot_now().virtual_bytes);
}

static void limit_on_data(void)
{
	char text[4096];
	size_t length = read_small_file("/proc/self/status", text, sizeof text);
	int64_t data;

	if (!procfs_kib(text, length, "VmData", &data))
		broken("/proc/self/status shows no VmData");
	write_under(RLIMIT_DATA, data);
}

static void judge(void)
{
	static const char *const rss = "ulimit -m", *const controls[] = { "ulimit -v", "ulimit -d" };
	int64_t block = pages_for(block_bytes) * page_bytes();

	control_equal("ulimit -m: the process may become larger by", "bytes", limit_bytes,
		      y_of(rss, "limited") - y_of(rss, "begin"));
	expect_between("ulimit -m: what becomes resident stays within the limit", "bytes", 0,
		       growth(rss, "asked", "written").resident_bytes, limit_bytes);
	instead_equal("ulimit -m: the whole block becomes resident", "bytes", block,
		      growth(rss, "asked", "written").resident_bytes);
	for (int i = 0; i < 2; i++) {
		control_equal(about(controls[i], "blocks that the kernel gives"), "blocks", 0,
			      y_of(controls[i], "asked"));
		control_equal(about(controls[i], "what becomes resident"), "bytes", 0,
			      growth(controls[i], "asked", "written").resident_bytes);
	}
}

const struct experiment experiment = {
	.claim = "ulimit -m limits the memory of a process",
	.asked = "How can a process be kept from taking more than 1 MiB?",
	.instead = "Linux ignores this limit. ulimit -v limits addresses, ulimit -d private memory "
		   "that may be written, and a memory control group what is resident.",
	.x_axis = "bytes written",
	.x_unit = "bytes",
	.charted = "resident_bytes",
	.annotate = { { "{the whole block} resident; the limit: {may become larger by}",
			"ulimit -m", "written" } },
	.knobs = { { "limit", &limit_bytes, "bytes", "how much larger the process may become",
		     64 * KiB, 32 * MiB },
		   { "block", &block_bytes, "bytes", "size of the block", 64 * MiB, 1 * GiB } },
	.arms = { { "ulimit -m", limit_on_rss },
		  { "ulimit -v", limit_on_addresses, .control = true },
		  { "ulimit -d", limit_on_data, .control = true } },
	.predict = { "A process sets its limit on RSS (ulimit -m) to 1 MiB more than it has, and "
		     "then writes a block of 64 MiB. How much of it becomes resident?",
		     "resident_bytes", "ulimit -m", "asked", "written",
		     .because = "The kernel does not read this limit." },
	.judge = judge,
};
