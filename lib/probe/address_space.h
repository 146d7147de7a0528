/* SPDX-License-Identifier: MIT */
/* The address space of a process as a whole: how large it is, and where a mapping
 * begins and ends.
 *
 * This file needs only the parsers of /proc from the library, so that a helper program
 * (one that is built for another word size, for example) can use it too.  All sizes are
 * bytes.
 */
#ifndef TOUCHSTONE_ADDRESS_SPACE_H
#define TOUCHSTONE_ADDRESS_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "procfs.h"

/* Reserves every address that mmap(2) still gives, and returns the bytes of all mappings
 * of the process, old and new: field 1 of /proc/self/statm.  Returns -1 where that file
 * cannot be read.  Nothing becomes resident: the mappings may be neither read nor written,
 * so the kernel neither fills them nor counts them against overcommit.  The hint is the
 * first argument of mmap(2): NULL, or the highest address worth having. */
int64_t reserve_all_addresses(void *hint);

/* Returns how many bytes of the address space reserve_all_addresses() cannot get, at most:
 * the lowest 64 KiB (vm.mmap_min_addr, often less), 256 pages below the stack
 * (stack_guard_gap in mm/mmap.c), and two pages that the kernel keeps at the upper end. */
int64_t addresses_left_out(void);

typedef void visit_mapping(const struct procfs_mapping *mapping, void *context);
enum { MAPS_TEXT = 1 << 16 }; /* bytes: enough for what one read() of a maps file gives */

/* Calls visit() for each line of an open maps file (proc_pid_maps(5)), from the first line on.
 * text is memory of size bytes, MAPS_TEXT or more.  The kernel hands out whole lines, about a
 * page of them at a time (seq_read_iter() in fs/seq_file.c), so no line is cut and a file of
 * any length is read.  Returns false where the file cannot be read. */
bool for_each_mapping(int fd, char *text, size_t size, visit_mapping *visit, void *context);

/* Finds the mapping of this process in which an address lies, in /proc/self/maps.  Returns false
 * where the address lies in none, or where the file cannot be read.  The mapping's name is not
 * kept: its length is 0. */
bool mapping_of(const void *address, struct procfs_mapping *mapping);

#endif
