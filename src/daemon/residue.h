/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_RESIDUE_H
#define KAGUARD_DAEMON_RESIDUE_H

/*
 * What the daemon before this one had in pipes. A client goes on with all that it had there, or not
 * at all: a connection that is cut off can be made again, one with a hole in it is believed.
 */

struct keep;
struct salvage;

/* Before clients go on: those are robbed whose pipe has not come. */
void residue_look(struct salvage *salvage, struct keep *keep);

/* Afterwards: what they had in pipes goes on first. */
void residue_restore(struct salvage *salvage, struct keep *keep);

#endif
