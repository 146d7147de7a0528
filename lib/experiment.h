/* SPDX-License-Identifier: MIT */
/* What an experiment declares, what its arms record, and how it is judged.
 *
 * An experiment is one C file that defines `const struct experiment experiment`
 * and is linked with this library, which brings main().  The program runs every
 * arm, and every trial of it, in a fresh process (fork and exec of itself) under
 * the same pinned conditions, collects the rows, calls judge(), and prints one
 * annotated CSV on stdout (docs/result_format.md).
 *
 * Numbers are int64_t.  Their unit is in the name (_bytes, _ns, _count), or in the
 * field next to them that is called `unit`.
 *
 * Errors.  No function here returns an error.  One that cannot do its work ends the
 * experiment with a sentence that says why (end.h), and so does a declaration that
 * names a column, stage or arm which does not exist.
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
	MAX_ANNOTATIONS = 4,
	MAX_STAGES = 16,
	MAX_TRIALS = 1000,
	RESULT_FORMAT = 2, /* of results and films: docs/result_format.md */
	STAGE_SIZE = 64,   /* bytes of a stage's name, closing NUL included */
};

/* A number that the reader may change on the command line: name=value, where K, M or G
 * (powers of 1,024) may follow the value. */
struct knob {
	const char *name;
	int64_t *value;      /* holds the default until the command line is read */
	const char *unit;    /* "bytes", "ns", "s" ...; "" for a count */
	const char *meaning; /* one line for --help */
	int64_t least;       /* smallest value that makes sense; 0 stands for 1 ... */
	int64_t most;        /* largest; 0: for bytes, the machine's RAM or a control group's limit,
			      * else no limit */
	bool may_be_zero;    /* ... and where this is true, for 0 */
	bool in_claim;       /* the claim's sentence names its default: with another value the
			      * result says "with NAME=VALUE, not as told" */
};

/* One condition, as in a clinical trial. */
struct arm {
	const char *name;
	void (*run)(void);
	bool control;               /* the cause is absent: shows that the test could have failed */
	const char *environment;    /* "NAME=value NAME=value" for this arm, or NULL; an arm
				    * whose LD_PRELOAD is not installed is left out */
	void (*before_exec)(void);  /* called in the new process before exec(), for settings
				    * that take effect at exec(), such as personality(2)
				    * or the stack limit; or NULL */
	void (*before_probe)(void); /* called in the arm's process before the probe is opened:
				     * ask() can be used, record() cannot; or NULL */
};

/* How the chart script draws the result when no same-named .gp file does. */
enum chart {
	CHART_LINES,  /* charted columns over x, as growth since the arm's first row */
	CHART_STEPS,  /* as CHART_LINES, but with steps: for columns that move in jumps */
	CHART_STAGES, /* charted columns over the stages, in the order recorded */
	CHART_BARS,   /* one bar per arm and stage: the last value of y, or of growth */
	CHART_DOTS,   /* every trial a dot, the median a line: for timings */
	CHART_RATIOS, /* the ratios that judge() found: for timings beside those of other arms */
	CHART_SLOPES, /* what one more of x costs in y, for each arm: for prices */
	CHART_VALUES, /* the last value of each arm, a dot each: y at each stage, or growth; each stage
		       * or column in a panel of its own */
	CHART_PAGES, /* squares, one for each page: resident memory, or y, at each stage */
	CHART_FORMS, /* how many there are */
};

/* A labelled line in the chart: upright at a value of x, or level at a value of y. */
struct mark {
	char axis; /* 'x' or 'y' */
	int64_t value;
	const char *label;
};

/* A few words in the chart, at a point of an arm's first curve.  A piece of a finding's sentence in
 * braces stands for the number that it measured: "{each step of the break} at a time". */
struct annotation {
	const char *text;
	const char *arm;   /* NULL: the first arm */
	const char *stage; /* at its last record in this stage; NULL: at .x */
	int64_t x;
};

/* The question that `make predict` asks before it measures, and the measured number that
 * answers it: how far a column moved in an arm between two stages, as growth() computes
 * it.  Where the declaration has no question, `make predict` asks how far the first charted
 * column moves in the first arm that is no control. */
struct prediction {
	const char *asked;    /* "How much becomes resident when 5 KiB are written?" */
	const char *measured; /* a column, how far it moved; or "y", its last value (how far it
				* moved, where .from is given); or "jump of COLUMN", the x at
				* which the column first moved */
	const char *arm;
	const char *from, *to; /* stages; NULL: the arm's first row, the arm's last row */
	const char *against;   /* another arm: the question is how many times its number */
	const char *because;   /* why the number is what it is: printed after the run */
};

struct experiment {
	const char *claim;      /* the sentence, as it is told */
	const char *asked;      /* the question, as it is asked in class or in an interview */
	const char *instead;    /* for a sentence that fails today: what is true instead */
	const char *hypothesis; /* for a copy of another experiment: what the change should show */
	const char *x_axis;     /* what x counts, with its unit: "bytes written" */
	const char *x_unit;  /* "bytes" or "ns", which are scaled to MiB, ms ...; NULL: a count */
	const char *y_axis;  /* what y is, with its unit, where record_y() is used */
	const char *y_unit;  /* as x_unit */
	const char *charted; /* names of the columns to draw, separated by blanks */
	enum chart chart;
	bool log_x, log_y; /* logarithmic axes */
	/* Each list has one place more than is allowed, so that one entry too many is refused. */
	struct mark marks[MAX_MARKS + 1];
	struct annotation annotate[MAX_ANNOTATIONS + 1];
	struct knob knobs[MAX_KNOBS + 1];
	struct arm arms[MAX_ARMS + 1];
	void (*judge)(void);
	bool about_glibc; /* the claim is about glibc's malloc: unsupported with another one */
	unsigned probe;   /* columns beyond the cheap ones: enum probe_extras */
	int trials;       /* how often each arm runs; 0 stands for 1 */
	bool warm_up;     /* run one more trial first and drop it: for timings */
	const char *stages[MAX_STAGES + 1]; /* stages whose names reach record() in a variable */
	int rows;                           /* most rows that one arm records; 0 stands for 1,024 */
	const char *observe_with; /* knob settings for the observer's run, separated by blanks,
				   * where it would take too long to observe every record */
	const char *deep;         /* knob settings for DEEP=1: longer, finer */
	bool film;                /* show the heap's chunks and pages at every record: film.h */
	bool address_map;         /* draw the first two arms, each at its last record */
	struct prediction predict;
};

extern const struct experiment experiment;

/* ---- in an arm ------------------------------------------------------------ */

/* Takes a snapshot and keeps it as one row.  The row goes to memory that was mapped
 * and touched before the arm began, so recording moves no number.
 *
 *   void record(const char *stage, int64_t x);
 *   void record_y(const char *stage, int64_t x, int64_t y);
 *
 * x and y are quantities of the experiment's own, described by .x_axis and .y_axis;
 * NOT_MEASURED leaves the cell empty.  A stage's name has up to 63 bytes and no comma,
 * quote or newline.  Write it as a literal: the compiler then lists it for --list and
 * .predict.  A name that comes in a variable must be listed in .stages.
 *
 * Threads of the arm and children of fork_arm() may record at the same time.  They take turns, so
 * the rows are whole, and in the order in which they were recorded.  Do not call it from a signal
 * handler.
 *
 * Ends the experiment as broken where the arm has already recorded .rows rows, and where a thread
 * or a child ended in the middle of record().
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

/* One call of record(): the linker gathers them all in one section of the program. */
struct stage_name {
	const char *name; /* NULL: the name comes in a variable */
	int line;         /* of the source */
};
void record_at(int line, const char *stage, int64_t x, int64_t y);

/* Ends this arm alone, because it cannot be carried out on this machine; the other arms
 * run.  The arm's rows are dropped, arm_ran() returns false, and the result gives the reason. */
void leave_out(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* Returns the first whole number that a shell command prints.  The parent runs the command
 * while this arm stands still (SIGSTOP), with the arm's process ID in $PID and the path of
 * this program in $PROGRAM.  So `strace $PROGRAM --bare="name of an arm"` and the like can
 * measure an arm from outside.  Returns 0 under --bare, where there is no parent.
 *
 * Ends the experiment as unsupported where the tool is missing, and as broken where the
 * command fails, takes longer than time_limit, or prints no number. */
int64_t ask(const char *command);

/* Calls fork(2) for an arm and returns what it returns: 0 in the child, the child's process
 * ID in the arm.  In the child, record() shows the child's own numbers; the child is killed
 * when the arm ends.  Broken where no process can be created. */
pid_t fork_arm(void);

/* Waits until a child that fork_arm() created ends.  Broken where it did not exit with 0. */
void wait_for(pid_t child);

/* ---- in judge() ----------------------------------------------------------- */

/* One call of record(). */
struct row {
	char stage[STAGE_SIZE];
	int line;     /* of the source, where it was recorded */
	int64_t x, y; /* y is NOT_MEASURED after record() */
	struct snapshot is;
};

/* The functions below read the recorded rows.  Where an arm ran several trials, they give
 * the median over the trials, for each column on its own; where one of the trials could not
 * measure a column, NOT_MEASURED.  An arm that did not run, or a stage that it did not
 * record, ends the experiment as broken. */

/* Returns whether an arm ran: false where it was left out, or where the library that it
 * preloads is not installed. */
bool arm_ran(const char *arm);

/* Returns how far each column moved in an arm, from the first row of one stage to the
 * last row of another. */
struct snapshot growth(const char *arm, const char *from, const char *to);

/* Returns the n-th row (from 0) that an arm recorded under a stage, or under any stage where
 * that is NULL; returns NULL past the last row.  The row is valid until the next call. */
const struct row *nth_row(const char *arm, const char *stage, int n);

/* Returns how many rows an arm recorded under a stage; where trials differ, the fewest. */
int64_t rows_under(const char *arm, const char *stage);

/* Returns how many of these rows follow: one column has grown since the first row of the stage
 * `from` by what x says, in every trial, give or take `slack`.  It judges what happens step by
 * step, where growth() judges only the sum.
 *
 *   int64_t rows_that_follow(const char *arm, const char *from, const char *stage, column,
 *                            int64_t (*expected)(int64_t x), int64_t slack);
 *
 * column is the name of a field of struct snapshot.  expected() returns, for the x of a row, how
 * much the column must have grown; NULL stands for x itself.  Unsupported where a row lacks the
 * column. */
int64_t rows_that_follow_at(const char *arm, const char *from, const char *stage, size_t column,
			    int64_t (*expected)(int64_t x), int64_t slack);
#define rows_that_follow(arm, from, stage, column, expected, slack) \
	rows_that_follow_at(arm, from, stage, offsetof(struct snapshot, column), expected, slack)

/* Returns a number that judge() computes with.  Ends the experiment as unsupported where it is
 * NOT_MEASURED; the name is for that sentence. */
int64_t measured(int64_t value, const char *name);

/* What judge() computes in place of a number for what did not happen.  No bounds hold for it, and
 * the result says "never". */
#define NEVER INT64_MAX

/* Returns the y of the first row that an arm recorded under a stage. */
int64_t y_of(const char *arm, const char *stage);

/* Returns how many rows of an arm under a stage have this y. */
int64_t rows_with_y(const char *arm, const char *stage, int64_t y);

/* Returns "ARM: SENTENCE", for a sentence that is stated for several arms.  The text is valid
 * until the next call. */
const char *about(const char *arm, const char *sentence);

/* An expectation says what the claim predicts; where one fails, the claim is refuted.  A control
 * says what the instrument must show where the cause is absent, or that what the sentence speaks
 * of is there at all; where one fails, the run is inconclusive.  A finding that begins with
 * instead_ measures what .instead says; where one fails, a refuted claim is "refuted, and not for
 * the reason that is known".  Bounds are inclusive.  A value that is NOT_MEASURED makes the
 * experiment unsupported.
 *
 *   void expect_between(const char *sentence, const char *unit,
 *                       int64_t least, int64_t actual, int64_t most);
 *   void expect_equal(const char *sentence, const char *unit, int64_t expected, int64_t actual);
 *   void expect_each_between(const char *sentence, const char *unit,
 *                            int64_t least, struct samples actual, int64_t most);
 *   void expect_each_equal(const char *sentence, const char *unit,
 *                          int64_t expected, struct samples actual);
 *
 * control_between(), instead_between() and so on have the same arguments.  The two with "each"
 * judge every trial, and the others the median that growth() returns.  The unit is what the
 * numbers count: "bytes" and "ns" are shown as KiB, ms and so on; any other word ("faults",
 * "pages", "calls") is printed after the number as it is.  The result also names the line of the
 * source, and the arms whose rows judge() has read (with growth(), nth_row() and so on) since the
 * previous finding.  So read the rows in the arguments of a finding, or just above it. */
enum finding_kind { EXPECT, CONTROL, INSTEAD };
#define expect_between(...) find_between(EXPECT, __LINE__, __VA_ARGS__)
#define expect_equal(...) find_equal(EXPECT, __LINE__, __VA_ARGS__)
#define expect_each_between(...) find_each_between(EXPECT, __LINE__, __VA_ARGS__)
#define expect_each_equal(...) find_each_equal(EXPECT, __LINE__, __VA_ARGS__)
#define control_between(...) find_between(CONTROL, __LINE__, __VA_ARGS__)
#define control_equal(...) find_equal(CONTROL, __LINE__, __VA_ARGS__)
#define control_each_between(...) find_each_between(CONTROL, __LINE__, __VA_ARGS__)
#define control_each_equal(...) find_each_equal(CONTROL, __LINE__, __VA_ARGS__)
#define instead_between(...) find_between(INSTEAD, __LINE__, __VA_ARGS__)
#define instead_equal(...) find_equal(INSTEAD, __LINE__, __VA_ARGS__)
#define instead_each_between(...) find_each_between(INSTEAD, __LINE__, __VA_ARGS__)
#define instead_each_equal(...) find_each_equal(INSTEAD, __LINE__, __VA_ARGS__)
void find_between(enum finding_kind kind, int line, const char *sentence, const char *unit,
		  int64_t least, int64_t actual, int64_t most);
void find_equal(enum finding_kind kind, int line, const char *sentence, const char *unit,
		int64_t expected, int64_t actual);

/* Timings are compared as ratios, trial by trial: the arms take turns, so both sides of a
 * ratio were measured at nearly the same time.  A ratio is judged by the sign test, which asks
 * nothing of how the ratios are spread.  It is held where so many trials are on the right side of
 * the bound that, if the true median were at the bound, this would happen in at most 5 % of the
 * runs: 5 of 5 trials, 7 of 8, 8 of 9, 9 of 11, 12 of 15.  It has failed where as many are on the
 * wrong side; a claim with several expectations on ratios asks for more, so that one of them fails
 * by chance in at most 5 % of the runs.  In between it is unclear, and the run is inconclusive.
 * So fewer than 5 trials decide nothing, and n expectations need 0.05 / n >= 1 / 2^trials. */

/* One value for each trial, in the order of the trials.  It is 8 KB, passed by value, so that
 * judge() can nest the calls below. */
struct samples {
	int count;
	double value[MAX_TRIALS];
};

/* Returns how far one column moved in each trial, as growth() does for the median of them.
 * Unsupported where a trial could not measure it.
 *
 *   struct samples growth_samples(const char *arm, const char *from, const char *to, column);
 *
 * where column is the name of a field of struct snapshot: resident_bytes. */
struct samples growth_samples_at(const char *arm, const char *from, const char *to, size_t column);
#define growth_samples(arm, from, to, column) \
	growth_samples_at(arm, from, to, offsetof(struct snapshot, column))

/* Returns, for each trial, the y of the first row under a stage. */
struct samples samples_of_y(const char *arm, const char *stage);

/* Returns the processor time, ns, that each trial spent in the program and in the kernel.  Time
 * in which other processes had the processor is not in it.  The sum is exact; how it divides
 * into the two parts is only estimated (getrusage(2)). */
struct samples cpu_time(const char *arm, const char *from, const char *to);

/* Divides the first samples by the second ones, trial by trial.  Broken where their numbers
 * differ, or a divisor is not above zero. */
struct samples ratio(struct samples of, struct samples to);

/* Returns the median: of an even number, the mean of the two in the middle; 0 of none. */
double median_of(struct samples samples);

/*   void expect_at_least(const char *sentence, double bound, struct samples ratios);
 *
 * expect_at_most(), control_at_least(), instead_at_most() and so on have the same arguments.
 * Their unit is "times". */
#define expect_at_least(...) find_beyond(EXPECT, __LINE__, 1, __VA_ARGS__)
#define expect_at_most(...) find_beyond(EXPECT, __LINE__, -1, __VA_ARGS__)
#define control_at_least(...) find_beyond(CONTROL, __LINE__, 1, __VA_ARGS__)
#define control_at_most(...) find_beyond(CONTROL, __LINE__, -1, __VA_ARGS__)
#define instead_at_least(...) find_beyond(INSTEAD, __LINE__, 1, __VA_ARGS__)
#define instead_at_most(...) find_beyond(INSTEAD, __LINE__, -1, __VA_ARGS__)
/* sign +1: at least the bound; -1: at most. */
void find_beyond(enum finding_kind kind, int line, int sign, const char *sentence, double bound,
		 struct samples ratios);
void find_each_between(enum finding_kind kind, int line, const char *sentence, const char *unit,
		       int64_t least, struct samples samples, int64_t most);
void find_each_equal(enum finding_kind kind, int line, const char *sentence, const char *unit,
		     int64_t expected, struct samples samples);

/* ---- what the harness takes from the experiment's file -------------------- */

/* The text of the source is part of the program, so that --help prints the comment of
 * exactly the version that runs. */
extern const char experiment_source[], experiment_source_end[], experiment_path[];
#ifdef TOUCHSTONE_LIBRARY
/* A file without the declaration still links, and main() says what is missing. */
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
