/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "huge_pages.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "experiment.h"
#include "memory.h"
#include "small_file.h"

#define DIRECTORY "/sys/kernel/mm/transparent_hugepage/"

bool huge_pages_are_on(void)
{
	return strcmp(thp_setting(), "none") != 0 && strcmp(thp_setting(), "never") != 0;
}

int64_t huge_page_bytes(void)
{
	char text[64];

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

	if (bytes > (int64_t)sysconf(_SC_AVPHYS_PAGES) * page_bytes() / 2)
		unsupported("%lld huge pages of %lld MiB are more than half of the free memory",
			    (long long)huge_pages, (long long)(huge / MiB));
	uintptr_t anywhere = (uintptr_t)must_map(bytes + huge);
	char *block = (char *)((anywhere + (uintptr_t)huge - 1) / (uintptr_t)huge * (uintptr_t)huge);
	prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0);
	if (madvise(block, (size_t)bytes, use ? MADV_HUGEPAGE : MADV_NOHUGEPAGE) != 0)
		broken("madvise(%s) failed: %s", use ? "MADV_HUGEPAGE" : "MADV_NOHUGEPAGE",
		       strerror(errno));
	return block;
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
