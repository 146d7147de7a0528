/* SPDX-License-Identifier: MIT */
/* The harness: an experiment file declares, the harness runs.
 *
 * An experiment is one C file that defines `const struct experiment experiment`
 * and is linked with this library, which brings main().  The program runs every
 * arm, and every trial of it, in a fresh process (fork and exec of itself) under
 * the same pinned conditions, collects the rows, lets judge() state what was to
 * be expected, and prints one annotated CSV on stdout (docs/result_format.md).
 *
 * Exit status: 0 reproduced, 1 refuted, 3 inconclusive, 77 unsupported, 2 broken.
 */
#ifndef TOUCHSTONE_EXPERIMENT_H
#define TOUCHSTONE_EXPERIMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "end.h"
#include "probe.h"

#define KiB INT64_C(1024)
#define MiB (1024 * KiB)
#define GiB (1024 * MiB)

/* ---- the declaration ------------------------------------------------------ */

enum {
	MAX_ARMS = 16,
	MAX_KNOBS = 8,
	MAX_TRIALS = 1000,
	STAGE_SIZE = 64, /* bytes of a stage's name, closing NUL included */
};

/* A number the reader may change on the command line: name=value, K/M/G allowed. */
struct knob {
	const char *name;
	int64_t *value;      /* holds the default until the command line is read */
	const char *unit;    /* "bytes": shown as such, and held to the machine's RAM */
	const char *meaning; /* one line for --help */
	int64_t least;       /* smallest value that makes sense; 0 stands for 1 */
	int64_t most;        /* largest; 0: the machine's RAM for bytes, else no limit */
};

/* One condition, as in a clinical trial. */
struct arm {
	const char *name;
	void (*run)(void);
	bool control;              /* shows that the test could have failed */
	const char *environment;   /* "NAME=value NAME=value" for this arm, or NULL; an arm
				  * whose LD_PRELOAD is not installed is left out */
	void (*before_exec)(void); /* in the new process, before the program starts
				    * again: for what only exec() applies, such as
				    * personality(2) or the stack limit; or NULL */
};

/* How the chart script draws the result when no same-named .gp file does. */
enum chart {
	CHART_LINES,  /* charted columns over x, as growth since the arm's first row */
	CHART_STEPS,  /* the same as a step line: for what moves in jumps */
	CHART_STAGES, /* charted columns over the stages, in the order recorded */
	CHART_BARS,   /* one bar per arm and stage: the last value of y, or of growth */
	CHART_DOTS,   /* every trial a dot, the median a line: for timings */
};

/* What `make predict` asks before it measures, and the measured number that answers:
 * how far a column moved in an arm, as growth() has it.  Without one, it asks about
 * the first charted column of the first arm. */
struct prediction {
	const char *asked;    /* "How much becomes resident when 5 KiB are written?" */
	const char *measured; /* a column; "y": as it stands under the stage, no growth;
			       * "jump of COLUMN": the x at which it first moved */
	const char *arm;
	const char *from, *to; /* stages; NULL: the arm's first row, its last row */
	const char *against;   /* another arm: how many times as much as there is asked */
	const char *because;   /* why that number: told beside the prediction, after the run */
};

struct experiment {
	const char *claim;      /* the sentence, as it is told */
	const char *asked;      /* the question as asked in class or in an interview */
	const char *instead;    /* for folklore that fails today: what is true instead */
	const char *hypothesis; /* for a fork of another experiment: what the change should show */
	const char *x_axis;     /* what x counts, with its unit: "bytes written" */
	const char *y_axis;     /* what y is, with its unit, where record_y() is used */
	const char *charted;    /* names of columns to draw, separated by blanks */
	enum chart chart;
	const char *chart_options; /* by blanks: "log-x", "log-y", "mark=128K:as_told" across
				    * at that value, "mark-x=0:fork" upright at that x; in
				    * a mark's label '_' stands for a blank */
	struct knob knobs[MAX_KNOBS];
	struct arm arms[MAX_ARMS];
	void (*judge)(void);
	unsigned probe;           /* probe_extras */
	int trials;               /* how often each arm runs; 0 stands for 1 */
	bool warm_up;             /* run one more trial first and drop it: for timings */
	int rows;                 /* most rows one arm records; 0 stands for 1024 */
	const char *observe_with; /* knob settings, by blanks, for the observer's pass, where
				   * the full number of records would take it too long */
	const char *deep;         /* knob settings for DEEP=1: longer, finer */
	bool film;                /* show the heap's chunks and pages at every record: film.h */
	/* asked by `make predict` */
	struct prediction predict;
};

extern const struct experiment experiment;

/* ---- in an arm ------------------------------------------------------------ */

/* Takes a snapshot and keeps it as one row.  Rows go to memory that was mapped
 * and touched before the arm began, so recording moves no number.  A stage's name
 * has up to 63 bytes, no comma, quote or newline. */
void record(const char *stage, int64_t x);

/* The same with a quantity of the experiment's own; its meaning is .y_axis. */
void record_y(const char *stage, int64_t x, int64_t y);

/* Has the parent run a shell command while this arm stands still (SIGSTOP), with
 * its process ID in $PID and this program's path in $PROGRAM, and gives the first
 * whole number the command prints.  `strace $PROGRAM --bare="name of an arm"` and
 * the like measure an arm from outside.
 * A tool that is missing makes the experiment unsupported; a command that fails, takes
 * longer than time_limit or prints no number makes it broken. */
int64_t ask(const char *command);

/* fork(2) for an arm: in the child too, record() shows the process that calls it,
 * and the child dies with its parent.  wait_for() takes the child's end; one that
 * did not exit with 0 makes the experiment broken. */
pid_t fork_arm(void);
void wait_for(pid_t child);

/* ---- in judge() ----------------------------------------------------------- */

struct row {
	char stage[STAGE_SIZE];
	int64_t x, y; /* y is NOT_MEASURED after record() */
	struct snapshot is;
};

/* Whether an arm ran: false where what it preloads is not installed. */
bool arm_ran(const char *arm);

/* How far each column moved in an arm from the first row of one stage to the
 * last row of another; the median over the trials, column by column. */
struct snapshot growth(const char *arm, const char *from, const char *to);

/* The n-th row (from 0) that an arm recorded under a stage, NULL past the last;
 * any stage when that is NULL.  Each number is the median over the trials.  Good
 * until the next call. */
const struct row *nth_row(const char *arm, const char *stage, int n);

/* The one y recorded under a stage. */
int64_t y_of(const char *arm, const char *stage);

/* An expectation says what the claim predicts; where one fails, the claim is
 * refuted.  A control says what the instrument must show where the cause is
 * absent; where one fails, the run is inconclusive.  Bounds are inclusive.  A
 * value that is NOT_MEASURED makes the experiment unsupported. */
void expect_between(const char *what, int64_t least, int64_t actual, int64_t most);
void expect_equal(const char *what, int64_t expected, int64_t actual);
void control_between(const char *what, int64_t least, int64_t actual, int64_t most);
void control_equal(const char *what, int64_t expected, int64_t actual);

/* Timings are compared as ratios, trial by trial (interleaved, so both shared
 * the machine's mood), and judged by their quartiles: held when three quarters
 * of the ratios are on the right side of the bound, failed when three quarters
 * are on the wrong side, and unclear - the run is inconclusive - in between. */
struct samples {
	int count;
	double value[MAX_TRIALS];
};
struct samples growth_samples_at(const char *arm, const char *from, const char *to, size_t column);
#define growth_samples(arm, from, to, column) \
	growth_samples_at(arm, from, to, offsetof(struct snapshot, column))
struct samples samples_of_y(const char *arm, const char *stage);
/* CPU time, ns, in the program and in the kernel: what the scheduler gives to others
 * meanwhile is not counted.  The sum is exact; only its parts are estimated (getrusage(2)). */
struct samples cpu_time(const char *arm, const char *from, const char *to);
struct samples ratio(struct samples of, struct samples to);
double median_of(struct samples samples);
void expect_at_least(const char *what, double bound, struct samples samples);
void expect_at_most(const char *what, double bound, struct samples samples);
void control_at_least(const char *what, double bound, struct samples samples);
void control_at_most(const char *what, double bound, struct samples samples);

/* ---- what the harness takes from the experiment's file -------------------- */

/* The text of the source is part of the program: --help shows the comment the
 * reader is looking at, and never that of another version. */
extern const char experiment_source[], experiment_source_end[], experiment_path[];
#ifdef TOUCHSTONE_LIBRARY
/* A file without the declaration links all the same, and main() says what is missing. */
#pragma weak experiment
#pragma weak experiment_source
#pragma weak experiment_path
#else
__asm__(".pushsection .rodata\n"
	".globl experiment_source, experiment_source_end, experiment_path\n"
	"experiment_source: .incbin \"" __BASE_FILE__ "\"\n"
	"experiment_source_end: .byte 0\n"
	"experiment_path: .asciz \"" __BASE_FILE__ "\"\n"
	".popsection");
#endif

#endif
