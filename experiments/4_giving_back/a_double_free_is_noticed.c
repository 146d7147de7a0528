/* SPDX-License-Identifier: MIT */
/* glibc notices a double free only where it happens to look.
 *
 * A freed block is a link of a list, and a block that is in a list twice will be given to two
 * owners.  To find out, free() would have to search all lists.  It looks only at what is near:
 *
 * - tcache_put() in malloc/malloc.c writes a key into the freed block.  When free() finds the
 *   key there, it searches the thread's cache for the block, and aborts (since glibc 2.29).
 *   A program that has written to the block after free() may have destroyed the key.
 * - Once the cache is full, small blocks go to a fastbin, up to glibc 2.42.  There _int_free()
 *   compares the block only with the first one of the list ("fasttop").  So it does not notice
 *   that a is freed, then b, then a again.
 *
 * A double free that is not noticed is worse than one that aborts: the two owners write into
 * each other's data, far from the error.
 *
 * Each arm does its frees in a child.  If the child survives, it allocates blocks of the same
 * size, and compares whether two of them have the same address.
 *
 * Controls: after a single free() nothing is noticed, and no block has two owners.  And
 * valgrind, whose memcheck replaces malloc and remembers every block, must see the free() that
 * glibc does not notice.
 * Try: free(a) twice in a program that is built with gcc -fsanitize=address.  What does it
 * print that abort() does not tell?
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "experiment.h"
#include "memory.h"

enum {
	BLOCK = 40,
	CACHED = 17, /* more freed blocks of one size than the thread's cache holds: 7, since 2.43 16 */
	AGAIN = 2 * CACHED
};

/* The command that runs the arm "after another" once more, under memcheck, and prints
 * how many calls of free() it found wrong; -1 when the last line of its report is missing. */
#define WRONG_FREES                                                    \
	"valgrind \"$PROGRAM\" --bare='after another' 2>&1 | awk '"    \
	"/ERROR SUMMARY/ { complete = 1 } /Invalid free/ { wrong++ } " \
	"END { print complete ? wrong + 0 : -1 }'"

static char *volatile a, *volatile b, *volatile in_cache[CACHED];

static void fill_the_cache(void)
{
	for (int i = 0; i < CACHED; i++)
		free(in_cache[i]);
}

/* free(3) behind a pointer: tools that look for double frees in the source need not report these. */
static void (*volatile release)(void *block) = free;

static void free_once(void)
{
	release(a);
}

static void free_twice(void)
{
	release(a);
	release(a);
}

/* Writes the second word of the block: there lies the key (struct tcache_entry). */
static void free_write_free(void)
{
	release(a);
	((volatile size_t *)a)[1] = 0;
	release(a);
}

static void free_a_b_a(void)
{
	fill_the_cache();
	release(a);
	release(b);
	release(a);
}

/* Returns whether two of the next blocks are the same one. */
static bool a_block_has_two_owners(void)
{
	const void *again[AGAIN];

	for (int i = 0; i < AGAIN; i++) {
		again[i] = must_malloc(BLOCK);
		for (int j = 0; j < i; j++)
			if (again[j] == again[i])
				return true;
	}
	return false;
}

/* Ends with 1 where a block has two owners, else with 0; by abort() where glibc notices. */
static void __attribute__((noreturn)) be_the_child(void (*frees)(void))
{
	prctl(PR_SET_DUMPABLE, 0);                        /* so that it leaves no core file */
	dup2(open("/dev/null", O_WRONLY), STDERR_FILENO); /* what abort() has to say */
	frees();
	_exit(a_block_has_two_owners());
}

/* Records whether glibc noticed what the frees do, and whether a block has two owners. */
static void watch(void (*frees)(void))
{
	int status;

	for (int i = 0; i < CACHED; i++)
		in_cache[i] = must_malloc(BLOCK);
	a = must_malloc(BLOCK);
	b = must_malloc(BLOCK);
	must_malloc(BLOCK); /* keeps them from the top */
	pid_t child = fork_arm();
	if (child == 0)
		be_the_child(frees);
	if (waitpid(child, &status, 0) != child)
		broken("waitpid: %m");
	record_y("noticed", 0, WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	record_y("two owners", 0, WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

static void once(void)
{
	watch(free_once);
}

static void a_a(void)
{
	watch(free_twice);
}

static void a_write_a(void)
{
	watch(free_write_free);
}

static void a_b_a(void)
{
	watch(free_a_b_a);
}

static void valgrind(void)
{
	if (ask("command -v valgrind >/dev/null; echo $?") != 0)
		leave_out("valgrind is not installed: scripts/setup installs it");
	must_have_memory(64 * MiB); /* what memcheck itself takes, and more */
	int64_t wrong = ask(WRONG_FREES);
	if (wrong < 0)
		leave_out("valgrind does not run this program: see what `valgrind PROGRAM --list` says");
	record_y("wrong calls of free()", 0, wrong);
}

static void judge(void)
{
	static const char *const twice[] = { "at once", "after a write", "after another" };

	control_equal("freed once: abort()", "times", 0, y_of("once", "noticed"));
	control_equal("freed once: blocks with two owners", "blocks", 0, y_of("once", "two owners"));
	for (int i = 0; i < 3; i++)
		expect_equal(about(twice[i], "double frees that end in abort()"), "double frees", 1,
			     y_of(twice[i], "noticed"));
	/* Which of the two depends on the version: since glibc 2.43 there are no fastbins. */
	instead_equal("after another: abort(), or a block with two owners", "of the two", 1,
		      y_of("after another", "noticed") + y_of("after another", "two owners"));
	instead_equal("after a write: blocks with two owners", "blocks", 1,
		      y_of("after a write", "two owners"));
	if (arm_ran("valgrind"))
		control_equal("after another: wrong calls of free() that valgrind sees", "calls", 1,
			      y_of("valgrind", "wrong calls of free()"));
}

const struct experiment experiment = {
	.claim = "glibc notices a double free",
	.asked = "What happens when a block is freed twice?",
	.instead = "glibc aborts when the block is freed again at once. Where the program has written "
		   "to it in between, nothing is noticed, and two owners get the block. Up to glibc "
		   "2.42 that is also so for a, b, a, once the thread's cache is full.",
	.y_axis = "whether it happened, 1 or 0",
	.charted = "y",
	.chart = CHART_BARS,
	.annotate = { { "{after a write: blocks with two owners} with two owners", "after a write",
			"two owners" } },
	.arms = { { "once", once, .control = true },
		  { "at once", a_a },
		  { "after a write", a_write_a },
		  { "after another", a_b_a },
		  { "valgrind", valgrind, .control = true } },
	.predict = { "A block is freed, written to, and freed again. How many blocks do two "
		     "owners get afterwards?",
		     "y", "after a write", .to = "two owners",
		     .because = "The write has destroyed the key by which free() knows a block of "
				"its cache. So the block is in the cache twice." },
	.judge = judge,
	.about_glibc = true,
};
