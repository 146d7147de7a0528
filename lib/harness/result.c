/* SPDX-License-Identifier: MIT */
/* Prints the result: one annotated CSV on stdout, as docs/result_format.md describes. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

#include "harness.h"
#include "memory_limit.h"
#include "procfs.h"
#include "small_file.h"

#ifndef COMPILER_FLAGS
#define COMPILER_FLAGS "unknown flags"
#endif

static const char *const verdict_names[] = {
	[REPRODUCED] = "reproduced",     [REFUTED] = "refuted",         [BROKEN] = "broken",
	[INCONCLUSIVE] = "inconclusive", [UNSUPPORTED] = "unsupported",
};

static const char *const chart_names[CHART_FORMS] = {
	[CHART_LINES] = "lines",   [CHART_STEPS] = "steps",   [CHART_STAGES] = "stages",
	[CHART_BARS] = "bars",     [CHART_DOTS] = "dots",     [CHART_RATIOS] = "ratios",
	[CHART_SLOPES] = "slopes", [CHART_VALUES] = "values", [CHART_PAGES] = "pages",
};

static void key(const char *name, const char *value)
{
	if (value != NULL && value[0] != '\0')
		printf("# %s: %s\n", name, value);
}

/* ---- the machine ---------------------------------------------------------- */

/* Prints the first line of a file, such as those of /proc/sys and /sys. */
static void key_from_file(const char *name, const char *path)
{
	char text[256];

	key(name, read_first_line(path, text, sizeof(text)) > 0 ? text : "unknown");
}

static void key_cpu(void)
{
	char text[8192], model[128] = "unknown";
	size_t length = read_small_file("/proc/cpuinfo", text, sizeof(text));

	procfs_text(text, length, "model name", model, sizeof(model));
	printf("# cpus: %ld x %s\n", sysconf(_SC_NPROCESSORS_ONLN), model);
}

static void key_container(void)
{
	const char *kind = "none found";

	if (access("/.dockerenv", F_OK) == 0)
		kind = "docker";
	else if (access("/run/.containerenv", F_OK) == 0)
		kind = "podman";
	else if (getenv("container") != NULL)
		kind = getenv("container");
	key("container", kind);
}

static void key_limit(const char *name, int resource)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
		key(name, "unlimited");
	else
		printf("# %s: %lld bytes\n", name, (long long)limit.rlim_cur);
}

static void key_memory_limit(void)
{
	struct memory_limit limit = memory_limit("");

	if (limit.bytes == INT64_MAX)
		key("memory_limit", "none");
	else
		printf("# memory_limit: %lld bytes, %s\n", (long long)limit.bytes, limit.path);
}

static void machine(void)
{
	struct utsname kernel;
	time_t now = time(NULL);
	char date[32];

	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
	key("measured", date);
	uname(&kernel);
	printf("# kernel: %s %s %s\n", kernel.sysname, kernel.release, kernel.machine);
#ifdef __GLIBC__
	key("glibc", gnu_get_libc_version());
#else
	key("glibc", "none: another libc");
#endif
	printf("# page_size: %ld bytes\n", sysconf(_SC_PAGESIZE));
	printf("# ram: %lld bytes\n", (long long)machine_ram_bytes());
	key_cpu();
	key_container();
	key_from_file("overcommit", "/proc/sys/vm/overcommit_memory");
	key_from_file("max_map_count", "/proc/sys/vm/max_map_count");
	key_from_file("legacy_va_layout", "/proc/sys/vm/legacy_va_layout");
	key_limit("stack_limit", RLIMIT_STACK);
	key_limit("virtual_limit", RLIMIT_AS);
	key_limit("data_limit", RLIMIT_DATA);
	key_memory_limit();
	key("compiler", __VERSION__);
	key("compiler_flags", COMPILER_FLAGS);
}

static void conditions(void)
{
	key("aslr", aslr_condition());
	key("personality", personality_condition());
	key("transparent_huge_pages", thp_setting());
	key("huge_pages", huge_pages_condition());
	key("tunables", options.tunables ? options.tunables : "none");
	key("preload", getenv("LD_PRELOAD") ? getenv("LD_PRELOAD") : "none");
	key("resident_source", resident_source);
	key("malloc_source", malloc_source);
}

/* ---- the experiment ------------------------------------------------------- */

static void print_axis(const char *name, const char *axis, const char *unit)
{
	if (axis != NULL)
		printf("# %s: %s | %s\n", name, axis, unit != NULL ? unit : "count");
}

static void print_marks(void)
{
	for (const struct mark *mark = experiment.marks;
	     mark < experiment.marks + MAX_MARKS && mark->label != NULL; mark++)
		printf("# mark: %c | %lld | %s\n", mark->axis, (long long)mark->value, mark->label);
}

/* Prints the text last, because it may contain a bar. */
static void print_annotations(void)
{
	for (const struct annotation *note = experiment.annotate;
	     note < experiment.annotate + MAX_ANNOTATIONS && note->text != NULL; note++)
		printf("# annotate: %s | %s | %lld | %s\n",
		       note->arm != NULL ? note->arm : experiment.arms[0].name,
		       note->stage != NULL ? note->stage : "", (long long)note->x, note->text);
}

/* Prints the question last, because it may contain a bar. */
static void print_prediction(const struct prediction *predict)
{
	const char *cells[] = { predict->measured, predict->arm, predict->from, predict->to,
				predict->against };

	if (predict->asked == NULL)
		return;
	printf("# predict:");
	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++)
		printf(" %s |", cells[i] != NULL ? cells[i] : "");
	printf(" %s\n", predict->asked);
	key("because", predict->because);
}

static void print_knob_as(const char *key, const struct knob *knob)
{
	printf("# %s: %s | %lld | %s | %s\n", key, knob->name, (long long)*knob->value,
	       knob->unit != NULL ? knob->unit : "", knob->meaning);
}

static void print_knob(const struct knob *knob)
{
	print_knob_as("knob", knob);
}

static void print_setting(const struct knob *knob)
{
	print_knob_as("setting", knob);
}

static void print_arm(const struct arm *arm)
{
	const char *why = why_left_out(arm);

	printf("# arm: %s | %s | ", arm->name, arm->control ? "control" : "test");
	if (why != NULL)
		printf("left out: %s |", why);
	else
		printf("%s|", arm_ran(arm->name) ? "ran " : "");
	printf("%s%s\n", arm->environment ? " " : "", arm->environment ? arm->environment : "");
}

void declaration_print(void)
{
	printf("# format: %d\n", RESULT_FORMAT);
	key("claim", experiment.claim);
	key("asked", experiment.asked);
	key("instead", experiment.instead);
	key("asked_with", asked_with());
	key("hypothesis", experiment.hypothesis);
	key("source", experiment_path);
	print_axis("x", experiment.x_axis, experiment.x_unit);
	print_axis("y", experiment.y_axis, experiment.y_unit);
	key("charted", experiment.charted);
	key("chart", chart_names[experiment.chart]);
	if (experiment.log_x || experiment.log_y)
		printf("# log:%s%s\n", experiment.log_x ? " x" : "", experiment.log_y ? " y" : "");
	print_marks();
	print_annotations();
	key("address_map", experiment.address_map ? "yes" : NULL);
	print_prediction(&experiment.predict);
	for_each_own_knob(print_knob);
	for_each_setting(print_setting);
	FOR_EACH_ARM(arm)
		print_arm(arm);
}

/* ---- rows and judgement --------------------------------------------------- */

static void cell(int64_t value)
{
	if (value == NOT_MEASURED)
		printf(",");
	else
		printf(",%lld", (long long)value);
}

static void rows(void)
{
	printf("arm,trial,stage,x,y");
#define COLUMN(name) printf(",%s", #name);
	SNAPSHOT_COLUMNS(COLUMN)
	printf(",line\n");
	for (const struct run *run = runs; run < runs + run_count; run++)
		for (const struct row *row = run->rows; row < run->rows + run->count; row++) {
			printf("%s,%d,%s", run->arm->name, run->trial, row->stage);
			cell(row->x);
			cell(row->y);
#undef COLUMN
#define COLUMN(name) cell(row->is.name);
			SNAPSHOT_COLUMNS(COLUMN)
#undef COLUMN
			printf(",%d\n", row->line);
		}
}

static const char *const kind_names[] = {
	[EXPECT] = "expect", [CONTROL] = "control", [INSTEAD] = "true_instead"
};

static bool a_ratio_was_judged(void)
{
	for (int i = 0; i < finding_count; i++)
		if (findings[i].trials > 0)
			return true;
	return false;
}

/* Returns what a reader is told beside the outcome: .instead is of a claim that is refuted, and what
 * does not hold of it elsewhere means nothing.  Scripts see the verdict themselves. */
static const char *beside_outcome(FILE *to, const struct finding *finding, enum verdict verdict)
{
	bool is_read = to != stdout || isatty(STDOUT_FILENO);

	if (is_read && finding->kind == INSTEAD && verdict != REFUTED &&
	    strcmp(finding->outcome, "held") != 0)
		return " (not judged here)";
	return "";
}

void result_print_judgement(FILE *to, enum verdict verdict, const char *reason)
{
	if (a_ratio_was_judged())
		fprintf(to, "# confidence: 95 %%\n");
	for (int i = 0; i < finding_count; i++)
		fprintf(to, "# %s: %s%s | %s | %s | %s | %d | %s\n", kind_names[findings[i].kind],
			findings[i].outcome, beside_outcome(to, &findings[i], verdict),
			findings[i].numbers, findings[i].unit, findings[i].arms, findings[i].line,
			findings[i].sentence);
	if (reason != NULL)
		fprintf(to, "# reason: %s\n", reason);
	fprintf(to, "# verdict: %s\n", verdict_names[verdict]);
}

bool result_write(enum verdict verdict, const char *reason)
{
	declaration_print();
	machine();
	conditions();
	rows();
	result_print_judgement(stdout, verdict, reason);
	return fflush(stdout) == 0 && !ferror(stdout);
}
