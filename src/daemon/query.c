/* SPDX-License-Identifier: ISC */
#include "daemon/query.h"

#include <jansson.h>
#include <string.h>

#include "daemon/guard.h"
#include "daemon/interface.h"
#include "daemon/service.h"
#include "policy/version.h"

/* --- org.varlink.service ---------------------------------------------------------------------- */

static const char *const no_parameters[] = {NULL};

static int
get_info(struct query *q, const json_t *parameters)
{
	if (query_only(q, parameters, no_parameters) < 0)
		return -1;
	varlink_reply(q->varlink,
	    json_pack("{s:s s:s s:s s:s s:[s,s]}", "vendor", "kaguard", "product", "kaguard",
		"version", KAGUARD_VERSION, "url", "man:kaguardctl(1)", "interfaces",
		"org.varlink.service", INTERFACE_NAME),
	    false);
	return 0;
}

static int
get_description(struct query *q, const json_t *parameters)
{
	static const char *const known[] = {"interface", NULL};
	const char *name = json_string_value(json_object_get(parameters, "interface"));
	const char *text = interface_kaguard;

	if (query_only(q, parameters, known) < 0)
		return -1;
	if (name == NULL) {
		varlink_refuse(q->varlink, VARLINK_BAD_PARAMETER, "parameter", "interface");
		return -1;
	}
	if (strcmp(name, "org.varlink.service") == 0) {
		text = interface_service;
	} else if (strcmp(name, INTERFACE_NAME) != 0) {
		varlink_refuse(q->varlink, VARLINK_NO_INTERFACE, "interface", name);
		return -1;
	}
	varlink_reply(q->varlink, json_pack("{s:s}", "description", text), false);
	return 0;
}

static const struct query_method service_info = {
    .name = "org.varlink.service.GetInfo", .begin = get_info};
static const struct query_method service_description = {
    .name = "org.varlink.service.GetInterfaceDescription", .begin = get_description};

/* --- methods ---------------------------------------------------------------------------------- */

static const struct query_method *const methods[] = {
    &service_info,
    &service_description,
    &query_status,
    &query_plan,
    &query_forwards,
    &query_events,
    &query_metrics,
    &query_probe,
    &query_reconnect,
    &query_reload,
};

#define N_METHODS (sizeof(methods) / sizeof(methods[0]))

/* Whether there is such an interface: what is before the last dot. */
static bool
knows_interface(const char *name, size_t length)
{
	for (size_t i = 0; i < N_METHODS; i++)
		if (strncmp(methods[i]->name, name, length) == 0 &&
		    strrchr(methods[i]->name, '.') == methods[i]->name + length)
			return true;
	return false;
}

static void
refuse_unknown(struct query *q, const char *name)
{
	const char *dot = strrchr(name, '.');
	size_t length = dot != NULL ? (size_t)(dot - name) : 0;
	json_t *parameters;

	if (dot == NULL || knows_interface(name, length)) {
		varlink_refuse(q->varlink, VARLINK_NO_METHOD, "method", name);
		return;
	}
	parameters = json_pack("{s:s%}", "interface", name, length);
	varlink_error(q->varlink, VARLINK_NO_INTERFACE, parameters);
}

static const struct query_method *
find_method(const char *name)
{
	for (size_t i = 0; i < N_METHODS; i++)
		if (strcmp(methods[i]->name, name) == 0)
			return methods[i];
	return NULL;
}

void
query_begin(struct query *q, const struct varlink_call *call)
{
	const struct query_method *method = find_method(call->method);

	if (method == NULL) {
		refuse_unknown(q, call->method);
		return;
	}
	if (method->acts && !q->caller.may_act) {
		varlink_error(q->varlink, VARLINK_NOT_PERMITTED, NULL);
		return;
	}
	q->more = call->more;
	q->method = method;
	if ((method->begin != NULL && method->begin(q, call->parameters) < 0) ||
	    method->step == NULL)
		query_clear(q);
}

enum query_step
query_step(struct query *q)
{
	enum query_step step = q->method->step(q);

	if (step == QUERY_ENDS)
		query_clear(q);
	return step;
}

void
query_clear(struct query *q)
{
	json_decref(q->head);
	json_decref(q->row);
	json_decref(q->names);
	wake_clear(&q->timer);
	*q = (struct query){
	    .service = q->service, .varlink = q->varlink, .ready = q->ready, .caller = q->caller};
}

/* --- parameters ------------------------------------------------------------------------------- */

int
query_only(struct query *q, const json_t *parameters, const char *const known[])
{
	json_t *object = (json_t *)(uintptr_t)parameters, *value;
	const char *key;
	size_t i;

	json_object_foreach(object, key, value)
	{
		for (i = 0; known[i] != NULL && strcmp(known[i], key) != 0; i++)
			;
		if (known[i] == NULL) {
			varlink_refuse(q->varlink, VARLINK_BAD_PARAMETER, "parameter", key);
			return -1;
		}
	}
	return 0;
}

static int
take_name(struct query *q, const json_t *item)
{
	const char *name = json_string_value(item);

	if (name == NULL) {
		varlink_refuse(q->varlink, VARLINK_BAD_PARAMETER, "parameter", "peers");
		return -1;
	}
	if (guard_find(q->service->guard, name) == NULL) {
		varlink_refuse(q->varlink, INTERFACE_NAME ".NoSuchPeer", "peer", name);
		return -1;
	}
	q->name[q->n_names++] = name;
	return 0;
}

int
query_take_peers(struct query *q, const json_t *parameters)
{
	json_t *peers = json_object_get(parameters, "peers");
	size_t n = json_array_size(peers);

	if (peers == NULL || json_is_null(peers))
		return 0;
	if (!json_is_array(peers) || n > QUERY_MAX_PEERS) {
		varlink_refuse(q->varlink, VARLINK_BAD_PARAMETER, "parameter", "peers");
		return -1;
	}
	q->names = json_incref(peers);
	for (size_t i = 0; i < n; i++)
		if (take_name(q, json_array_get(peers, i)) < 0)
			return -1;
	return 0;
}

int
query_take_some_peers(struct query *q, const json_t *parameters)
{
	if (json_array_size(json_object_get(parameters, "peers")) > 0)
		return query_take_peers(q, parameters);
	varlink_refuse(q->varlink, VARLINK_BAD_PARAMETER, "parameter", "peers");
	return -1;
}

bool
query_names(const struct query *q, const char *name)
{
	for (size_t i = 0; i < q->n_names; i++)
		if (strcmp(q->name[i], name) == 0)
			return true;
	return q->names == NULL;
}

void
query_walk(struct query *q)
{
	if (q->names != NULL)
		walk_begin_some(&q->walk, q->service->guard, q->name, q->n_names);
	else
		walk_begin(&q->walk, q->service->guard);
}
