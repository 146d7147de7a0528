/* SPDX-License-Identifier: MIT */
#include "memory_limit.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "procfs.h"
#include "small_file.h"

/* What the two versions of control groups call the same things. */
struct version {
	const char *file_system, *limit, *usage, *cached[2];
};
static const struct version version_1 = {
	"cgroup",
	"memory.limit_in_bytes",
	"memory.usage_in_bytes",
	{ "total_inactive_file", "total_active_file" },
};
static const struct version version_2 = {
	"cgroup2",
	"memory.max",
	"memory.current",
	{ "inactive_file", "active_file" },
};

static char text[1 << 16];

/* Reads a file of a group into text.  Returns false where there is none. */
static bool read_file(const char *folder, const char *name)
{
	char path[768];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return read_small_file(path, text, sizeof(text)) > 0;
}

/* Returns the number in a line "name number" of text, 0 where there is none. */
static int64_t number_after(const char *name)
{
	size_t length = strlen(name);

	for (const char *line = text; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, length) == 0 && line[length] == ' ')
			return strtoll(line + length, NULL, 10);
	}
	return 0;
}

/* Finds the group of this process in /proc/self/cgroup: the line "number:controllers:path" with
 * the controller "memory" (version 1), or else the line "0::path" (version 2). */
static const struct version *find_group(const char *root, char path[static 256])
{
	const struct version *version = NULL;
	char controllers[128], *rest = NULL;

	if (!read_file(root, "proc/self/cgroup"))
		return NULL;
	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		if (version == NULL && sscanf(line, "0::%255s", path) == 1)
			version = &version_2;
		if (sscanf(line, "%*d:%127[^:]:%255s", controllers, path) == 2 &&
		    strcmp(controllers, "memory") == 0)
			return &version_1;
	}
	return version;
}

/* Finds where the groups are mounted (proc_pid_mountinfo(5)): copies the mount point, and the path
 * of the group that lies there. */
static bool find_mount(const char *root, const struct version *version, char top[static 256],
		       char point[static 256])
{
	char type[16], options[128], *rest = NULL;

	if (!read_file(root, "proc/self/mountinfo"))
		return false;
	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		const char *dash = strstr(line, " - ");
		if (dash != NULL && sscanf(dash, " - %15s %*s %127s", type, options) == 2 &&
		    strcmp(type, version->file_system) == 0 &&
		    (version == &version_2 || strstr(options, "memory") != NULL) &&
		    sscanf(line, "%*d %*d %*s %255s %255s", top, point) == 2)
			return true;
	}
	return false;
}

/* Keeps a group's limit where it leaves less than what was found so far. */
static void look_at_group(const char *folder, const struct version *version,
			  struct memory_limit *limit)
{
	if (!read_file(folder, version->limit) || text[0] == 'm') /* "max" */
		return;
	int64_t bytes = strtoll(text, NULL, 10), used = 0, cached = 0;
	if (bytes > INT64_MAX / 2) /* version 1: no limit */
		return;
	if (read_file(folder, version->usage))
		used = strtoll(text, NULL, 10);
	if (read_file(folder, "memory.stat"))
		cached = number_after(version->cached[0]) + number_after(version->cached[1]);
	int64_t available = bytes - used + cached;
	if (available >= limit->available)
		return;
	limit->bytes = bytes;
	limit->available = available > 0 ? available : 0;
	snprintf(limit->path, sizeof(limit->path), "%.200s/%s", folder, version->limit);
}

struct memory_limit memory_limit(const char *root)
{
	struct memory_limit limit = { .bytes = INT64_MAX, .available = INT64_MAX };
	char path[256], top[256], point[256], folder[768];
	const struct version *version = find_group(root, path);

	if (version == NULL || !find_mount(root, version, top, point))
		return limit;
	/* In a container the path may begin with the group that is mounted, or be one of the host. */
	size_t outside = strcmp(top, "/") == 0 ? 0 : strlen(top);
	const char *below = strncmp(path, top, outside) == 0 ? path + outside : "";
	size_t highest = (size_t)snprintf(folder, sizeof(folder), "%s%s", root, point);
	snprintf(folder + highest, sizeof(folder) - highest, "%s", below);
	for (;;) {
		look_at_group(folder, version, &limit);
		char *last = strrchr(folder, '/');
		if (strlen(folder) <= highest || last == NULL)
			return limit;
		*last = '\0';
	}
}

int64_t machine_oom_kills(void)
{
	return read_file("", "proc/vmstat") ? number_after("oom_kill") : 0;
}

int64_t available_bytes(void)
{
	int64_t available, limited = memory_limit("").available;
	size_t length = read_small_file("/proc/meminfo", text, sizeof(text));

	if (!procfs_kib(text, length, "MemAvailable", &available))
		available = INT64_MAX;
	return available < limited ? available : limited;
}
