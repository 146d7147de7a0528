/* SPDX-License-Identifier: MIT */
/* What the parts of the harness know of each other; experiments do not include it.
 *
 *   main.c     the order of events
 *   options.c  the command line, knobs, --help, --list
 *   trial.c    the parent's side of one arm: fresh process, time limit, pauses
 *   arm.c      the arm's side: warm-up, record(), ask()
 *   judge.c    rows -> expectations -> verdict
 *   result.c   the CSV
 */
#ifndef TOUCHSTONE_HARNESS_H
#define TOUCHSTONE_HARNESS_H

#include <stdio.h>

#include "experiment.h"

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
/* The argument vector that starts this program again as one arm. */
char **options_for_arm(char *program, const struct arm *arm, int shared_fd);
/* Calls visit() for each knob, the experiment's own and the harness's. */
void for_each_knob(void (*visit)(const struct knob *knob));
int64_t machine_ram_bytes(void);

void arm_run(void) __attribute__((noreturn));
void arm_run_bare(void) __attribute__((noreturn));
bool in_an_arm(void);

void trial_run(const struct arm *arm, int number, bool keep);
/* Whether every library that the arm preloads can be loaded. */
bool trial_can_run(const struct arm *arm);

void judge_run(void); /* ends the program */

/* One finding of judge(), as it stands in the result. */
struct finding {
	bool control;
	const char *outcome; /* "held", "failed", "unclear" */
	const char *what;
	char numbers[160];
};
extern struct finding *findings;
extern int finding_count;

/* Prints what stands above a result about the experiment itself, with the knobs as they are set. */
void declaration_print(void);
/* Prints the result.  False with errno where stdout cannot be written. */
bool result_write(enum verdict verdict, const char *reason);
/* Prints the findings, the reason and the verdict, as they stand below the rows. */
void result_print_judgement(FILE *to, enum verdict verdict, const char *reason);

#endif
