/* SPDX-License-Identifier: MIT */
/* Objects that are freed together should be allocated together.
 *
 * To answer a request, a server allocates hundreds of thousands of small objects,
 * and none of them is needed when the answer is sent.  Now and then it also allocates
 * an object that stays (a session, a line of the log).  When both come from one heap,
 * the objects that stay lie between those that go, and hold the holes in place: see
 * churn_leaves_holes.
 *
 * A pool (pool.h) takes large chunks from mmap(2) and cuts the objects from them, one
 * behind the other.  The objects that stay come from malloc and lie elsewhere.  So at
 * the end whole mappings go back, whatever the order of the objects was.  A pool that
 * is reset instead of destroyed keeps its pages, so the next request causes no fault.
 *
 * Control: malloc() and free(), for the same objects in the same order, must keep
 * nearly all of the memory.
 * Try: stays=1000000 (nothing stays).  What does malloc give back now, and why?
 */
#include "dice.h"
#include "experiment.h"
#include "memory.h"
#include "pool.h"

static int64_t objects = 60000, smallest = 16, largest = 512, stays_every = 100;
static void **object;
static struct pool *pool;

static void *from_pool(int64_t bytes)
{
	void *block = pool_alloc(pool, (size_t)bytes);

	if (block == NULL)
		memory_was_refused("pool_alloc", bytes);
	return block;
}

static void answer_request(void *(*allocate)(int64_t bytes))
{
	for (int64_t i = 0; i < objects; i++) {
		int64_t bytes = dice_between(smallest, largest);
		object[i] = allocate(bytes);
		write_pages(object[i], bytes);
		if (i % stays_every == stays_every - 1)
			write_pages(must_malloc(smallest), smallest);
	}
}

static void begin(void)
{
	object = must_map_notes(objects * (int64_t)sizeof(*object));
	write_pages(object, objects * (int64_t)sizeof(*object));
	must_have_memory(objects * (smallest + largest) / 2);
	wake_malloc();
	record("before", 0);
}

static void with_pool(void)
{
	begin();
	pool = pool_create(0);
	if (pool == NULL)
		memory_was_refused("pool_create", page_bytes());
	answer_request(from_pool);
	record("answered", 0);
	pool_reset(pool);
	record("dropped", 0);
	/* As many objects again, which together need less room than the first ones did. */
	for (int64_t i = 0; i < objects; i++)
		write_pages(from_pool(largest / 4 + 1), largest / 4 + 1);
	record("answered again", 0);
	pool_destroy(pool);
	record("given back", 0);
}

static void with_malloc(void)
{
	begin();
	answer_request(must_malloc);
	record("answered", 0);
	for (int64_t i = 0; i < objects; i++)
		free(object[i]);
	record("given back", 0);
}

/* Adds up the sizes once more: dice_between() gives the same numbers here as in the arms. */
static int64_t bytes_asked_for(void)
{
	int64_t bytes = 0;

	for (int64_t i = 0; i < objects; i++)
		bytes += dice_between(smallest, largest);
	return bytes;
}

static void judge(void)
{
	struct snapshot filled = growth("pool", "before", "answered");

	/* Each object begins at a multiple of POOL_ALIGNMENT.  A chunk begins with a header, and the
	 * next object, of `largest` bytes at most, may not fit at its end: so its first page and its
	 * last one may hold less.  The objects that stay fill the heap but for two pages. */
	int64_t asked = bytes_asked_for(), with_padding = asked + objects * (POOL_ALIGNMENT - 1);
	int64_t chunks = with_padding / (POOL_CHUNK - largest - page_bytes()) + 1;
	expect_between("resident bytes of the pool's objects", "bytes", asked,
		       filled.resident_bytes - measured(filled.in_use_bytes, "in_use_bytes"),
		       with_padding + 2 * (chunks + 1) * page_bytes());
	/* Less than `largest` bytes, at most a page, stay free at the end of a chunk, so the first
	 * request has touched each page of it. */
	expect_equal("page faults of a second request in the same pool", "faults", 0,
		     growth("pool", "dropped", "answered again").minor_fault_count);
	struct snapshot back = growth("pool", "before", "given back");
	/* The objects that stay lie in the heap.  A chunk of the heap has a header of 8 bytes;
	 * its size is rounded up to a multiple of 16, and to 32 at least. */
	expect_between("bytes in use at the end: the objects that stay", "bytes",
		       objects / stays_every * smallest, back.in_use_bytes,
		       objects / stays_every * (smallest + 31));
	expect_between("resident bytes at the end: no more than the objects that stay", "bytes", 0,
		       back.resident_bytes, back.in_use_bytes + 2 * page_bytes());
	expect_equal("mappings that remain of the pool", "mappings", 0, back.mapping_count);
	expect_equal("growth of the virtual size, bytes: only what the heap grew by", "bytes",
		     back.heap_top_bytes, back.virtual_bytes);
	int64_t heap_filled = growth("malloc and free", "before", "answered").resident_bytes;
	control_between("malloc and free: resident bytes at the end", "bytes", heap_filled / 10 * 9,
			growth("malloc and free", "before", "given back").resident_bytes,
			heap_filled);
}

const struct experiment experiment = {
	.claim = "a pool leaves no holes: when it is destroyed, all of its memory goes back to the system",
	.asked = "What can I do against fragmentation?",
	.charted = "resident_bytes in_use_bytes",
	.chart = CHART_STAGES,
	.knobs = { { "objects", &objects, "", "objects of one request", 1000, 1 << 21 },
		   { "smallest", &smallest, "bytes", "smallest object", 1, 4 * KiB },
		   { "largest", &largest, "bytes", "largest object", 1, 4 * KiB },
		   { "stays", &stays_every, "", "after this many objects, one object stays" } },
	.arms = { { "pool", with_pool }, { "malloc and free", with_malloc, .control = true } },
	.predict = { "How much stays resident when the pool has given everything back?",
		     "resident_bytes", "pool", "before", "given back",
		     .because = "The pool's chunks are mappings of their own and go back whole. Only "
				"the objects that stay remain: they came from malloc and lie "
				"elsewhere." },
	.judge = judge,
	.about_glibc = true,
	.probe = PROBE_MAPPINGS,
	.film = true,
};
