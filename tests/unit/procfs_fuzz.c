/* SPDX-License-Identifier: MIT */
/* Tests the parsers of lib/probe/procfs.h on 200,000 damaged texts: they read nothing outside of
 * a text, and keep the promises of their header.
 *
 * The program is short, and each run is the same: a generator with a fixed seed cuts and changes
 * saved /proc text.  To search for hours instead:
 *
 *   clang -g -O1 -fsanitize=fuzzer,address,undefined -DWITH_LIBFUZZER -Ilib/probe \
 *         tests/unit/procfs_fuzz.c lib/probe/procfs.c -o /tmp/procfs_fuzz
 *   mkdir -p /tmp/corpus && /tmp/procfs_fuzz -max_len=512 /tmp/corpus tests/fixtures/proc
 *
 * USAGE: procfs_fuzz FILE ...
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "procfs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

#define MUST(promise)                                                                           \
	do {                                                                                    \
		if (!(promise)) {                                                               \
			fprintf(stderr, "%s:%d: not kept: %s\n", __FILE__, __LINE__, #promise); \
			abort();                                                                \
		}                                                                               \
	} while (0)

static const int64_t UNTOUCHED = -77;

static void numbers(const char *text, size_t length)
{
	static const char *const names[] = { "Rss", "VmRSS", "MemTotal", "" };
	struct procfs_statm pages = { UNTOUCHED, UNTOUCHED, UNTOUCHED };
	int64_t value;

	if (procfs_statm(text, length, &pages))
		MUST(pages.size >= 0 && pages.resident >= 0 && pages.shared >= 0);
	else
		MUST(pages.size == UNTOUCHED && pages.resident == UNTOUCHED &&
		     pages.shared == UNTOUCHED);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		value = UNTOUCHED;
		if (procfs_kib(text, length, names[i], &value))
			MUST(value >= 0 && value % 1024 == 0);
		else
			MUST(value == UNTOUCHED);
	}
	for (int field = 3; field <= 25; field += 7) {
		value = UNTOUCHED;
		if (!procfs_stat(text, length, field, &value))
			MUST(value == UNTOUCHED);
		else
			MUST(field >= 4 && field <= 24);
	}
}

static void texts(const char *text, size_t length)
{
	static const char *const names[] = { "Name", "model name", "Groups" };
	char value[17];

	for (size_t size = 0; size < sizeof(value); size += 8)
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			memset(value, '~', sizeof(value));
			if (procfs_text(text, length, names[i], value, size))
				MUST(strlen(value) < size && strchr(value, '\n') == NULL);
			else
				MUST(value[0] == '~');
			MUST(value[size] == '~');
		}
}

static void mappings(const char *text, size_t length)
{
	struct procfs_mapping mapping, before;
	size_t position = 0, start = 0;

	memset(&mapping, 0x5a, sizeof(mapping));
	memset(&before, 0x5a, sizeof(before));
	while (procfs_mapping(text, length, &position, &mapping)) {
		MUST(position > start && position <= length && text[position - 1] == '\n');
		MUST(mapping.start <= mapping.end && strlen(mapping.permissions) == 4);
		MUST(mapping.name + mapping.name_length == text + position - 1);
		MUST(mapping.name > text + start);
		start = position;
		memcpy(&before, &mapping, sizeof(before));
	}
	/* The padding stays as it was.  NOLINTNEXTLINE(bugprone-suspicious-memory-comparison) */
	MUST(position == start && memcmp(&before, &mapping, sizeof(before)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
	/* The block is as long as the text, so that AddressSanitizer sees a byte too far. */
	char *text = malloc(length);

	if (text == NULL && length > 0)
		abort();
	if (length > 0)
		memcpy(text, data, length);
	if (text != NULL) {
		numbers(text, length);
		texts(text, length);
		mappings(text, length);
	}
	free(text);
	return 0;
}

#ifndef WITH_LIBFUZZER

enum { INPUTS = 200000, LONGEST = 320 };

static uint64_t random_state = 88172645463325252;

/* Returns a number by George Marsaglia's xorshift64, which gives the same sequence everywhere. */
static size_t random_below(size_t limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (size_t)(random_state >> 11) % limit;
}

/* Damages a text in one place and returns its new length; bytes needs room for 24 more. */
static size_t damage(uint8_t *bytes, size_t length)
{
	static const char *const pieces[] = { "18446744073709551616",
					      "9223372036854775808",
					      "-",
					      ")",
					      " ",
					      "\n",
					      ":",
					      " kB\n",
					      "\t",
					      "ffffffffffffffff" };
	size_t at = random_below(length + 1);

	switch (random_below(4)) {
	case 0: /* changes a byte */
		if (at < length)
			bytes[at] = (uint8_t)random_below(256);
		return length;
	case 1: /* cuts off the end */ return at;
	case 2: { /* removes a piece */
		size_t gap = random_below(8);
		if (at + gap > length)
			gap = length - at;
		memmove(bytes + at, bytes + at + gap, length - at - gap);
		return length - gap;
	}
	default: { /* inserts a piece */
		const char *piece = pieces[random_below(sizeof(pieces) / sizeof(pieces[0]))];
		size_t size = strlen(piece);
		memmove(bytes + at + size, bytes + at, length - at);
		memcpy(bytes + at, piece, size); /* without its NUL */
		return length + size;
	}
	}
}

static size_t read_file(const char *path, uint8_t *bytes, size_t size)
{
	FILE *file = fopen(path, "r");

	if (file == NULL) {
		perror(path);
		exit(2);
	}
	size_t length = fread(bytes, 1, size, file);
	fclose(file);
	return length;
}

/* Tests a part of the file that begins at the start of a line, and damages it up to three times. */
static void one_input(const uint8_t *file, size_t file_length)
{
	uint8_t bytes[LONGEST + 4 * 24];
	size_t start = random_below(4) == 0 ? random_below(file_length) : 0;

	while (start > 0 && file[start - 1] != '\n')
		start--;
	size_t length = file_length - start < LONGEST ? file_length - start : LONGEST;
	memcpy(bytes, file + start, length);
	for (size_t times = random_below(4); times > 0; times--)
		length = damage(bytes, length);
	LLVMFuzzerTestOneInput(bytes, length);
}

int main(int argc, char **argv)
{
	static uint8_t file[1 << 16];

	if (argc < 2) {
		fprintf(stderr, "USAGE: %s FILE ...\n", argv[0]);
		return 2;
	}
	for (int i = 1; i < argc; i++) {
		size_t length = read_file(argv[i], file, sizeof(file));
		for (int n = 0; length > 0 && n < INPUTS / (argc - 1) + 1; n++)
			one_input(file, length);
	}
	printf("%d inputs, every promise kept\n", (INPUTS / (argc - 1) + 1) * (argc - 1));
	return 0;
}

#endif
