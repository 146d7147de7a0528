/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "heap_report.h"
#include "procfs.h"

#ifdef __GLIBC__
#if __GLIBC_PREREQ(2, 33)
#define HEAP_REPORT mallinfo2
#else
#define HEAP_REPORT mallinfo
#endif
#endif
/* In two steps, so that x is expanded before it becomes a string. */
#define STRING(x) #x
#define STRING_OF(x) STRING(x)

static int statm_fd = -1, rollup_fd = -1, maps_fd = -1, status_fd = -1;
static unsigned extra_columns;
static bool statm_is_exact, heap_is_reported;
static int64_t page_size, start_ns;
static char *start_of_heap;

/* The contents of the file read last.  One buffer serves all files, because a snapshot reads
 * them one after the other, and all threads, which take turns.  A buffer for each thread would make
 * pages resident in each. */
static char text[1 << 16];
static pthread_mutex_t text_turn = PTHREAD_MUTEX_INITIALIZER;

int64_t probe_clock_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static int64_t ns_of(struct timeval time)
{
	return time.tv_sec * INT64_C(1000000000) + time.tv_usec * INT64_C(1000);
}

/* Reads a file from its start into text; returns how many bytes, 0 where it cannot be read. */
static size_t read_from_start(int fd)
{
	ssize_t length = pread(fd, text, sizeof(text), 0);
	return length < 0 ? 0 : (size_t)length;
}

static void snapshot_statm(struct snapshot *now)
{
	struct procfs_statm pages;

	if (!procfs_statm(text, read_from_start(statm_fd), &pages))
		return;
	now->virtual_bytes = pages.size * page_size;
	if (statm_is_exact) {
		now->resident_bytes = pages.resident * page_size;
		now->anonymous_bytes = (pages.resident - pages.shared) * page_size;
	}
}

static void snapshot_rollup(struct snapshot *now)
{
	size_t length = read_from_start(rollup_fd);

	if (!statm_is_exact) {
		procfs_kib(text, length, "Rss", &now->resident_bytes);
		procfs_kib(text, length, "Anonymous", &now->anonymous_bytes);
	}
	if (extra_columns & PROBE_SMAPS) {
		procfs_kib(text, length, "Pss", &now->proportional_bytes);
		procfs_kib(text, length, "Private_Dirty", &now->private_dirty_bytes);
		procfs_kib(text, length, "AnonHugePages", &now->huge_bytes);
		procfs_kib(text, length, "Swap", &now->swap_bytes);
	}
}

/* Returns the number of lines in /proc/self/maps.  One read() does not give all of them: the
 * kernel hands out whole lines, about a page of them at a time. */
static int64_t count_mappings(void)
{
	int64_t lines = 0;
	ssize_t length;

	lseek(maps_fd, 0, SEEK_SET);
	while ((length = read(maps_fd, text, sizeof(text))) > 0)
		for (const char *at = text;
		     (at = memchr(at, '\n', (size_t)(text + length - at))) != NULL; at++)
			lines++;
	return lines;
}

static void snapshot_usage(struct snapshot *now)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	now->user_ns = ns_of(usage.ru_utime);
	now->system_ns = ns_of(usage.ru_stime);
	now->minor_fault_count = usage.ru_minflt;
	now->major_fault_count = usage.ru_majflt;
}

static void snapshot_heap(struct snapshot *now)
{
	now->heap_top_bytes = (char *)sbrk(0) - start_of_heap;
#ifdef HEAP_REPORT
	if (heap_is_reported) {
		struct HEAP_REPORT heap = HEAP_REPORT();
		now->arena_bytes = (int64_t)heap.arena;
		now->in_use_bytes = (int64_t)heap.uordblks;
		now->free_bytes = (int64_t)heap.fordblks;
		now->mmapped_bytes = (int64_t)heap.hblkhd;
		now->mmapped_count = (int64_t)heap.hblks;
	}
#endif
}

void probe_snapshot(struct snapshot *now)
{
	static const struct snapshot nothing = {
#define COLUMN(name) .name = NOT_MEASURED,
		SNAPSHOT_COLUMNS(COLUMN)
#undef COLUMN
	};

	*now = nothing;
	now->elapsed_ns = probe_clock_ns() - start_ns;
	snapshot_usage(now);
	pthread_mutex_lock(&text_turn);
	snapshot_statm(now);
	if (!statm_is_exact || (extra_columns & PROBE_SMAPS))
		snapshot_rollup(now);
	if (extra_columns & PROBE_MAPPINGS)
		now->mapping_count = count_mappings();
	if (extra_columns & PROBE_PAGE_TABLES)
		procfs_kib(text, read_from_start(status_fd), "VmPTE", &now->page_table_bytes);
	pthread_mutex_unlock(&text_turn);
	snapshot_heap(now);
}

struct snapshot snapshot_now(void)
{
	struct snapshot now;

	probe_snapshot(&now);
	return now;
}

/* Returns whether statm counts exactly.  Linux counts resident pages per task, per CPU or
 * per process, depending on its version, and adds the first two to what statm shows only in
 * batches (of 32 or more).  So 16 pages, touched one at a time, decide: either statm follows
 * every one of them, or it is not the source. */
static bool statm_follows_every_page(void)
{
	enum { PAGES = 16 };
	size_t bytes = (size_t)(PAGES * page_size);
	struct procfs_statm before, after;
	bool exact = true;

	char *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED)
		return false;
	madvise(pages, bytes, MADV_NOHUGEPAGE);
	for (int i = 0; i < PAGES && exact; i++) {
		exact = procfs_statm(text, read_from_start(statm_fd), &before);
		*(volatile char *)(pages + i * page_size) = 1;
		exact = exact && procfs_statm(text, read_from_start(statm_fd), &after) &&
			after.resident == before.resident + 1;
	}
	munmap(pages, bytes);
	return exact;
}

static bool reopen(int *fd, const char *path)
{
	if (*fd >= 0)
		close(*fd);
	*fd = open(path, O_RDONLY | O_CLOEXEC);
	return *fd >= 0;
}

bool probe_open(unsigned extras)
{
	extra_columns = extras;
	page_size = sysconf(_SC_PAGESIZE);
	memset(text, 1, sizeof(text));
	/* In a child it may have been taken by a thread of its parent, which the child has not got. */
	text_turn = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	if (!reopen(&statm_fd, "/proc/self/statm") || !reopen(&maps_fd, "/proc/self/maps") ||
	    !reopen(&status_fd, "/proc/self/status"))
		return false;
	bool have_rollup = reopen(&rollup_fd, "/proc/self/smaps_rollup");
	if (!have_rollup && (extra_columns & PROBE_SMAPS))
		return false;
	statm_is_exact = statm_follows_every_page();
	if (!statm_is_exact && !have_rollup) {
		errno = ENOTSUP;
		return false;
	}
	heap_is_reported = other_malloc() == NULL;

	struct snapshot warm;
	for (int i = 0; i < 2; i++) {
		start_of_heap = sbrk(0);
		start_ns = probe_clock_ns();
		probe_snapshot(&warm);
	}
	return true;
}

const char *probe_resident_source(void)
{
	return statm_is_exact ? "statm" : "smaps_rollup";
}

const char *probe_malloc_source(void)
{
#ifdef HEAP_REPORT
	if (heap_is_reported)
		return STRING_OF(HEAP_REPORT);
#endif
	return "none";
}
