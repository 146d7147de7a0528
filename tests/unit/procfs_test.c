/* SPDX-License-Identifier: MIT */
/* Tests the parsers of lib/probe/procfs.h on saved text: they read the right numbers from every
 * kernel's format, and refuse damaged text instead of guessing.
 *
 * Each text is a heap block of exactly its length, so that AddressSanitizer finds a parser that
 * reads one byte too far.
 *
 * USAGE: procfs_test tests/fixtures/proc
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "procfs.h"

static const char *fixtures;

struct text {
	char *bytes;
	size_t length;
};

static struct text first_bytes_of(struct text whole, size_t length)
{
	struct text part = { calloc(length, 1), length };

	assert_true(part.bytes != NULL || length == 0);
	memcpy(part.bytes, whole.bytes, length);
	return part;
}

/* Makes a text of a literal, which may hold NUL bytes; its closing NUL does not count. */
#define TEXT(literal) \
	first_bytes_of((struct text){ (char *)(literal), sizeof(literal) - 1 }, sizeof(literal) - 1)

static struct text saved(const char *folder, const char *name)
{
	static char bytes[1 << 16];
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s/%s", fixtures, folder, name);
	FILE *file = fopen(path, "r");
	if (file == NULL)
		fail_msg("cannot open the fixture %s", path);
	size_t length = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	assert_in_range(length, 1, sizeof(bytes) - 1);
	return first_bytes_of((struct text){ bytes, length }, length);
}

/* ---- each parser, which must leave the result alone when it returns false -- */

static const int64_t UNTOUCHED = -77;

static bool statm(struct text text, struct procfs_statm *pages)
{
	*pages = (struct procfs_statm){ UNTOUCHED, UNTOUCHED, UNTOUCHED };
	bool ok = procfs_statm(text.bytes, text.length, pages);
	if (!ok)
		assert_true(pages->size == UNTOUCHED && pages->resident == UNTOUCHED &&
			    pages->shared == UNTOUCHED);
	return ok;
}

static bool stat(struct text text, int field, int64_t *value)
{
	*value = UNTOUCHED;
	bool ok = procfs_stat(text.bytes, text.length, field, value);
	if (!ok)
		assert_int_equal(*value, UNTOUCHED);
	return ok;
}

static bool kib(struct text text, const char *name, int64_t *bytes)
{
	*bytes = UNTOUCHED;
	bool ok = procfs_kib(text.bytes, text.length, name, bytes);
	if (!ok)
		assert_int_equal(*bytes, UNTOUCHED);
	return ok;
}

static bool text_of(struct text text, const char *name, char *value, size_t size)
{
	char *exact = malloc(size + 1);

	memset(exact, '~', size + 1);
	bool ok = procfs_text(text.bytes, text.length, name, exact, size);
	assert_int_equal(exact[size], '~');
	for (size_t i = 0; !ok && i < size; i++)
		assert_int_equal(exact[i], '~');
	memcpy(value, exact, size);
	free(exact);
	return ok;
}

static bool next_mapping(struct text text, size_t *position, struct procfs_mapping *mapping)
{
	struct procfs_mapping before;
	size_t start = *position;

	memset(mapping, 0x5a, sizeof(*mapping));
	memset(&before, 0x5a, sizeof(before));
	bool ok = procfs_mapping(text.bytes, text.length, position, mapping);
	if (ok) {
		assert_true(*position > start && *position <= text.length);
		assert_int_equal(text.bytes[*position - 1], '\n');
	} else {
		assert_int_equal(*position, start);
		assert_memory_equal(mapping, &before, sizeof(before));
	}
	return ok;
}

static void assert_kib(const char *folder, const char *file, const char *name, int64_t expected_kib)
{
	struct text text = saved(folder, file);
	int64_t bytes;

	if (!kib(text, name, &bytes))
		fail_msg("%s/%s: no %s", folder, file, name);
	assert_int_equal(bytes, expected_kib * 1024);
	free(text.bytes);
}

/* ---- every kernel's format ------------------------------------------------ */

static const struct kernel {
	const char *folder;
	struct procfs_statm pages;
	int64_t page_kib, minor_faults, major_faults, stat_rss;
	int64_t rollup_rss, rollup_anonymous, smaps_rss, mem_total;
	const char *command;
	int mappings;
	int64_t page_tables; /* KiB */
} kernels[] = {
	{ "linux-4.19-x86_64", { 2133, 686, 624 }, 4, 1014, 3, 686, 2744, 248, 8, 2043472, "cron", 11, 60 },
	{ "linux-6.1-x86_64",
	  { 2451, 1280, 1024 },
	  4,
	  1521,
	  0,
	  1280,
	  5188,
	  1084,
	  48,
	  8131456,
	  "tmux: server",
	  13,
	  64 },
	{ "linux-6.6-aarch64-64k", { 115, 39, 34 }, 64, 402, 0, 39, 2496, 320, 1024, 16691712, "bash", 8, 192 },
	{ "linux-6.18-x86_64", { 648, 427, 400 }, 4, 94, 1, 389, 1708, 108, 16, 24684084, "sh", 25, 44 },
};

#define FOR_EACH_KERNEL(kernel)                     \
	for (const struct kernel *kernel = kernels; \
	     kernel < kernels + sizeof(kernels) / sizeof(*kernels); kernel++)

static void statm_of_every_kernel(void **state)
{
	(void)state;
	FOR_EACH_KERNEL(kernel)
	{
		struct text text = saved(kernel->folder, "statm");
		struct procfs_statm pages;

		assert_true(statm(text, &pages));
		assert_memory_equal(&pages, &kernel->pages, sizeof(pages));
		/* status has the same numbers. */
		assert_kib(kernel->folder, "status", "VmSize", pages.size * kernel->page_kib);
		assert_kib(kernel->folder, "status", "VmRSS", pages.resident * kernel->page_kib);
		assert_kib(kernel->folder, "status", "RssFile", pages.shared * kernel->page_kib);
		assert_kib(kernel->folder, "status", "VmPTE", kernel->page_tables);
		free(text.bytes);
	}
}

static void stat_of_every_kernel(void **state)
{
	(void)state;
	FOR_EACH_KERNEL(kernel)
	{
		struct text text = saved(kernel->folder, "stat");
		int64_t value;

		assert_true(stat(text, 10, &value));
		assert_int_equal(value, kernel->minor_faults);
		assert_true(stat(text, 12, &value));
		assert_int_equal(value, kernel->major_faults);
		assert_true(stat(text, 23, &value));
		assert_int_equal(value, kernel->pages.size * kernel->page_kib * 1024);
		assert_true(stat(text, 24, &value));
		assert_int_equal(value, kernel->stat_rss);
		for (int field = -1; field < 4; field++)
			assert_false(stat(text, field, &value));
		assert_false(stat(text, 25, &value)); /* rsslim is 2^64 - 1 */
		free(text.bytes);
	}
}

static void kib_of_every_kernel(void **state)
{
	(void)state;
	FOR_EACH_KERNEL(kernel)
	{
		assert_kib(kernel->folder, "smaps_rollup", "Rss", kernel->rollup_rss);
		assert_kib(kernel->folder, "smaps_rollup", "Anonymous", kernel->rollup_anonymous);
		assert_kib(kernel->folder, "smaps_rollup", "Private_Dirty", kernel->rollup_anonymous);
		assert_kib(kernel->folder, "smaps_rollup", "AnonHugePages", 0);
		assert_kib(kernel->folder, "smaps_rollup", "Swap", 0);
		assert_kib(kernel->folder, "smaps", "KernelPageSize", kernel->page_kib);
		assert_kib(kernel->folder, "smaps", "Rss", kernel->smaps_rss);
		assert_kib(kernel->folder, "meminfo", "MemTotal", kernel->mem_total);
		assert_kib(kernel->folder, "meminfo", "VmallocTotal", 34359738367);

		struct text meminfo = saved(kernel->folder, "meminfo");
		int64_t bytes;
		assert_false(kib(meminfo, "HugePages_Total", &bytes)); /* a count, not KiB */
		assert_false(kib(meminfo, "Mem", &bytes));
		assert_false(kib(meminfo, "emTotal", &bytes));
		assert_false(kib(meminfo, "MemTotal:", &bytes));
		assert_false(kib(meminfo, "NoSuchLine", &bytes));
		free(meminfo.bytes);
	}
	assert_kib("linux-6.18-x86_64", "smaps_rollup", "Pss", 427);
	assert_kib("linux-6.1-x86_64", "meminfo", "Active(anon)", 290112);
}

static void text_of_every_kernel(void **state)
{
	char value[64];

	(void)state;
	FOR_EACH_KERNEL(kernel)
	{
		struct text text = saved(kernel->folder, "status");

		assert_true(text_of(text, "Name", value, sizeof(value)));
		assert_string_equal(value, kernel->command);
		/* The value fits with its NUL, but not into one byte less. */
		assert_true(text_of(text, "Name", value, strlen(kernel->command) + 1));
		assert_false(text_of(text, "Name", value, strlen(kernel->command)));
		assert_false(text_of(text, "Name", value, 0));
		assert_true(text_of(text, "Threads", value, sizeof(value)));
		assert_string_equal(value, "1");
		free(text.bytes);
	}
	struct text cpuinfo = saved("linux-6.18-x86_64", "cpuinfo");
	assert_true(text_of(cpuinfo, "model name", value, sizeof(value)));
	assert_string_equal(value, "AMD EPYC");
	free(cpuinfo.bytes);
	cpuinfo = saved("linux-6.6-aarch64-64k", "cpuinfo"); /* arm64 names no model */
	assert_false(text_of(cpuinfo, "model name", value, sizeof(value)));
	assert_true(text_of(cpuinfo, "CPU part", value, sizeof(value)));
	assert_string_equal(value, "0xd0c");
	free(cpuinfo.bytes);

	struct text blank = saved("linux-4.19-x86_64", "status");
	assert_true(text_of(blank, "Groups", value, 1));
	assert_string_equal(value, "");
	free(blank.bytes);
}

static void maps_of_every_kernel(void **state)
{
	(void)state;
	FOR_EACH_KERNEL(kernel)
	{
		struct text text = saved(kernel->folder, "maps");
		struct procfs_mapping mapping;
		size_t position = 0;
		uint64_t last_end = 0;
		int count = 0;

		while (next_mapping(text, &position, &mapping)) {
			count++;
			assert_true(mapping.start >= last_end && mapping.end > mapping.start);
			assert_int_equal((mapping.end - mapping.start) %
						 (uint64_t)(kernel->page_kib * 1024),
					 0);
			last_end = mapping.end;
		}
		assert_int_equal(count, kernel->mappings);
		assert_int_equal(position, text.length);
		free(text.bytes);
	}
}

struct expected_mapping {
	int line;
	uint64_t start, end;
	const char *permissions;
	uint64_t offset, inode;
	const char *name;
};

static void maps_line_by_line(void **state)
{
	static const struct expected_mapping expected[] = {
		{ 2, 0x55d4d6a88000, 0x55d4d6ae2000, "r-xp", 0xc000, 393990, "/usr/bin/tmux" },
		{ 3, 0x55d4d8642000, 0x55d4d8775000, "rw-p", 0, 0, "[heap]" },
		{ 4, 0x7f2a0fe00000, 0x7f2a0fe10000, "r--s", 0, 8589934657, /* more than 32 bits */
		  "/srv/media/first year, week 1 (draft).txt" },
		{ 5, 0x7f2a0ff00000, 0x7f2a0ff01000, "rw-s", 0, 2051,
		  "/memfd:touchstone rows (deleted)" },
		{ 6, 0x7f2a0ff01000, 0x7f2a0ff02000, "rw-s", 0, 32769, "/SYSV00000000 (deleted)" },
		{ 7, 0x7f2a0ff02000, 0x7f2a0ff03000, "r-xp", 0x1000, UINT64_MAX,
		  "/tmp/two\\012lines (deleted)" },
		{ 8, 0x7f2a10000000, 0x7f2a14000000, "rw-p", 0, 0, "[anon:my pool]" },
		{ 9, 0x7f2a14000000, 0x7f2a14001000, "---p", 0, 0, "" },
		{ 13, 0xffffffffff600000, 0xffffffffff601000, "--xp", 0, 0, "[vsyscall]" },
	};
	struct text text = saved("linux-6.1-x86_64", "maps");
	struct procfs_mapping mapping;
	size_t position = 0;
	int line = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		for (; line < expected[i].line; line++)
			assert_true(next_mapping(text, &position, &mapping));
		assert_int_equal(mapping.start, expected[i].start);
		assert_int_equal(mapping.end, expected[i].end);
		assert_string_equal(mapping.permissions, expected[i].permissions);
		assert_int_equal(mapping.offset, expected[i].offset);
		assert_int_equal(mapping.inode, expected[i].inode);
		assert_int_equal(mapping.name_length, strlen(expected[i].name));
		assert_memory_equal(mapping.name, expected[i].name, mapping.name_length);
	}
	free(text.bytes);
}

/* The first line of an entry of smaps is a mapping, and the line after it is not. */
static void smaps_begins_with_a_mapping(void **state)
{
	(void)state;
	FOR_EACH_KERNEL(kernel)
	{
		struct text text = saved(kernel->folder, "smaps");
		struct procfs_mapping mapping;
		size_t position = 0;

		assert_true(next_mapping(text, &position, &mapping));
		assert_false(next_mapping(text, &position, &mapping));
		assert_memory_equal(text.bytes + position, "Size:", 5);
		free(text.bytes);
	}
}

/* ---- text cut at every byte ----------------------------------------------- */

static void statm_cut_anywhere(void **state)
{
	(void)state;
	FOR_EACH_KERNEL(kernel)
	{
		struct text whole = saved(kernel->folder, "statm");
		for (size_t length = 0; length < whole.length; length++) {
			struct text part = first_bytes_of(whole, length);
			struct procfs_statm pages;
			assert_false(statm(part, &pages));
			free(part.bytes);
		}
		free(whole.bytes);
	}
}

/* A field is read right or not at all, wherever the text is cut off. */
static void assert_stat_cut_anywhere(const char *folder, const char *file)
{
	struct text whole = saved(folder, file);

	for (int field = 4; field <= 24; field++) {
		int64_t right, value;
		int read = 0;

		assert_true(stat(whole, field, &right));
		for (size_t length = 0; length <= whole.length; length++) {
			struct text part = first_bytes_of(whole, length);
			if (stat(part, field, &value)) {
				assert_int_equal(value, right);
				read++;
			}
			free(part.bytes);
		}
		assert_true(read > 0);
	}
	free(whole.bytes);
}

static void stat_cut_anywhere(void **state)
{
	(void)state;
	FOR_EACH_KERNEL(kernel)
	assert_stat_cut_anywhere(kernel->folder, "stat");
	assert_stat_cut_anywhere("damaged", "stat_name_with_newline");
	assert_stat_cut_anywhere("damaged", "stat_name_like_the_fields");
}

/* A line is read as soon as it has its newline, whatever follows it. */
static void kib_and_text_cut_anywhere(void **state)
{
	(void)state;
	FOR_EACH_KERNEL(kernel)
	{
		struct text whole = saved(kernel->folder, "status");
		const char *line = strstr(whole.bytes, "\nVmRSS:") + 1;
		size_t end = (size_t)(strchr(line, '\n') + 1 - whole.bytes);

		for (size_t length = 0; length <= whole.length; length++) {
			struct text part = first_bytes_of(whole, length);
			int64_t bytes;
			char value[32];
			assert_int_equal(kib(part, "VmRSS", &bytes), length >= end);
			assert_int_equal(text_of(part, "VmRSS", value, sizeof(value)), length >= end);
			free(part.bytes);
		}
		free(whole.bytes);
	}
}

static void maps_cut_anywhere(void **state)
{
	(void)state;
	FOR_EACH_KERNEL(kernel)
	{
		struct text whole = saved(kernel->folder, "maps");
		int newlines = 0;

		for (size_t length = 0; length <= whole.length; length++) {
			struct text part = first_bytes_of(whole, length);
			struct procfs_mapping mapping;
			size_t position = 0;
			int count = 0;
			if (length > 0 && part.bytes[length - 1] == '\n')
				newlines++;
			while (next_mapping(part, &position, &mapping))
				count++;
			assert_int_equal(count, newlines);
			free(part.bytes);
		}
		free(whole.bytes);
	}
}

/* ---- damaged text --------------------------------------------------------- */

static void statm_damaged(void **state)
{
	static const char *const files[] = { "statm_six_numbers", "statm_two_lines",
					     "statm_above_2^63",  "statm_above_2^64",
					     "statm_negative",    "statm_nul" };
	struct procfs_statm pages;

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct text text = saved("damaged", files[i]);
		if (statm(text, &pages))
			fail_msg("%s was accepted", files[i]);
		free(text.bytes);
	}
	struct text longer = TEXT("2133 686 624 12 0 90 0 7\n"); /* as no kernel writes so far */
	assert_false(statm(longer, &pages));
	free(longer.bytes);
	struct text largest = TEXT("9223372036854775807 0 0 0 0 0 0\n");
	assert_true(statm(largest, &pages));
	assert_int_equal(pages.size, INT64_MAX);
	free(largest.bytes);
}

static void stat_with_a_hard_command(void **state)
{
	static const char *const files[] = { "stat_name_like_the_fields", "stat_name_with_newline" };
	int64_t value;

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct text text = saved("damaged", files[i]);
		assert_true(stat(text, 4, &value));
		assert_int_equal(value, 1);
		assert_true(stat(text, 8, &value)); /* tpgid is -1 without a terminal */
		assert_int_equal(value, -1);
		assert_true(stat(text, 10, &value));
		assert_int_equal(value, 1014);
		assert_true(stat(text, 24, &value));
		assert_int_equal(value, 686);
		free(text.bytes);
	}
}

static void stat_damaged(void **state)
{
	static const char *const files[] = { "stat_no_closing_parenthesis", "stat_state_missing" };
	int64_t value;

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct text text = saved("damaged", files[i]);
		for (int field = 4; field <= 24; field++)
			assert_false(stat(text, field, &value));
		free(text.bytes);
	}
	struct text largest = TEXT(
		"1 (a) R 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 9223372036854775807\n");
	assert_true(stat(largest, 24, &value));
	assert_int_equal(value, INT64_MAX);
	largest.bytes[largest.length - 2]++; /* now 2^63 */
	assert_false(stat(largest, 24, &value));
	free(largest.bytes);
}

static void kib_damaged(void **state)
{
	static const char *const refused[] = { "VmPeak", "VmSize",  "VmLck",   "VmPin",
					       "VmHWM",  "RssAnon", "RssFile", "RssShmem",
					       "VmData", "VmExe",   "VmLib" };
	struct text text = saved("damaged", "status_values");
	int64_t bytes;

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (kib(text, refused[i], &bytes))
			fail_msg("the damaged %s was accepted as %" PRId64, refused[i], bytes);
	assert_true(kib(text, "VmRSS", &bytes)); /* the largest number whose bytes fit */
	assert_int_equal(bytes, INT64_MAX - 1023);
	assert_true(kib(text, "VmStk", &bytes));
	assert_int_equal(bytes, 132 * 1024);
	assert_true(kib(text, "VmSwap", &bytes)); /* this line follows all the damage */
	assert_int_equal(bytes, 7 * 1024);
	free(text.bytes);
}

static void nul_bytes(void **state)
{
	struct text text = TEXT("\0Rss: 1 kB\nA\0\nRss:\0 2 kB\nRss: 3 kB\nText: a\0b\n");
	struct text line = TEXT("1000-2000 rw-\0 0 00:00 0 \n");
	struct procfs_mapping mapping;
	size_t position = 0;
	int64_t bytes;
	char value[16];

	(void)state;
	/* The first line with the name Rss counts, and it is damaged. */
	assert_false(kib(text, "Rss", &bytes));
	/* A string cannot hold a value with a NUL inside. */
	assert_false(text_of(text, "Text", value, sizeof(value)));
	assert_false(next_mapping(line, &position, &mapping));
	free(line.bytes);
	free(text.bytes);
}

static void maps_damaged(void **state)
{
	static const char *const lines[] = {
		"\n",
		"2000-1000 rw-p 00000000 00:00 0 \n",
		"1000-2000 rw-p 00000000 00:00 0x \n",
		"1000-2000 rw-p 00000000 00:00 12/no/blank\n",
		"1000-2000 rwxx 00000000 00:00 0 \n",
		"1000-2000 rw-p 00000000 00 0 \n",
		"1000-2000 rw-p 00000000 00:00 \n",
		"1000 2000 rw-p 00000000 00:00 0 \n",
		"-2000 rw-p 00000000 00:00 0 \n",
		"1000-2000\nrw-p 00000000 00:00 0 \n",
		"10000000000000000-10000000000001000 rw-p 00000000 00:00 0 \n",
		"1000-2000 rw-p 00000000 00:00 18446744073709551616 /inode/of/2^64\n",
	};
	struct procfs_mapping mapping;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct text whole = { (char *)lines[i], strlen(lines[i]) };
		struct text text = first_bytes_of(whole, whole.length);
		size_t position = 0;
		if (next_mapping(text, &position, &mapping))
			fail_msg("accepted: %s", lines[i]);
		position = text.length + 1; /* past the end */
		assert_false(next_mapping(text, &position, &mapping));
		free(text.bytes);
	}
	struct text unpadded = TEXT("1000-2000 rw-p 00000000 00:00 0\n"); /* unpadded, but valid */
	size_t position = 0;
	assert_true(next_mapping(unpadded, &position, &mapping));
	assert_int_equal(mapping.name_length, 0);
	free(unpadded.bytes);
}

static void empty_text(void **state)
{
	struct text text = TEXT("");
	struct procfs_statm pages;
	struct procfs_mapping mapping;
	size_t position = 0;
	int64_t value;
	char name[8];

	(void)state;
	assert_false(statm(text, &pages));
	assert_false(stat(text, 10, &value));
	assert_false(kib(text, "Rss", &value));
	assert_false(text_of(text, "Name", name, sizeof(name)));
	assert_false(next_mapping(text, &position, &mapping));
	free(text.bytes);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statm_of_every_kernel),
		cmocka_unit_test(stat_of_every_kernel),
		cmocka_unit_test(kib_of_every_kernel),
		cmocka_unit_test(text_of_every_kernel),
		cmocka_unit_test(maps_of_every_kernel),
		cmocka_unit_test(maps_line_by_line),
		cmocka_unit_test(smaps_begins_with_a_mapping),
		cmocka_unit_test(statm_cut_anywhere),
		cmocka_unit_test(stat_cut_anywhere),
		cmocka_unit_test(kib_and_text_cut_anywhere),
		cmocka_unit_test(maps_cut_anywhere),
		cmocka_unit_test(statm_damaged),
		cmocka_unit_test(stat_with_a_hard_command),
		cmocka_unit_test(stat_damaged),
		cmocka_unit_test(kib_damaged),
		cmocka_unit_test(nul_bytes),
		cmocka_unit_test(maps_damaged),
		cmocka_unit_test(empty_text),
	};

	if (argc != 2) {
		fprintf(stderr, "USAGE: %s tests/fixtures/proc\n", argv[0]);
		return 2;
	}
	fixtures = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
