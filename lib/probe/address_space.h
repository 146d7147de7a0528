/* SPDX-License-Identifier: MIT */
/* The address space of a process as a whole: how much of it there is, and where
 * a mapping begins and ends.
 *
 * Needs no other part of this library than the parsers of /proc, so that a
 * helper program, built for another word size say, can use it too.
 */
#ifndef TOUCHSTONE_ADDRESS_SPACE_H
#define TOUCHSTONE_ADDRESS_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "procfs.h"

/* Reserves every address that mmap(2) still gives, and tells how many bytes the
 * process has then, with what it had before; -1 when /proc/self/statm cannot be
 * read.  Nothing becomes resident: the mappings may be neither read nor written, so
 * the kernel neither fills them nor counts them against overcommit.  The hint is
 * mmap's first argument: NULL, or the highest address worth having. */
int64_t reserve_all_addresses(void *hint);

/* The most that it must fall short of the whole: the lowest 64 KiB (vm.mmap_min_addr,
 * often less), 256 pages below the stack (stack_guard_gap in mm/mmap.c), and two pages
 * that the kernel keeps at the upper end. */
int64_t addresses_left_out(void);

/* Calls visit for each line of a maps file (proc_pid_maps(5)), from its first; text is
 * memory for MAPS_TEXT bytes or more.  The kernel hands out whole lines, about a page of
 * them at a time (seq_read_iter() in fs/seq_file.c), so no line is cut and a file of any
 * length is read.  False when it cannot be. */
typedef void visit_mapping(const struct procfs_mapping *mapping, void *context);
enum { MAPS_TEXT = 1 << 16 };
bool for_each_mapping(int fd, char *text, size_t size, visit_mapping *visit, void *context);

/* The mapping of this process that an address lies in, from /proc/self/maps.
 * False when it lies in none, or the file cannot be read.  The name is not kept:
 * its length is 0. */
bool mapping_of(const void *address, struct procfs_mapping *mapping);

#endif
