/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_POLICY_FINDINGS_H
#define KAGUARD_POLICY_FINDINGS_H

/* What a measurement of a path has found, in words. */

#include <stdbool.h>

#include "policy/firewalls.h"
#include "policy/ladder.h"

#define FINDINGS_TEXT 512

/*
 * "between 340 s and 352 s (firewall, drops silently); matches aws-nat-gateway; put "firewall:
 * 350s" in kaguard.yaml". Returns buf of FINDINGS_TEXT bytes.
 */
char *findings_text(const struct ladder_view *view, char *buf);

/* Append "between 340 s and 352 s", "more than 340 s", "less than 4.0 s". */
void findings_add_bracket(const struct ladder_view *view, char *buf);

/* Keepalive does not count for whoever ends the sessions. */
bool findings_by_peer(const struct ladder_view *view);

/* The preset has that idle timeout, and counts keepalives as the path does. */
bool findings_match(const struct firewall *firewall, const struct ladder_view *view);

#endif
