/* SPDX-License-Identifier: MIT */
/* An fstatfs(2) that says of every file that its file system keeps it in memory (tmpfs). */
#include <sys/vfs.h>

int fstatfs(int fd, struct statfs *system)
{
	(void)fd;
	*system = (struct statfs){ .f_type = 0x01021994 };
	return 0;
}
