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
 * Controls: the instruction and the file must agree, and the machine's memory must fit
 * into the width.
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

/* Records how many bits it takes to number every byte of the machine's memory. */
static void memory(void)
{
	int64_t bytes = ask("awk '/MemTotal/ { print $2 }' /proc/meminfo") * KiB;
	int64_t needed = 0;

	while (INT64_C(1) << needed < bytes)
		needed++;
	record_y("physical address", 0, needed);
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
	control_between("bits that it takes to number every byte of the machine's memory", "bits",
			1, y_of("memory", "physical address"),
			y_of("/proc/cpuinfo", "physical address"));
	/* Less than 36 has no x86-64 processor, more than 52 no page table entry. */
	instead_between("bits of a physical address are those of some machine that exists", "bits",
			36, y_of("/proc/cpuinfo", "physical address"), 52);
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
		  { "memory", memory, .control = true } },
	.predict = { "How many bits does a physical address have on this machine?", "y",
		     "/proc/cpuinfo", .to = "physical address",
		     .because = "It has as many as the processor, or the host of a virtual machine, "
				"reports: the line \"address sizes\" of /proc/cpuinfo." },
	.judge = judge,
};
