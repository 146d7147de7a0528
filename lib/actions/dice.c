/* SPDX-License-Identifier: MIT */
#include "dice.h"

#include "experiment.h"

/* The state of Marsaglia's xorshift64 (Journal of Statistical Software 8(14), 2003), whose period
 * is 2^64 - 1.  It needs no other memory. */
static uint64_t state = 0x9e3779b97f4a7c15;

int64_t dice_between(int64_t least, int64_t most)
{
	if (least > most)
		unsupported("there is no number from %lld to %lld: is a knob for the least value set above "
			    "the one for the most?",
			    (long long)least, (long long)most);
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	/* The upper bits: a remainder of the lower ones would be less random. */
	return least + (int64_t)((state >> 16) % (uint64_t)(most - least + 1));
}

int64_t dice_mixed_size(int64_t smallest, int64_t largest)
{
	int64_t octaves = 0;

	while (smallest << (octaves + 1) <= largest)
		octaves++;
	int64_t least = smallest << dice_between(0, octaves - 1);
	return dice_between(least, 2 * least);
}
