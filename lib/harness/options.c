/* SPDX-License-Identifier: MIT */
/* Reads the command line: options, knobs, --help and --list. */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h> /* program_invocation_name */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "memory_limit.h"

struct options options = { .trials = 1, .time_limit = 60, .shared_fd = -1 };

static struct knob harness_knobs[] = {
	{ "trials", &options.trials, "", "how often each arm runs, interleaved", 1, MAX_TRIALS },
	{ "time_limit", &options.time_limit, "s", "longest time one arm may take", 1, 86400 },
	{ 0 },
};

int64_t machine_ram_bytes(void)
{
	return (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
}

void for_each_own_knob(void (*visit)(const struct knob *knob))
{
	for (const struct knob *knob = experiment.knobs;
	     knob < experiment.knobs + MAX_KNOBS && knob->name != NULL; knob++)
		visit(knob);
}

void for_each_setting(void (*visit)(const struct knob *knob))
{
	for (const struct knob *knob = harness_knobs; knob->name != NULL; knob++)
		visit(knob);
}

static void for_each_knob(void (*visit)(const struct knob *knob))
{
	for_each_own_knob(visit);
	for_each_setting(visit);
}

/* The search of find_knob(). */
static const char *sought_name;
static size_t sought_length;
static const struct knob *knob_found;

static void keep_if_it_has_the_name(const struct knob *knob)
{
	if (strlen(knob->name) == sought_length &&
	    strncmp(knob->name, sought_name, sought_length) == 0)
		knob_found = knob;
}

/* Returns the knob with that name, NULL where there is none. */
static const struct knob *find_knob(const char *name, size_t length)
{
	sought_name = name;
	sought_length = length;
	knob_found = NULL;
	for_each_knob(keep_if_it_has_the_name);
	return knob_found;
}

/* The values of the experiment's own knobs before the command line was read. */
static int64_t defaults[MAX_KNOBS];

static void keep_default(const struct knob *knob)
{
	defaults[knob - experiment.knobs] = *knob->value;
}

const char *asked_with(void)
{
	static char text[MAX_KNOBS * STAGE_SIZE];
	size_t length = 0;

	text[0] = '\0';
	for (int i = 0; i < MAX_KNOBS && experiment.knobs[i].name != NULL; i++) {
		const struct knob *knob = &experiment.knobs[i];
		if (knob->in_claim && *knob->value != defaults[i] && length < sizeof(text))
			length += (size_t)snprintf(text + length, sizeof(text) - length,
						   "%s%s=%lld", length > 0 ? " " : "", knob->name,
						   (long long)*knob->value);
	}
	return text;
}

static void print_name(const struct knob *knob)
{
	fprintf(stderr, " %s", knob->name);
}

static bool is_bytes(const struct knob *knob)
{
	return strcmp(knob->unit, "bytes") == 0;
}

static int64_t least_of(const struct knob *knob)
{
	return knob->least != 0 || knob->may_be_zero ? knob->least : 1;
}

static int64_t most_of(const struct knob *knob)
{
	if (knob->most != 0)
		return knob->most;
	if (!is_bytes(knob))
		return INT64_MAX - 1; /* see parse_size() */
	int64_t allowed = memory_limit("").bytes, ram = machine_ram_bytes();
	return allowed < ram ? allowed : ram;
}

/* Parses a whole number with an optional K, M or G (powers of 1,024).  A number that does not
 * fit becomes INT64_MIN or INT64_MAX, which no knob allows. */
static bool parse_size(const char *text, int64_t *size)
{
	char *end;
	long long number = strtoll(text, &end, 10); /* LLONG_MAX for any larger number */

	if (end == text || isspace((unsigned char)text[0]) || text[0] == '+')
		return false;
	int64_t unit = 1;
	if (*end != '\0') {
		const char *at = strchr("KkMmGg", *end);
		if (at == NULL || end[1] != '\0')
			return false;
		unit = (int64_t)1 << (10 * (1 + (at - "KkMmGg") / 2));
	}
	if (__builtin_mul_overflow((int64_t)number, unit, size))
		*size = number < 0 ? INT64_MIN : INT64_MAX;
	return true;
}

static void set_knob(const char *setting)
{
	size_t length = strcspn(setting, "=");
	const struct knob *knob = find_knob(setting, length);
	const char *text = setting + length + 1;
	int64_t value;

	if (setting[length] != '=')
		usage_error("\"%s\" is neither an option nor a knob setting (name=value); see --help",
			    setting);
	if (knob == NULL) {
		fprintf(stderr,
			"%s: there is no knob \"%.*s\"; there are:", program_invocation_short_name,
			(int)length, setting);
		for_each_knob(print_name);
		fputc('\n', stderr);
		exit(BROKEN);
	}
	if (!parse_size(text, &value))
		usage_error("%s: \"%s\" is not a whole number (K, M or G may follow it)",
			    knob->name, text);
	if (value < least_of(knob))
		usage_error("%s: %s is below %lld, the least that makes sense", knob->name, text,
			    (long long)least_of(knob));
	if (options.arm == NULL && value > most_of(knob)) /* an arm is given the defaults, too */
		usage_error("%s: %s is above %lld, %s", knob->name, text, (long long)most_of(knob),
			    knob->most == 0 && is_bytes(knob) ?
				    "the memory that a process may take here" :
				    "the most that makes sense");
	*knob->value = value;
}

/* ---- --help and --list ---------------------------------------------------- */

/* Prints the comment at the top of the source, without the comment marks, the licence line and
 * the line that names the experiment it was copied from. */
static void print_source_comment(void)
{
	const char *at = experiment_source, *end = strstr(at, "*/\n");

	while (end != NULL &&
	       (strncmp(at, "/* SPDX", 7) == 0 || strncmp(at, "/* copy of ", 11) == 0)) {
		at = end + 3;
		end = strstr(at, "*/\n");
	}
	if (end == NULL || strncmp(at, "/*", 2) != 0)
		return;
	for (at += 2; at < end;) {
		const char *line_end = memchr(at, '\n', (size_t)(end - at));
		if (line_end == NULL)
			line_end = end;
		if (strncmp(at, " * ", 3) == 0)
			at += 3;
		else if (strncmp(at, " *", 2) == 0)
			at += 2;
		else
			at += *at == ' ';
		if (line_end > at || line_end < end)
			printf("%.*s\n", (int)(line_end - at), at);
		at = line_end + 1;
	}
}

static void print_knob(const struct knob *knob)
{
	char setting[64];

	snprintf(setting, sizeof(setting), "%s=%lld", knob->name, (long long)*knob->value);
	printf("  %-24s %s%s%s (%lld to ", setting, knob->meaning, knob->unit[0] ? ", " : "",
	       knob->unit, (long long)least_of(knob));
	if (most_of(knob) < INT64_MAX - 1)
		printf("%lld)\n", (long long)most_of(knob));
	else
		printf("any number)\n");
}

static void print_arms(void)
{
	FOR_EACH_ARM(arm)
		printf("  %s%s%s%s\n", arm->name, arm->control ? " (control)" : "",
		       arm->environment ? "  " : "", arm->environment ? arm->environment : "");
}

static void __attribute__((noreturn)) help(void)
{
	printf("claim: %s\nasked: %s\n\n", experiment.claim, experiment.asked);
	print_source_comment();
	printf("\nUSAGE: %s [option ...] [knob=value ...]\n\nknobs (K, M, G allowed):\n",
	       program_invocation_name);
	for_each_knob(print_knob);
	printf("\narms:\n");
	print_arms();
	printf("\noptions:\n"
	       "  --step             stop at each record(), show the PID, wait for Enter\n"
	       "  --list             print the arms and stages\n"
	       "  --declaration      print the lines of the result that describe the experiment\n"
	       "  --aslr             leave address space layout randomisation on\n"
	       "  --huge-pages       leave transparent huge pages as the machine has them\n"
	       "  --tunables=TEXT    GLIBC_TUNABLES for every arm that sets none\n"
	       "  --bare=ARM         run one arm alone, in this process, under the conditions of the\n"
	       "                     shell, recording nothing: for strace, perf, valgrind, gdb\n"
	       "  --help             print this text\n"
	       "\nenvironment: OBSERVER=program runs a program at each record(), with the arguments\n"
	       "PID ARM STAGE TRIAL X; LD_PRELOAD=library puts another malloc under every arm that\n"
	       "sets none.\n"
	       "exit status: 0 reproduced, 1 refuted, 3 inconclusive, 77 unsupported, 2 broken\n"
	       "source: %s\n",
	       experiment_path);
	exit(0);
}

static void print_stage(const char *name)
{
	printf("  %s\n", name);
}

static void __attribute__((noreturn)) list(void)
{
	printf("arms:\n");
	print_arms();
	printf("stages:\n");
	for_each_stage(print_stage);
	exit(0);
}

/* ---- reading -------------------------------------------------------------- */

enum { HELP = 256, LIST, DECLARATION, STEP, ASLR, HUGE_PAGES, TUNABLES, BARE, ARM, SHARED_FD };

static const struct option known_options[] = {
	{ "help", no_argument, NULL, HELP },
	{ "list", no_argument, NULL, LIST },
	{ "declaration", no_argument, NULL, DECLARATION },
	{ "step", no_argument, NULL, STEP },
	{ "aslr", no_argument, NULL, ASLR },
	{ "huge-pages", no_argument, NULL, HUGE_PAGES },
	{ "tunables", required_argument, NULL, TUNABLES },
	{ "bare", required_argument, NULL, BARE },
	/* The program starts itself again as an arm with these two; readers do not use them. */
	{ "arm", required_argument, NULL, ARM },
	{ "shared-fd", required_argument, NULL, SHARED_FD },
	{ 0 },
};

static void take_option(int option)
{
	switch (option) {
	case HELP: help();
	case LIST: list();
	case DECLARATION: options.declaration = true; break;
	case STEP: options.step = true; break;
	case ASLR: options.aslr = true; break;
	case HUGE_PAGES: options.huge_pages = true; break;
	case TUNABLES: options.tunables = optarg; break;
	case BARE: options.bare = optarg; break;
	case ARM: options.arm = optarg; break;
	case SHARED_FD: options.shared_fd = atoi(optarg); break;
	default: exit(BROKEN); /* getopt_long() has said why */
	}
}

static void set_knobs(const char *settings)
{
	char *copy = strdup(settings);

	for (char *setting = strtok(copy, " "); setting != NULL; setting = strtok(NULL, " "))
		set_knob(setting);
}

static bool is_set(const char *variable)
{
	const char *value = getenv(variable);
	return value != NULL && value[0] != '\0' && strcmp(value, "0") != 0;
}

void options_read(int argc, char **argv)
{
	int option;

	declaration_check();
	for_each_own_knob(keep_default);
	if (experiment.trials > 0)
		options.trials = experiment.trials;
	while ((option = getopt_long(argc, argv, "", known_options, NULL)) != -1)
		take_option(option);
	if (options.arm == NULL) { /* an arm is given every knob, and must not allocate here */
		if (experiment.deep != NULL && is_set("DEEP"))
			set_knobs(experiment.deep);
		if (experiment.observe_with != NULL && is_set("OBSERVER"))
			set_knobs(experiment.observe_with);
	}
	for (int i = optind; i < argc; i++)
		set_knob(argv[i]);
}

static char **arguments;
static int argument_count;

static void __attribute__((format(printf, 1, 2))) add_argument(const char *format, ...)
{
	va_list values;
	char *text;

	va_start(values, format);
	if (vasprintf(&text, format, values) < 0)
		_exit(BROKEN);
	va_end(values);
	arguments = realloc(arguments, (size_t)(argument_count + 2) * sizeof(*arguments));
	if (arguments == NULL)
		_exit(BROKEN);
	arguments[argument_count++] = text;
	arguments[argument_count] = NULL;
}

static void add_knob(const struct knob *knob)
{
	add_argument("%s=%lld", knob->name, (long long)*knob->value);
}

/* Called in the process that becomes the arm, so the memory is never freed. */
char **options_for_arm(char *program, const struct arm *arm, int shared_fd)
{
	add_argument("%s", program);
	add_argument("--arm=%s", arm->name);
	add_argument("--shared-fd=%d", shared_fd);
	for_each_knob(add_knob);
	return arguments;
}
