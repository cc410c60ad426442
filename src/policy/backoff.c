/* SPDX-License-Identifier: ISC */
#include "policy/backoff.h"

int64_t
backoff_ceiling_ms(const struct backoff *policy, unsigned failures)
{
	double ceiling = (double)policy->first_ms;

	for (unsigned i = 1; i < failures && ceiling < (double)policy->max_ms; i++)
		ceiling *= policy->factor;
	return ceiling < (double)policy->max_ms ? (int64_t)ceiling : policy->max_ms;
}

int64_t
backoff_delay_ms(const struct backoff *policy, unsigned failures, uint32_t random)
{
	uint64_t ceiling = (uint64_t)backoff_ceiling_ms(policy, failures);

	/* 1 .. ceiling: zero would be no pause at all. */
	return 1 + (int64_t)((ceiling * random) >> 32);
}
