/* SPDX-License-Identifier: MIT */
/* memory_limit() in folders that look like those of /proc and /sys/fs/cgroup. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory_limit.h"

static char root[] = "/tmp/touchstone.XXXXXX";

static void write_file(const char *path, const char *text)
{
	char full[512], command[600];

	snprintf(full, sizeof(full), "%s/%s", root, path);
	snprintf(command, sizeof(command), "mkdir -p \"$(dirname %s)\"", full);
	assert_int_equal(system(command), 0);
	FILE *file = fopen(full, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int make_root(void **state)
{
	(void)state;
	memcpy(root + strlen(root) - 6, "XXXXXX", 6);
	return mkdtemp(root) == NULL;
}

static int remove_root(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command);
}

static void expect_limit(int64_t bytes, int64_t available, const char *path)
{
	struct memory_limit limit = memory_limit(root);

	assert_int_equal(limit.bytes, bytes);
	assert_int_equal(limit.available, available);
	assert_string_equal(limit.path + (limit.path[0] ? strlen(root) : 0), path);
}

#define MOUNT_2 "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
#define MOUNT_1(top) "35 31 0:32 " top " /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"

static void no_limit(void **state)
{
	(void)state;
	expect_limit(INT64_MAX, INT64_MAX, "");
	write_file("proc/self/cgroup", "0::/a\n");
	expect_limit(INT64_MAX, INT64_MAX, "");
	write_file("proc/self/mountinfo", MOUNT_2);
	expect_limit(INT64_MAX, INT64_MAX, "");
	write_file("sys/fs/cgroup/a/memory.max", "max\n");
	expect_limit(INT64_MAX, INT64_MAX, "");
}

static void the_group_that_leaves_the_least_counts(void **state)
{
	(void)state;
	write_file("proc/self/cgroup", "0::/a/b\n");
	write_file("proc/self/mountinfo", "23 1 8:1 / / rw - ext4 /dev/sda1 rw\n" MOUNT_2);
	write_file("sys/fs/cgroup/a/memory.max", "1000000\n");
	write_file("sys/fs/cgroup/a/memory.current", "700000\n");
	write_file("sys/fs/cgroup/a/memory.stat",
		   "anon 5\ninactive_file 100000\nactive_file 50000\n");
	write_file("sys/fs/cgroup/a/b/memory.max", "800000\n");
	write_file("sys/fs/cgroup/a/b/memory.current", "1000\n");
	expect_limit(1000000, 450000, "/sys/fs/cgroup/a/memory.max");
	write_file("sys/fs/cgroup/a/b/memory.current", "900000\n");
	expect_limit(800000, 0, "/sys/fs/cgroup/a/b/memory.max");
}

static void version_1(void **state)
{
	(void)state;
	write_file("proc/self/cgroup", "9:cpu:/x\n4:memory:/a\n0::/\n");
	write_file("proc/self/mountinfo",
		   "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
		   "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n" MOUNT_1("/"));
	write_file("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
	expect_limit(INT64_MAX, INT64_MAX, "");
	write_file("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "1000000\n");
	write_file("sys/fs/cgroup/memory/a/memory.usage_in_bytes", "600000\n");
	write_file("sys/fs/cgroup/memory/a/memory.stat",
		   "inactive_file 1\ntotal_inactive_file 200000\n");
	expect_limit(1000000, 600000, "/sys/fs/cgroup/memory/a/memory.limit_in_bytes");
}

static void in_a_container(void **state)
{
	(void)state;
	write_file("proc/self/cgroup", "4:memory:/docker/abc\n");
	write_file("proc/self/mountinfo", MOUNT_1("/docker/abc"));
	write_file("sys/fs/cgroup/memory/memory.limit_in_bytes", "1000000\n");
	expect_limit(1000000, 1000000, "/sys/fs/cgroup/memory/memory.limit_in_bytes");
	write_file("proc/self/cgroup", "4:memory:/elsewhere\n");
	expect_limit(1000000, 1000000, "/sys/fs/cgroup/memory/memory.limit_in_bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_limit, make_root, remove_root),
		cmocka_unit_test_setup_teardown(the_group_that_leaves_the_least_counts, make_root,
						remove_root),
		cmocka_unit_test_setup_teardown(version_1, make_root, remove_root),
		cmocka_unit_test_setup_teardown(in_a_container, make_root, remove_root),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
