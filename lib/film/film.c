/* SPDX-License-Identifier: MIT */
/* The arm's side of the film.  Once the arm's own function runs, nothing here allocates, and
 * no page is touched for the first time.  Yet page faults and mappings are more than without a
 * film, since writes are watched (page_scan.h): nothing is measured in this process. */
#define _GNU_SOURCE
#include "film.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

#include "address_space.h"
#include "heap_report.h"
#include "heap_walk.h"
#include "page_map.h"
#include "procfs.h"

enum { ITEMS = 2730, RANGES = 512, NOTES = 8 };
#define LONGEST_FILM (256 * MiB)

struct range {
	uintptr_t start, end;
};

/* Everything that filming writes to.  It is mapped and filled before the arm begins.  It is
 * shared memory for two reasons: the kernel does not merge it with a mapping of the arm, which
 * would change the number of mappings; and after a fork() of the arm, writing to it copies no
 * page, which would count as a fault. */
static struct scratch {
	struct film_item items[ITEMS];
	int item_count;
	int64_t written_bytes;
	struct heap heap;
	/* One pass over the mappings. */
	struct {
		bool show;             /* false: only count the blocks that look like malloc's */
		bool trust_headers;    /* a mapping that begins like a block of malloc is one */
		int64_t blocks, bytes; /* of malloc, found in this pass */
	} pass;
	struct page_map pages;
	struct range known[RANGES]; /* mappings from before the arm began, in rising order */
	int known_count;
	struct range notes[NOTES];
	int notes_count;
	char maps[MAPS_TEXT];
} * scratch;

static int film_fd = -1, maps_fd = -1;
static uintptr_t page_size;

static enum film_kind other_pages; /* FILM_PARENT or FILM_CHILD; 0: there is no other process */

static void stop(void)
{
	film_fd = -1;
}

/* ---- items ---------------------------------------------------------------- */

/* Writes the items to the parent's memory file. */
static void flush(void)
{
	const char *at = (const char *)scratch->items;
	size_t left = (size_t)scratch->item_count * sizeof(struct film_item);

	while (left > 0) {
		ssize_t length = write(film_fd, at, left);
		if (length <= 0) {
			stop();
			return;
		}
		scratch->written_bytes += length;
		at += length;
		left -= (size_t)length;
	}
	scratch->item_count = 0;
}

static void put(enum film_kind kind, int state, int64_t start, int64_t bytes)
{
	if (film_fd < 0)
		return;
	scratch->items[scratch->item_count++] =
		(struct film_item){ (int32_t)kind, (int32_t)state, start, bytes };
	if (scratch->item_count < ITEMS)
		return;
	flush();
	if (scratch->written_bytes > LONGEST_FILM) {
		put(FILM_REASON, WHY_LENGTH, LONGEST_FILM, 0);
		flush();
		stop();
	}
}

/* Returns an address as bytes from where the heap begins. */
static int64_t relative(uintptr_t address)
{
	return (int64_t)(address - scratch->heap.start);
}

/* Puts one item for each run of pages that have the same state. */
static void put_pages(enum film_kind kind, uintptr_t start, uintptr_t end)
{
	page_map_ahead(start, end);
	for (uintptr_t at = start, run = start; at < end; run = at) {
		enum page_state state = page_map_state(at);
		while (at < end && page_map_state(at) == state)
			at += page_size;
		put(kind, (int)state, relative(run), (int64_t)(at - run));
	}
}

static void film_pages(uintptr_t start, uintptr_t end)
{
	start = start / page_size * page_size;
	end = (end + page_size - 1) / page_size * page_size;
	page_map_watch(start, end);
	put_pages(FILM_PAGES, start, end);
	page_map_forget_writes();
	if (other_pages == 0)
		return;
	if (page_map_look_at_other(true))
		put_pages(other_pages, start, end);
	page_map_look_at_other(false);
}

/* ---- the heap ------------------------------------------------------------- */

static void film_chunk(uintptr_t start, int64_t bytes, enum chunk_state state)
{
	put(FILM_CHUNK, state, relative(start), bytes);
}

static void film_fast_chunk(uintptr_t start, int64_t bytes, enum chunk_state state)
{
	put(FILM_FAST, (int)state, relative(start), bytes);
}

static void give_up(enum film_reason reason, int64_t first, int64_t second)
{
	put(FILM_REASON, reason, first, second);
}

/* Returns whether the chunks agree with mallinfo2().  Where they do not, puts the reason. */
static bool heap_is_known(const struct heap_report *report, struct heap_totals *totals)
{
	static const enum film_reason reasons[] = {
		[HEAP_PAGE_ABSENT] = WHY_ABSENT,
		[HEAP_SIZE_WRONG] = WHY_SIZE,
		[HEAP_PREV_WRONG] = WHY_PREV,
	};
	int64_t bytes = (int64_t)(scratch->heap.end - scratch->heap.start);
	struct heap_trouble trouble;

	if (report->arena != bytes) {
		give_up(WHY_ARENA, report->arena, bytes);
		return false;
	}
	page_map_singly();
	scratch->heap.cache_key = heap_cache_key(&scratch->heap);
	page_map_ahead(scratch->heap.start, scratch->heap.end);
	if (!heap_walk(&scratch->heap, NULL, totals, &trouble)) {
		give_up(reasons[trouble.fault], trouble.at, trouble.value);
		return false;
	}
	int64_t free_bytes = totals->free_bytes + totals->top_bytes;
	if (free_bytes != report->fordblks - report->fsmblks) {
		give_up(WHY_FREE_BYTES, free_bytes, report->fordblks - report->fsmblks);
		return false;
	}
	if (totals->free_chunks + 1 != report->ordblks) {
		give_up(WHY_FREE_CHUNKS, totals->free_chunks, report->ordblks - 1);
		return false;
	}
	return true;
}

static bool malloc_reports(void)
{
	return strcmp(probe_malloc_source(), "mallinfo2") == 0;
}

static void film_chunks(void)
{
	struct heap_totals totals;
	struct heap_trouble trouble;

	if (!malloc_reports()) {
		give_up(WHY_FOREIGN, 0, 0);
		return;
	}
	struct heap_report report = mallinfo2_report();
	if (report.arena == 0 && scratch->heap.end == scratch->heap.start)
		return; /* no heap yet */
	if (!heap_is_known(&report, &totals))
		return;
	heap_walk(&scratch->heap, film_chunk, &totals, &trouble);
	if (report.smblks > 0) {
		page_map_singly();
		heap_fastbins(&scratch->heap, scratch->heap.end - (uintptr_t)totals.top_bytes,
			      report.smblks, report.fsmblks, film_fast_chunk);
	}
}

static void film_heap(void)
{
	scratch->heap.end = (uintptr_t)sbrk(0);
	put(FILM_BREAK, 0, relative(scratch->heap.end), 0);
	film_chunks();
	film_pages(scratch->heap.start, scratch->heap.end);
}

/* ---- mappings ------------------------------------------------------------- */

/* Adds a mapping to those from before the arm began; notes the writable data of the C library. */
static void remember(const struct procfs_mapping *mapping, void *context)
{
	uint64_t *libc_inode = context;

	if (scratch->known_count < RANGES)
		scratch->known[scratch->known_count] = (struct range){ mapping->start, mapping->end };
	scratch->known_count++;
	if (mapping->start <= (uintptr_t)malloc && (uintptr_t)malloc < mapping->end)
		*libc_inode = mapping->inode;
	if (*libc_inode != 0 && mapping->inode == *libc_inode && mapping->permissions[1] == 'w')
		scratch->heap.data_start = mapping->start, scratch->heap.data_end = mapping->end;
}

static void film_mapping(uintptr_t start, uintptr_t end, enum film_mapping state)
{
	if (!scratch->pass.show || start == end)
		return;
	put(FILM_MAPPING, state, relative(start), (int64_t)(end - start));
	film_pages(start, end);
}

/* Films a range without notes.  The kernel merges neighbours, so one range may hold several
 * blocks of malloc. */
static void film_without_notes(uintptr_t start, uintptr_t end, bool reserved)
{
	if (start == end)
		return;
	if (reserved || !scratch->pass.trust_headers) {
		film_mapping(start, end, reserved ? MAPPING_RESERVED : MAPPING_PLAIN);
		return;
	}
	page_map_ahead(start, end);
	uintptr_t plain = start;
	for (uintptr_t at = start; at < end;) {
		int64_t bytes = 0;
		if (page_map_is_resident(at))
			bytes = heap_mapped_chunk(at, end, (int64_t)page_size);
		if (bytes == 0) {
			at += page_size;
			continue;
		}
		film_mapping(plain, at, MAPPING_PLAIN);
		film_mapping(at, at + (uintptr_t)bytes, MAPPING_OF_MALLOC);
		scratch->pass.blocks++;
		scratch->pass.bytes += bytes;
		at += (uintptr_t)bytes;
		plain = at;
		page_map_ahead(at, end);
	}
	film_mapping(plain, end, MAPPING_PLAIN);
}

/* Films the mappings in a range: first what lies below the notes in it, then the notes, and so on. */
static void film_range(uintptr_t start, uintptr_t end, bool reserved)
{
	for (;;) {
		struct range next = { end, end };
		for (int i = 0; i < scratch->notes_count; i++) {
			const struct range *notes = &scratch->notes[i];
			if (notes->start >= start && notes->end <= end && notes->start < next.start)
				next = *notes;
		}
		film_without_notes(start, next.start, reserved);
		film_mapping(next.start, next.end, MAPPING_OF_NOTES);
		if (next.end == end)
			return;
		start = next.end;
	}
}

/* Films those parts of a mapping that did not exist when the arm began.  Skips what is no
 * private anonymous mapping, such as the heap or a stack. */
static void film_new_ranges(const struct procfs_mapping *mapping, void *context)
{
	(void)context;
	bool reserved = memcmp(mapping->permissions, "---", 3) == 0;
	uintptr_t at = mapping->start;

	if (mapping->inode != 0 || mapping->name_length != 0 || mapping->permissions[3] != 'p')
		return;
	for (int i = 0; i < scratch->known_count && at < mapping->end; i++) {
		const struct range *known = &scratch->known[i];
		if (known->end <= at || known->start >= mapping->end)
			continue;
		if (known->start > at)
			film_range(at, known->start, reserved);
		at = known->end;
	}
	if (at < mapping->end)
		film_range(at, mapping->end, reserved);
}

/* Films the mappings, in two passes: the first one checks whether the blocks that look like
 * malloc's are as many as mallinfo2() says. */
static void film_mappings(void)
{
	if (scratch->known_count > RANGES) {
		give_up(WHY_TOO_MANY, scratch->known_count, RANGES);
		return;
	}
	scratch->pass.blocks = scratch->pass.bytes = 0;
	scratch->pass.show = false;
	scratch->pass.trust_headers = malloc_reports();
	if (scratch->pass.trust_headers) {
		struct heap_report report = mallinfo2_report();
		for_each_mapping(maps_fd, scratch->maps, MAPS_TEXT, film_new_ranges, NULL);
		if (scratch->pass.blocks != report.hblks || scratch->pass.bytes != report.hblkhd) {
			give_up(WHY_MAPPED, scratch->pass.blocks, report.hblks);
			scratch->pass.trust_headers = false;
		}
	}
	scratch->pass.show = true;
	for_each_mapping(maps_fd, scratch->maps, MAPS_TEXT, film_new_ranges, NULL);
}

/* ---- what the harness calls ----------------------------------------------- */

void film_record(int number)
{
	if (film_fd < 0)
		return;
	put(FILM_RECORD, 0, number, 0);
	film_heap();
	film_mappings();
	if (film_fd >= 0)
		flush();
}

void film_rewind(void)
{
	if (film_fd < 0)
		return;
	lseek(film_fd, 0, SEEK_SET);
	if (ftruncate(film_fd, 0) != 0)
		stop();
	scratch->written_bytes = 0;
	scratch->item_count = 0;
}

void film_allocated(int line, const void *block)
{
	if (film_fd >= 0)
		put(FILM_LINE, line, relative((uintptr_t)block), 0);
}

/* The files that were opened before fork() are the parent's. */
void film_after_fork(pid_t child)
{
	if (film_fd < 0)
		return;
	if (child == 0) {
		maps_fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
		if (maps_fd < 0 || !page_map_open(&scratch->pages)) {
			stop();
			return;
		}
	}
	page_map_open_other(child == 0 ? getppid() : child);
	other_pages = child == 0 ? FILM_PARENT : FILM_CHILD;
}

void film_these_are_notes(const void *start, int64_t bytes)
{
	uintptr_t from = (uintptr_t)start, length = (uintptr_t)bytes;

	if (film_fd >= 0 && scratch->notes_count < NOTES)
		scratch->notes[scratch->notes_count++] =
			(struct range){ from,
					from + (length + page_size - 1) / page_size * page_size };
}

/* Returns whether malloc masks the links of its lists: PROTECT_PTR(), since glibc 2.32. */
static bool glibc_masks_links(void)
{
#ifdef __GLIBC__
	char *point;
	long major = strtol(gnu_get_libc_version(), &point, 10);

	return major > 2 || (*point == '.' && strtol(point + 1, NULL, 10) >= 32);
#else
	return false;
#endif
}

/* The heap begins where the break was before malloc moved it.  malloc has moved it by the bytes
 * that it counts as its arena. */
void film_open(int fd)
{
	int64_t arena = malloc_reports() ? mallinfo2_report().arena : 0;

	page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
	scratch = mmap(NULL, sizeof(*scratch), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	maps_fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	if (scratch == MAP_FAILED || maps_fd < 0 || !page_map_open(&scratch->pages))
		return;
	memset(scratch, 0, sizeof(*scratch));
	scratch->heap = (struct heap){ .start = (uintptr_t)sbrk(0) - (uintptr_t)arena,
				       .readable = page_map_is_resident };
	scratch->heap.links_are_masked = glibc_masks_links();
	uint64_t libc_inode = 0;
	for_each_mapping(maps_fd, scratch->maps, MAPS_TEXT, remember, &libc_inode);
	film_fd = fd;
}
