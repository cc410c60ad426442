/* SPDX-License-Identifier: ISC */
#include "ctl/metrics_text.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

/* What a member of the document is, and so what becomes of it. */
enum kind {
	COUNT,
	MILLISECONDS,
	MICROSECONDS,
	TIME,  /* of the day, as a text: seconds since 1970 */
	AGE,   /* in ms, at the document's time: seconds since 1970 */
	FLAG,  /* 1 or 0 */
	LABEL, /* a text, which becomes a label */
};

/* One metric: its samples stand together, as the format demands. */
struct family {
	const char *name, *type, *help;
	const char *key; /* in the document, or in each of its peers */
	enum kind kind;
	bool is_of_peers;
	const char *label; /* the member is an object: its keys are this label; NULL: it is none */
};

static const struct family families[] = {
    {"kaguard_build_info", "gauge", "The version of the daemon that runs.", "version", LABEL, false,
	"version"},
    {"kaguard_start_time_seconds", "gauge", "When the daemon was started.", "started", TIME, false,
	NULL},
    {"kaguard_config_last_reload_successful", "gauge",
	"Whether the configuration could be loaded when that was last tried.", "reload_successful",
	FLAG, false, NULL},
    {"kaguard_config_last_reload_success_timestamp_seconds", "gauge",
	"When the configuration was last loaded.", "loaded", TIME, false, NULL},
    {"kaguard_peers", "gauge", "Configured peers.", "peers_total", COUNT, false, NULL},
    {"kaguard_control_clients", "gauge", "Clients of the control socket, with this one.",
	"control_clients", COUNT, false, NULL},
    {"kaguard_journal_records_dropped_total", "counter",
	"Records that the journal has not taken in time.", "records_dropped", COUNT, false, NULL},
    {"kaguard_sessions", "gauge",
	"Sessions in each state; those that are suspect are up, with unanswered probes.",
	"sessions", COUNT, true, "state"},
    {"kaguard_session_connects_total", "counter", "Sessions that came up.", "connects", COUNT, true,
	NULL},
    {"kaguard_session_reconnects_total", "counter",
	"Sessions that came up, and had been up before.", "reconnects", COUNT, true, NULL},
    {"kaguard_session_losses_total", "counter", "Sessions that were lost.", "lost", COUNT, true,
	NULL},
    {"kaguard_session_deaths_total", "counter", "Sessions that were lost, once it is known why.",
	"deaths", COUNT, true, "reason"},
    {"kaguard_attempts_failed_total", "counter", "Attempts to connect that failed.",
	"attempts_failed", COUNT, true, NULL},
    {"kaguard_heartbeats_sent_total", "counter", "Heartbeats that were sent.", "heartbeats_sent",
	COUNT, true, NULL},
    {"kaguard_heartbeats_answered_total", "counter", "Heartbeats that were answered.",
	"heartbeats_answered", COUNT, true, NULL},
    {"kaguard_last_proof_of_life_timestamp_seconds", "gauge",
	"The last sign of life of the session that has given none for the longest time.", "idle_ms",
	AGE, true, NULL},
    {"kaguard_probes_unanswered", "gauge", "Unanswered probes of the session that has most.",
	"probes_unanswered", COUNT, true, NULL},
    {"kaguard_probes_allowed", "gauge",
	"Unanswered probes after which a session is given up; of several peers the least.",
	"probes_allowed", COUNT, true, NULL},
    {"kaguard_rtt_seconds", "gauge", "The longest smoothed round trip of a session.", "rtt_us",
	MICROSECONDS, true, NULL},
    {"kaguard_firewall_timeout_seconds", "gauge",
	"The idle timeout of the firewall, declared or measured; of several the shortest.",
	"firewall_ms", MILLISECONDS, true, NULL},
    {"kaguard_firewall_learnt_timeout_seconds", "gauge",
	"The idle timeout that the firewall was learnt to have, where that is shorter.",
	"learnt_ms", MILLISECONDS, true, NULL},
    {"kaguard_tunnels_deaf", "gauge", "Tunnels that take in no clients: they cannot listen.",
	"tunnels_deaf", COUNT, true, NULL},
    {"kaguard_clients", "gauge", "Clients of tunnels, now.", "clients", COUNT, true, NULL},
    {"kaguard_clients_waiting", "gauge", "Clients that have no session so far.", "clients_waiting",
	COUNT, true, NULL},
    {"kaguard_clients_total", "counter", "Clients that came.", "clients_total", COUNT, true, NULL},
    {"kaguard_clients_refused_total", "counter", "Clients that were refused.", "clients_refused",
	COUNT, true, NULL},
    {"kaguard_clients_cut_off_total", "counter", "Clients whose end was not in order.",
	"clients_cut_off", COUNT, true, NULL},
    {"kaguard_forwarded_bytes_total", "counter", "Bytes carried between clients and peers.",
	"bytes_forwarded", COUNT, true, "direction"},
};

/* RFC 3339 in UTC, to seconds since 1970. */
static double
seconds_of(const json_t *text)
{
	struct tm tm = {0};
	double seconds = 0;

	if (!json_is_string(text) ||
	    sscanf(json_string_value(text), "%d-%d-%dT%d:%d:%lfZ", &tm.tm_year, &tm.tm_mon,
		&tm.tm_mday, &tm.tm_hour, &tm.tm_min, &seconds) != 6)
		return 0;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	return (double)timegm(&tm) + seconds;
}

static double
value_of(const json_t *document, const json_t *member, enum kind kind)
{
	switch (kind) {
	case COUNT:
		return json_number_value(member);
	case MILLISECONDS:
		return json_number_value(member) / 1e3;
	case MICROSECONDS:
		return json_number_value(member) / 1e6;
	case TIME:
		return seconds_of(member);
	case AGE:
		return seconds_of(json_object_get(document, "time")) -
		       json_number_value(member) / 1e3;
	case FLAG:
		return json_is_true(member);
	case LABEL:
		return 1;
	}
	return 0;
}

/* name="value", with what has a meaning there escaped. */
static void
print_label(const char *before, const char *name, const char *value, FILE *out)
{
	fprintf(out, "%s%s=\"", before, name);
	for (; *value != '\0'; value++) {
		if (*value == '\\' || *value == '"')
			putc('\\', out);
		if (*value == '\n')
			fputs("\\n", out);
		else
			putc(*value, out);
	}
	putc('"', out);
}

/* The labels of a sample; either may be NULL. */
struct labels {
	const char *peer, *name, *value;
};

static void
print_sample(const struct family *f, const struct labels *labels, double value, FILE *out)
{
	fputs(f->name, out);
	if (labels->peer != NULL)
		print_label("{", "peer", labels->peer, out);
	if (labels->name != NULL)
		print_label(labels->peer != NULL ? "," : "{", labels->name, labels->value, out);
	/* 15 digits are what a double keeps, and a time of the day has 13. */
	fprintf(out, "%s %.15g\n", labels->peer != NULL || labels->name != NULL ? "}" : "", value);
}

/* What is null is not known: no sample is better than one that is wrong. */
static void
print_member(const json_t *document, const json_t *object, const struct family *f, FILE *out)
{
	json_t *member = json_object_get(object, f->key), *value;
	struct labels labels = {json_string_value(json_object_get(object, "peer")), f->label, NULL};
	const char *key;

	if (json_is_object(member)) {
		json_object_foreach(member, key, value)
		{
			labels.value = key;
			print_sample(f, &labels, value_of(document, value, f->kind), out);
		}
		return;
	}
	if (member == NULL || json_is_null(member))
		return;
	if (f->kind == LABEL)
		labels.value = json_string_value(member);
	if (f->label == NULL || labels.value != NULL)
		print_sample(f, &labels, value_of(document, member, f->kind), out);
}

int
metrics_text(const json_t *document, FILE *out)
{
	const json_t *peers = json_object_get(document, "peers");
	json_t *peer;
	size_t i;

	for (size_t k = 0; k < sizeof(families) / sizeof(families[0]); k++) {
		const struct family *f = &families[k];

		fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", f->name, f->help, f->name, f->type);
		if (!f->is_of_peers)
			print_member(document, document, f, out);
		else
			json_array_foreach(peers, i, peer)
			{
				print_member(document, peer, f, out);
			}
	}
	return fflush(out) != 0 || ferror(out) ? -EIO : 0;
}
