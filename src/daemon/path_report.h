/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_PATH_REPORT_H
#define KAGUARD_DAEMON_PATH_REPORT_H

/* What is told of the measurement of a peer's path. */

#include <stdbool.h>
#include <stdint.h>

struct path_measurement;
struct peer;
struct survey_job;

void path_report_begun(struct peer *peer, const struct survey_job *job);

/* It was ended, for that reason, and is to begin anew. */
void path_report_void(struct peer *peer, const char *why);

/* Something was found out. So much was planned for before, and is now; -1: no plan is possible. */
void path_report_result(struct peer *peer, const struct path_measurement *measurement,
    int64_t before_ms, int64_t planned_ms);

/* Nothing was. */
void path_report_nothing(struct peer *peer, const struct path_measurement *measurement);

/* The network that the path begins in is known; `moved`: it was another until now. */
void path_report_network(struct peer *peer, bool moved);

/* What was measured is contradicted by that, after so much idleness. */
void path_report_doubt(struct peer *peer, const char *why, int64_t idle_ms);

#endif
