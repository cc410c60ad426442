/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <jansson.h>
#include <netdb.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "config/scalar.h"
#include "ctl/ctl.h"
#include "ctl/measure_show.h"
#include "net/clock.h"
#include "net/measure.h"
#include "net/resolve.h"
#include "policy/findings.h"
#include "policy/timespan.h"

/* Of measure: what is known is not all. */
#define CTL_INCOMPLETE CTL_NONE

#define MIN_MS		    4000
#define MAX_MS		    (9 * 3600000)
#define DEFAULT_MAX_MS	    7200000
#define DEFAULT_PRECISION   50
#define DEFAULT_CONNECTIONS 40
#define OPENS_PER_SECOND    10

/* How often the picture is drawn; how often a line is printed where there is no terminal. */
#define DRAW_MS	  500
#define REPORT_MS 60000

struct job {
	struct loop *loop;
	struct resolver *resolver;
	struct resolve_query query;
	struct target target;
	struct measure measure;
	struct wake interrupt, terminate, draw;
	struct measure_report report;
	char host[256], remote[ADDRESS_TEXT_SIZE];
	int64_t start_ms, reported_ms;
	int gai_error, error;
	unsigned drawn; /* lines of the picture that are on the terminal */
	bool measuring, interrupted;
	bool pictures, lines; /* on stderr: a terminal, or not */
};

/* --- progress --------------------------------------------------------------------------------- */

static struct measure_report *
look(struct job *job)
{
	job->report.view = measure_view(&job->measure);
	job->report.took_ms = clock_now_ms() - job->start_ms;
	return &job->report;
}

static unsigned
columns(void)
{
	struct winsize size = {0};

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		return 80;
	return size.ws_col < 120 ? size.ws_col : 120;
}

static void
wipe(struct job *job)
{
	if (job->drawn > 0)
		fprintf(stderr, "\033[%uA\r\033[J", job->drawn);
	job->drawn = 0;
}

static void
draw(struct job *job)
{
	const struct measure_report *report = look(job);
	char text[MEASURE_TEXT], bar[128], low[TIMESPAN_MAX], high[TIMESPAN_MAX];
	unsigned width = columns();

	wipe(job);
	timespan_brief(report->wish->min_ms, low, sizeof(low));
	timespan_brief(report->wish->max_ms, high, sizeof(high));
	if (width > strlen(low) + strlen(high) + 16) {
		unsigned room = width - (unsigned)(strlen(low) + strlen(high)) - 5;

		fprintf(stderr, "%s [%s] %s\n", low, measure_picture(report, bar, room), high);
		job->drawn++;
	}
	fprintf(stderr, "%.*s\n", (int)width - 1, measure_progress(report, text));
	job->drawn++;
}

static void
report_line(struct job *job)
{
	struct measure_report before = job->report, *now = look(job);
	char text[MEASURE_TEXT];
	bool news = now->view.dead_ms != before.view.dead_ms;

	if (!news && clock_now_ms() - job->reported_ms < REPORT_MS)
		return;
	job->reported_ms = clock_now_ms();
	fprintf(stderr, "kaguardctl: %s\n", measure_progress(now, text));
}

static void
on_draw(struct wake *wake, unsigned what)
{
	struct job *job = container_of(wake, struct job, draw);

	(void)what;
	if (job->pictures)
		draw(job);
	else if (job->lines)
		report_line(job);
	wake_after(wake, DRAW_MS);
}

/* --- what happens ----------------------------------------------------------------------------- */

static void
on_ended(struct measure *measure)
{
	loop_stop(container_of(measure, struct job, measure)->loop);
}

static void
stop(struct job *job)
{
	job->interrupted = true;
	if (job->measuring)
		measure_stop(&job->measure);
	else
		loop_stop(job->loop);
}

static void
on_interrupt(struct wake *wake, unsigned what)
{
	(void)what;
	stop(container_of(wake, struct job, interrupt));
}

static void
on_terminate(struct wake *wake, unsigned what)
{
	(void)what;
	stop(container_of(wake, struct job, terminate));
}

static int
begin(struct job *job, struct addresses *addresses)
{
	int r;

	job->start_ms = job->reported_ms = clock_now_ms();
	job->report.started = time(NULL);
	r = measure_start(&job->measure, addresses);
	if (r < 0)
		return r;
	job->measuring = true;
	return wake_after(&job->draw, 0);
}

static void
on_answer(struct resolve_query *query, struct addresses *addresses, int gai_error)
{
	struct job *job = container_of(query, struct job, query);

	job->gai_error = gai_error;
	job->error = gai_error == 0 ? -begin(job, addresses) : 0;
	if (gai_error != 0 || job->error != 0)
		loop_stop(job->loop);
}

/* --- from the command line to the exit code --------------------------------------------------- */

static int
open_job(struct job *job)
{
	struct addresses *literal = NULL;
	int r = loop_new(&job->loop);

	if (r == 0)
		r = resolver_new(job->loop, &job->resolver);
	if (r == 0)
		r = wake_init(job->loop, &job->draw, on_draw);
	if (r == 0)
		r = wake_init(job->loop, &job->interrupt, on_interrupt);
	if (r == 0)
		r = wake_init(job->loop, &job->terminate, on_terminate);
	if (r == 0)
		r = wake_signal(&job->interrupt, SIGINT);
	if (r == 0)
		r = wake_signal(&job->terminate, SIGTERM);
	if (r < 0)
		return r;
	job->measure.loop = job->loop;
	job->measure.target = &job->target;
	job->measure.ended = on_ended;
	job->query.fn = on_answer;
	r = resolve_start(job->resolver, &job->query, job->target.host, job->target.port, &literal);
	if (r == 1)
		r = begin(job, literal);
	addresses_unref(literal);
	return r;
}

static void
close_job(struct job *job)
{
	resolve_cancel(&job->query);
	if (job->measuring)
		measure_clear(&job->measure);
	wake_clear(&job->draw);
	wake_clear(&job->interrupt);
	wake_clear(&job->terminate);
	resolver_free(job->resolver);
	loop_free(job->loop);
}

static void
remarks(const struct job *job)
{
	const struct ladder_view *view = &job->report.view;

	if (job->interrupted)
		fprintf(stderr, "kaguardctl: interrupted; this is what is known so far\n");
	if (view->refused > 0)
		fprintf(stderr, "kaguardctl: %u connections failed (%s); it went on without them\n",
		    view->refused, strerror(job->measure.last_error));
	if (view->scattered > 0)
		fprintf(stderr,
		    "kaguardctl: %u sessions died sooner: packets were lost, or the firewall is "
		    "short of room\n",
		    view->scattered);
	if (view->stirred > view->opened / 2)
		fprintf(stderr,
		    "kaguardctl: the peer itself sends packets on idle sessions, perhaps "
		    "keepalive probes of its own: they keep the sessions fresh\n");
	if (view->verdict == EVIDENCE_UPSET)
		fprintf(stderr,
		    "kaguardctl: all sessions ended at one moment, whatever their age: a firewall "
		    "or the server was restarted meanwhile; measure again\n");
	else if (view->finished && view->confidence == EVIDENCE_LOW && !job->interrupted)
		fprintf(stderr, "kaguardctl: what was seen is contradictory; measure again\n");
}

static int
conclude(const struct ctl *ctl, struct job *job)
{
	char text[MEASURE_TEXT];
	int r = CTL_OK;

	wipe(job);
	if (job->gai_error != 0)
		return ctl_complain(CTL_FAILED, "%s: %s", job->host, gai_strerror(job->gai_error));
	if (job->measuring && job->measure.error != 0)
		return ctl_complain(
		    CTL_FAILED, "%s: %s", ctl->arguments[0], strerror(job->measure.error));
	if (!job->measuring)
		return job->interrupted ? CTL_INCOMPLETE
					: ctl_complain(CTL_FAILED, "%s", strerror(job->error));
	look(job);
	if (job->measure.found != NULL)
		job->report.remote =
		    address_text(&job->measure.found->list[0], job->remote, sizeof(job->remote));
	remarks(job);
	if (ctl->given & CTL_JSON)
		r = ctl_print_json(measure_json(&job->report));
	else
		puts(findings_text(&job->report.view, text));
	return r == CTL_OK && !job->report.view.complete ? CTL_INCOMPLETE : r;
}

/* A number and perhaps a percent sign, as permille; -1: it is none. */
static int
permille_of(const char *text)
{
	char *end;
	double percent = strtod(text, &end);

	if (end == text || (end[0] != '\0' && strcmp(end, "%") != 0) ||
	    !(percent * 10 >= LADDER_MIN_PRECISION && percent * 10 <= LADDER_MAX_PRECISION))
		return -1;
	return (int)(percent * 10 + 0.5);
}

static int
take_options(const struct ctl *ctl, struct ladder_wish *wish)
{
	struct why why;
	char *end = NULL;
	unsigned long n = DEFAULT_CONNECTIONS;

	*wish = (struct ladder_wish){.min_ms = MIN_MS,
	    .max_ms = DEFAULT_MAX_MS,
	    .precision_permille = DEFAULT_PRECISION,
	    .opens_per_second = OPENS_PER_SECOND};
	if (ctl->max != NULL &&
	    (scalar_duration((struct slice){ctl->max, strlen(ctl->max)}, &wish->max_ms, &why) < 0 ||
		wish->max_ms < 2 * MIN_MS || wish->max_ms > MAX_MS))
		return ctl_complain(CTL_USAGE, "--max is a time from 8s to 9h, not '%s'", ctl->max);
	if (ctl->precision != NULL && (wish->precision_permille = permille_of(ctl->precision)) < 0)
		return ctl_complain(
		    CTL_USAGE, "--precision is 0.5%% to 25%%, not '%s'", ctl->precision);
	if (ctl->connections != NULL)
		n = strtoul(ctl->connections, &end, 10);
	if ((end != NULL && (*end != '\0' || end == ctl->connections)) ||
	    n < LADDER_MIN_CONNECTIONS || n > LADDER_MAX_CONNECTIONS)
		return ctl_complain(CTL_USAGE, "--connections is %d to %d, not '%s'",
		    LADDER_MIN_CONNECTIONS, LADDER_MAX_CONNECTIONS, ctl->connections);
	wish->connections = wish->opens = (unsigned)n;
	return CTL_OK;
}

static int
run_measure(const struct ctl *ctl)
{
	const char *address = ctl->arguments[0];
	struct job job = {.report = {.address = address, .wish = &job.measure.wish}};
	struct endpoint endpoint;
	struct why why;
	int r = take_options(ctl, &job.measure.wish);

	if (r != CTL_OK)
		return r;
	if (scalar_endpoint((struct slice){address, strlen(address)}, &endpoint, &why) < 0)
		return ctl_complain(CTL_USAGE, "%s: %s", address, why.text);
	snprintf(job.host, sizeof(job.host), "%.*s", (int)endpoint.host.len, endpoint.host.text);
	job.target = (struct target){.host = job.host, .port = endpoint.port};
	job.pictures = isatty(STDERR_FILENO);
	job.lines = !job.pictures && !(ctl->given & CTL_JSON);
	r = open_job(&job);
	if (r == 0)
		r = loop_run(job.loop);
	if (r < 0)
		job.error = -r;
	r = conclude(ctl, &job);
	close_job(&job);
	return r;
}

const struct ctl_command ctl_measure = {
    .name = "measure",
    .arguments = "HOST:PORT",
    .help = "find after how long the path to it forgets an idle session",
    .takes = CTL_JSON | CTL_MAX | CTL_PRECISION | CTL_CONNECTIONS,
    .least = 1,
    .most = 1,
    .run = run_measure,
};
