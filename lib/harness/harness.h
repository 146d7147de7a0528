/* SPDX-License-Identifier: MIT */
/* The interfaces between the files of the harness.  Experiments do not include this header.
 *
 *   main.c         calls the others in order
 *   options.c      reads the command line: options, knobs, --help, --list
 *   conditions.c   sets the conditions that all arms share, and tells what became of them
 *   declaration.c  checks what the experiment declares, and finds its arms and stages
 *   environment.c  the environment of an arm, which is of one size
 *   trial.c        the parent's side of a trial: a fresh process, its time limit, its pauses
 *   arm.c          the arm's side of a trial: warm-up, record(), ask()
 *   find_row.c     finds a row of one run
 *   rows.c         reads the rows of all trials: growth(), nth_row() ...
 *   judge.c        findings -> verdict
 *   result.c       prints the CSV
 */
#ifndef TOUCHSTONE_HARNESS_H
#define TOUCHSTONE_HARNESS_H

#include <pthread.h>
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

/* Memory that the parent, an arm's process and the arm's children all map. */
struct shared {
	/* written by the parent before the arm starts */
	pid_t harness;         /* the parent */
	int capacity;          /* rows that fit */
	bool pause_at_records; /* stand still at each record() */
	int film_fd;           /* the memory file that the arm films to; -1: no film */

	/* Held by whoever is in record() or ask().  So the threads and children of an arm take
	 * turns, also in standing still for an observer.  It is robust (see
	 * pthread_mutexattr_setrobust(3)): a child that is killed in record() stops nobody. */
	pthread_mutex_t turn;

	/* written by the arm, in its turn */
	int begun, count;          /* calls of record() that began; rows that are whole */
	int64_t still_ns, left_ns; /* how long the arm's clock stood still; when it went on */
	bool started;              /* the warm-up is over, the arm's function runs */
	bool waiting;              /* the arm stopped itself and wants to be continued */
	pid_t subject;             /* the process that stopped itself: the arm, or its child */
	enum verdict ended;        /* how the arm ended early; REPRODUCED: it did not */
	char reason[REASON_SIZE];  /* why the arm ended early */
	bool left_out;             /* the arm ended by leave_out() */
	char command[REASON_SIZE]; /* of ask(); empty: the pause is for a record() */
	char resident_source[16], malloc_source[16];

	/* written by the parent while the arm is stopped */
	int64_t answer; /* what ask() returns */

	struct row rows[];
};

/* The rows of one trial of one arm. */
struct run {
	const struct arm *arm;
	int trial;
	int count;
	struct row *rows;
	/* Which row find_row() found last, and how many of its stage come before it. */
	int found_at, found_nth;
};
extern struct run *runs;

extern int run_count;
/* Returns the n-th row (from 0) under a stage, or under any where stage is NULL.  Returns NULL where
 * there are fewer. */
const struct row *find_row(struct run *run, const char *stage, int n);
/* Returns the last row under a stage, NULL where there is none. */
const struct row *last_row(const struct run *run, const char *stage);
/* Returns the row.  Where it is NULL, ends the experiment as broken: judge() asked for a stage
 * that was not recorded, so a name in its source is wrong. */
const struct row *must_have_row(const struct row *row, const char *arm, const char *stage);
/* Returns why an arm was left out, NULL where it was not. */
const char *why_left_out(const struct arm *arm);
/* What probe_resident_source() and probe_malloc_source() returned in the last arm. */
extern char resident_source[16], malloc_source[16];

struct options {
	int64_t trials, time_limit; /* knobs of the harness: every experiment has them */
	bool step, aslr, huge_pages;
	bool declaration;     /* print the declaration, and measure nothing */
	const char *tunables; /* GLIBC_TUNABLES for every arm, or NULL */
	const char *bare;     /* run this arm alone, in this process, recording nothing */
	/* set in an arm's process only */
	const char *arm;
	int shared_fd;
};
extern struct options options;

/* Checks the declaration, and reads the command line into options and the knobs. */
void options_read(int argc, char **argv);
/* Prints what is wrong with the command line or the declaration, and ends with status 2. */
void usage_error(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
/* Returns the argument vector that starts this program again as one arm. */
char **options_for_arm(char *program, const struct arm *arm, int shared_fd);
/* Returns the environment of an arm, which has the same size whatever the shell's is. */
char **environment_for_arm(const struct arm *arm, const char *program, char *const *arguments);
/* Calls visit() for each knob that the experiment declares. */
void for_each_own_knob(void (*visit)(const struct knob *knob));
/* Calls visit() for each knob of the harness: trials, time_limit. */
void for_each_setting(void (*visit)(const struct knob *knob));
/* Returns "bits=47 pages=3": the knobs that stand in the claim's sentence and do not have their
 * default; an empty text where there are none. */
const char *asked_with(void);
/* Returns the arm of that name, NULL where there is none. */
const struct arm *find_arm(const char *name);
/* Returns the bytes of RAM of this machine: sysconf(3), _SC_PHYS_PAGES. */
int64_t machine_ram_bytes(void);

/* Sets the conditions that all arms share: no flags of personality(2) but ADDR_NO_RANDOMIZE, no
 * transparent huge pages, enough files. */
void conditions_pin(void);
/* Return what became of them, for the result. */
const char *aslr_condition(void);
const char *personality_condition(void);
const char *huge_pages_condition(void);
/* Returns the flags of this process's personality(2); 0 where it cannot be read. */
int personality_flags(void);
/* Returns the soft limit that the reader's shell set on a resource (getrlimit(2)), INT64_MAX where
 * there is none.  An arm may have set itself another one. */
int64_t reader_limit(int resource);
/* Ends the experiment because a file of so many bytes could not be made; errno says why.
 * Unsupported where the shell limits the size of a file (ulimit -f), else broken. */
void file_was_refused(const char *file, int64_t bytes) __attribute__((noreturn));
/* The process that has the limits of the reader's shell: the parent, in an arm; 0: this one. */
extern pid_t limits_of;

/* Runs the arm that --arm names, and ends the process. */
void arm_run(void) __attribute__((noreturn));
/* Runs the arm that --bare names, recording nothing, and ends the process. */
void arm_run_bare(void) __attribute__((noreturn));
/* Returns whether this process is an arm, or a child of an arm. */
bool in_an_arm(void);

/* What becomes of a trial: its rows are added to runs, it is filmed (film.h), or nothing. */
enum trial_use { MEASURED, FILMED, DROPPED };
/* Runs one trial of one arm in a fresh process. */
void trial_run(const struct arm *arm, int number, enum trial_use use);
/* Leaves out the arms whose preloaded library cannot be loaded. */
void trial_leave_out_missing(void);

/* Returns the names of the arms whose rows judge() has read for its next finding, joined by ", ";
 * the caller frees them.  NULL where there is no memory. */
char *names_of_arms_read(void);
/* Ends the experiment as unsupported where the number was not measured. */
void must_be_measured(const char *sentence, int64_t actual);

/* Calls judge(), and ends the program with the verdict. */
void judge_run(void);

/* One finding of judge(). */
struct finding {
	enum finding_kind kind;
	const char *outcome; /* "held", "failed", "unclear" */
	char *sentence;
	const char *unit;  /* of the numbers: "bytes", "faults", "times" ... */
	char *arms;        /* the arms whose rows judge() read for it, joined by ", " */
	int line;          /* of the source */
	int trials;        /* of a ratio; 0: what was judged is no ratio */
	int beyond;        /* of them, those on the right side of the bound */
	double doubt;      /* how likely so many are on the wrong side by chance */
	char numbers[160]; /* "0 <= 4096 <= 8192": docs/result_format.md */
};
extern struct finding *findings;
extern int finding_count;

/* Refuses a declaration that names a column, stage or arm which does not exist, or that has too
 * many entries, before anything is measured and before a prediction is asked for. */
void declaration_check(void);
/* Prints the lines above a result that describe the experiment, with the knobs as they are set. */
void declaration_print(void);
/* Calls visit() once for each stage: first those that the compiler found, in the order of the
 * source, then those of .stages. */
void for_each_stage(void (*visit)(const char *name));
/* Returns whether for_each_stage() visits that name. */
bool is_a_stage(const char *name);
/* Prints the result.  Returns false with errno where stdout cannot be written. */
bool result_write(enum verdict verdict, const char *reason);
/* Prints the findings, the reason and the verdict, as they are printed below the rows. */
void result_print_judgement(FILE *to, enum verdict verdict, const char *reason);

#endif
