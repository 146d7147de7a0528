/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "page_scan.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As in <linux/fs.h> of Linux 6.7 and in <linux/userfaultfd.h>.  They stand here because the
 * headers of a system may be older than its kernel, or missing. */
struct page_region {
	uint64_t start, end, categories;
};
struct pm_scan_arg {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};
struct uffdio_api {
	uint64_t api, features, ioctls;
};
struct uffdio_register {
	uint64_t start, length, mode, ioctls;
};
#define PAGEMAP_SCAN _IOWR('f', 16, struct pm_scan_arg)
#define UFFDIO_API _IOWR(0xAA, 0x3F, struct uffdio_api)
#define UFFDIO_REGISTER _IOWR(0xAA, 0x00, struct uffdio_register)
enum {
	PAGE_IS_WRITTEN = 1 << 1,
	PAGE_IS_PRESENT = 1 << 3,
	PAGE_IS_PFNZERO = 1 << 5,
	PM_SCAN_WP_MATCHING = 1 << 0,
	UFFD_API = 0xAA,
	UFFD_USER_MODE_ONLY = 1, /* Linux 5.11; without it, userfaultfd(2) needs a privilege */
	UFFD_FEATURE_WP_ASYNC = 1 << 15,
	UFFDIO_REGISTER_MODE_WP = 1 << 1,
};

enum { RUNS = 64 }; /* that one call of the kernel returns: they lie on the stack */

static int watch_fd = -1;

void page_scan_open(void)
{
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_WP_ASYNC };

	watch_fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	if (watch_fd < 0 || ioctl(watch_fd, UFFDIO_API, &api) == 0)
		return;
	close(watch_fd);
	watch_fd = -1;
}

bool page_scan_watch(uintptr_t start, uintptr_t end)
{
	struct uffdio_register range = { .start = start,
					 .length = end - start,
					 .mode = UFFDIO_REGISTER_MODE_WP };

	return watch_fd >= 0 && end > start && ioctl(watch_fd, UFFDIO_REGISTER, &range) == 0;
}

void page_scan(int fd, uintptr_t start, uintptr_t end, page_scan_visit *visit)
{
	struct page_region runs[RUNS];
	struct pm_scan_arg scan = { .size = sizeof(scan),
				    .start = start,
				    .end = end,
				    .vec = (uintptr_t)runs,
				    .vec_len = RUNS,
				    .category_anyof_mask = PAGE_IS_PFNZERO | PAGE_IS_WRITTEN,
				    .return_mask = PAGE_IS_PFNZERO | PAGE_IS_WRITTEN };

	while (scan.start < end) {
		int count = ioctl(fd, PAGEMAP_SCAN, &scan);
		for (int i = 0; i < count; i++)
			visit((uintptr_t)runs[i].start, (uintptr_t)runs[i].end,
			      (runs[i].categories & PAGE_IS_PFNZERO) != 0,
			      (runs[i].categories & PAGE_IS_WRITTEN) != 0);
		if (count < 0 || scan.walk_end <= scan.start)
			return;
		scan.start = scan.walk_end;
	}
}

void page_scan_forget_writes(int fd, uintptr_t start, uintptr_t end)
{
	struct pm_scan_arg scan = { .size = sizeof(scan),
				    .flags = PM_SCAN_WP_MATCHING,
				    .start = start,
				    .end = end,
				    .category_mask = PAGE_IS_WRITTEN | PAGE_IS_PRESENT };

	ioctl(fd, PAGEMAP_SCAN, &scan);
}
