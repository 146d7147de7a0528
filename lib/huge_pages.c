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

#define DIRECTORY "/sys/kernel/mm/transparent_hugepage/"

/* Without stdio, which would allocate. */
static bool read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, text, size - 1);

	if (fd >= 0)
		close(fd);
	text[length < 0 ? 0 : length] = '\0';
	return length > 0;
}

int64_t huge_page_bytes(void)
{
	char text[64];

	if (!read_text(DIRECTORY "enabled", text, sizeof(text)))
		unsupported("this kernel has no transparent huge pages (no " DIRECTORY "enabled)");
	if (strstr(text, "[never]") != NULL)
		unsupported("huge pages are switched off here: "
			    "echo madvise | sudo tee " DIRECTORY "enabled switches them on");
	if (!read_text(DIRECTORY "hpage_pmd_size", text, sizeof(text)))
		unsupported("this kernel does not tell how large its huge pages are (no " DIRECTORY
			    "hpage_pmd_size)");
	return strtoll(text, NULL, 10);
}

char *must_map_huge(int64_t huge_pages, bool wanted)
{
	int64_t huge = huge_page_bytes(), bytes = huge_pages * huge;

	if (bytes > (int64_t)sysconf(_SC_AVPHYS_PAGES) * page_bytes() / 2)
		unsupported("%lld huge pages of %lld MiB are more than half of the free memory",
			    (long long)huge_pages, (long long)(huge / MiB));
	uintptr_t anywhere = (uintptr_t)must_map(bytes + huge);
	char *block = (char *)((anywhere + (uintptr_t)huge - 1) / (uintptr_t)huge * (uintptr_t)huge);
	prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0);
	if (madvise(block, (size_t)bytes, wanted ? MADV_HUGEPAGE : MADV_NOHUGEPAGE) != 0)
		broken("madvise(%s) failed: %s", wanted ? "MADV_HUGEPAGE" : "MADV_NOHUGEPAGE",
		       strerror(errno));
	return block;
}

int64_t huge_page_fallbacks(void)
{
	static char text[1 << 16];
	static const char name[] = "\nthp_fault_fallback ";

	if (!read_text("/proc/vmstat", text, sizeof(text)))
		broken("cannot read /proc/vmstat: %s", strerror(errno));
	const char *line = strstr(text, name);
	return line == NULL ? 0 : strtoll(line + strlen(name), NULL, 10);
}
