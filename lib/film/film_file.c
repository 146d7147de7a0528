/* SPDX-License-Identifier: MIT */
/* The parent's side of the film: writes what the arms filmed as one tidy CSV. */
#define _GNU_SOURCE
#include "film.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

#include "film_lines.h"
#include "heap_walk.h"
#include "page_map.h"

/* In a record with more chunks than this, neighbours with the same state share one row.  No
 * picture can show so many one by one, and the file stays small. */
enum { MOST_SEPARATE_CHUNKS = 2000 };

static const char *const kind_names[] = {
	[FILM_CHUNK] = "chunk",     [FILM_PAGES] = "pages",   [FILM_BREAK] = "break",
	[FILM_MAPPING] = "mapping", [FILM_PARENT] = "parent", [FILM_CHILD] = "child",
};
static const char *const chunk_names[] = {
	[CHUNK_IN_USE] = "in use", [CHUNK_FREE] = "free", [CHUNK_TOP] = "top",
	[CHUNK_CACHED] = "cached", [CHUNK_FAST] = "fast",
};
static const char *const page_names[] = {
	[PAGE_ABSENT] = "absent", [PAGE_RESIDENT] = "resident", [PAGE_SWAPPED] = "swapped",
	[PAGE_ZERO] = "zero",     [PAGE_WRITTEN] = "written",   [PAGE_SHARED] = "shared",
};
static const char *const mapping_names[] = {
	[MAPPING_PLAIN] = "mmap",
	[MAPPING_OF_MALLOC] = "malloc",
	[MAPPING_RESERVED] = "reserved",
	[MAPPING_OF_NOTES] = "notes",
};

#define UNKNOWN "the heap's layout is not the one known: "
static const char *const reasons[] = {
	[WHY_FOREIGN] = UNKNOWN "malloc is not that of a glibc with mallinfo2() (2.33 or later)",
	[WHY_ARENA] = UNKNOWN "malloc counts %lld bytes in its arenas, and the break has moved "
			      "by %lld: there is an arena that did not come from the break, or "
			      "somebody else called sbrk()",
	[WHY_ABSENT] = UNKNOWN "%lld bytes from its start a chunk's header lies on a page that "
			       "is not in memory",
	[WHY_SIZE] = UNKNOWN "%lld bytes from its start is a chunk whose size field holds %lld",
	[WHY_PREV] = UNKNOWN "%lld bytes from its start a chunk gives %lld as the size of the free "
			     "chunk before it, which is wrong",
	[WHY_FREE_BYTES] = UNKNOWN "its chunks hold %lld free bytes, and malloc counts %lld",
	[WHY_FREE_CHUNKS] = UNKNOWN "it holds %lld free chunks, and malloc counts %lld",
	[WHY_MAPPED] = "the mappings hold %lld blocks that look like malloc's, and malloc counts "
		       "%lld: all are shown as plain mappings",
	[WHY_TOO_MANY] = "mappings are not shown: the program began with %lld of them, and the "
			 "film follows no more than %lld",
	[WHY_LENGTH] = "the film is longer than %lld bytes and ends here",
};

/* The text of the film, kept in memory until film_write(). */
static FILE *rows_text, *reason_lines;
static char *rows_start, *reasons_start;
static size_t rows_length, reasons_length;

/* ---- rows ----------------------------------------------------------------- */

/* What the rows of one record have in common, and its last row, which is not written yet. */
struct record {
	const char *arm, *stage;
	int trial, number;
	bool merge; /* neighbouring chunks with the same state share a row */
	struct film_item row;
	int64_t count; /* of the chunks or pages in the row; 0: there is no row */
};

/* Returns the line that allocated the block in an item, 0 where it holds none, or the line is not
 * known.  A block of malloc begins behind the two words of its header. */
static int line_of(const struct film_item *item)
{
	int64_t header = 2 * (int64_t)sizeof(size_t);

	if (item->kind == FILM_CHUNK && item->state == CHUNK_IN_USE)
		return film_lines_find(item->start + header);
	if (item->kind != FILM_MAPPING || item->state == MAPPING_OF_NOTES)
		return 0;
	return film_lines_find(item->start + (item->state == MAPPING_OF_MALLOC ? header : 0));
}

static const char *state_name(const struct film_item *item)
{
	switch (item->kind) {
	case FILM_CHUNK: return chunk_names[item->state];
	case FILM_PAGES:
	case FILM_PARENT:
	case FILM_CHILD: return page_names[item->state];
	case FILM_MAPPING: return mapping_names[item->state];
	default: return "";
	}
}

static void end_row(struct record *record)
{
	const struct film_item *row = &record->row;

	if (record->count > 0)
		fprintf(rows_text, "%s,%d,%d,%s,%s,%s,%lld,%lld,%lld,%d\n", record->arm,
			record->trial, record->number, record->stage, kind_names[row->kind],
			state_name(row), (long long)row->start, (long long)row->bytes,
			(long long)record->count, record->count == 1 ? line_of(row) : 0);
	record->count = 0;
}

static void add_row(struct record *record, const struct film_item *item)
{
	struct film_item *row = &record->row;

	if (record->merge && record->count > 0 && item->kind == FILM_CHUNK &&
	    row->kind == item->kind && row->state == item->state &&
	    row->start + row->bytes == item->start) {
		row->bytes += item->bytes;
		record->count++;
		return;
	}
	end_row(record);
	*row = *item;
	bool pages = item->kind == FILM_PAGES || item->kind == FILM_PARENT ||
		     item->kind == FILM_CHILD;
	record->count = pages ? item->bytes / sysconf(_SC_PAGESIZE) : 1;
}

/* Writes a reason once for each arm: it usually applies to all of the arm's records. */
static void write_reason(const struct record *record, const struct film_item *item)
{
	static const char *written_for[sizeof(reasons) / sizeof(reasons[0])]; /* the last arm */

	if (written_for[item->state] == record->arm)
		return;
	written_for[item->state] = record->arm;
	fprintf(reason_lines, "# reason: arm %s, record %d (%s): ", record->arm, record->number,
		record->stage);
	fprintf(reason_lines, reasons[item->state], (long long)item->start, (long long)item->bytes);
	fputc('\n', reason_lines);
}

/* ---- one record ----------------------------------------------------------- */

static int by_start(const void *a, const void *b)
{
	int64_t first = ((const struct film_item *)a)->start;
	int64_t second = ((const struct film_item *)b)->start;

	return (first > second) - (first < second);
}

/* Gives the chunks that lie in fastbins the state CHUNK_FAST.  The arm lists these chunks a second
 * time after all the others, in the order of the bins. */
static void mark_fast(struct film_item *items, size_t chunks, struct film_item *fast, size_t count)
{
	qsort(fast, count, sizeof(*fast), by_start);
	for (size_t i = 0, f = 0; i < chunks && f < count; i++) {
		if (items[i].kind != FILM_CHUNK)
			continue;
		while (f < count && fast[f].start < items[i].start)
			f++;
		if (f < count && fast[f].start == items[i].start)
			items[i].state = CHUNK_FAST;
	}
}

static void add_record(struct record *record, struct film_item *items, size_t count)
{
	size_t chunks = 0, first_fast = count, fast = 0;

	for (size_t i = 0; i < count; i++) {
		chunks += items[i].kind == FILM_CHUNK;
		if (items[i].kind == FILM_FAST && fast++ == 0)
			first_fast = i;
	}
	mark_fast(items, first_fast, items + first_fast, fast);
	record->merge = chunks > MOST_SEPARATE_CHUNKS;
	for (size_t i = 0; i < count; i++) {
		if (items[i].kind == FILM_REASON)
			write_reason(record, &items[i]);
		else if (items[i].kind != FILM_FAST && items[i].kind != FILM_LINE)
			add_row(record, &items[i]);
	}
	end_row(record);
}

/* Notes the lines up to the next record; returns how many of the items these are.  What the arm
 * allocated after a record stands behind the items of that record. */
static size_t note_lines(const struct film_item *items, size_t count)
{
	size_t i = 0;

	for (; i < count && items[i].kind != FILM_RECORD; i++)
		if (items[i].kind == FILM_LINE)
			film_lines_add(items[i].start, items[i].state);
	return i;
}

/* Returns whether a record was cut, because the film reached its largest size. */
static bool is_cut(const struct film_item *items, size_t count)
{
	return count > 0 && items[count - 1].kind == FILM_REASON &&
	       items[count - 1].state == WHY_LENGTH;
}

void film_keep(const char *arm, int trial, int fd, const struct row *rows, int count)
{
	struct stat file;
	struct record record = { .arm = arm, .trial = trial };

	if (count == 0)
		return;
	if (fstat(fd, &file) != 0 || file.st_size == 0) {
		fprintf(reason_lines,
			"# reason: arm %s: nothing was filmed: it needs /proc/self/pagemap, "
			"/proc/self/maps and memory of its own\n",
			arm);
		return;
	}
	struct film_item *items =
		mmap(NULL, (size_t)file.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (items == MAP_FAILED)
		broken("cannot map what was filmed: %s", strerror(errno));
	size_t end, length = (size_t)file.st_size / sizeof(*items);
	film_lines_clear();
	for (size_t at = note_lines(items, length); at < length; at = end) {
		record.number = (int)items[at].start;
		for (end = at + 1; end < length && items[end].kind != FILM_RECORD;)
			end++;
		if (record.number < 1 || record.number > count)
			break;
		record.stage = rows[record.number - 1].stage;
		if (is_cut(items + at, end - at))
			write_reason(&record, &items[end - 1]);
		else
			add_record(&record, items + at + 1, end - at - 1);
		note_lines(items + at + 1, end - at - 1);
	}
	munmap(items, (size_t)file.st_size);
}

/* ---- the file ------------------------------------------------------------- */

/* Returns the path of the file to write, NULL where there is to be none. */
static const char *path(void)
{
	const char *film = getenv("FILM");

	return film != NULL && film[0] != '\0' && getenv("OBSERVER") == NULL ? film : NULL;
}

bool film_is_wanted(void)
{
	char folder[PATH_MAX];

	if (!experiment.film || path() == NULL)
		return false;
	if (rows_text != NULL)
		return true;
	snprintf(folder, sizeof(folder), "%s", path());
	char *slash = strrchr(folder, '/');
	if (slash != NULL)
		slash[slash == folder ? 1 : 0] = '\0';
	if (access(slash != NULL ? folder : ".", W_OK) != 0) {
		fprintf(stderr, "%s: FILM=%s: cannot write there: %s\n",
			program_invocation_short_name, path(), strerror(errno));
		exit(BROKEN);
	}
	rows_text = open_memstream(&rows_start, &rows_length);
	reason_lines = open_memstream(&reasons_start, &reasons_length);
	if (rows_text == NULL || reason_lines == NULL)
		broken("out of memory for the film");
	return true;
}

int film_memory(void)
{
	int fd = memfd_create("touchstone film", 0);

	if (fd < 0)
		broken("cannot create the memory that the film travels through: %s", strerror(errno));
	return fd;
}

static void write_text(FILE *file)
{
	fprintf(file, "# format: %d\n# claim: %s\n# source: %s\n# page_size: %ld bytes\n",
		RESULT_FORMAT, experiment.claim, experiment_path, sysconf(_SC_PAGESIZE));
#ifdef __GLIBC__
	fprintf(file, "# glibc: %s\n", gnu_get_libc_version());
#endif
	fwrite(reasons_start, 1, reasons_length, file);
	fputs("arm,trial,record,stage,kind,state,start,bytes,count,line\n", file);
	fwrite(rows_start, 1, rows_length, file);
}

bool film_write(void)
{
	char *new;

	if (rows_text == NULL)
		return true;
	fflush(rows_text);
	fflush(reason_lines);
	if (asprintf(&new, "%s.%d", path(), (int)getpid()) < 0)
		return false;
	FILE *file = fopen(new, "w");
	if (file != NULL)
		write_text(file);
	bool written = file != NULL && fflush(file) == 0 && !ferror(file);
	if (file != NULL)
		written = fclose(file) == 0 && written;
	if (!written || rename(new, path()) != 0) {
		fprintf(stderr, "%s: FILM=%s: cannot write the film: %s\n",
			program_invocation_short_name, path(), strerror(errno));
		unlink(new);
		written = false;
	}
	free(new);
	return written;
}
