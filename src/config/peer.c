/* SPDX-License-Identifier: ISC */
#include "config/peer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "config/peer_plan.h"
#include "policy/timespan.h"

static const struct setting *
of(const struct peer_builder *builder, enum option_id id)
{
	return &builder->settings->of[id];
}

static bool
is_given(const struct peer_builder *builder, enum option_id id)
{
	return of(builder, id)->at.line > 0;
}

bool
peer_is_own(const struct peer_builder *builder, enum option_id id)
{
	const struct place *here = &of(builder, id)->at;
	const struct place *there = &builder->defaults->of[id].at;

	return here->line != there->line || here->column != there->column ||
	       here->file != there->file;
}

struct place
peer_blame(const struct peer_builder *builder, enum option_id a, enum option_id b)
{
	const enum option_id ids[] = {a, b};

	for (int own = 1; own >= 0; own--)
		for (size_t i = 0; i < 2; i++)
			if (ids[i] != OPTION_PEER && is_given(builder, ids[i]) &&
			    (!own || peer_is_own(builder, ids[i])))
				return of(builder, ids[i])->at;
	return of(builder, OPTION_PEER)->at;
}

static char *
copy_slice(struct peer_builder *builder, struct slice text)
{
	static char nothing[] = "";
	char *to = pool_text(&builder->config->pool, text.text, text.len);

	if (to != NULL)
		return to;
	builder->report->error = -ENOMEM;
	return nothing;
}

char *
peer_copy_text(struct peer_builder *builder, enum option_id id, struct slice text)
{
	struct peer_copy *copy = &builder->copies[id];

	if (copy->to == NULL || copy->from != text.text || copy->len != text.len)
		*copy = (struct peer_copy){text.text, copy_slice(builder, text), text.len};
	return copy->to;
}

static char *
copy_optional(struct peer_builder *builder, enum option_id id)
{
	const struct setting *setting = of(builder, id);

	if (!is_given(builder, id) || setting->broken)
		return NULL;
	return peer_copy_text(builder, id, setting->text);
}

/* Where to, and under which name. False where the peer has none that could be used. */
static bool
build_address(struct peer_builder *builder, struct config_peer *peer)
{
	const struct setting *address = of(builder, OPTION_ADDRESS);
	const struct setting *name = of(builder, OPTION_NAME);
	struct why why;

	if (!is_given(builder, OPTION_ADDRESS))
		report_error(builder->report, peer_blame(builder, OPTION_NAME, OPTION_PEER),
		    "the peer has no 'address'");
	if (!is_given(builder, OPTION_ADDRESS) || address->broken || name->broken)
		return false;
	peer->address = peer_copy_text(builder, OPTION_ADDRESS, address->address.text);
	peer->host = copy_slice(builder, address->address.endpoint.host);
	peer->port = address->address.endpoint.port;
	if (is_given(builder, OPTION_NAME)) {
		peer->name = peer_copy_text(builder, OPTION_NAME, name->text);
	} else if (scalar_name(address->address.text, &why) == 0) {
		peer->name = peer->address;
	} else {
		report_error(builder->report, address->at, "give this peer a 'name': %s", why.text);
		return false;
	}
	return true;
}

static void
build_sessions(struct peer_builder *builder, struct config_peer *peer)
{
	const struct setting *sessions = of(builder, OPTION_SESSIONS);

	peer->listen = copy_optional(builder, OPTION_LISTEN);
	peer->sessions = (unsigned)sessions->number;
	if (!is_given(builder, OPTION_SESSIONS) && is_given(builder, OPTION_LISTEN))
		peer->sessions = 0;
	peer->max_clients = (unsigned)of(builder, OPTION_MAX_CLIENTS)->number;
	if (!sessions->broken && sessions->number == 0 && !is_given(builder, OPTION_LISTEN))
		report_error(builder->report, sessions->at,
		    "'sessions' can be 0 only with 'listen'; without it there is nothing to do");
	if (is_given(builder, OPTION_MAX_CLIENTS) && peer_is_own(builder, OPTION_MAX_CLIENTS) &&
	    !is_given(builder, OPTION_LISTEN))
		report_error(builder->report, of(builder, OPTION_MAX_CLIENTS)->at,
		    "'max_clients' is for a peer with 'listen'");
}

static void
build_backoff(struct peer_builder *builder, struct config_peer *peer)
{
	const struct setting *first = of(builder, OPTION_FIRST), *max = of(builder, OPTION_MAX);
	char first_text[TIMESPAN_MAX], max_text[TIMESPAN_MAX];

	peer->connect_timeout_ms = of(builder, OPTION_CONNECT_TIMEOUT)->number;
	peer->backoff = (struct backoff){.first_ms = first->number,
	    .max_ms = max->number,
	    .factor = of(builder, OPTION_FACTOR)->factor,
	    .stable_ms = of(builder, OPTION_STABLE_AFTER)->number};
	if (first->number > max->number && !first->broken && !max->broken)
		report_error(builder->report, peer_blame(builder, OPTION_FIRST, OPTION_MAX),
		    "backoff 'first' (%s) must not be above 'max' (%s)",
		    timespan_text(first->number, first_text, sizeof(first_text)),
		    timespan_text(max->number, max_text, sizeof(max_text)));
}

static void
build_source(struct peer_builder *builder, struct config_peer *peer)
{
	int family = of(builder, OPTION_ADDRESS)->address.endpoint.family, own;
	const struct setting *bind = of(builder, OPTION_BIND);
	struct why why;

	peer->device = copy_optional(builder, OPTION_DEVICE);
	peer->bind = copy_optional(builder, OPTION_BIND);
	if (peer->bind == NULL || peer->address == NULL || family == AF_UNSPEC)
		return;
	if (scalar_address(bind->text, &own, &why) == 0 && own != family)
		report_warning(builder->report, peer_blame(builder, OPTION_BIND, OPTION_ADDRESS),
		    "no attempt can succeed: 'bind' is an %s address, 'address' is %s",
		    own == AF_INET ? "IPv4" : "IPv6", own == AF_INET ? "IPv6" : "IPv4");
}

static struct config_peer *
add_peer(struct peer_builder *builder)
{
	struct config *config = builder->config;
	struct config_peer *peers;

	if (config->n_peers == builder->room) {
		size_t room = builder->room == 0 ? 16 : builder->room * 2;

		peers = reallocarray(config->peers, room, sizeof(*peers));
		if (peers == NULL)
			return NULL;
		config->peers = peers;
		builder->room = room;
	}
	peers = &config->peers[config->n_peers++];
	*peers = (struct config_peer){0};
	return peers;
}

/* Two peers of one name: say where both are. */
static void
index_name(struct peer_builder *builder)
{
	struct config *config = builder->config;
	const struct config_peer *first;
	int error = config_index_last(config, &first);

	if (error == -EEXIST)
		report_error(builder->report, peer_blame(builder, OPTION_NAME, OPTION_ADDRESS),
		    "there is a peer '%s' already, in %s:%u; give one of them another 'name'",
		    first->name, builder->report->sources[first->file].name, first->line);
	else if (error != 0)
		builder->report->error = error;
	if (error != 0)
		config->n_peers--;
}

void
peer_build(struct peer_builder *builder, const struct settings *settings)
{
	struct config_peer *peer = add_peer(builder);
	bool named;

	if (peer == NULL) {
		builder->report->error = -ENOMEM;
		return;
	}
	builder->settings = settings;
	peer->file = of(builder, OPTION_PEER)->at.file;
	peer->line = of(builder, OPTION_PEER)->at.line;
	named = build_address(builder, peer);
	build_sessions(builder, peer);
	build_backoff(builder, peer);
	build_source(builder, peer);
	peer_build_heartbeat(builder, peer);
	peer_build_plan(builder, peer);
	if (named)
		index_name(builder);
	else
		builder->config->n_peers--;
}
