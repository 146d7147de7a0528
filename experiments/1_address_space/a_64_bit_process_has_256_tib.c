/* SPDX-License-Identifier: MIT */
/* "A 64-bit process has 48-bit addresses, so 256 TiB": half of it is missing.
 *
 * With four levels of page tables x86-64 translates 48 bits, and bits 48 to 63
 * must repeat bit 47.  So there are two halves: addresses that begin with zeros
 * are the program's, those that begin with ones the kernel's (Documentation/arch/
 * x86/x86_64/mm.rst).  The program has 47 bits: 128 TiB less one page
 * (TASK_SIZE_MAX).
 *
 * Processors with five levels (la57 in /proc/cpuinfo) translate 57 bits, but
 * mmap(2) still stays below 2^47 unless it is given a higher address as its
 * hint, because there are programs that keep other things in the upper bits of
 * a pointer (Documentation/arch/x86/x86_64/5level-paging.rst).
 *
 * On arm64 kernel and program have page tables of their own, so that under a kernel
 * built for 48-bit addresses the sentence is true (CONFIG_ARM64_VA_BITS; others are
 * built for 39, 47 or 52).  riscv64 is halved like x86-64, but with five levels gives all
 * of 2^56 unasked (Linux 6.12).  The program counts: it reserves addresses
 * until mmap gives no more, and looks for the first address it refuses.
 *
 * Control: under a limit of 1 TiB (RLIMIT_AS, `ulimit -v`) the same count must
 * find 1 TiB, to the byte.
 * Try: bits=47.
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "address_space.h"
#include "experiment.h"
#include "arm_limits.h"
#include "memory.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000 /* asm-generic/mman-common.h, since Linux 4.17 */
#endif

#define LIMIT_BYTES (1024 * GiB)

static int64_t bits = 48;

static void count(void *hint)
{
	record_y("all addresses", 0, reserve_all_addresses(hint));
}

static void without_hint(void)
{
	must_have_all_addresses();
	count(NULL);
}

static void with_high_hint(void)
{
	must_have_all_addresses();
	count((void *)(UINTPTR_MAX / (uintptr_t)page_bytes() * (uintptr_t)page_bytes()));
}

/* Whether no page can lie there; one that is taken already (EEXIST) can. */
static int is_refused(int64_t page)
{
	void *wanted = (void *)((uintptr_t)page * (uintptr_t)page_bytes());
	void *got = mmap(wanted, (size_t)page_bytes(), PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	return got == MAP_FAILED ? errno != EEXIST : got != wanted;
}

static void page_by_page(void)
{
	must_have_all_addresses();
	/* From the program's own pages on: the lowest ones are refused too (mmap_min_addr). */
	int64_t own = (int64_t)((uintptr_t)&bits / (uintptr_t)page_bytes());
	record_y("all addresses", 0,
		 first_value_where(own, INT64_MAX / page_bytes(), is_refused) * page_bytes());
}

static void limit_addresses(void)
{
	setrlimit(RLIMIT_AS, &(struct rlimit){ LIMIT_BYTES, LIMIT_BYTES });
}

static void limited(void)
{
	count(NULL);
}

static void judge(void)
{
	int64_t told = INT64_C(1) << bits;
	int64_t least = told - addresses_left_out();

	expect_between("bytes of addresses, as mmap gives them", least,
		       y_of("without a hint", "all addresses"), told);
	expect_between("bytes of addresses, with a high address as the hint", least,
		       y_of("with a high hint", "all addresses"), told);
	expect_between("first address above the program that is refused", least,
		       y_of("page by page", "all addresses"), told);
	control_equal("under a limit of 1 TiB the same count finds, bytes", LIMIT_BYTES,
		      y_of("limited to 1 TiB", "all addresses"));
}

const struct experiment experiment = {
	.claim = "64-bit Linux gives a process 2^48 bytes of addresses, 256 TiB",
	.asked = "How much memory can a 64-bit process address?",
	.instead = "On x86-64 the kernel has half of them: the program gets 2^47 bytes, 128 TiB. With "
		   "five-level page tables it can have 2^56, if it asks.",
	.y_axis = "addresses a process can have, bytes",
	.charted = "y",
	.chart = CHART_BARS,
	.chart_options = "mark=281474976710656:256_TiB,_as_told",
	.knobs = { { "bits", &bits, "", "width of the program's addresses, as told", 32, 62 } },
	.arms = { { "without a hint", without_hint },
		  { "with a high hint", with_high_hint },
		  { "page by page", page_by_page },
		  { "limited to 1 TiB", limited, .control = true, .before_exec = limit_addresses } },
	.predict = { "How many addresses does mmap give a 64-bit process that asks until it is "
		     "refused?",
		     "y", "without a hint", .to = "all addresses",
		     .because = "Of the 48 bits half belongs to the kernel: on x86-64 a program "
				"has the lower 2^47 bytes. Other processors divide otherwise." },
	.judge = judge,
};
