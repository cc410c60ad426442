/* SPDX-License-Identifier: ISC */
#include "host/messages.h"

#include <assert.h>
#include <stddef.h>

/* Each line is read by tests/lint/messages.sh too, and held against the catalog and the manual. */
static const struct {
	const char *id;
	const char *name;
} messages[] = {
    [MESSAGE_STARTED] = {"3e5adc837ca748bcbc91be2a4a72fcdc", "started"},
    [MESSAGE_STOPPING] = {"f898c59eba504b38867a1dbf72918b33", "stopping"},
    [MESSAGE_RELOADED] = {"739e7390d82a4431b5f1f9e4b664be77", "reloaded"},
    [MESSAGE_RELOAD_FAILED] = {"035ada8f8f6042e1b1b6783726c9e629", "reload-failed"},
    [MESSAGE_CONFIG_REMARK] = {"2ca9324569964c1ba0d9cff44f99c001", "config-remark"},
    [MESSAGE_SESSION_UP] = {"8fda8b287d5942959a611f07d89a3971", "session-up"},
    [MESSAGE_SESSION_LOST] = {"a9845fd7a7be41e597eb1342b31ca103", "session-lost"},
    [MESSAGE_SESSION_CLOSED] = {"1282dfa24f524442a4c298969dbc7d86", "session-closed"},
    [MESSAGE_ATTEMPT_FAILED] = {"c52c54b0b244432a953af6c01f7ff39c", "attempt-failed"},
    [MESSAGE_MANY] = {"32570370eed14f379a7a3ee27c19b45f", "many"},
    [MESSAGE_LOCAL_TROUBLE] = {"1da336adb6a04d59b9e87c3256a485d1", "local-trouble"},
    [MESSAGE_OPTION_REFUSED] = {"f9405e31ece8477790c60a52a65d880f", "option-refused"},
    [MESSAGE_PLAN_CHANGED] = {"da38b22ca1274fc0b4edb22d1b59040f", "plan-changed"},
    [MESSAGE_PEER_SENDS] = {"aedf5a0f216f4908bbd79f1df9189903", "peer-sends"},
    [MESSAGE_SUMMARY] = {"f0bdb2d75b0a45d58ac42470669f1b80", "summary"},
    [MESSAGE_TABLE] = {"28b381d850054716a167eb658b4ebdf4", "table"},
    [MESSAGE_RECORDS_DROPPED] = {"7a4efb963275483b89d1aa850b7ee350", "records-dropped"},
    [MESSAGE_INTERNAL] = {"b413ac7bb4bb4e6d8938bea784a41cb7", "internal"},
    [MESSAGE_STATE] = {"a1a9c3b19c58402bb1dfb2a74776e244", "state"},
    [MESSAGE_TAKEN_OVER] = {"73caaeb401ba444b8ed5e6a41ec73371", "taken-over"},
    [MESSAGE_STATE_FILE] = {"d311d64e932643e3be91663bfebb18ae", "state-file"},
    [MESSAGE_LEARNT] = {"a205d26d94404958ae47cfc22a543b37", "learnt"},
    [MESSAGE_NOT_KEPT] = {"525ad125ead3489693bc5991658a97e9", "not-kept"},
    [MESSAGE_NO_CONTROL] = {"b660dbc686ee463c8f75c0322b9f797f", "no-control"},
    [MESSAGE_NETWORK_CHANGED] = {"ed0fb7d3f0f0466da294064c6f834165", "network-changed"},
    [MESSAGE_NETWORK_AWAY] = {"8ffef61415a147dbb5885ceca6149e5b", "network-away"},
    [MESSAGE_NETWORK_UNSEEN] = {"b69171282def4bdb9fc5cb57f37fa5ad", "network-unseen"},
    [MESSAGE_AWOKE] = {"463dee78680f4564abfb57f7d2d1b773", "awoke"},
    [MESSAGE_CLIENT_LOST] = {"4c307e6f349744e7be19034486a4ba06", "client-lost"},
    [MESSAGE_LISTENING] = {"dfb36d0c1a3d4c0994a30a013e6a4354", "listening"},
    [MESSAGE_CLIENTS_REFUSED] = {"a22f6874d8074781ba016fc3748f1862", "clients-refused"},
    [MESSAGE_MEASURING] = {"0acaca88fdb64662b5d06481dc4e2646", "measuring"},
    [MESSAGE_MEASURED] = {"977b3c59850b4aed8262918ee1006259", "measured"},
    [MESSAGE_NOT_MEASURED] = {"badb0794c105472881e66e57332acaa0", "not-measured"},
    [MESSAGE_PATH_FOUND] = {"55973ace00bf463fa336068405ebf529", "path-found"},
};

_Static_assert(sizeof(messages) / sizeof(messages[0]) == MESSAGE_COUNT, "a message has no id");

const char *
message_id(enum message message)
{
	assert(message < MESSAGE_COUNT);
	return messages[message].id;
}

const char *
message_name(enum message message)
{
	assert(message < MESSAGE_COUNT);
	return messages[message].name;
}
