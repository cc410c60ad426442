/* SPDX-License-Identifier: ISC */
#include "policy/pace.h"

#include <assert.h>

void
pace_init(struct pace *pace)
{
	*pace = (struct pace){.window = 1};
}

bool
pace_admits(const struct pace *pace)
{
	return pace->in_flight < pace->window;
}

void
pace_began(struct pace *pace)
{
	pace->in_flight++;
}

static void
ended(struct pace *pace)
{
	assert(pace->in_flight > 0);
	pace->in_flight--;
}

void
pace_succeeded(struct pace *pace, bool strained)
{
	ended(pace);
	if (strained)
		pace->window = pace->window > 1 ? pace->window / 2 : 1;
	else if (pace->window < PACE_MAX_WINDOW)
		pace->window++;
}

void
pace_failed(struct pace *pace)
{
	ended(pace);
	pace->window = 1;
}

void
pace_doubt(struct pace *pace)
{
	pace->window = 1;
}

void
pace_withdrawn(struct pace *pace)
{
	ended(pace);
}
