/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* memrchr() */
#include "procfs.h"

#include <string.h>

/* The rest of the text, which is not parsed yet.  A take_...() that succeeds returns true and
 * moves `at` past what it parsed.  take_char(), take_number() and take_field() leave `at` where it
 * was when they fail. */
struct cursor {
	const char *at, *end;
};

static bool take_char(struct cursor *cursor, char expected)
{
	if (cursor->at == cursor->end || *cursor->at != expected)
		return false;
	cursor->at++;
	return true;
}

static void skip_blanks(struct cursor *cursor)
{
	while (cursor->at < cursor->end && (*cursor->at == ' ' || *cursor->at == '\t'))
		cursor->at++;
}

/* Returns the value of a decimal or hexadecimal digit, 99 for any other character. */
static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return 99;
}

static bool take_number(struct cursor *cursor, unsigned base, uint64_t *number)
{
	const char *at = cursor->at;
	uint64_t value = 0;

	for (; at < cursor->end; at++) {
		unsigned digit = (unsigned)digit_value(*at);
		if (digit >= base)
			break;
		if (__builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			return false;
	}
	if (at == cursor->at)
		return false;
	cursor->at = at;
	*number = value;
	return true;
}

/* Takes a decimal number, perhaps negative, that ends at white space.  Digits that run into the
 * end of the text are refused, because the text may have been cut there. */
static bool take_field(struct cursor *cursor, int64_t *number)
{
	struct cursor trial = *cursor;
	skip_blanks(&trial);
	bool negative = take_char(&trial, '-');
	uint64_t magnitude;
	if (!take_number(&trial, 10, &magnitude) || magnitude > INT64_MAX)
		return false;
	if (trial.at == trial.end || (*trial.at != ' ' && *trial.at != '\t' && *trial.at != '\n'))
		return false;
	*number = negative ? -(int64_t)magnitude : (int64_t)magnitude;
	*cursor = trial;
	return true;
}

bool procfs_statm(const char *text, size_t length, struct procfs_statm *pages)
{
	struct cursor cursor = { text, text + length };
	int64_t fields[7];

	for (int i = 0; i < 7; i++)
		if (!take_field(&cursor, &fields[i]) || fields[i] < 0)
			return false;
	if (!take_char(&cursor, '\n'))
		return false;
	*pages = (struct procfs_statm){ fields[0], fields[1], fields[2] };
	return true;
}

/* Moves the cursor to just after "name:" at the start of a line. */
static bool find_line(struct cursor *cursor, const char *name)
{
	size_t name_length = strlen(name);

	while ((size_t)(cursor->end - cursor->at) > name_length) {
		struct cursor line = *cursor;
		if (memcmp(line.at, name, name_length) == 0) {
			line.at += name_length;
			skip_blanks(&line);
			if (take_char(&line, ':')) {
				*cursor = line;
				return true;
			}
		}
		const char *newline = memchr(cursor->at, '\n', (size_t)(cursor->end - cursor->at));
		if (newline == NULL)
			return false;
		cursor->at = newline + 1;
	}
	return false;
}

bool procfs_kib(const char *text, size_t length, const char *name, int64_t *bytes)
{
	struct cursor cursor = { text, text + length };
	int64_t kib, value;

	if (!find_line(&cursor, name) || !take_field(&cursor, &kib) || kib < 0)
		return false;
	skip_blanks(&cursor);
	if (!take_char(&cursor, 'k') || !take_char(&cursor, 'B') || !take_char(&cursor, '\n'))
		return false;
	if (__builtin_mul_overflow(kib, 1024, &value))
		return false;
	*bytes = value;
	return true;
}

bool procfs_text(const char *text, size_t length, const char *name, char *value, size_t size)
{
	struct cursor cursor = { text, text + length };

	if (!find_line(&cursor, name))
		return false;
	skip_blanks(&cursor);
	const char *end = memchr(cursor.at, '\n', (size_t)(cursor.end - cursor.at));
	if (end == NULL)
		return false;
	while (end > cursor.at && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	size_t value_length = (size_t)(end - cursor.at);
	if (value_length >= size || memchr(cursor.at, '\0', value_length) != NULL)
		return false;
	memcpy(value, cursor.at, value_length);
	value[value_length] = '\0';
	return true;
}

/* Takes field 3 of stat, a letter, with the blanks around it. */
static bool take_state(struct cursor *cursor)
{
	if (!take_char(cursor, ' ') || cursor->at == cursor->end)
		return false;
	char state = (char)(*cursor->at++ | 0x20); /* ASCII: to lower case */
	return state >= 'a' && state <= 'z' && take_char(cursor, ' ');
}

/* Requires all fields up to 24, whichever is asked for.  A command may contain text that looks
 * like fields, but it is short (16 bytes with its NUL, TASK_COMM_LEN in the kernel's
 * linux/sched.h) and has no room for 22 of them.  So text inside a command that was cut is never
 * mistaken for the fields after it. */
bool procfs_stat(const char *text, size_t length, int field, int64_t *value)
{
	const char *after = memrchr(text, ')', length);
	if (after == NULL || field < 4 || field > 24)
		return false;
	struct cursor cursor = { after + 1, text + length };
	if (!take_state(&cursor))
		return false;

	int64_t number, result = 0;
	for (int i = 4; i <= 24; i++) {
		if (!take_field(&cursor, &number))
			return false;
		if (i == field)
			result = number;
	}
	*value = result;
	return true;
}

static bool take_permissions(struct cursor *cursor, char permissions[5])
{
	static const char allowed[4][3] = { "r-", "w-", "x-", "ps" };

	for (int i = 0; i < 4; i++, cursor->at++) {
		if (cursor->at == cursor->end || *cursor->at == '\0' ||
		    strchr(allowed[i], *cursor->at) == NULL)
			return false;
		permissions[i] = *cursor->at;
	}
	permissions[4] = '\0';
	return true;
}

static bool take_mapping(struct cursor *cursor, struct procfs_mapping *mapping)
{
	uint64_t device;

	return take_number(cursor, 16, &mapping->start) && take_char(cursor, '-') &&
	       take_number(cursor, 16, &mapping->end) && take_char(cursor, ' ') &&
	       take_permissions(cursor, mapping->permissions) && take_char(cursor, ' ') &&
	       take_number(cursor, 16, &mapping->offset) && take_char(cursor, ' ') &&
	       take_number(cursor, 16, &device) && take_char(cursor, ':') &&
	       take_number(cursor, 16, &device) && take_char(cursor, ' ') &&
	       take_number(cursor, 10, &mapping->inode) &&
	       (cursor->at == cursor->end || *cursor->at == ' ');
}

bool procfs_mapping(const char *text, size_t length, size_t *position, struct procfs_mapping *mapping)
{
	if (*position >= length)
		return false;
	struct cursor cursor = { text + *position, text + length };
	const char *newline = memchr(cursor.at, '\n', length - *position);
	if (newline == NULL)
		return false;
	cursor.end = newline;

	struct procfs_mapping parsed;
	if (!take_mapping(&cursor, &parsed) || parsed.end < parsed.start)
		return false;
	skip_blanks(&cursor);
	parsed.name = cursor.at;
	parsed.name_length = (size_t)(newline - cursor.at);
	*mapping = parsed;
	*position = (size_t)(newline + 1 - text);
	return true;
}
