/* SPDX-License-Identifier: ISC */
#include "config/options.h"

#include <syslog.h>

#include "config/config.h"

#define S   ((int64_t)1000)
#define MIN (60 * S)
#define H   (60 * MIN)
#define D   (24 * H)

#define DURATION(least, most) .type = OPTION_TYPE_DURATION, .min = (least), .max = (most)
#define PEER_KEY(name)	      .parent = OPTION_PEER, .key = (name)
#define NUMBER(least, most)   .type = OPTION_TYPE_NUMBER, .min = (least), .max = (most)

static const struct option_word ready_words[] = {
    {"started", CONFIG_READY_STARTED, false},
    {"any-up", CONFIG_READY_ANY_UP, false},
    {"all-up", CONFIG_READY_ALL_UP, false},
    {NULL, 0, false},
};

static const struct option_word level_words[] = {
    {"error", LOG_ERR, false},
    {"err", LOG_ERR, true},
    {"warning", LOG_WARNING, false},
    {"warn", LOG_WARNING, true},
    {"notice", LOG_NOTICE, false},
    {"info", LOG_INFO, false},
    {"debug", LOG_DEBUG, false},
    {NULL, 0, false},
};

static const struct option_word down_words[] = {
    {"wait", CONFIG_DOWN_WAIT, false},
    {"refuse", CONFIG_DOWN_REFUSE, false},
    {NULL, 0, false},
};

static const struct option options[OPTION_COUNT] = {
    [OPTION_ROOT] =
	{
	    .key = "",
	    .type = OPTION_TYPE_MAP,
	    .help = "The configuration of kaguard, see kaguard.yaml(5).",
	},
    [OPTION_READY_WHEN] =
	{
	    .key = "ready_when",
	    .type = OPTION_TYPE_WORD,
	    .words = ready_words,
	    .fallback = "started",
	    .example = "any-up",
	    .help = "When the service counts as started: once the first attempts are under way, "
		    "once any session is up, or once all are.",
	},
    [OPTION_LOG] =
	{
	    .key = "log",
	    .type = OPTION_TYPE_MAP,
	    .help = "What is written to the journal.",
	    .example = "{level: info, summary_every: 1h}",
	},
    [OPTION_LOG_LEVEL] =
	{
	    .parent = OPTION_LOG,
	    .key = "level",
	    .type = OPTION_TYPE_WORD,
	    .words = level_words,
	    .fallback = "info",
	    .example = "notice",
	    .help = "Records less important than this are not written.",
	},
    [OPTION_LOG_SUMMARY_EVERY] =
	{
	    .parent = OPTION_LOG,
	    .key = "summary_every",
	    DURATION(1 * S, 30 * D),
	    .zero = true,
	    .fallback = "1h",
	    .example = "1d",
	    .help = "How often one line sums up the sessions; 0 is never.",
	},
    [OPTION_CONTROL] =
	{
	    .key = "control",
	    .type = OPTION_TYPE_MAP,
	    .help = "How kaguardctl(1) reaches the daemon.",
	    .example = "{socket: /run/kaguard/control}",
	},
    [OPTION_CONTROL_SOCKET] =
	{
	    .parent = OPTION_CONTROL,
	    .key = "socket",
	    .type = OPTION_TYPE_SOCKET,
	    .fallback = "/run/kaguard/control",
	    .example = "/run/kaguard/control",
	    .help = "The unix socket of the daemon, an absolute path.",
	},
    [OPTION_DEFAULTS] =
	{
	    .key = "defaults",
	    .type = OPTION_TYPE_DEFAULTS,
	    .help = "What all peers of all files share: any key of a peer but name, address and "
		    "listen. What a peer says itself comes before it.",
	    .example = "{firewall: aws-nat-gateway, sessions: 2}",
	},
    [OPTION_PEERS] =
	{
	    .key = "peers",
	    .type = OPTION_TYPE_PEERS,
	    .help = "The remote endpoints to which sessions are kept. An item is an address, or a "
		    "map with the keys below.",
	    .example = "[\"vpn.example.com:443\"]",
	},

    [OPTION_PEER] =
	{
	    .key = "peer",
	    .type = OPTION_TYPE_MAP,
	    .help = "A remote endpoint.",
	},
    [OPTION_NAME] =
	{
	    PEER_KEY("name"),
	    .type = OPTION_TYPE_NAME,
	    .own = true,
	    .example = "plant-7",
	    .help = "What the peer is called in the journal and in commands: at most 64 of "
		    "A-Z a-z 0-9 . _ : [ ] -, and no other peer's. Default: its address.",
	},
    [OPTION_ADDRESS] =
	{
	    PEER_KEY("address"),
	    .type = OPTION_TYPE_ENDPOINT,
	    .own = true,
	    .required = true,
	    .example = "\"[2001:db8::7]:9000\"",
	    .help = "HOST:PORT with a name or an IPv4 address, or [IPv6]:PORT in quotes.",
	},
    [OPTION_FIREWALL] =
	{
	    PEER_KEY("firewall"),
	    .type = OPTION_TYPE_FIREWALL,
	    .min = 1 * S,
	    .max = 400 * D,
	    .fallback = "240s",
	    .example = "[azure-load-balancer, 10min]",
	    .help = "After how long the path forgets an idle session: a duration, a preset that "
		    "kaguard --list-firewalls names, a list of these of which the smallest counts, "
		    "or auto to have it measured.",
	},
    [OPTION_SESSIONS] =
	{
	    PEER_KEY("sessions"),
	    NUMBER(0, CONFIG_MAX_SESSIONS),
	    .fallback = "1",
	    .example = "4",
	    .help = "How many sessions are kept to the peer. With listen the default is 0: a "
		    "session is opened for each client; without it 0 is not allowed.",
	},
    [OPTION_KEEPALIVE] =
	{
	    PEER_KEY("keepalive"),
	    .type = OPTION_TYPE_MAP,
	    .help = "What the keepalive probes have to achieve; or, in place of that, exact idle, "
		    "interval and count.",
	    .example = "{detect_within: 2min, lost_probes: 2, outage: 30s}",
	},
    [OPTION_DETECT_WITHIN] =
	{
	    .parent = OPTION_KEEPALIVE,
	    .key = "detect_within",
	    DURATION(1 * S, 7 * D),
	    .fallback = "10min",
	    .example = "2min",
	    .help = "A peer that has died in silence is noticed within this.",
	},
    [OPTION_LOST_PROBES] =
	{
	    .parent = OPTION_KEEPALIVE,
	    .key = "lost_probes",
	    NUMBER(0, PLAN_MAX_LOST_PROBES),
	    .fallback = "2",
	    .example = "3",
	    .help = "So many probes in a row may be lost without harm.",
	},
    [OPTION_OUTAGE] =
	{
	    .parent = OPTION_KEEPALIVE,
	    .key = "outage",
	    DURATION(0, 1 * D),
	    .fallback = "30s",
	    .example = "1min",
	    .help = "A path that is silent for less than this ends no session.",
	},
    [OPTION_IDLE] =
	{
	    .parent = OPTION_KEEPALIVE,
	    .key = "idle",
	    .type = OPTION_TYPE_SECONDS,
	    .min = 1,
	    .max = PLAN_MAX_IDLE_S,
	    .example = "200s",
	    .help = "Exact: the first probe goes out after so much idleness (TCP_KEEPIDLE).",
	},
    [OPTION_INTERVAL] =
	{
	    .parent = OPTION_KEEPALIVE,
	    .key = "interval",
	    .type = OPTION_TYPE_SECONDS,
	    .min = 1,
	    .max = PLAN_MAX_INTERVAL_S,
	    .example = "10s",
	    .help = "Exact: an unanswered probe is repeated after this (TCP_KEEPINTVL).",
	},
    [OPTION_COUNT_PROBES] =
	{
	    .parent = OPTION_KEEPALIVE,
	    .key = "count",
	    NUMBER(1, PLAN_MAX_COUNT),
	    .example = "4",
	    .help = "Exact: after so many unanswered probes the session is given up "
		    "(TCP_KEEPCNT).",
	},
    [OPTION_HEARTBEAT] =
	{
	    PEER_KEY("heartbeat"),
	    .type = OPTION_TYPE_MAP,
	    .help = "Bytes exchanged with the peer's application, for paths on which keepalive "
		    "probes do not count.",
	    .example = "{send: 'PING\\r\\n', expect: PONG, every: 50s, timeout: 10s}",
	},
    [OPTION_SEND] =
	{
	    .parent = OPTION_HEARTBEAT,
	    .key = "send",
	    .type = OPTION_TYPE_BYTES,
	    .max = EXPECT_MAX,
	    .required = true,
	    .example = "'PING\\r\\n'",
	    .help = "The bytes to send.",
	},
    [OPTION_EXPECT] =
	{
	    .parent = OPTION_HEARTBEAT,
	    .key = "expect",
	    .type = OPTION_TYPE_BYTES,
	    .max = EXPECT_MAX,
	    .example = "PONG",
	    .help = "Bytes that the answer contains. Default: any answer will do.",
	},
    [OPTION_EVERY] =
	{
	    .parent = OPTION_HEARTBEAT,
	    .key = "every",
	    DURATION(1 * S, 7 * D),
	    .required = true,
	    .example = "50s",
	    .help = "How often, where the session is idle; more often than the firewall's idle "
		    "timeout.",
	},
    [OPTION_TIMEOUT] =
	{
	    .parent = OPTION_HEARTBEAT,
	    .key = "timeout",
	    DURATION(100, 1 * H),
	    .fallback = "10s",
	    .example = "5s",
	    .help = "How long to wait for the answer, at most as long as every.",
	},
    [OPTION_CONNECT_TIMEOUT] =
	{
	    PEER_KEY("connect_timeout"),
	    DURATION(100, 10 * MIN),
	    .fallback = "10s",
	    .example = "3s",
	    .help = "How long an attempt to connect may take.",
	},
    [OPTION_BACKOFF] =
	{
	    PEER_KEY("backoff"),
	    .type = OPTION_TYPE_MAP,
	    .help = "How long to wait after a failed attempt before the next: a random time below "
		    "a bound that grows from failure to failure.",
	    .example = "{first: 1s, max: 5min, factor: 2, stable_after: 30s}",
	},
    [OPTION_FIRST] =
	{
	    .parent = OPTION_BACKOFF,
	    .key = "first",
	    DURATION(10, 1 * H),
	    .fallback = "1s",
	    .example = "500ms",
	    .help = "The bound after one failure.",
	},
    [OPTION_MAX] =
	{
	    .parent = OPTION_BACKOFF,
	    .key = "max",
	    DURATION(10, 1 * D),
	    .fallback = "5min",
	    .example = "1min",
	    .help = "The bound never grows above this.",
	},
    [OPTION_FACTOR] =
	{
	    .parent = OPTION_BACKOFF,
	    .key = "factor",
	    .type = OPTION_TYPE_FACTOR,
	    .min = 1,
	    .max = 10,
	    .fallback = "2",
	    .example = "1.5",
	    .help = "By how much the bound grows with each failure.",
	},
    [OPTION_STABLE_AFTER] =
	{
	    .parent = OPTION_BACKOFF,
	    .key = "stable_after",
	    DURATION(0, 1 * D),
	    .fallback = "30s",
	    .example = "1min",
	    .help = "A session that was up for this long has cleared the failures before it.",
	},
    [OPTION_BIND] =
	{
	    PEER_KEY("bind"),
	    .type = OPTION_TYPE_ADDRESS,
	    .example = "192.0.2.10",
	    .help = "The source address, numeric. Default: the kernel's choice.",
	},
    [OPTION_DEVICE] =
	{
	    PEER_KEY("device"),
	    .type = OPTION_TYPE_DEVICE,
	    .example = "eth1",
	    .help = "The network interface to which sessions are bound (SO_BINDTODEVICE). "
		    "Default: any.",
	},
    [OPTION_LISTEN] =
	{
	    PEER_KEY("listen"),
	    .type = OPTION_TYPE_LISTEN,
	    .own = true,
	    .example = "127.0.0.1:15432",
	    .help = "Where local clients are taken in and carried over to the peer: ADDRESS:PORT, "
		    "unix:/path, or systemd:NAME for a descriptor of a socket unit.",
	},
    [OPTION_LISTEN_MODE] =
	{
	    PEER_KEY("listen_mode"),
	    .type = OPTION_TYPE_MODE,
	    .fallback = "0660",
	    .example = "\"0666\"",
	    .help =
		"With listen: unix:/path, who may connect: the permissions of the socket, octal "
		"and in quotes.",
	},
    [OPTION_LISTEN_GROUP] =
	{
	    PEER_KEY("listen_group"),
	    .type = OPTION_TYPE_GROUP,
	    .example = "postgres",
	    .help = "With listen: unix:/path, the group of the socket, one that the daemon is in. "
		    "Default: the daemon's own.",
	},
    [OPTION_MAX_CLIENTS] =
	{
	    PEER_KEY("max_clients"),
	    NUMBER(1, 100000),
	    .fallback = "1024",
	    .example = "100",
	    .help = "With listen: how many clients there may be at a time.",
	},
    [OPTION_WHEN_DOWN] =
	{
	    PEER_KEY("when_down"),
	    .type = OPTION_TYPE_WORD,
	    .words = down_words,
	    .fallback = "wait",
	    .example = "refuse",
	    .help = "With listen: what becomes of clients while the peer cannot be reached. They "
		    "wait for it, connect_timeout at most, or are refused at once.",
	},
};

const struct option *
option_at(enum option_id id)
{
	return &options[id];
}
