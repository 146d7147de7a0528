/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "huge_pages.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "experiment.h"
#include "memory.h"
#include "small_file.h"

#define DIRECTORY "/sys/kernel/mm/transparent_hugepage/"

bool huge_pages_are_on(void)
{
	return strcmp(thp_setting(), "always") == 0 || strcmp(thp_setting(), "madvise") == 0;
}

int64_t huge_page_bytes(void)
{
	char text[64];

	if (strcmp(thp_setting(), "unknown") == 0)
		unsupported("/sys is not mounted, so nobody can tell what huge pages this kernel has: "
			    "mount -t sysfs sysfs /sys");
	if (strcmp(thp_setting(), "none") == 0)
		unsupported("this kernel has no transparent huge pages (no " DIRECTORY "enabled)");
	if (!huge_pages_are_on())
		unsupported("huge pages are switched off here: "
			    "echo madvise | sudo tee " DIRECTORY "enabled switches them on");
	if (read_small_file(DIRECTORY "hpage_pmd_size", text, sizeof(text)) == 0)
		unsupported("this kernel does not tell how large its huge pages are (no " DIRECTORY
			    "hpage_pmd_size)");
	return strtoll(text, NULL, 10);
}

char *must_map_huge(int64_t huge_pages, bool use)
{
	int64_t huge = huge_page_bytes(), bytes = huge_pages * huge;

	must_have_memory(2 * bytes); /* free memory is in pieces, most of them too small */
	uintptr_t anywhere = (uintptr_t)must_map(bytes + huge);
	char *block = (char *)((anywhere + (uintptr_t)huge - 1) / (uintptr_t)huge * (uintptr_t)huge);
	prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0);
	if (madvise(block, (size_t)bytes, use ? MADV_HUGEPAGE : MADV_NOHUGEPAGE) != 0)
		broken("madvise(%s) failed: %s", use ? "MADV_HUGEPAGE" : "MADV_NOHUGEPAGE",
		       strerror(errno));
	return block;
}

/* A virtual machine may tell its host which huge pages are idle (free page reporting).  It gets them
 * back one small page at a time, which takes 5 ms for a huge page instead of 0.1 ms.  So all of them
 * are used once.  The first half of the block then stays in use: it takes the pages from the
 * processor's own list of free pages, from which the first few faults would be cheaper than the rest. */
char *map_warm_huge(int64_t huge_pages)
{
	int64_t bytes = huge_pages * huge_page_bytes();
	char *block = must_map_huge(2 * huge_pages, true);

	write_pages(block, 2 * bytes);
	must_drop_pages(block, 2 * bytes);
	faults_so_far(); /* the first call makes pages of the probe resident, where nothing did (--bare) */
	int64_t before = faults_so_far();
	write_pages(block, bytes);
	return faults_so_far() - before > huge_pages ? NULL : block + bytes;
}

int64_t huge_page_fallbacks(void)
{
	static char text[1 << 16];
	static const char name[] = "\nthp_fault_fallback ";

	if (read_small_file("/proc/vmstat", text, sizeof(text)) == 0)
		broken("cannot read /proc/vmstat: %s", strerror(errno));
	const char *line = strstr(text, name);
	return line == NULL ? 0 : strtoll(line + strlen(name), NULL, 10);
}
