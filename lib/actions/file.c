/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "harness.h"
#include "memory.h"

/* The types of file systems that statfs(2) gives.  The header that has them, linux/magic.h, is
 * not on every compiler's path. */
enum { TMPFS = 0x01021994, RAMFS = (int)0x858458f6 };

static bool is_in_memory(int fd)
{
	struct statfs system;

	return fstatfs(fd, &system) != 0 || (int)system.f_type == TMPFS ||
	       (int)system.f_type == RAMFS;
}

/* Creates an empty file in a folder.  Returns -1 where it cannot, or where the folder's files are
 * kept in memory. */
static int file_in(const char *folder)
{
	char path[PATH_MAX];

	if (folder == NULL ||
	    snprintf(path, sizeof(path), "%s/touchstone.XXXXXX", folder) >= (int)sizeof(path))
		return -1;
	int fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return -1;
	unlink(path);
	if (!is_in_memory(fd))
		return fd;
	close(fd);
	return -1;
}

/* Writes data to the whole file: the kernel fills a hole in a file without reading the disk. */
static void must_fill(int fd, int64_t bytes)
{
	static const char data[1 << 16] = { 1 };

	for (int64_t done = 0; done < bytes;) {
		int64_t left = bytes - done;
		ssize_t wrote =
			write(fd, data, left < (int64_t)sizeof(data) ? (size_t)left : sizeof(data));
		if (wrote < 0)
			file_was_refused("a file in $TMPDIR or /var/tmp", bytes);
		done += wrote;
	}
	if (fsync(fd) != 0)
		broken("fsync failed: %s", strerror(errno));
}

int make_file(int64_t bytes)
{
	int fd = file_in(getenv("TMPDIR"));

	if (fd < 0)
		fd = file_in("/var/tmp");
	if (fd < 0)
		fd = file_in(".");
	if (fd >= 0)
		must_fill(fd, bytes);
	return fd;
}

int must_make_file(int64_t bytes)
{
	int fd = make_file(bytes);

	if (fd < 0)
		unsupported("neither $TMPDIR nor /var/tmp nor this folder takes a file that is kept "
			    "on a disk: set TMPDIR to one that does");
	return fd;
}

int must_make_file_in_memory(int64_t bytes)
{
	int fd = memfd_create("a file", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, (off_t)bytes) != 0)
		file_was_refused("a file in memory", bytes);
	return fd;
}

static size_t bytes_of(int fd)
{
	struct stat file;

	if (fstat(fd, &file) != 0)
		broken("fstat failed: %s", strerror(errno));
	return (size_t)file.st_size;
}

const void *must_map_file(int fd)
{
	void *start = mmap(NULL, bytes_of(fd), PROT_READ, MAP_SHARED, fd, 0);

	if (start == MAP_FAILED)
		memory_was_refused("mmap of a file", (int64_t)bytes_of(fd));
	return start;
}

char *must_map_cached_file(int64_t bytes)
{
	must_have_memory(bytes);
	int fd = must_make_file_in_memory(bytes);
	void *writing = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (writing == MAP_FAILED)
		memory_was_refused("mmap of a file", bytes);
	write_pages(writing, bytes);
	must_unmap(writing, bytes);
	return (char *)(uintptr_t)must_map_file(fd);
}

/* Returns how many pages of the file stay in memory. */
static int64_t evict(int fd)
{
	int64_t bytes = (int64_t)bytes_of(fd);

	if (fsync(fd) != 0)
		broken("fsync failed: %s", strerror(errno));
	int error = posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	if (error != 0)
		broken("posix_fadvise failed: %s", strerror(error));
	void *start = (void *)(uintptr_t)must_map_file(fd);
	int64_t present = pages_of(start, bytes) - absent_pages_of(start, bytes);
	must_unmap(start, bytes);
	return present;
}

bool evict_file(int fd)
{
	return evict(fd) == 0;
}

void must_evict_file(int fd)
{
	int64_t present = evict(fd);

	if (present > 0)
		unsupported("%lld pages of the file stay in memory, whatever posix_fadvise() says: "
			    "set TMPDIR to a folder on another file system",
			    (long long)present);
}
