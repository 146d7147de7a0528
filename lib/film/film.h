/* SPDX-License-Identifier: MIT */
/* The film: what a textbook draws of the heap, taken from the real process.
 *
 * An experiment that says .film = true gets, when the environment's FILM names a
 * path, a file there (docs/result_format.md, "The film") with the state of its
 * memory at every record() of the first trial: the chunks of glibc's main arena,
 * the pages behind them, the break, and what was mapped since the arm began.
 *
 * film.c runs in the arm.  It keeps the probe's promise: no allocation, no fault,
 * no resident page, no byte of heap.  A header is read only when pagemap says that
 * its page is in memory.  What was seen goes by write(2), from memory touched before
 * the arm began, to a memory file of the parent's; film_file.c, in the parent, turns
 * that into text.
 *
 * What is shown as chunks has been checked against mallinfo2(3): the bytes of the
 * arena, the free bytes, the number of free chunks.  Where they disagree no chunk is
 * shown and the file says why.
 */
#ifndef TOUCHSTONE_FILM_H
#define TOUCHSTONE_FILM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "experiment.h"

enum film_kind {
	FILM_RECORD,  /* a record begins: its number stands in .start */
	FILM_CHUNK,   /* .state: enum chunk_state */
	FILM_FAST,    /* the chunk at .start lies in a fastbin */
	FILM_PAGES,   /* a run of pages; .state: enum page_state */
	FILM_BREAK,   /* the break stands at .start */
	FILM_MAPPING, /* .state: enum film_mapping */
	FILM_REASON,  /* why something is not shown; .state: enum film_reason */
};

enum film_mapping {
	MAPPING_PLAIN,     /* mmap(2) */
	MAPPING_OF_MALLOC, /* a block of malloc's with a mapping of its own */
	MAPPING_RESERVED,  /* neither readable nor writable */
};

/* Each with two numbers, .start and .bytes, for the sentence in film_file.c. */
enum film_reason {
	WHY_FOREIGN,
	WHY_ARENA,
	WHY_ABSENT,
	WHY_SIZE,
	WHY_PREV,
	WHY_FREE_BYTES,
	WHY_FREE_CHUNKS,
	WHY_MAPPED,
	WHY_TOO_MANY,
	WHY_LENGTH,
};

/* What travels from the arm to the parent; addresses are relative to where the heap
 * begins. */
struct film_item {
	int32_t kind, state;
	int64_t start, bytes;
};

/* ---- in the arm ----------------------------------------------------------- */

/* Gets everything ready; fd is the parent's memory file.  After probe_open().  Where
 * it cannot, there is no film: the measuring goes on. */
void film_open(int fd);
/* Films one record; does nothing where film_open() was not called. */
void film_record(int number);
/* Throws away what was filmed so far: the warm-up. */
void film_rewind(void);
/* Stops filming.  Called in a child of the arm. */
void film_stop(void);

/* ---- in the parent -------------------------------------------------------- */

/* Whether this run is to be filmed; ends the program where FILM cannot be written. */
bool film_is_wanted(void);
/* A new memory file for one trial, its descriptor. */
int film_memory(void);
/* Takes in what an arm filmed; rows are what it recorded meanwhile. */
void film_keep(const char *arm, int trial, int fd, const struct row *rows, int count);
/* Writes the file, by rename.  False with a message when that fails. */
bool film_write(void);

#endif
