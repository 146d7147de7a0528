/* SPDX-License-Identifier: MIT */
/* The environment of an arm.
 *
 * The kernel copies the path of the program, its arguments and its environment to the top of the new
 * process's stack, and the pointers to them below.  So their lengths, and how many there are, decide
 * where in its page the stack begins, and with that whether a function that is called later needs
 * one page more.  A longer PATH moved the number of faults by one.  So an arm gets few variables,
 * whatever the shell has, and a variable PADDING that fills them all up to the same size. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"

enum {
	STRINGS_SIZE = 16384, /* path, arguments and environment together are a multiple of it ... */
	VARIABLES = 32,       /* ... and the variables a multiple of this */
};

/* The variables of the shell that an arm gets.  Those of malloc, and GLIBC_TUNABLES, were removed
 * before, or set by an option; the last line is for builds that find faults or count lines. */
static const char *const kept[] = {
	"PATH",           "HOME",         "TMPDIR",       "LD_PRELOAD",   "LD_LIBRARY_PATH",
	"GLIBC_TUNABLES", "ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS",
	"GCOV_PREFIX",
};
enum { KEPT = sizeof(kept) / sizeof(kept[0]) };

static void drop_other_variables(void)
{
	static char *few[KEPT + 1];
	int count = 0;

	for (int i = 0; i < KEPT; i++) {
		size_t length = strlen(kept[i]);
		for (char **entry = environ; *entry != NULL; entry++)
			if (strncmp(*entry, kept[i], length) == 0 && (*entry)[length] == '=') {
				few[count++] = *entry;
				break;
			}
	}
	environ = few;
}

/* Sets the variables of an arm's "NAME=value NAME=value".  A value must not contain a blank. */
static void set_all(const char *settings)
{
	char *copy = strdup(settings);

	for (char *setting = strtok(copy, " "); setting != NULL; setting = strtok(NULL, " "))
		putenv(setting);
}

/* Keeps glibc from using huge pages for the heap (glibc.malloc.hugetlb, which recent versions
 * set on arm64 by default): the break would then move by 2 MiB at a time.  A setting of the
 * arm or of the reader comes later in the list, and the last one counts.
 *
 * Not called before glibc 2.35, which did not know the tunable.  There, glibc copied the
 * variable to the heap at its start (tunables_strdup() in elf/dl-tunables.c), so the heap would
 * begin 38 bytes too high, on a page that is resident already. */
static void pin_malloc_huge_pages(void)
{
	const char *others = getenv("GLIBC_TUNABLES");
	char *list;

	if (asprintf(&list, "glibc.malloc.hugetlb=0%s%s", others ? ":" : "", others ? others : "") < 0)
		_exit(BROKEN);
	setenv("GLIBC_TUNABLES", list, 1);
	free(list);
}

static size_t size_of_strings(char *const *strings)
{
	size_t size = 0;

	for (; *strings != NULL; strings++)
		size += strlen(*strings) + 1;
	return size;
}

static size_t round_up(size_t number, size_t step)
{
	return (number + step - 1) / step * step;
}

/* Returns the variables, followed by PADDING as often as is needed for the number of variables.
 * The first PADDING also fills the strings up to their size. */
static char **padded(char *const *variables, size_t other_bytes)
{
	static char empty[] = "PADDING=";
	size_t count = 0;

	while (variables[count] != NULL)
		count++;
	size_t all = round_up(count + 1, VARIABLES);
	size_t bytes = other_bytes + size_of_strings(variables) + (all - count) * sizeof(empty);
	size_t padding = round_up(bytes, STRINGS_SIZE) - bytes;
	char **environment = calloc(all + 1, sizeof(char *)),
	     *first = malloc(sizeof(empty) + padding);
	if (environment == NULL || first == NULL)
		_exit(BROKEN);

	memcpy(environment, variables, count * sizeof(char *));
	memcpy(first, empty, sizeof(empty));
	memset(first + sizeof(empty) - 1, 'x', padding);
	first[sizeof(empty) - 1 + padding] = '\0';
	environment[count] = first;
	for (size_t i = count + 1; i < all; i++)
		environment[i] = empty;
	return environment;
}

/* Called in the process that becomes the arm, so the memory is never freed. */
char **environment_for_arm(const struct arm *arm, const char *program, char *const *arguments)
{
	drop_other_variables();
	if (arm->environment != NULL)
		set_all(arm->environment);
	if (MALLOC_KNOWS_HUGE_PAGES && !options.huge_pages)
		pin_malloc_huge_pages();
	return padded(environ, strlen(program) + 1 + size_of_strings(arguments));
}
