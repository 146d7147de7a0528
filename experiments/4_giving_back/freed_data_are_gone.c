/* SPDX-License-Identifier: MIT */
/* free() does not erase a block; the next owner of its memory finds the old data.
 *
 * A freed small block goes into the thread's cache (tcache_put() in malloc/malloc.c).  Two
 * words are written into it: the link of the list, and a key by which free() notices a
 * block that it has already.  All other bytes stay as they are.  The next malloc() of that size
 * takes the block that was freed last, and gives it out with what stands there.
 *
 * So a password or a key that was freed can be read in a block that the program got for
 * something else, in a core file, and through an error that shows too much of a buffer.  That
 * is why explicit_bzero(3) exists: memset() before free() may be removed by the compiler.  And a
 * program that reads a block before it has written it works by chance, as long as the old data
 * happen to be right.
 *
 * For sizes from 32 bytes up, a block is filled, freed, and asked for again.
 *
 * Controls: calloc() of the same size, and malloc() with the tunable glibc.malloc.perturb, which
 * overwrites freed blocks (free_perturb()), must leave no byte as it was.  Both run without the
 * thread's cache: not every glibc takes blocks for calloc() from there, or overwrites the blocks
 * in it.  A block with a mapping of its own is unmapped by free(), and who reads it gets SIGSEGV.
 * Try: --tunables=glibc.malloc.perturb=85, and the same with :glibc.malloc.tcache_count=0 behind
 * it.  Who would rely on the first one?
 */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "experiment.h"
#include "memory.h"

#define STAGE "bytes as before"

/* Where the data begin that free() leaves alone: behind the link and the key of tcache_put(). */
#define LINKS (2 * (int64_t)sizeof(void *))

enum { OLD_BYTE = 'P' };

static int64_t largest = 1024;
static int64_t mapped_bytes = 1 * MiB;

static void *by_malloc(int64_t bytes)
{
	return must_malloc(bytes);
}

static void *by_calloc(int64_t bytes)
{
	return must_calloc(bytes);
}

/* Fills a block, frees it, and asks for one of the same size.  Counts the bytes behind the links
 * that are as they were.  Returns whether the block lies where the first one lay. */
static bool free_and_allocate_again(void *(*allocate)(int64_t bytes), int64_t bytes)
{
	char *block = allocate(bytes);
	uintptr_t address = (uintptr_t)block;
	int64_t as_before = 0;

	for (int64_t i = 0; i < bytes; i++)
		block[i] = OLD_BYTE;
	free(block);
	block = allocate(bytes);
	for (int64_t i = LINKS; i < bytes; i++)
		as_before += block[i] == OLD_BYTE;
	record_y(STAGE, bytes - LINKS, as_before);
	return (uintptr_t)block == address;
}

static void all_sizes(void *(*allocate)(int64_t bytes))
{
	int64_t same_place = 0;

	wake_malloc();
	for (int64_t bytes = 32; bytes <= largest; bytes += 16)
		same_place += free_and_allocate_again(allocate, bytes);
	record("blocks in the same place", same_place);
}

static void malloc_again(void)
{
	all_sizes(by_malloc);
}

static void calloc_again(void)
{
	all_sizes(by_calloc);
}

/* A child reads a freed block that had a mapping of its own.  x is the signal that ends it. */
static void read_a_freed_mapping(void)
{
	int status;

	record("before", 0);
	char *volatile block =
		must_malloc(mapped_bytes); /* volatile: for the compiler it is not freed */
	record("allocated", 0);
	write_pages(block, mapped_bytes);
	free(block);
	pid_t child = fork_arm();
	if (child == 0) {
		prctl(PR_SET_DUMPABLE, 0); /* so that it leaves no core file */
		read_pages(block, 1);
		_exit(0);
	}
	if (waitpid(child, &status, 0) != child)
		broken("waitpid: %m");
	record("read after free()", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

/* Returns how many sizes of an arm kept all bytes behind the links (all), or none of them. */
static int64_t sizes_that_kept(const char *arm, bool all)
{
	const struct row *row;
	int64_t sizes = 0;

	for (int i = 0; (row = nth_row(arm, STAGE, i)) != NULL; i++)
		sizes += row->y == (all ? row->x : 0);
	return sizes;
}

static void judge(void)
{
	static const char *const again[] = { "malloc", "calloc", "perturbed" };
	int64_t sizes = (largest - 32) / 16 + 1;

	for (int i = 0; i < 3; i++)
		control_equal(about(again[i], "sizes whose second block lies where the first lay"),
			      "sizes", sizes, nth_row(again[i], "blocks in the same place", 0)->x);
	expect_equal("sizes of which no byte is as before", "sizes", sizes,
		     sizes_that_kept("malloc", false));
	instead_equal("sizes of which all bytes behind the first two words are as before", "sizes",
		      sizes, sizes_that_kept("malloc", true));
	for (int i = 1; i < 3; i++)
		control_equal(about(again[i], "sizes of which no byte is as before"), "sizes",
			      sizes, sizes_that_kept(again[i], false));
	control_equal("the large block has a mapping of its own", "mappings", 1,
		      growth("mapped block", "before", "allocated").mmapped_count);
	control_equal("who reads the freed mapping gets SIGSEGV", "(number of the signal)", SIGSEGV,
		      nth_row("mapped block", "read after free()", 0)->x);
}

#define NO_CACHE "glibc.malloc.tcache_count=0"

const struct experiment experiment = {
	.claim = "after free() the data are gone",
	.asked = "What stands in a block that was freed, when its memory is handed out again?",
	.instead = "All bytes but the first two words are as before, and the next malloc() of that size gives them "
		   "to its caller.",
	.x_axis = "bytes of the block behind its first two words",
	.x_unit = "bytes",
	.y_axis = "bytes that are as they were before free()",
	.y_unit = "bytes",
	.charted = "y",
	.annotate = { { "all bytes as before, in {sizes of which all bytes behind the first two words}",
			"malloc", STAGE } },
	.knobs = { { "largest", &largest, "bytes", "size of the largest block", 32, 1032 },
		   { "mapped", &mapped_bytes, "bytes",
		     "size of the block that has a mapping of its own", 256 * KiB, 1 * GiB } },
	.arms = { { "malloc", malloc_again },
		  { "calloc", calloc_again, .control = true,
		    .environment = "GLIBC_TUNABLES=" NO_CACHE },
		  { "perturbed", malloc_again, .control = true,
		    .environment = "GLIBC_TUNABLES=" NO_CACHE ":glibc.malloc.perturb=85" },
		  { "mapped block", read_a_freed_mapping, .control = true } },
	.predict = { "A block of 1,024 bytes is filled and freed. How many of the last 1,008 bytes of the "
		     "next block of that size are as before?",
		     "y", "malloc", .to = STAGE,
		     .because = "free() writes two words into the block and leaves the rest, and "
				"malloc() gives out the block as it is." },
	.judge = judge,
	.about_glibc = true,
};
