/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_OUTCOME_H
#define KAGUARD_DAEMON_OUTCOME_H

/*
 * What came of reading the configuration, said once. One "systemctl reload" may ask for it twice:
 * systemd 253 to 257 sends its own signal beside what ExecReload= does. The second reading counts
 * like the first, since the file may have changed in between; but where it finds the same within
 * a second, and changes nothing, its words are for debugging only.
 */

#include <stdbool.h>
#include <stdint.h>

struct journal;
struct remarks;

/* All zero: nothing has been said yet. */
struct outcome {
	uint64_t digest;  /* of the remarks that were read last */
	int64_t read_ms;  /* when that was */
	int64_t quiet_ms; /* until when the same is a repetition */
	bool is_repetition;
};

/* The first part of it: says what was found in the files, which were read at now_ms. */
void outcome_remarks(struct outcome *outcome, struct journal *journal,
    const struct remarks *remarks, int64_t now_ms);

/* The priority of its last part: `usual`, or LOG_DEBUG. changed: something else is in force now. */
int outcome_priority(struct outcome *outcome, int usual, bool changed);

#endif
