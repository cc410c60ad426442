/* SPDX-License-Identifier: ISC */
#include "config/build.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "config/build_plan.h"
#include "policy/timespan.h"

bool
build_is_own(const struct builder *builder, enum option_id id)
{
	const struct place *here = &build_setting(builder, id)->at;
	const struct place *there = &builder->defaults->of[id].at;

	return here->line != there->line || here->column != there->column ||
	       here->file != there->file;
}

struct place
build_blame(const struct builder *builder, enum option_id a, enum option_id b)
{
	const enum option_id ids[] = {a, b};

	for (int own = 1; own >= 0; own--)
		for (size_t i = 0; i < 2; i++)
			if (ids[i] != OPTION_PEER && build_is_given(builder, ids[i]) &&
			    (!own || build_is_own(builder, ids[i])))
				return build_setting(builder, ids[i])->at;
	return build_setting(builder, OPTION_PEER)->at;
}

static char *
copy_slice(struct builder *builder, struct slice text)
{
	static char nothing[] = "";
	char *to = pool_text(&builder->config->pool, text.text, text.len);

	if (to != NULL)
		return to;
	builder->notes->error = -ENOMEM;
	return nothing;
}

char *
build_text(struct builder *builder, enum option_id id, struct slice text)
{
	struct build_copy *copy = &builder->copies[id];

	if (copy->to == NULL || copy->from != text.text || copy->len != text.len)
		*copy = (struct build_copy){text.text, copy_slice(builder, text), text.len};
	return copy->to;
}

static char *
copy_optional(struct builder *builder, enum option_id id)
{
	const struct setting *setting = build_setting(builder, id);

	if (!build_is_given(builder, id) || setting->broken)
		return NULL;
	return build_text(builder, id, setting->text);
}

/* Where to, and under which name. False where the peer has none that could be used. */
static bool
build_address(struct builder *builder, struct config_peer *peer)
{
	const struct setting *address = build_setting(builder, OPTION_ADDRESS);
	const struct setting *name = build_setting(builder, OPTION_NAME);
	struct why why;

	if (!build_is_given(builder, OPTION_ADDRESS))
		notes_error(builder->notes, build_blame(builder, OPTION_NAME, OPTION_PEER),
		    "the peer has no 'address'");
	if (!build_is_given(builder, OPTION_ADDRESS) || address->broken || name->broken)
		return false;
	peer->address = build_text(builder, OPTION_ADDRESS, address->address.text);
	peer->host = copy_slice(builder, address->address.endpoint.host);
	peer->port = address->address.endpoint.port;
	if (build_is_given(builder, OPTION_NAME)) {
		peer->name = build_text(builder, OPTION_NAME, name->text);
	} else if (scalar_name(address->address.text, &why) == 0) {
		peer->name = peer->address;
	} else {
		notes_error(builder->notes, address->at, "give this peer a 'name': %s", why.text);
		return false;
	}
	return true;
}

/* What means something only where clients are taken in. */
static void
build_listen(struct builder *builder, struct config_peer *peer)
{
	const enum option_id ids[] = {
	    OPTION_LISTEN_MODE, OPTION_LISTEN_GROUP, OPTION_MAX_CLIENTS, OPTION_WHEN_DOWN};

	peer->listen = copy_optional(builder, OPTION_LISTEN);
	peer->listen_group = copy_optional(builder, OPTION_LISTEN_GROUP);
	peer->listen_mode = (unsigned)build_setting(builder, OPTION_LISTEN_MODE)->number;
	peer->max_clients = (unsigned)build_setting(builder, OPTION_MAX_CLIENTS)->number;
	peer->when_down = (enum config_down)build_setting(builder, OPTION_WHEN_DOWN)->number;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		if (build_is_given(builder, ids[i]) && build_is_own(builder, ids[i]) &&
		    !build_is_given(builder, OPTION_LISTEN))
			notes_error(builder->notes, build_setting(builder, ids[i])->at,
			    "'%s' is for a peer with 'listen'", option_at(ids[i])->key);
}

static void
build_sessions(struct builder *builder, struct config_peer *peer)
{
	const struct setting *sessions = build_setting(builder, OPTION_SESSIONS);

	peer->sessions = (unsigned)sessions->number;
	if (!build_is_given(builder, OPTION_SESSIONS) && build_is_given(builder, OPTION_LISTEN))
		peer->sessions = 0;
	if (!sessions->broken && sessions->number == 0 && !build_is_given(builder, OPTION_LISTEN))
		notes_error(builder->notes, sessions->at,
		    "'sessions' can be 0 only with 'listen'; without it there is nothing to do");
}

static void
build_backoff(struct builder *builder, struct config_peer *peer)
{
	const struct setting *first = build_setting(builder, OPTION_FIRST),
			     *max = build_setting(builder, OPTION_MAX);
	char first_text[TIMESPAN_MAX], max_text[TIMESPAN_MAX];

	peer->connect_timeout_ms = build_setting(builder, OPTION_CONNECT_TIMEOUT)->number;
	peer->backoff = (struct backoff){.first_ms = first->number,
	    .max_ms = max->number,
	    .factor = build_setting(builder, OPTION_FACTOR)->factor,
	    .stable_ms = build_setting(builder, OPTION_STABLE_AFTER)->number};
	if (first->number > max->number && !first->broken && !max->broken)
		notes_error(builder->notes, build_blame(builder, OPTION_FIRST, OPTION_MAX),
		    "backoff 'first' (%s) must not be above 'max' (%s)",
		    timespan_text(first->number, first_text, sizeof(first_text)),
		    timespan_text(max->number, max_text, sizeof(max_text)));
}

static void
build_source(struct builder *builder, struct config_peer *peer)
{
	int family = build_setting(builder, OPTION_ADDRESS)->address.endpoint.family, own;
	const struct setting *bind = build_setting(builder, OPTION_BIND);
	struct why why;

	peer->device = copy_optional(builder, OPTION_DEVICE);
	peer->bind = copy_optional(builder, OPTION_BIND);
	if (peer->bind == NULL || peer->address == NULL || family == AF_UNSPEC)
		return;
	if (scalar_address(bind->text, &own, &why) == 0 && own != family)
		notes_warning(builder->notes, build_blame(builder, OPTION_BIND, OPTION_ADDRESS),
		    "no attempt can succeed: 'bind' is an %s address, 'address' is %s",
		    own == AF_INET ? "IPv4" : "IPv6", own == AF_INET ? "IPv6" : "IPv4");
}

static struct config_peer *
add_peer(struct builder *builder)
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
index_name(struct builder *builder)
{
	struct config *config = builder->config;
	const struct config_peer *first;
	int error = config_index_last(config, &first);

	if (error == -EEXIST)
		notes_error(builder->notes, build_blame(builder, OPTION_NAME, OPTION_ADDRESS),
		    "there is a peer '%s' already, in %s:%u; give one of them another 'name'",
		    first->name, builder->notes->sources[first->file].name, first->line);
	else if (error != 0)
		builder->notes->error = error;
	if (error != 0)
		config->n_peers--;
}

void
build_peer(struct builder *builder, const struct settings *settings)
{
	struct config_peer *peer = add_peer(builder);
	bool named;

	if (peer == NULL) {
		builder->notes->error = -ENOMEM;
		return;
	}
	builder->settings = settings;
	peer->file = build_setting(builder, OPTION_PEER)->at.file;
	peer->line = build_setting(builder, OPTION_PEER)->at.line;
	named = build_address(builder, peer);
	build_listen(builder, peer);
	build_sessions(builder, peer);
	build_backoff(builder, peer);
	build_source(builder, peer);
	build_heartbeat(builder, peer);
	build_keepalive(builder, peer);
	if (named)
		index_name(builder);
	else
		builder->config->n_peers--;
}
