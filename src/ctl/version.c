/* SPDX-License-Identifier: ISC */
#include <jansson.h>
#include <stdio.h>

#include "ctl/ask.h"
#include "ctl/ctl.h"

static int
show_version(const struct ctl *ctl)
{
	struct call_reply reply;
	struct call call;
	const char *version;
	int r = ask_open(ctl, &call);

	if (r != CTL_OK)
		return r;
	r = call_ask(&call, "org.varlink.service.GetInfo", NULL, false);
	if (r == 0)
		r = ask_next(ctl, &call, ASK_PATIENCE_MS, &reply);
	call_close(&call);
	if (r != CTL_OK)
		return r;
	version = json_string_value(json_object_get(reply.parameters, "version"));
	if (ctl->given & CTL_JSON)
		r = ctl_print_json(json_pack("{s:i s:s s:s?}", "schema_version", 1, "kaguardctl",
		    PACKAGE_VERSION, "kaguard", version));
	else
		printf("kaguardctl %s\nkaguard %s\n", PACKAGE_VERSION,
		    version != NULL ? version : "of an unknown version");
	call_reply_clear(&reply);
	return r;
}

const struct ctl_command ctl_version = {
    .name = "version",
    .arguments = "",
    .help = "the versions of this program and of the daemon that runs",
    .takes = CTL_JSON,
    .run = show_version,
};
