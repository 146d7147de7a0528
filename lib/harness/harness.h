/* SPDX-License-Identifier: MIT */
/* What the parts of the harness know of each other; experiments do not include it.
 *
 *   main.c     the order of events
 *   options.c  the command line, knobs, --help, --list
 *   declaration.c  what the experiment declares: checked, and printed above a result
 *   trial.c    the parent's side of one arm: fresh process, time limit, pauses
 *   arm.c      the arm's side: warm-up, record(), ask()
 *   judge.c    rows -> expectations -> verdict
 *   result.c   the CSV
 */
#ifndef TOUCHSTONE_HARNESS_H
#define TOUCHSTONE_HARNESS_H

#include <stdio.h>

#include "experiment.h"

/* Applies to each arm of the declaration. */
#define FOR_EACH_ARM(arm)                             \
	for (const struct arm *arm = experiment.arms; \
	     arm < experiment.arms + MAX_ARMS && arm->name != NULL; arm++)

/* The tunable glibc.malloc.hugetlb came with glibc 2.35. */
#ifdef __GLIBC_PREREQ
#define MALLOC_KNOWS_HUGE_PAGES __GLIBC_PREREQ(2, 35)
#else
#define MALLOC_KNOWS_HUGE_PAGES 0
#endif

/* Memory that the parent and an arm's process both map. */
struct shared {
	/* written by the parent before the arm starts */
	int capacity;          /* rows that fit */
	bool pause_at_records; /* stand still at each record() */
	int film_fd;           /* the memory file that the arm films to; -1: no film */

	/* written by the arm */
	int count;          /* rows recorded */
	bool started;       /* the warm-up is over, the arm's function runs */
	bool waiting;       /* the arm stopped itself and wants to be continued */
	pid_t subject;      /* who stands still: the arm, or its child */
	enum verdict ended; /* REPRODUCED: nothing said; or BROKEN, UNSUPPORTED with: */
	char reason[REASON_SIZE];
	bool left_out;              /* leave_out() was called, for the same reason */
	char question[REASON_SIZE]; /* of ask(); empty: the pause is for a record() */
	char resident_source[16], malloc_source[16];

	/* written by the parent while the arm stands still */
	int64_t answer;

	struct row rows[];
};

/* The rows of one trial of one arm. */
struct run {
	const struct arm *arm;
	int trial;
	int count;
	struct row *rows;
};
extern struct run *runs;
extern int run_count;
/* Why an arm was left out; NULL where it was not. */
const char *why_left_out(const struct arm *arm);
extern char resident_source[16], malloc_source[16];

struct options {
	int64_t trials, time_limit; /* knobs of the harness: every experiment has them */
	bool step, aslr, huge_pages;
	bool declaration;      /* print it, and measure nothing */
	const char *tunables;  /* GLIBC_TUNABLES for every arm, or NULL */
	bool aslr_was_refused; /* personality(2) would not switch it off */
	const char *bare;      /* run this arm alone, here, recording nothing */
	/* set in an arm's process only */
	const char *arm;
	int shared_fd;
};
extern struct options options;

void options_read(int argc, char **argv);
/* Prints what is wrong with the command line or the declaration, and ends with status 2. */
void usage_error(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
/* The argument vector that starts this program again as one arm. */
char **options_for_arm(char *program, const struct arm *arm, int shared_fd);
/* Call visit() for each knob of the experiment, and for each of the harness. */
void for_each_own_knob(void (*visit)(const struct knob *knob));
void for_each_setting(void (*visit)(const struct knob *knob));
/* The arm of that name, NULL where there is none. */
const struct arm *find_arm(const char *name);
int64_t machine_ram_bytes(void);

void arm_run(void) __attribute__((noreturn));
void arm_run_bare(void) __attribute__((noreturn));
bool in_an_arm(void);

void trial_run(const struct arm *arm, int number, bool keep);
/* Leaves out the arms whose preloaded library cannot be loaded. */
void trial_leave_out_missing(void);

void judge_run(void); /* ends the program */

/* One finding of judge(), as it stands in the result. */
struct finding {
	bool control;
	const char *outcome; /* "held", "failed", "unclear" */
	char *sentence;
	const char *unit;
	char *arms; /* whose rows judge() read for it, joined by ", " */
	int line;   /* of the source */
	char numbers[160];
};
extern struct finding *findings;
extern int finding_count;

/* Refuses a declaration that names a column, stage or arm which does not exist, or holds more than
 * fits: at once, before anything is measured or a prediction is asked for. */
void declaration_check(void);
/* Prints what stands above a result about the experiment itself, with the knobs as they are set. */
void declaration_print(void);
/* Calls visit() once for each stage: those that the compiler found, in the source's order, and
 * those of .stages. */
void for_each_stage(void (*visit)(const char *name));
bool is_a_stage(const char *name);
/* Prints "# name: value" where there is a value. */
void result_key(const char *name, const char *value);
/* Prints the result.  False with errno where stdout cannot be written. */
bool result_write(enum verdict verdict, const char *reason);
/* Prints the findings, the reason and the verdict, as they stand below the rows. */
void result_print_judgement(FILE *to, enum verdict verdict, const char *reason);

#endif
