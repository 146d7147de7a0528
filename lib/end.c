/* SPDX-License-Identifier: MIT */
#include "end.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Prints the reason: for a program that never called end_by(). */
static void print_and_exit(enum verdict verdict, const char *reason)
{
	if (reason != NULL)
		fprintf(stderr, "%s\n", reason);
	exit((int)verdict);
}

static end_way *way_to_end = print_and_exit;

void end_by(end_way *way)
{
	way_to_end = way;
}

void end_with(enum verdict verdict, const char *reason)
{
	way_to_end(verdict, reason);
	abort(); /* the line above does not return */
}

static void __attribute__((format(printf, 2, 0), noreturn))
end_formatted(enum verdict verdict, const char *format, va_list arguments)
{
	char reason[REASON_SIZE];

	vsnprintf(reason, sizeof(reason), format, arguments);
	end_with(verdict, reason);
}

void unsupported(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	end_formatted(UNSUPPORTED, format, arguments);
	va_end(arguments);
}

void broken(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	end_formatted(BROKEN, format, arguments);
	va_end(arguments);
}
