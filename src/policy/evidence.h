/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_POLICY_EVIDENCE_H
#define KAGUARD_POLICY_EVIDENCE_H

/*
 * What a measurement of a path has seen, and what that says about the path's idle timeout.
 *
 * A session that answers has lived, nothing can feign that but a firewall that takes up forgotten
 * sessions again. A session that does not may have died of something else than its age: five lost
 * probes, an entry evicted before its time. So the highest age that has lived is believed, deaths
 * below it are counted as scattered, and a death above it must be seen more than once.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum evidence_end {
	EVIDENCE_SILENT, /* no probe was answered */
	EVIDENCE_RESET,	 /* a probe was answered by a reset */
	EVIDENCE_ABORT,	 /* reset with no probe outstanding */
	EVIDENCE_CLOSE,	 /* FIN with no probe outstanding */
};

struct evidence_death {
	int64_t idle_ms; /* since the last packet either way */
	int64_t data_ms; /* since it was opened, or the peer last sent data */
	enum evidence_end end;
};

enum evidence_verdict {
	EVIDENCE_NOTHING,     /* seen too little */
	EVIDENCE_NO_EXPIRY,   /* sessions live up to the largest age */
	EVIDENCE_FORGETS,     /* firewall, drops what comes after the expiry */
	EVIDENCE_RESETS,      /* firewall, answers it with a reset to us */
	EVIDENCE_RESETS_BOTH, /* firewall, ends the session at the expiry by itself */
	EVIDENCE_PEER_CLOSES, /* the other end, server or proxy; keepalive does not count */
	EVIDENCE_BLIND,	      /* firewall for which keepalive does not count */
	EVIDENCE_PATH_LOST,   /* nothing answers any more */
	EVIDENCE_UPSET,	      /* all were forgotten at one moment, whatever their age */
};

enum evidence_confidence {
	EVIDENCE_LOW,
	EVIDENCE_MEDIUM,
	EVIDENCE_HIGH,
};

/* How many dead controls are remembered. */
#define EVIDENCE_CONTROLS 4

struct evidence {
	int64_t lived_idle_ms, lived_data_ms; /* the highest age of each kind that has lived */
	int64_t control_ms; /* the highest age since its opening at which a control answered */
	unsigned lived;	    /* answers of sessions that were left idle */
	unsigned deaths;
	struct evidence_death *death; /* room is the owner's affair */
	struct {
		int64_t alive_ms, dead_ms; /* since its opening: last answer, death */
	} control[EVIDENCE_CONTROLS];
	unsigned controls_dead;
	/* Age counts from the last data, not from the last packet: a control, which is probed all
	 * the time, has died as the silent ones do. */
	bool blind;
	bool lossy; /* probes to sessions that live were lost */
};

struct evidence_bracket {
	int64_t low_ms;	       /* lives; 0 if none has */
	int64_t high_ms;       /* dead; 0 if none has died */
	unsigned support;      /* deaths at high or hardly above */
	unsigned needed;       /* how many it takes to believe it */
	unsigned scattered;    /* deaths below low */
	enum evidence_end end; /* that of most that support */
};

void evidence_lived(struct evidence *evidence, int64_t idle_ms, int64_t data_ms);

/* Appends to evidence->death. */
void evidence_died(struct evidence *evidence, const struct evidence_death *death);

/* A control has died; its last answer came at alive_ms. */
void evidence_control_died(struct evidence *evidence, int64_t alive_ms, int64_t dead_ms);

/*
 * Have the silent ones died at the age of a control, counted from its opening? Then keepalive does
 * not count, and blind is set. It takes that many controls. eldest_ms: the age of the oldest one
 * that lives; 0: none.
 */
void evidence_reconsider(struct evidence *evidence, int64_t eldest_ms, unsigned controls);

/* All that has died was younger than what lives: that was no matter of age. */
bool evidence_refuted(const struct evidence *evidence);

struct evidence_bracket evidence_bracket(const struct evidence *evidence);

/* What is further apart than this is not of one age: ends that come by themselves, */
int64_t evidence_tolerance_ms(int64_t age_ms);
/* and those that probes have met. */
int64_t evidence_probed_ms(int64_t age_ms);

/* A control has outlived the age at which the others died, or that cannot be asked any more. */
bool evidence_control_outlived(
    const struct evidence *evidence, const struct evidence_bracket *bracket);

enum evidence_verdict evidence_verdict(const struct evidence *evidence, int64_t max_ms);

/* That of the verdict: `precise` if the bracket is as narrow as was asked for. */
enum evidence_confidence evidence_confidence(const struct evidence *evidence, bool precise);

/* Ends of this kind come by themselves, with no probe. */
bool evidence_spontaneous(enum evidence_end end);

/* "drops_silently" and the like: one word for machines. */
const char *evidence_verdict_name(enum evidence_verdict verdict);
const char *evidence_confidence_name(enum evidence_confidence confidence);

#endif
