/* SPDX-License-Identifier: ISC */
#include "ctl/metrics_text.h"

#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "ctl/ask.h"
#include "ctl/ctl.h"
#include "ctl/http.h"

/* CTL_OK with what the daemon answers, or an exit code after it was said why not. */
static int
fetch(const struct ctl *ctl, json_t **ret)
{
	json_t *parameters = ask_peers(ctl);
	struct call call;
	int r;

	if (ctl->given & CTL_NO_PER_PEER)
		json_object_set_new(parameters, "sum", json_true());
	r = ask_open(ctl, &call);
	if (r != CTL_OK) {
		json_decref(parameters);
		return r;
	}
	r = ask(ctl, &call, "io.kaguard.Metrics", parameters, true);
	if (r == CTL_OK)
		r = ask_rest(ctl, &call, "peers", ret);
	call_close(&call);
	return r;
}

/* --- HTTP ------------------------------------------------------------------------------------- */

/* The text, to be freed; NULL: there is none. */
static char *
text_of(const json_t *document)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int r;

	if (out == NULL)
		return NULL;
	r = metrics_text(document, out);
	if (fclose(out) == 0 && r == 0)
		return text;
	free(text);
	return NULL;
}

static const char *
excuse(enum http_status status)
{
	if (status == HTTP_NOT_FOUND)
		return "there is nothing but /metrics here\n";
	if (status == HTTP_UNAVAILABLE)
		return "kaguard does not answer; is kaguard.service running?\n";
	return "this is no request for /metrics\n";
}

/* Whoever asks is answered, whatever it is. One who hangs up, or does not read, is no failure of
 * ours. */
static int
serve(const struct ctl *ctl)
{
	struct http_request request;
	json_t *document = NULL;
	char *text = NULL;

	signal(SIGPIPE, SIG_IGN);
	if (http_receive(STDIN_FILENO, HTTP_PATIENCE_MS, &request) < 0)
		return CTL_OK;
	if (request.status == HTTP_OK && fetch(ctl, &document) == CTL_OK)
		text = text_of(document);
	if (request.status == HTTP_OK && text == NULL)
		request.status = HTTP_UNAVAILABLE;
	if (text != NULL)
		http_respond(STDOUT_FILENO, &request, METRICS_TEXT_TYPE, text);
	else
		http_respond(
		    STDOUT_FILENO, &request, "text/plain; charset=utf-8", excuse(request.status));
	free(text);
	json_decref(document);
	return CTL_OK;
}

/* --- the command ------------------------------------------------------------------------------ */

static int
show_metrics(const struct ctl *ctl)
{
	json_t *document;
	int r;

	if (ctl->given & CTL_HTTP && ctl->given & CTL_JSON)
		return ctl_complain(CTL_USAGE, "--http does not go with --json");
	if (ctl->given & CTL_NO_PER_PEER && ctl->n_arguments > 0)
		return ctl_complain(CTL_USAGE, "--no-per-peer does not go with a PEER");
	if (ctl->given & CTL_HTTP)
		return serve(ctl);
	r = fetch(ctl, &document);
	if (r != CTL_OK)
		return r;
	if (ctl->given & CTL_JSON)
		return ctl_print_json(document);
	if (metrics_text(document, stdout) < 0)
		r = CTL_FAILED;
	json_decref(document);
	return r;
}

const struct ctl_command ctl_metrics = {
    .name = "metrics",
    .arguments = "[PEER]...",
    .help = "figures for Prometheus, in its text format",
    .takes = CTL_JSON | CTL_NO_PER_PEER | CTL_HTTP,
    .most = 64,
    .run = show_metrics,
};
