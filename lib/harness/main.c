/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "film.h"
#include "harness.h"
#include "heap_report.h"

/* Removes settings of malloc that come from the reader's shell: they would be a hidden
 * condition.  LD_PRELOAD is kept on purpose: with it, anyone can put another malloc under
 * the whole suite. */
static void clear_malloc_settings(void)
{
	for (char **entry = environ; *entry != NULL;) {
		if (strncmp(*entry, "MALLOC_", 7) == 0 ||
		    strncmp(*entry, "GLIBC_TUNABLES=", 15) == 0) {
			char *name = strndup(*entry, strcspn(*entry, "="));
			unsetenv(name);
			free(name);
			entry = environ;
		} else {
			entry++;
		}
	}
	if (options.tunables != NULL)
		setenv("GLIBC_TUNABLES", options.tunables, 1);
}

/* Sets the conditions that all arms share.  They are inherited over fork() and exec(). */
static void pin_conditions(void)
{
	clear_malloc_settings();
	conditions_pin();
}

static void run_arm(const struct arm *arm, int trial)
{
	if (why_left_out(arm) == NULL)
		trial_run(arm, trial, trial > 0 ? MEASURED : DROPPED);
}

/* Films each arm in a trial of its own, since watching the writes moves what is measured. */
static void film_arms(void)
{
	if (!film_is_wanted())
		return;
	FOR_EACH_ARM(arm) {
		if (why_left_out(arm) == NULL)
			trial_run(arm, 0, FILMED);
	}
}

/* Runs the arms in turn, and in every second trial in the reverse order: A B C, C B A, A B C.  So
 * where the machine becomes slower or faster little by little, no arm has the advantage of coming
 * first. */
static void run_all_trials(void)
{
	int arms = 0;

	FOR_EACH_ARM(arm)
		arms++;
	trial_leave_out_missing();
	/* The observer's run measures no time, so it needs no warm-up. */
	int first = experiment.warm_up && getenv("OBSERVER") == NULL ? 0 : 1;
	for (int trial = first; trial <= options.trials; trial++)
		for (int i = 0; i < arms; i++)
			run_arm(&experiment.arms[trial % 2 == 1 ? i : arms - 1 - i], trial);
}

/* Ends the program: prints the result on stdout, and writes the film. */
static void write_everything(enum verdict verdict, const char *reason)
{
	/* Who went step by step on a terminal has read the numbers; the table would scroll them away. */
	bool for_a_reader = options.step && isatty(STDOUT_FILENO);

	if (!for_a_reader && !result_write(verdict, reason)) {
		fprintf(stderr, "%s: cannot write the result: %s\n", program_invocation_short_name,
			strerror(errno));
		exit(BROKEN);
	}
	if (!film_write())
		exit(BROKEN);
	/* For the reader whose stdout goes to a file, too. */
	if (for_a_reader || !isatty(STDOUT_FILENO)) {
		fprintf(stderr, "%s\n", experiment.claim);
		result_print_judgement(stderr, verdict, reason);
	}
	if (asked_with()[0] != '\0')
		fprintf(stderr, "with %s, not as told\n", asked_with());
	if (verdict == REFUTED && experiment.instead != NULL)
		fprintf(stderr, "instead: %s\n", experiment.instead);
	exit((int)verdict);
}

int main(int argc, char **argv)
{
	if (&experiment == NULL || experiment.judge == NULL || experiment.arms[0].name == NULL) {
		fprintf(stderr,
			"%s: this program holds no complete `const struct experiment experiment`"
			" (claim, arms, judge): see docs/first_experiment.md\n",
			argv[0]);
		return BROKEN;
	}
	options_read(argc, argv);
	if (options.declaration) {
		declaration_print();
		return 0;
	}
	if (options.arm != NULL)
		arm_run();
	if (options.bare != NULL)
		arm_run_bare();
	end_by(write_everything);
	if (experiment.about_glibc)
		must_be_glibc();
	pin_conditions();
	film_is_wanted(); /* ends the program now, and not after the measuring, where it must */
	run_all_trials();
	film_arms();
	judge_run();
}
