/* SPDX-License-Identifier: MIT */
/* The film: the picture of the heap that a textbook draws, taken from the real process.
 *
 * An experiment that declares .film = true writes a film to the file that the environment
 * variable FILM names (docs/result_format.md, "The film").  It holds the state of the
 * memory at every record() of one more trial, which the result does not show: the chunks of
 * glibc's main arena, the pages under them, the break, and what was mapped since the arm began.
 *
 * film.c runs in the arm.  Like the probe, it causes no allocation, no page fault, no
 * resident page and no byte of heap.  It reads a chunk's header only where pagemap says
 * that its page is in memory.  It writes what it saw, by write(2), from memory that was
 * touched before the arm began, to a memory file of the parent.  film_file.c runs in the
 * parent and turns that into text.
 *
 * Chunks are shown only where they agree with mallinfo2(3): in the bytes of the arena,
 * the free bytes, and the number of free chunks.  Where they disagree, no chunk is shown
 * and the file gives the reason.
 */
#ifndef TOUCHSTONE_FILM_H
#define TOUCHSTONE_FILM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "experiment.h"

/* What an item is. */
enum film_kind {
	FILM_RECORD,  /* a record begins; .start: its number, from 1 */
	FILM_CHUNK,   /* .state: enum chunk_state */
	FILM_FAST,    /* the chunk at .start lies in a fastbin */
	FILM_PAGES,   /* a run of pages; .state: enum page_state */
	FILM_BREAK,   /* the break is at .start */
	FILM_MAPPING, /* .state: enum film_mapping */
	FILM_REASON,  /* why something is not shown; .state: enum film_reason */
	FILM_PARENT, /* a run of pages of the process that fork(2) copied; .state: enum page_state */
	FILM_CHILD,  /* a run of pages of its copy */
	FILM_LINE,   /* the line .state of the source allocated the block at .start */
};

enum film_mapping {
	MAPPING_PLAIN,     /* neither of the two below */
	MAPPING_OF_MALLOC, /* a block of malloc with a mapping of its own */
	MAPPING_RESERVED,  /* neither readable nor writable */
	MAPPING_OF_NOTES,  /* the experiment's own notes: film_these_are_notes() */
};

/* Why something is not shown.  film_file.c has a sentence for each, into which the item's two
 * numbers, .start and .bytes, are put. */
enum film_reason {
	WHY_FOREIGN,     /* malloc is not glibc's, or has no mallinfo2() */
	WHY_ARENA,       /* bytes of the arenas by mallinfo2(); bytes that the break moved */
	WHY_ABSENT,      /* where in the heap a header's page is absent */
	WHY_SIZE,        /* where in the heap a size is wrong; the size */
	WHY_PREV,        /* where in the heap a prev_size is wrong; the prev_size */
	WHY_FREE_BYTES,  /* free bytes by the chunks; by mallinfo2() */
	WHY_FREE_CHUNKS, /* number of free chunks by the chunks; by mallinfo2() */
	WHY_MAPPED,      /* number of mapped blocks by their headers; by mallinfo2() */
	WHY_TOO_MANY,    /* number of mappings when the arm began; the most that are followed */
	WHY_LENGTH,      /* the largest number of bytes of a film */
};

/* One item of a film, as it goes from the arm to the parent.  Addresses are in bytes from
 * where the heap begins. */
struct film_item {
	int32_t kind, state;
	int64_t start, bytes;
};

/* ---- in the arm ----------------------------------------------------------- */

/* Prepares the film; fd is the parent's memory file.  Call it after probe_open().  Where it
 * fails, nothing is filmed and the measuring goes on. */
void film_open(int fd);
/* Films one record, whose number counts from 1.  Does nothing where film_open() was not called
 * or has failed. */
void film_record(int number);
/* Drops what was filmed so far: the warm-up. */
void film_rewind(void);
/* Tells which line of the experiment's source allocated a block; line 0: none that is known. */
void film_allocated(int line, const void *block);
/* Goes on after fork(2), called with what it returned in both processes: from now on, each also
 * films the pages of the other one. */
void film_after_fork(pid_t child);
/* Tells that [start, start + bytes) holds an experiment's own notes, such as a table of its blocks,
 * which no picture needs to show. */
void film_these_are_notes(const void *start, int64_t bytes);

/* ---- in the parent -------------------------------------------------------- */

/* Returns whether this run is to be filmed.  Ends the program where the file that FILM names
 * cannot be written. */
bool film_is_wanted(void);
/* Creates a memory file for the film of one trial and returns its descriptor. */
int film_memory(void);
/* Turns what an arm filmed into text; rows are the rows that it recorded in the same trial. */
void film_keep(const char *arm, int trial, int fd, const struct row *rows, int count);
/* Writes the file under another name and renames it.  Prints a message and returns false where
 * that fails. */
bool film_write(void);

#endif
