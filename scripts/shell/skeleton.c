/* SPDX-License-Identifier: MIT */
/* What is claimed, in one sentence.
 *
 * The mechanism: what the C library and the kernel do, and where they do it (a manual page, or a
 * function of their source).
 *
 * Control: the same without the cause must show the contrary.
 * Try: what a reader may change, and what then moves?
 */
#include "experiment.h"
#include "memory.h"

static int64_t block_bytes = 8 * KiB;

static void with_the_cause(void)
{
	char *block = must_map(block_bytes);

	record("before", 0);
	write_pages(block, block_bytes); /* the cause: put yours here */
	record("after", block_bytes);
}

static void without_the_cause(void)
{
	must_map(block_bytes);
	record("before", 0);
	record("after", block_bytes);
}

static void judge(void)
{
	expect_equal("with the cause, the block becomes resident", "bytes",
		     pages_for(block_bytes) * page_bytes(),
		     growth("with the cause", "before", "after").resident_bytes);
	control_equal("without the cause, nothing becomes resident", "bytes", 0,
		      growth("without the cause", "before", "after").resident_bytes);
}

const struct experiment experiment = {
	.claim = "a block becomes resident when it is written",
	.asked = "When does a block become resident?",
	.x_axis = "bytes of the block",
	.x_unit = "bytes",
	.charted = "resident_bytes",
	.knobs = { { "block", &block_bytes, "bytes", "size of the block" } },
	.arms = { { "with the cause", with_the_cause },
		  { "without the cause", without_the_cause, .control = true } },
	.predict = { "How much becomes resident?", "resident_bytes", "with the cause", "before",
		     "after", .because = "Each page that is written becomes resident." },
	.judge = judge,
};
