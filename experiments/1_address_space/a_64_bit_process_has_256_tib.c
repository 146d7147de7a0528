/* SPDX-License-Identifier: MIT */
/* "A 64-bit process has 48-bit addresses, so 256 TiB": half of that is missing.
 *
 * With four levels of page tables x86-64 translates 48 bits, and bits 48 to 63 must repeat
 * bit 47.  So there are two halves: addresses that begin with zeros belong to the program,
 * addresses that begin with ones to the kernel (Documentation/arch/x86/x86_64/mm.rst).
 * The program has 47 bits: 128 TiB less one page (TASK_SIZE_MAX).
 *
 * Processors with five levels (la57 in /proc/cpuinfo) translate 57 bits.  But mmap(2)
 * still stays below 2^47 unless it is given a higher address as its hint, because some
 * programs keep other things in the upper bits of a pointer
 * (Documentation/arch/x86/x86_64/5level-paging.rst).
 *
 * On arm64 the kernel and the program have page tables of their own, so under a kernel
 * built for 48-bit addresses the sentence is true (CONFIG_ARM64_VA_BITS; other kernels are
 * built for 39 or 52, with pages of 16 KiB also for 36 or 47, with pages of 64 KiB for 42).
 * riscv64 is divided into halves like x86-64, but with five levels it gives all of 2^56 to
 * any program (Linux 6.12, and 6.6 since October 2025).
 *
 * The program counts: it reserves addresses until mmap gives no more, and it looks for the
 * first address that mmap refuses.
 *
 * Control: under a limit of 1 TiB (RLIMIT_AS, `ulimit -v`) the same count must find 1 TiB,
 * to the byte.
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
	must_have_64_bits();
	must_have_all_addresses();
	count(NULL);
}

static void with_high_hint(void)
{
	must_have_all_addresses();
	count((void *)(UINTPTR_MAX / (uintptr_t)page_bytes() * (uintptr_t)page_bytes()));
}

/* Returns whether no page can lie there.  Where one lies already (EEXIST), one can. */
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
	/* The search starts at the program's own pages, because the lowest pages of all are
	 * refused too (mmap_min_addr). */
	int64_t own = (int64_t)((uintptr_t)&bits / (uintptr_t)page_bytes());
	record_y("all addresses", 0,
		 first_value_where(own, INT64_MAX / page_bytes(), is_refused) * page_bytes());
}

static void limit_addresses(void)
{
	rlim_t limit = (rlim_t)LIMIT_BYTES;

	setrlimit(RLIMIT_AS, &(struct rlimit){ limit, limit });
}

static void limited(void)
{
	count(NULL);
}

#ifdef __x86_64__
#define TRUE_INSTEAD                                                                          \
	"On x86-64 half of them belong to the kernel: the program gets 2^47 bytes, 128 TiB. " \
	"With five-level page tables it can have 2^56, if it asks for them."

/* Returns what a program gets that asks for high addresses: 2^47, or 2^56 with five levels. */
static int64_t addresses_if_asked_for(void)
{
	int64_t found = y_of("with a high hint", "all addresses");

	return INT64_C(1) << (found > INT64_C(1) << 47 ? 56 : 47);
}

static void measure_what_is_true(void)
{
	int64_t left_out = addresses_left_out(), half = INT64_C(1) << 47;
	int64_t all = addresses_if_asked_for();

	instead_between("without a hint mmap gives half of 2^48 addresses", "bytes",
			half - left_out, y_of("without a hint", "all addresses"), half);
	instead_between("with a high address as the hint mmap gives 2^47 or 2^56 addresses",
			"bytes", all - left_out, y_of("with a high hint", "all addresses"), all);
}
#else
#define TRUE_INSTEAD                                                                        \
	"How many addresses a program gets depends on the processor and on how its kernel " \
	"was built: another power of two."

static void measure_what_is_true(void)
{
	int64_t found = y_of("without a hint", "all addresses"), power = 1;

	while (power < found)
		power *= 2;
	instead_between("without a hint mmap gives a power of two of addresses", "bytes",
			power - addresses_left_out(), found, power);
}
#endif

static void judge(void)
{
	int64_t claimed = INT64_C(1) << bits;
	int64_t least = claimed - addresses_left_out();

	expect_between("addresses that mmap gives without a hint", "bytes", least,
		       y_of("without a hint", "all addresses"), claimed);
	expect_between("addresses that mmap gives with a high address as the hint", "bytes", least,
		       y_of("with a high hint", "all addresses"), claimed);
	expect_between("first address above the program that mmap refuses", "bytes", least,
		       y_of("page by page", "all addresses"), claimed);
	control_equal("addresses that the same count finds under a limit of 1 TiB", "bytes",
		      LIMIT_BYTES, y_of("limited to 1 TiB", "all addresses"));
	measure_what_is_true();
}

const struct experiment experiment = {
	.claim = "64-bit Linux gives a process 2^48 bytes of addresses, 256 TiB",
	.asked = "How much memory can a 64-bit process address?",
	.instead = TRUE_INSTEAD,
	.y_axis = "addresses a process can have, bytes",
	.y_unit = "bytes",
	.charted = "y",
	.chart = CHART_BARS,
	.marks = { { 'y', 281474976710656, "256 TiB, as told" } },
	.knobs = { { "bits", &bits, "", "width of the program's addresses, as the claim says", 32,
		     62, .in_claim = true } },
	.arms = { { "without a hint", without_hint },
		  { "with a high hint", with_high_hint },
		  { "page by page", page_by_page },
		  { "limited to 1 TiB", limited, .control = true, .before_exec = limit_addresses } },
	.predict = { "How many addresses does mmap give a 64-bit process that asks until it is "
		     "refused?",
		     "y", "without a hint", .to = "all addresses",
		     .because = "Half of the 2^48 addresses belong to the kernel: on x86-64 a program "
				"has the lower 2^47. Other processors divide them differently." },
	.judge = judge,
};
