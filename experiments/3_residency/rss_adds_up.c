/* SPDX-License-Identifier: MIT */
/* The sum of RSS counts a shared page once for each process.
 *
 * Servers with worker processes (databases, web servers, browsers) share most of their
 * memory: the parent sets it up and forks.  The resident size of a process (RSS) counts
 * every page that its page table maps, whoever else maps it too (proc_pid_statm(5)).  Who
 * adds up the RSS of the group counts the shared pages once for each process.
 *
 * The proportional size (Pss in /proc/PID/smaps_rollup) gives each process its share of a
 * page: 1/n of a page that n processes map (Documentation/filesystems/proc.rst,
 * smaps_account() in fs/proc/task_mmu.c).  So the sum of Pss counts each page once.
 *
 * The parent writes a block and forks.  Each child uses the whole block and stops.  While all
 * of them have it, each process reads both of its sizes; then it unmaps the block, and
 * reads them again.  The difference is what the block adds, whatever else the processes have.
 * Of Pss only the part without files (Pss_Anon) is read: libraries are shared with processes
 * of strangers too, and these come and go meanwhile.  The kernel shows it in KiB and drops
 * the rest, so each reading may be up to 1 KiB too small.
 *
 * Control: children that write the block have a copy each, and both sums agree.
 * Try: children=15.  Which of the two sums moves?  Which one would you put on a
 * dashboard, and which one tells what would be free if one worker ended?
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "experiment.h"
#include "memory.h"
#include "procfs.h"
#include "small_file.h"

enum { MOST_CHILDREN = 64 };

static int64_t block_bytes = 64 * MiB;
static int64_t child_count = 4;

struct sizes {
	int64_t resident, proportional;
};

/* What each process reads of itself, in memory that all of them share. */
struct readings {
	struct sizes with, without; /* the block */
};

static struct readings *shared_readings(void)
{
	int64_t bytes = (int64_t)sizeof(struct readings[MOST_CHILDREN + 1]);
	void *readings =
		mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (readings == MAP_FAILED)
		memory_was_refused("mmap", bytes);
	return readings;
}

static struct sizes own_sizes(void)
{
	static char text[4096];
	size_t length = read_small_file("/proc/self/smaps_rollup", text, sizeof text);
	struct sizes now = { .resident = snapshot_now().resident_bytes };

	if (!procfs_kib(text, length, "Pss_Anon", &now.proportional))
		unsupported("/proc/self/smaps_rollup shows no Pss_Anon: it came with Linux 5.4");
	return now;
}

static void must_stop(pid_t child)
{
	int status;

	if (waitpid(child, &status, WUNTRACED) != child || !WIFSTOPPED(status))
		broken("a child did not stop");
}

/* Uses the block, and reads the sizes after each stop.  The first reading is dropped: it makes the
 * child's page of the readings resident. */
static void be_a_child(char *block, void (*use)(char *block), struct readings *mine)
{
	use(block);
	mine->with = own_sizes();
	raise(SIGSTOP);
	mine->with = own_sizes();
	raise(SIGSTOP);
	must_unmap(block, block_bytes);
	mine->without = own_sizes();
	raise(SIGSTOP);
	_exit(0);
}

/* Lets the children go on to their next stop, one after the other. */
static void go_on(const pid_t *children)
{
	for (int64_t i = 0; i < child_count; i++) {
		kill(children[i], SIGCONT);
		must_stop(children[i]);
	}
}

static void record_sums(const struct readings *readings)
{
	struct sizes sum = { 0, 0 };

	for (int64_t i = 0; i <= child_count; i++) {
		sum.resident += readings[i].with.resident - readings[i].without.resident;
		sum.proportional += readings[i].with.proportional - readings[i].without.proportional;
	}
	record_y("sum of RSS", child_count + 1, sum.resident);
	record_y("sum of Pss", child_count + 1, sum.proportional);
}

static void use_in_all(void (*use)(char *block))
{
	struct readings *readings = shared_readings(), *own = &readings[child_count];
	pid_t children[MOST_CHILDREN] = { 0 };

	must_have_memory((child_count + 1) * block_bytes);
	own->with = own_sizes();
	record("begin", 0);
	char *block = must_map(block_bytes);
	write_pages(block, block_bytes);
	record("written", 0);
	for (int64_t i = 0; i < child_count; i++) {
		children[i] = fork_arm();
		if (children[i] == 0)
			be_a_child(block, use, &readings[i]);
		must_stop(children[i]);
	}
	own->with = own_sizes();
	go_on(children);
	go_on(children);
	must_unmap(block, block_bytes);
	own->without = own_sizes();
	record_sums(readings);
	for (int64_t i = 0; i < child_count; i++) {
		kill(children[i], SIGCONT);
		wait_for(children[i]);
	}
}

static void read_block(char *block)
{
	read_pages(block, block_bytes);
}

static void write_block(char *block)
{
	write_pages(block, block_bytes);
}

static void children_read(void)
{
	use_in_all(read_block);
}

static void children_write(void)
{
	use_in_all(write_block);
}

static void judge(void)
{
	static const char *const read = "children read", *const write = "children write";
	int64_t processes = child_count + 1, block = pages_for(block_bytes) * page_bytes();
	int64_t rest = processes * KiB; /* that the kernel may drop of the Pss of all of them */

	control_equal("the parent has written the block", "bytes", block,
		      growth(read, "begin", "written").resident_bytes);
	expect_between("the sum of RSS is what the group takes, the sum of Pss", "bytes", -rest,
		       y_of(read, "sum of RSS") - y_of(read, "sum of Pss"), rest);
	instead_equal("the sum of RSS counts the block once for each process", "bytes",
		      processes * block, y_of(read, "sum of RSS"));
	instead_between("the sum of Pss counts the block once", "bytes", block - rest,
			y_of(read, "sum of Pss"), block + rest);
	control_equal("where each process has a copy, the sum of RSS counts all copies", "bytes",
		      processes * block, y_of(write, "sum of RSS"));
	control_between("where each process has a copy, the sum of Pss counts all copies", "bytes",
			processes * block - rest, y_of(write, "sum of Pss"),
			processes * block + rest);
}

const struct experiment experiment = {
	.claim = "a group of processes takes the sum of their RSS",
	.asked = "How much memory do five processes take together?",
	.instead = "RSS counts a shared page once for each process that maps it. The sum of Pss "
		   "counts it once.",
	.x_axis = "processes",
	.y_axis = "what the block adds to the group",
	.y_unit = "bytes",
	.charted = "y",
	.chart = CHART_BARS,
	.knobs = { { "block", &block_bytes, "bytes", "size of the block", 1 * MiB, 1 * GiB },
		   { "children", &child_count, "", "how many processes share it with the parent", 1,
		     MOST_CHILDREN } },
	.arms = { { "children read", children_read },
		  { "children write", children_write, .control = true } },
	.predict = { "A process writes 64 MiB and forks four children, which read all of it. By "
		     "how much does the block raise the sum of the five resident sizes?",
		     "y", "children read", .to = "sum of RSS",
		     .because = "RSS counts every page that a process maps. The five map the same "
				"pages, and each of them counts all of them." },
	.judge = judge,
};
