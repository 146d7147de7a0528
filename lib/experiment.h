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
	MAX_ARMS = 32,
	MAX_KNOBS = 8,
	MAX_MARKS = 4,
	MAX_STAGES = 16,
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

/* A line across the chart at a value of y, or upright at a value of x, with a label. */
struct mark {
	char axis; /* 'x' or 'y' */
	int64_t value;
	const char *label;
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
	const char *hypothesis; /* for a copy of another experiment: what the change should show */
	const char *x_axis;     /* what x counts, with its unit: "bytes written" */
	const char *x_unit;  /* "bytes" or "ns", which are scaled to MiB, ms ...; NULL: a count */
	const char *y_axis;  /* what y is, with its unit, where record_y() is used */
	const char *y_unit;  /* as x_unit */
	const char *charted; /* names of columns to draw, separated by blanks */
	enum chart chart;
	bool log_x, log_y; /* logarithmic axes */
	struct mark marks[MAX_MARKS];
	/* One more than there may be: what is filled in there was one too many, and is refused. */
	struct knob knobs[MAX_KNOBS + 1];
	struct arm arms[MAX_ARMS + 1];
	void (*judge)(void);
	unsigned probe;                 /* probe_extras */
	int trials;                     /* how often each arm runs; 0 stands for 1 */
	bool warm_up;                   /* run one more trial first and drop it: for timings */
	const char *stages[MAX_STAGES]; /* those whose names reach record() in a variable */
	int rows;                       /* most rows one arm records; 0 stands for 1024 */
	const char *observe_with;       /* knob settings, by blanks, for the observer's pass, where
				   * the full number of records would take it too long */
	const char *deep;               /* knob settings for DEEP=1: longer, finer */
	bool film;        /* show the heap's chunks and pages at every record: film.h */
	bool address_map; /* draw the address space of each arm at its last record */
	/* asked by `make predict` */
	struct prediction predict;
};

extern const struct experiment experiment;

/* ---- in an arm ------------------------------------------------------------ */

/* Takes a snapshot and keeps it as one row.  Rows go to memory that was mapped
 * and touched before the arm began, so recording moves no number.  A stage's name
 * has up to 63 bytes, no comma, quote or newline.  It is best a literal, which the
 * compiler lists for --list and .predict; a name that comes in a variable has to stand
 * in .stages.
 *
 *   void record(const char *stage, int64_t x);
 *
 * Records also a quantity of the experiment's own; its meaning is .y_axis.
 *
 *   void record_y(const char *stage, int64_t x, int64_t y);
 */
#define record(stage, x) record_y(stage, x, NOT_MEASURED)
#define record_y(stage, x, y)                                                                       \
	({                                                                                          \
		static struct stage_name name_ = {                                                  \
			__builtin_choose_expr(__builtin_constant_p(stage), (stage), NULL), __LINE__ \
		};                                                                                  \
		static struct stage_name *listed_                                                   \
			__attribute__((section("stage_names"), used)) = &name_;                     \
		record_at(__LINE__, stage, x, y);                                                   \
	})

/* The linker gathers the stages that the compiler finds in calls of record() in one section. */
struct stage_name {
	const char *name; /* NULL: the name comes in a variable */
	int line;
};
void record_at(int line, const char *stage, int64_t x, int64_t y);

/* Ends this arm for a reason that does not concern the others: it cannot be carried out on this
 * machine.  Its rows are dropped, arm_ran() says no, and the result names the reason. */
void leave_out(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

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
	int line;     /* of the source, where it was recorded */
	int64_t x, y; /* y is NOT_MEASURED after record() */
	struct snapshot is;
};

/* Returns whether an arm ran: not where it was left out, or what it preloads is not installed. */
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

/* Returns how many rows of an arm under a stage have this y. */
int64_t rows_with_y(const char *arm, const char *stage, int64_t y);

/* Returns "ARM: SENTENCE", for findings that are stated of several arms.  Good until the next
 * call. */
const char *about(const char *arm, const char *sentence);

/* An expectation says what the claim predicts; where one fails, the claim is
 * refuted.  A control says what the instrument must show where the cause is
 * absent; where one fails, the run is inconclusive.  Bounds are inclusive.  A
 * value that is NOT_MEASURED makes the experiment unsupported.
 *
 *   void expect_between(const char *sentence, const char *unit,
 *                       int64_t least, int64_t actual, int64_t most);
 *   void expect_equal(const char *sentence, const char *unit, int64_t expected, int64_t actual);
 *
 * and control_between(), control_equal().  The unit is what the numbers count: "bytes" and "ns"
 * are shown as KiB, ms and so on; any other word ("faults", "pages", "calls") stands behind the
 * number as it is.  The result also names the source line, and the arms that judge() has read since
 * the finding before (growth(), nth_row() and so on): so read the numbers of a finding in its
 * arguments or just above it. */
#define expect_between(sentence, unit, least, actual, most) \
	find_between(false, __LINE__, sentence, unit, least, actual, most)
#define expect_equal(sentence, unit, expected, actual) \
	find_equal(false, __LINE__, sentence, unit, expected, actual)
#define control_between(sentence, unit, least, actual, most) \
	find_between(true, __LINE__, sentence, unit, least, actual, most)
#define control_equal(sentence, unit, expected, actual) \
	find_equal(true, __LINE__, sentence, unit, expected, actual)
void find_between(bool control, int line, const char *sentence, const char *unit, int64_t least,
		  int64_t actual, int64_t most);
void find_equal(bool control, int line, const char *sentence, const char *unit, int64_t expected,
		int64_t actual);

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
/*   void expect_at_least(const char *sentence, double bound, struct samples ratios);
 *
 * and expect_at_most(), control_at_least(), control_at_most().  Their unit is "times". */
#define expect_at_least(sentence, bound, ratios) \
	find_beyond(false, __LINE__, sentence, 1, bound, ratios)
#define expect_at_most(sentence, bound, ratios) \
	find_beyond(false, __LINE__, sentence, -1, bound, ratios)
#define control_at_least(sentence, bound, ratios) \
	find_beyond(true, __LINE__, sentence, 1, bound, ratios)
#define control_at_most(sentence, bound, ratios) \
	find_beyond(true, __LINE__, sentence, -1, bound, ratios)
/* sign +1: at least the bound; -1: at most. */
void find_beyond(bool control, int line, const char *sentence, int sign, double bound,
		 struct samples ratios);

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
