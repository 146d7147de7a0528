/* SPDX-License-Identifier: MIT */
/* "Physical addresses have 40 bits, see /proc/cpuinfo": look at another machine.
 *
 * A virtual address is translated to a physical address, which is the number of a byte in
 * memory or in a device.  How many bits it has is decided by the maker of the processor,
 * and the processor reports it: CPUID leaf 0x80000008, EAX bits 0 to 7.  The line
 * "address sizes" of /proc/cpuinfo, which the kernel makes from it
 * (get_cpu_address_sizes() in arch/x86/kernel/cpu/common.c), says the same.  40 bits, or
 * 1 TiB, is what the first AMD64 processors had and what QEMU shows a guest unless it is
 * told otherwise, and so the number got into many slides.  The architecture itself allows
 * at most 52 bits, because more does not fit into a page table entry.
 *
 * This width does not depend on the width of virtual addresses: one says how much memory
 * the machine can have, the other how much a process can name.
 *
 * Control: the instruction and the file must agree.  And whatever the width is, the
 * addresses of the machine's memory and of its devices must fit into it.  Where memory
 * ends, everybody may read; /proc/iomem shows the addresses of devices to root alone.
 * Try: `grep 'address sizes' /proc/cpuinfo` on every machine that you can log in to.
 */
#include <fcntl.h>
#include <unistd.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#include "experiment.h"
#include "memory.h"
#include "procfs.h"

static int64_t bits = 40;

static void cpuinfo(void)
{
	static char text[1 << 14], sizes[64]; /* the first processor's entry is enough */
	int fd = open("/proc/cpuinfo", O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof(text));

	if (length <= 0 || !procfs_text(text, (size_t)length, "address sizes", sizes, sizeof(sizes)))
		unsupported("/proc/cpuinfo has no line \"address sizes\" on this architecture");
	record_y("physical address", 0, strtoll(sizes, NULL, 10));
}

static void cpuid(void)
{
#if defined(__x86_64__) || defined(__i386__)
	unsigned eax, ebx, ecx, edx, reduced = 0;

	/* Memory encryption uses some of the bits for its keys.  Where it is switched on,
	 * the kernel subtracts them.  AMD's leaf says how many they are (EBX, bits 6 to
	 * 11, with SME or SEV, EAX bits 0 and 1).  With Intel's TME (leaf 7, ECX bit 13)
	 * they are up to 15, in a register that only the kernel can read. */
	if (__get_cpuid(0x8000001f, &eax, &ebx, &ecx, &edx) && (eax & 3))
		reduced = ebx >> 6 & 0x3f;
	else if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (ecx >> 13 & 1))
		reduced = 15;
	if (!__get_cpuid(0x80000008, &eax, &ebx, &ecx, &edx))
		unsupported("this processor has no CPUID leaf 0x80000008");
	record_y("physical address", (int64_t)reduced, eax & 0xff);
#else
	unsupported("only x86 lets a program ask the processor itself");
#endif
}

/* Returns how many bits it takes to number every byte up to an address. */
static int64_t bits_of(int64_t address)
{
	int64_t needed = 0;

	while (address >> needed != 0)
		needed++;
	return needed;
}

/* The end of the last zone of pages, which everybody may read.  It lies above the sum of the memory,
 * since there are holes between the zones. */
static void memory(void)
{
	int64_t pages =
		ask("awk '/spanned/ { pages = $2 } /start_pfn/ && pages && $2 + pages > end "
		    "{ end = $2 + pages } END { printf \"%.0f\", end }' /proc/zoneinfo || echo 0");

	if (pages == 0)
		leave_out("/proc/zoneinfo does not tell where memory ends");
	record_y("physical address", pages, bits_of(pages * page_bytes() - 1));
}

/* The highest address that memory or a device has.  An ordinary user is shown zeros (r_show() in
 * kernel/resource.c). */
static void memory_and_devices(void)
{
	int64_t last = ask("sed -n 's/^[0-9a-f]*-\\([0-9a-f]*\\) : .*/\\1/p' /proc/iomem | "
			   "while read -r last; do echo $((0x$last)); done | sort -n | tail -n 1 | "
			   "grep . || echo 0");

	if (last == 0)
		leave_out("/proc/iomem shows the addresses to root alone (CAP_SYS_ADMIN)");
	record_y("physical address", 0, bits_of(last));
}

/* What is true instead: the width is the machine's own.  It reaches to the highest address that can
 * be read, and a page table entry has room for 52 bits. */
static void judge_highest(const char *arm, const char *sentence)
{
	if (arm_ran(arm))
		instead_between(sentence, "bits", y_of(arm, "physical address"),
				y_of("/proc/cpuinfo", "physical address"), 52);
}

static void judge(void)
{
	expect_equal("bits of a physical address according to /proc/cpuinfo", "bits", bits,
		     y_of("/proc/cpuinfo", "physical address"));
	int64_t reduced = nth_row("CPUID", "physical address", 0)->x;
	int64_t reported = y_of("CPUID", "physical address");
	control_between(
		"bits in /proc/cpuinfo: those of the processor, less those for encryption keys",
		"bits", reported - reduced, y_of("/proc/cpuinfo", "physical address"), reported);
	judge_highest("memory needs", "the width reaches to the end of the memory");
	judge_highest("memory and devices need",
		      "the width reaches to the end of memory and devices");
}

const struct experiment experiment = {
	.claim = "physical addresses have 40 bits, so a machine can have 1 TiB of memory",
	.asked = "How wide is a physical address?",
	.instead = "It has as many bits as the processor's maker chose, or as the host shows to a "
		   "virtual machine: 36 to 40 in old machines, 39 to 48 in desktops and laptops, 46 to 52 in "
		   "servers.",
	.y_axis = "bits",
	.charted = "y",
	.chart = CHART_BARS,
	.marks = { { 'y', 40, "as told" } },
	.knobs = { { "bits", &bits, "", "width of a physical address, as the claim says", 32, 64,
		     .in_claim = true } },
	.arms = { { "/proc/cpuinfo", cpuinfo },
		  { "CPUID", cpuid, .control = true },
		  { "memory needs", memory },
		  { "memory and devices need", memory_and_devices } },
	.predict = { "How many bits does a physical address have on this machine?", "y",
		     "/proc/cpuinfo", .to = "physical address",
		     .because = "It has as many as the processor, or the host of a virtual machine, "
				"reports: the line \"address sizes\" of /proc/cpuinfo." },
	.judge = judge,
};
