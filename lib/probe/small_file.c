/* SPDX-License-Identifier: MIT */
#include "small_file.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

size_t read_small_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t got;

	while (fd >= 0 && length < size - 1 && (got = read(fd, text + length, size - 1 - length)) > 0)
		length += (size_t)got;
	if (fd >= 0)
		close(fd);
	text[length] = '\0';
	return length;
}

size_t read_first_line(const char *path, char *text, size_t size)
{
	read_small_file(path, text, size);
	text[strcspn(text, "\n")] = '\0';
	return strlen(text);
}

const char *thp_setting(void)
{
	static char text[64];

	if (read_first_line("/sys/kernel/mm/transparent_hugepage/enabled", text, sizeof(text)) == 0)
		return access("/sys/kernel", F_OK) == 0 ? "none" : "unknown";
	char *chosen = strchr(text, '[');
	if (chosen == NULL)
		return text;
	chosen[strcspn(chosen, "]")] = '\0';
	return chosen + 1;
}
