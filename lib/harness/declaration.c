/* SPDX-License-Identifier: MIT */
/* Checks what an experiment declares, before anything runs. */
#define _GNU_SOURCE
#include <errno.h> /* program_invocation_short_name */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

void usage_error(const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(BROKEN);
}

/* ---- stages ---------------------------------------------------------------- */

/* The start and the end of the section that record() fills; ld(1) defines the two symbols. */
extern struct stage_name *first_listed[] __asm__("__start_stage_names") __attribute__((weak));
extern struct stage_name *end_of_listed[] __asm__("__stop_stage_names") __attribute__((weak));

static size_t listed_count(void)
{
	return ((uintptr_t)end_of_listed - (uintptr_t)first_listed) / sizeof(void *);
}

static int by_line(const void *a, const void *b)
{
	const struct stage_name *first = *(struct stage_name *const *)a;
	const struct stage_name *second = *(struct stage_name *const *)b;

	return first->line - second->line;
}

/* Returns whether one of the first entries of the section has that name. */
static bool is_listed(const char *name, size_t entries)
{
	for (size_t i = 0; i < entries; i++)
		if (first_listed[i]->name != NULL && strcmp(first_listed[i]->name, name) == 0)
			return true;
	return false;
}

void for_each_stage(void (*visit)(const char *name))
{
	/* The linker does not keep the order of the source. */
	qsort(first_listed, listed_count(), sizeof(void *), by_line);
	for (size_t i = 0; i < listed_count(); i++)
		if (first_listed[i]->name != NULL && !is_listed(first_listed[i]->name, i))
			visit(first_listed[i]->name);
	for (int i = 0; i < MAX_STAGES && experiment.stages[i] != NULL; i++)
		if (!is_listed(experiment.stages[i], listed_count()))
			visit(experiment.stages[i]);
}

bool is_a_stage(const char *name)
{
	for (int i = 0; i < MAX_STAGES && experiment.stages[i] != NULL; i++)
		if (strcmp(experiment.stages[i], name) == 0)
			return true;
	return is_listed(name, listed_count());
}

const struct arm *find_arm(const char *name)
{
	FOR_EACH_ARM(arm)
		if (strcmp(arm->name, name) == 0)
			return arm;
	return NULL;
}

/* ---- checks ---------------------------------------------------------------- */

static bool is_a_column(const char *name, size_t length)
{
#define COLUMN(column)                                                        \
	if (strlen(#column) == length && strncmp(#column, name, length) == 0) \
		return true;
	SNAPSHOT_COLUMNS(COLUMN)
#undef COLUMN
	return length == 1 && name[0] == 'y';
}

static void must_be_a_column(const char *field, const char *name, size_t length)
{
	if (!is_a_column(name, length))
		usage_error("%s names the column \"%.*s\", which no result has "
			    "(docs/result_format.md lists them)",
			    field, (int)length, name);
}

static void must_be_an_arm(const char *field, const char *name)
{
	if (name != NULL && find_arm(name) == NULL)
		usage_error("%s names the arm \"%s\", which is not in .arms (--list names them)",
			    field, name);
}

static void must_be_a_stage(const char *field, const char *name)
{
	if (name != NULL && !is_a_stage(name))
		usage_error("%s names the stage \"%s\", which no record() has (--list names them; one "
			    "that reaches record() in a variable must be listed in .stages)",
			    field, name);
}

/* Refuses a list in whose spare place something stands. */
static void must_fit(const char *list, const void *one_too_many, int most, const char *limit)
{
	if (one_too_many != NULL)
		usage_error("the declaration has more than %d %s: raise %s in lib/experiment.h",
			    most, list, limit);
}

static void check_arms(void)
{
	FOR_EACH_ARM(arm) {
		if (strpbrk(arm->name, ",\"\n|") != NULL)
			usage_error("arm \"%s\": an arm's name is a cell of a CSV file: no comma, "
				    "quote, newline or bar in it, please",
				    arm->name);
		if (find_arm(arm->name) != arm)
			usage_error("two arms are called \"%s\"", arm->name);
	}
}

static void check_charted(void)
{
	if (experiment.charted == NULL)
		return;
	for (const char *at = experiment.charted; *at != '\0';) {
		size_t length = strcspn(at, " ");
		must_be_a_column(".charted", at, length);
		at += length + strspn(at + length, " ");
	}
}

static void check_marks(void)
{
	for (const struct mark *mark = experiment.marks;
	     mark < experiment.marks + MAX_MARKS && mark->label != NULL; mark++)
		if (mark->axis != 'x' && mark->axis != 'y')
			usage_error(".marks: the mark \"%s\" needs an axis, 'x' or 'y'", mark->label);
}

static void check_annotations(void)
{
	for (const struct annotation *note = experiment.annotate;
	     note < experiment.annotate + MAX_ANNOTATIONS && note->text != NULL; note++) {
		must_be_an_arm(".annotate", note->arm);
		must_be_a_stage(".annotate", note->stage);
	}
}

static void check_prediction(const struct prediction *predict)
{
	static const char jump[] = "jump of ";

	if (predict->asked == NULL)
		return;
	if (predict->measured == NULL)
		usage_error(".predict asks \"%s\" and names no column in .measured", predict->asked);
	const char *column = predict->measured;
	if (strncmp(column, jump, strlen(jump)) == 0)
		column += strlen(jump);
	must_be_a_column(".predict", column, strlen(column));
	must_be_an_arm(".predict", predict->arm);
	must_be_an_arm(".predict", predict->against);
	must_be_a_stage(".predict", predict->from);
	must_be_a_stage(".predict", predict->to);
}

void declaration_check(void)
{
	if (experiment.trials > MAX_TRIALS)
		usage_error("the declaration asks for %d trials; the most is %d", experiment.trials,
			    MAX_TRIALS);
	must_fit("knobs", experiment.knobs[MAX_KNOBS].name, MAX_KNOBS, "MAX_KNOBS");
	must_fit("arms", experiment.arms[MAX_ARMS].name, MAX_ARMS, "MAX_ARMS");
	must_fit("marks", experiment.marks[MAX_MARKS].label, MAX_MARKS, "MAX_MARKS");
	must_fit("annotate", experiment.annotate[MAX_ANNOTATIONS].text, MAX_ANNOTATIONS,
		 "MAX_ANNOTATIONS");
	must_fit("stages", experiment.stages[MAX_STAGES], MAX_STAGES, "MAX_STAGES");
	if ((int)experiment.chart < 0 || experiment.chart >= CHART_FORMS)
		usage_error(".chart is %d, which is none of enum chart in lib/experiment.h",
			    (int)experiment.chart);
	check_arms();
	check_charted();
	check_marks();
	check_annotations();
	check_prediction(&experiment.predict);
}
