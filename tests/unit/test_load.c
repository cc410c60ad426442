/* SPDX-License-Identifier: ISC */
#include "config/load.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/config.h"
#include "config/options.h"
#include "config_text.h"

static struct config *config;
static struct remarks remarks;
static char directory[64];

static int
tear_down(void **state)
{
	(void)state;
	config_free(config);
	config = NULL;
	remarks_clear(&remarks);
	return 0;
}

static int
make_directory(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/kaguard-test-XXXXXX");
	return mkdtemp(directory) == NULL ? -1 : 0;
}

static int
remove_directory(void **state)
{
	(void)state;
	return rmdir(directory);
}

static int
load(const char *text)
{
	tear_down(NULL);
	return config_text_load(text, strlen(text), &config, &remarks);
}

static char *
in_directory(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void
write_file(const char *name, const char *text, mode_t mode)
{
	int fd = open(in_directory(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void
defaults_are_those_of_the_manual(void **state)
{
	const struct config_peer *peer;

	(void)state;
	assert_int_equal(load("peers: [vpn.example.com:443]"), 0);
	assert_int_equal(remarks.n, 0);
	assert_int_equal(config->ready_when, CONFIG_READY_STARTED);
	assert_int_equal(config->log_level, LOG_INFO);
	assert_int_equal(config->summary_every_ms, 3600000);
	assert_string_equal(config->control_socket, "/run/kaguard/control");
	assert_int_equal(config->n_files, 1);
	assert_int_equal(config->n_peers, 1);
	peer = &config->peers[0];
	assert_string_equal(peer->name, "vpn.example.com:443");
	assert_string_equal(peer->firewall, "240s");
	assert_int_equal(peer->sessions, 1);
	assert_int_equal(peer->max_clients, 1024);
	assert_int_equal(peer->connect_timeout_ms, 10000);
	assert_int_equal(peer->backoff.first_ms, 1000);
	assert_int_equal(peer->backoff.max_ms, 300000);
	assert_true(peer->backoff.factor >= 2 && peer->backoff.factor <= 2);
	assert_int_equal(peer->backoff.stable_ms, 30000);
	assert_int_equal(peer->wish.detect_ms, 600000);
	assert_int_equal(peer->wish.lost_probes, 2);
	assert_int_equal(peer->wish.outage_ms, 30000);
	assert_null(peer->bind);
	assert_null(peer->device);
	assert_null(peer->listen);
	assert_null(peer->heartbeat);
}

/* A configuration that is valid has a plan for every peer, also for one like the peer before. */
static void
plans_are_those_of_the_wishes(void **state)
{
	struct plan plan;

	(void)state;
	assert_int_equal(load("peers:\n- a:1\n- b:1\n- {address: c:1, firewall: 10min}\n- d:1\n"
			      "- {address: e:1, keepalive: {idle: 90, interval: 9, count: 3}}\n"),
	    0);
	for (size_t i = 0; i < config->n_peers; i++) {
		assert_int_equal(plan_make(&config->peers[i].wish, &plan, NULL), 0);
		assert_int_equal(config->peers[i].plan.idle_s, plan.idle_s);
		assert_int_equal(config->peers[i].plan.count, plan.count);
		assert_int_equal(config->peers[i].plan.user_timeout_ms, plan.user_timeout_ms);
	}
	assert_int_equal(config->peers[4].plan.idle_s, 90);
	assert_true(config->peers[2].plan.idle_s > config->peers[1].plan.idle_s);
}

static void
what_peers_share_is_stored_once(void **state)
{
	(void)state;
	assert_int_equal(load("defaults:\n  bind: 192.0.2.1\n  heartbeat: {send: x, every: 9}\n"
			      "peers:\n- a:1\n- b:1\n- {address: c:1, heartbeat: {every: 5}}\n"),
	    0);
	assert_ptr_equal(config->peers[0].bind, config->peers[1].bind);
	assert_ptr_equal(config->peers[0].heartbeat, config->peers[1].heartbeat);
	assert_ptr_not_equal(config->peers[0].heartbeat, config->peers[2].heartbeat);
	assert_int_equal(config->peers[2].heartbeat->terms.every_ms, 5000);
	assert_int_equal(config->peers[0].heartbeat->terms.every_ms, 9000);
	assert_ptr_equal(config->peers[0].name, config->peers[0].address);
}

static void
nothing_is_said_of_what_is_in_order(void **state)
{
	(void)state;
	assert_int_equal(load("control: {socket: /run/x}\npeers:\n"
			      "- {address: a:1, firewall: auto, listen: 127.0.0.1:1}\n"
			      "- {address: b:1, heartbeat: {send: x, every: 5}}\n"
			      "- {address: c:1, firewall: auto, listen: unix:/run/y}\n"
			      "- {address: d:1, firewall: 5min, heartbeat: {send: x, every: 5}}\n"),
	    0);
	assert_int_equal(remarks.n, 0);
	assert_int_equal(load("control:\npeers:\n- {address: a:1, firewall: linux}\n"), 0);
	assert_int_equal(remarks.n, 0);
}

static void
missing_file(void **state)
{
	(void)state;
	assert_int_equal(config_load(in_directory("none.yaml"), &config, &remarks), -ENOENT);
	assert_int_equal(remarks.n_errors, 1);
	assert_int_equal(remarks.list[0].line, 0);
	assert_non_null(strstr(remarks.list[0].text, "create it"));
	tear_down(NULL);
	assert_int_equal(config_load(directory, &config, &remarks), -EISDIR);
	assert_int_equal(remarks.n_errors, 1);
	assert_null(config);
}

static void
unreadable_file(void **state)
{
	(void)state;
	write_file("locked.yaml", "peers: []\n", 0600);
	write_file("main.yaml", "peers: []\n", 0644);
	assert_int_equal(mkdir(in_directory("main.d"), 0700), 0);
	assert_int_equal(chmod(directory, 0755), 0);
	/* Root may read everything, so it must be somebody else for a while. */
	if (geteuid() == 0)
		assert_int_equal(seteuid(65534), 0);
	else
		assert_int_equal(
		    chmod(in_directory("locked.yaml"), 0) | chmod(in_directory("main.d"), 0), 0);

	assert_int_equal(config_load(in_directory("locked.yaml"), &config, &remarks), -EACCES);
	assert_int_equal(remarks.n_errors, 1);
	assert_non_null(strstr(remarks.list[0].text, "chmod 0644 "));
	assert_non_null(strstr(remarks.list[0].text, in_directory("locked.yaml")));
	tear_down(NULL);
	assert_int_equal(config_load(in_directory("main.yaml"), &config, &remarks), -EACCES);
	assert_int_equal(remarks.n_errors, 1);
	assert_string_equal(remarks.list[0].file, in_directory("main.d"));

	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	unlink(in_directory("locked.yaml"));
	unlink(in_directory("main.yaml"));
	rmdir(in_directory("main.d"));
}

/* Files other than *.yaml are drop-ins of no kind; one that may have been meant is remarked on. */
static void
drop_ins(void **state)
{
	(void)state;
	write_file("conf", "peers: [a:1]\n", 0644);
	assert_int_equal(mkdir(in_directory("conf.d"), 0755), 0);
	write_file("conf.d/20.yaml", "peers: [c:1]\n", 0644);
	write_file("conf.d/10.yaml", "\npeers: [b:1]\n", 0644);
	write_file("conf.d/15.yml", "peers: [\n", 0644);
	write_file("conf.d/15.yaml~", "peers: [\n", 0644);
	write_file("conf.d/.yaml", "peers: [\n", 0644);
	assert_int_equal(config_load(in_directory("conf"), &config, &remarks), 0);
	assert_int_equal(config->n_files, 3);
	assert_string_equal(config->files[1], in_directory("conf.d/10.yaml"));
	assert_string_equal(config->files[2], in_directory("conf.d/20.yaml"));
	assert_int_equal(config->n_peers, 3);
	assert_string_equal(config->peers[1].name, "b:1");
	assert_int_equal(config->peers[1].file, 1);
	assert_int_equal(config->peers[1].line, 2);
	assert_int_equal(remarks.n, 1);
	assert_int_equal(remarks.list[0].severity, REMARK_WARNING);
	assert_string_equal(remarks.list[0].file, in_directory("conf.d/15.yml"));
	unlink(in_directory("conf.d/20.yaml"));
	unlink(in_directory("conf.d/10.yaml"));
	unlink(in_directory("conf.d/15.yml"));
	unlink(in_directory("conf.d/15.yaml~"));
	unlink(in_directory("conf.d/.yaml"));
	rmdir(in_directory("conf.d"));
	unlink(in_directory("conf"));
}

static void
drop_in_that_leads_nowhere(void **state)
{
	(void)state;
	write_file("main.yaml", "peers: [bad]\n", 0644);
	assert_int_equal(mkdir(in_directory("main.d"), 0755), 0);
	assert_int_equal(symlink("nowhere", in_directory("main.d/x.yaml")), 0);
	assert_int_equal(config_load(in_directory("main.yaml"), &config, &remarks), -ENOENT);
	assert_int_equal(remarks.n_errors, 2);
	assert_string_equal(remarks.list[1].file, in_directory("main.d/x.yaml"));
	assert_non_null(strstr(remarks.list[1].text, "link to nowhere"));
	unlink(in_directory("main.d/x.yaml"));
	rmdir(in_directory("main.d"));
	unlink(in_directory("main.yaml"));
}

static void
too_many_remarks(void **state)
{
	const size_t n = REMARKS_MAX + 234;
	char *text = calloc(n, 16), *at = text;

	(void)state;
	assert_non_null(text);
	at += sprintf(at, "peers:\n");
	for (size_t i = 0; i < n; i++)
		at += sprintf(at, "- x%zu\n", i);
	assert_int_equal(load(text), -EINVAL);
	assert_int_equal(remarks.n_errors, n);
	assert_int_equal(remarks.n, REMARKS_MAX + 1);
	assert_int_equal(remarks.list[REMARKS_MAX - 1].line, REMARKS_MAX + 1);
	assert_int_equal(remarks.list[REMARKS_MAX].severity, REMARK_ERROR);
	assert_non_null(strstr(remarks.list[REMARKS_MAX].text, "234 more"));
	free(text);
}

/* What remarks_print() makes of the remarks, after the name of the file. */
static const char *
printed(void)
{
	static char text[4096];
	FILE *out = fmemopen(text, sizeof(text), "w");
	char *colon;

	assert_non_null(out);
	remarks_print(&remarks, out);
	fclose(out);
	colon = strchr(text, ':');
	assert_non_null(colon);
	return colon;
}

static void
remarks_show_the_place(void **state)
{
	char text[32];

	(void)state;
	assert_int_equal(load("log:\t{level:\t\"\xc5\xbe\", x\xc5\xbe: 1}\n"), -EINVAL);
	free(remarks.list[1].file);
	remarks.list[1].file = strdup("kaguard.yaml");
	assert_non_null(remarks.list[1].file);
	assert_string_equal(printed(),
	    ":1:14: error: 'level' must be one of error, warning, notice, info, debug, not "
	    "'\xc5\xbe'\n"
	    "    1 | log:\t{level:\t\"\xc5\xbe\", x\xc5\xbe: 1}\n"
	    "      |     \t       \t^\n"
	    "kaguard.yaml:1:19: error: unknown key 'x\xc5\xbe'; allowed here: level, "
	    "summary_every\n"
	    "    1 | log:\t{level:\t\"\xc5\xbe\", x\xc5\xbe: 1}\n"
	    "      |     \t       \t     ^\n");
	assert_ptr_equal(remark_text(&remarks.list[1], text, sizeof(text)), text);
	assert_int_equal(strlen(text), sizeof(text) - 1);
}

/* Of a long line the part around the place is shown, so that the mark is under it. */
static void
long_lines_are_cut(void **state)
{
	char *text = malloc(100000);
	const struct remark *remark;

	(void)state;
	assert_non_null(text);
	memset(text, ' ', 99999);
	text[99999] = '\0';
	memcpy(text, "peers: [", 8);
	memcpy(text + 50000, "\"\xc5\xbe:1\"", 6);
	memcpy(text + 99990, "]", 1);
	assert_int_equal(load(text), -EINVAL);
	remark = &remarks.list[0];
	assert_int_equal(remark->column, 50001);
	assert_true(strlen(remark->source) < 200);
	assert_int_equal(remark->source[remark->caret - 1], '"');
	assert_memory_equal(remark->source, "...", 3);
	assert_memory_equal(remark->source + strlen(remark->source) - 3, "...", 3);
	free(text);
}

/* Nothing of a file reaches a terminal that could be an order to it. */
static void
remarks_are_harmless(void **state)
{
	static const char *const texts[] = {"\"\\e[2J\": 1", "peers: [\"\\e]0;x\\a:1\"]",
	    "log: {level: \"\\x9b2J\"}", "a: \x1b[2J", "a: \xff\x1b[2J",
	    "peers: [{address: \"a:1\", name: \"\\u202e\\0\"}]", "control: {socket: \"/\\r\\n\"}"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char *text;

		assert_int_equal(load(texts[i]), -EINVAL);
		for (text = printed(); *text != '\0'; text++)
			assert_true(*text == '\n' || *text == '\t' || (unsigned char)*text >= ' ');
		assert_null(strstr(printed(), "\xc2\x9b"));
		assert_null(strstr(printed(), "\xe2\x80\xae"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(defaults_are_those_of_the_manual, tear_down),
	    cmocka_unit_test_teardown(plans_are_those_of_the_wishes, tear_down),
	    cmocka_unit_test_teardown(what_peers_share_is_stored_once, tear_down),
	    cmocka_unit_test_teardown(nothing_is_said_of_what_is_in_order, tear_down),
	    cmocka_unit_test_teardown(missing_file, tear_down),
	    cmocka_unit_test_teardown(unreadable_file, tear_down),
	    cmocka_unit_test_teardown(drop_ins, tear_down),
	    cmocka_unit_test_teardown(drop_in_that_leads_nowhere, tear_down),
	    cmocka_unit_test_teardown(too_many_remarks, tear_down),
	    cmocka_unit_test_teardown(remarks_show_the_place, tear_down),
	    cmocka_unit_test_teardown(long_lines_are_cut, tear_down),
	    cmocka_unit_test_teardown(remarks_are_harmless, tear_down),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
