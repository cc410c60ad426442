/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_POLICY_PLAN_CONFLICT_H
#define KAGUARD_POLICY_PLAN_CONFLICT_H

/* Why a wish cannot be met, and what could. plan_make() calls this; use that. */

#include "policy/plan.h"

/* For a wish without exact values that plan_make() refuses. */
void plan_conflict_find(const struct plan_wish *wish, struct plan_conflict *ret);

#endif
