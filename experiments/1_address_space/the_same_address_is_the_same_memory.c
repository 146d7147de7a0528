/* SPDX-License-Identifier: MIT */
/* An address means something in one process only.
 *
 * A pointer holds a virtual address.  Which memory it leads to is written in the page table
 * of the process that uses it, and each process has a page table of its own.  fork() copies
 * the parent's page table to the child (copy_page_range() in mm/memory.c), so at first both
 * find the same page at the same address, and the kernel takes away the right to write it.
 * Who writes first causes a page fault, and gets a copy: a page of its own at the same
 * address (do_wp_page() in mm/memory.c).
 *
 * So a pointer that is printed, sent or stored in a file is of no use to another process.
 * And a debugger may well show the same address in two processes, with different values.
 *
 * Here the parent writes its number, 1, on a page and forks.  All processes read what stands
 * there; when all have read, each writes its own number at the same address; and when all have
 * written, all of them read again.
 *
 * Control: on a page that is mapped MAP_SHARED all must read one value, the last one.
 * Try: children=15.  Then let the children write nothing: how many values are there?
 */
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "experiment.h"
#include "mappings.h"
#include "memory.h"

enum { MOST_PROCESSES = 65 };

static int64_t child_count = 4;

/* What the processes see, in memory that all of them share. */
struct seen {
	pthread_barrier_t all_are_here;
	const volatile int64_t *address[MOST_PROCESSES];
	int64_t at_first[MOST_PROCESSES], at_last[MOST_PROCESSES];
};

static struct seen *shared_table(void)
{
	pthread_barrierattr_t between_processes;
	struct seen *seen = (void *)must_map_apart((int64_t)sizeof *seen, MAP_SHARED | MAP_ANONYMOUS);

	pthread_barrierattr_init(&between_processes);
	pthread_barrierattr_setpshared(&between_processes, PTHREAD_PROCESS_SHARED);
	if (pthread_barrier_init(&seen->all_are_here, &between_processes,
				 (unsigned)child_count + 1) != 0)
		broken("pthread_barrier_init failed");
	return seen;
}

/* Reads, writes and reads what stands at the address.  The nth process, counted from 0, writes
 * n + 1: a page that nobody has written would show 0. */
static void read_write_read(volatile int64_t *address, int64_t nth, struct seen *seen)
{
	seen->address[nth] = address;
	seen->at_first[nth] = *address;
	pthread_barrier_wait(&seen->all_are_here);
	*address = nth + 1;
	pthread_barrier_wait(&seen->all_are_here);
	seen->at_last[nth] = *address;
}

/* Returns whether no process before the nth one read the same value in the end. */
static bool is_another_value(const struct seen *seen, int64_t nth)
{
	for (int64_t i = 0; i < nth; i++)
		if (seen->at_last[i] == seen->at_last[nth])
			return false;
	return true;
}

static void record_what_was(const struct seen *seen)
{
	int64_t same = 0, inherited = 0, values = 0, own = 0;

	for (int64_t i = 0; i <= child_count; i++) {
		same += seen->address[i] == seen->address[0];
		values += is_another_value(seen, i);
		own += seen->at_last[i] == i + 1;
		inherited += seen->at_first[i] == 1;
	}
	record_y("processes that use the address", 0, same);
	record_y("processes that find the parent's value at first", 0, inherited);
	record_y("different values in the end", 0, values);
	record_y("processes that read what they wrote", 0, own);
}

static void use_one_address(int sharing)
{
	struct seen *seen = shared_table();
	volatile int64_t *address = (void *)must_map_apart(page_bytes(), sharing | MAP_ANONYMOUS);
	pid_t children[MOST_PROCESSES] = { 0 };

	*address = 1;
	for (int64_t i = 1; i <= child_count; i++) {
		children[i] = fork_arm();
		if (children[i] == 0) {
			read_write_read(address, i, seen);
			_exit(0);
		}
	}
	read_write_read(address, 0, seen);
	for (int64_t i = 1; i <= child_count; i++)
		wait_for(children[i]);
	record_what_was(seen);
}

static void private_page(void)
{
	use_one_address(MAP_PRIVATE);
}

static void shared_page(void)
{
	use_one_address(MAP_SHARED);
}

static void judge(void)
{
	static const char *const arms[] = { "private page", "shared page" };
	int64_t processes = child_count + 1;

	for (int i = 0; i < 2; i++) {
		control_equal(about(arms[i], "processes that use the same address"), "processes",
			      processes, y_of(arms[i], "processes that use the address"));
		control_equal(about(arms[i], "processes that find the parent's value at first"),
			      "processes", processes,
			      y_of(arms[i], "processes that find the parent's value at first"));
	}
	expect_equal("different values that stand at the address", "values", 1,
		     y_of("private page", "different values in the end"));
	instead_equal("processes that read what they wrote themselves", "processes", processes,
		      y_of("private page", "processes that read what they wrote"));
	control_equal("on a shared page, different values that stand at the address", "values", 1,
		      y_of("shared page", "different values in the end"));
	control_equal("on a shared page, processes that read what they wrote themselves",
		      "processes", 1, y_of("shared page", "processes that read what they wrote"));
}

const struct experiment experiment = {
	.claim = "two pointers with the same value point to the same memory",
	.asked = "Two processes use the same address. Do they see the same memory?",
	.instead = "An address counts in one process only. After a fork() each process that writes "
		   "gets a page of its own at the same address, unless the page is mapped "
		   "MAP_SHARED.",
	.x_axis = "always 0",
	.y_axis = "processes or values",
	.charted = "y",
	.chart = CHART_BARS,
	.annotate = { { "{different values that stand} at one address", "private page",
			"different values in the end" } },
	.knobs = { { "children", &child_count, "",
		     "how many processes use the address beside the parent", 1, MOST_PROCESSES - 1 } },
	.arms = { { "private page", private_page }, { "shared page", shared_page, .control = true } },
	.predict = { "A process and its four children each write a number of their own at the same "
		     "address. How many different numbers stand there in the end?",
		     "y", "private page", .to = "different values in the end",
		     .because = "Each process has a page table of its own, and a write after fork() "
				"gives it a page of its own at that address." },
	.judge = judge,
};
