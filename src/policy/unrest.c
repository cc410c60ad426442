/* SPDX-License-Identifier: ISC */
#include "policy/unrest.h"

/* What makes a new attempt worth while. The rest needs no second thought: an address that has gone
 * takes its sessions along however often that happens, and sleep is not a noise. */
#define GAINS                                                                     \
	((unsigned)(UNREST_LINK_UP | UNREST_ADDRESS_ADDED | UNREST_ADDRESS_BACK | \
		    UNREST_ROUTE_ADDED))

/* After which an answer may come that could not come before. */
#define PROBED \
	((unsigned)(UNREST_LINK_UP | UNREST_ADDRESS_BACK | UNREST_ROUTE_ADDED | UNREST_AWOKE))

void
unrest_note(struct unrest *u, unsigned changes, int64_t now_ms)
{
	if (changes == 0)
		return;
	if (u->changes == 0 || now_ms - u->last_ms >= UNREST_QUIET_MS)
		u->first_ms = now_ms;
	if (now_ms - u->last_ms >= UNREST_CALM_MS)
		u->gains = 0;
	u->changes |= changes;
	u->last_ms = now_ms;
}

/* How long after the last reaction to a gain the next one may be. */
static int64_t
gap_ms(const struct unrest *u)
{
	int64_t gap_ms = UNREST_GAP_MS;

	if (u->gains == 0)
		return 0;
	for (unsigned i = 1; i < u->gains && gap_ms < UNREST_MAX_GAP_MS; i++)
		gap_ms *= 2;
	return gap_ms < UNREST_MAX_GAP_MS ? gap_ms : UNREST_MAX_GAP_MS;
}

static int64_t
quiet_ms(const struct unrest *u)
{
	int64_t most_ms = u->first_ms + UNREST_MOST_MS;
	int64_t quiet_ms = u->last_ms + UNREST_QUIET_MS;

	return quiet_ms < most_ms ? quiet_ms : most_ms;
}

static int64_t
gains_due_ms(const struct unrest *u)
{
	int64_t due_ms = u->gained_ms + gap_ms(u);

	return quiet_ms(u) > due_ms ? quiet_ms(u) : due_ms;
}

int64_t
unrest_due_ms(const struct unrest *u)
{
	if (u->changes == 0)
		return -1;
	return (u->changes & ~GAINS) != 0 ? quiet_ms(u) : gains_due_ms(u);
}

struct unrest_reaction
unrest_settle(struct unrest *u, int64_t now_ms)
{
	unsigned due = 0;

	if (u->changes == 0 || now_ms < quiet_ms(u))
		return (struct unrest_reaction){0};
	/* All at once where they may be: one line and one probe for what belongs together. */
	if (now_ms >= gains_due_ms(u) || (u->changes & UNREST_AWOKE))
		due = u->changes;
	else
		due = u->changes & ~GAINS;
	u->changes &= ~due;
	if (due & GAINS) {
		u->gains++;
		u->gained_ms = now_ms;
	}
	return (struct unrest_reaction){
	    .changes = due,
	    .drop = (due & (UNREST_ADDRESS_GONE | UNREST_NEAR_GONE)) != 0,
	    .retry = (due & (GAINS | UNREST_AWOKE)) != 0,
	    .probe = (due & PROBED) != 0,
	};
}
