/* SPDX-License-Identifier: ISC */
#include "config/parse.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "policy/timespan.h"

/* What a value of this type is called in an error. */
const char *
option_type_phrase(enum option_type type)
{
	switch (type) {
	case OPTION_TYPE_MAP:
	case OPTION_TYPE_DEFAULTS:
		return "a map of keys and values";
	case OPTION_TYPE_PEERS:
		return "a list";
	case OPTION_TYPE_DURATION:
	case OPTION_TYPE_SECONDS:
		return "a duration, such as '5min'";
	case OPTION_TYPE_NUMBER:
	case OPTION_TYPE_FACTOR:
		return "a number";
	case OPTION_TYPE_WORD:
		return "a word";
	case OPTION_TYPE_NAME:
	case OPTION_TYPE_BYTES:
		return "a string";
	case OPTION_TYPE_FIREWALL:
		return "a duration, a preset, 'auto', or a list of durations and presets";
	case OPTION_TYPE_ENDPOINT:
		return "HOST:PORT";
	case OPTION_TYPE_LISTEN:
		return "ADDRESS:PORT, unix:/path or systemd:NAME";
	case OPTION_TYPE_MODE:
		return "permissions in quotes, such as \"0660\"";
	case OPTION_TYPE_GROUP:
		return "the name of a group";
	case OPTION_TYPE_ADDRESS:
		return "a numeric address";
	case OPTION_TYPE_DEVICE:
		return "the name of an interface";
	case OPTION_TYPE_SOCKET:
		return "the path of a socket";
	}
	return "";
}

/* As one would write it: numbers as they are, durations as time spans. */
static const char *
bound_text(enum option_type type, int64_t bound, char buf[TIMESPAN_MAX])
{
	if (type == OPTION_TYPE_SECONDS)
		return timespan_text(bound * 1000, buf, TIMESPAN_MAX);
	if (type == OPTION_TYPE_DURATION || type == OPTION_TYPE_FIREWALL)
		return timespan_text(bound, buf, TIMESPAN_MAX);
	snprintf(buf, TIMESPAN_MAX, "%lld", (long long)bound);
	return buf;
}

static int
refuse_range(const struct option *option, struct slice text, struct why *why)
{
	char min[TIMESPAN_MAX], max[TIMESPAN_MAX], quoted[QUOTE_MAX];

	snprintf(why->text, sizeof(why->text), "'%s' must be %sbetween %s and %s, not %s",
	    option->key, option->zero ? "0 or " : "", bound_text(option->type, option->min, min),
	    bound_text(option->type, option->max, max), notes_quote(text, quoted));
	return -EINVAL;
}

static int
check_range(const struct option *option, int64_t value, struct slice text, struct why *why)
{
	if (value == 0 && option->zero)
		return 0;
	if (value < option->min || value > option->max)
		return refuse_range(option, text, why);
	return 0;
}

static int
parse_duration(
    const struct option *option, struct slice text, struct setting *setting, struct why *why)
{
	int64_t value;

	if (scalar_duration(text, &value, why) != 0)
		return -EINVAL;
	if (option->type == OPTION_TYPE_SECONDS) {
		if (value % 1000 != 0) {
			snprintf(why->text, sizeof(why->text),
			    "'%s' must be whole seconds, which is what the kernel takes",
			    option->key);
			return -EINVAL;
		}
		value /= 1000;
	}
	setting->number = value;
	return check_range(option, value, text, why);
}

static int
parse_number(
    const struct option *option, struct slice text, struct setting *setting, struct why *why)
{
	if (scalar_number(text, &setting->number, why) != 0)
		return -EINVAL;
	return check_range(option, setting->number, text, why);
}

static int
parse_factor(
    const struct option *option, struct slice text, struct setting *setting, struct why *why)
{
	if (scalar_factor(text, &setting->factor, why) != 0)
		return -EINVAL;
	if (setting->factor < (double)option->min || setting->factor > (double)option->max)
		return refuse_range(option, text, why);
	return 0;
}

static int
parse_word(const struct option *option, struct slice text, struct setting *setting, struct why *why)
{
	const char *meant = option_suggest_word(option->words, text);
	char list[128] = "", quoted[QUOTE_MAX];
	size_t len = 0;

	for (const struct option_word *word = option->words; word->word != NULL; word++) {
		if (strlen(word->word) == text.len &&
		    memcmp(word->word, text.text, text.len) == 0) {
			setting->number = word->value;
			return 0;
		}
		if (!word->alias && len < sizeof(list))
			len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s",
			    len == 0 ? "" : ", ", word->word);
	}
	snprintf(why->text, sizeof(why->text), "'%s' must be one of %s, not %s%s%s%s", option->key,
	    list, notes_quote(text, quoted), meant == NULL ? "" : "; did you mean '",
	    meant == NULL ? "" : meant, meant == NULL ? "" : "'?");
	return -EINVAL;
}

/* One of the firewalls on a path. */
static int
parse_firewall(
    const struct option *option, struct slice text, struct setting *setting, struct why *why)
{
	struct firewall_choice choice = {.shown = text};
	const struct firewall *preset;
	char name[64] = "", quoted[QUOTE_MAX];
	const char *meant;

	if (text.len > 0 && strchr("0123456789.+-", text.text[0]) != NULL) {
		if (scalar_duration(text, &choice.timeout_ms, why) != 0 ||
		    check_range(option, choice.timeout_ms, text, why) != 0)
			return -EINVAL;
		setting->firewall = choice;
		return 0;
	}
	/* A NUL would end the name before the text does. */
	if (text.len < sizeof(name) && memchr(text.text, '\0', text.len) == NULL)
		memcpy(name, text.text, text.len);
	if (strcmp(name, OPTION_FIREWALL_AUTO) == 0) {
		choice.measure = true;
		choice.timeout_ms = FIREWALL_DEFAULT_S * INT64_C(1000);
		setting->firewall = choice;
		return 0;
	}
	preset = firewall_find(name);
	if (preset == NULL) {
		meant = option_suggest_firewall(text);
		snprintf(why->text, sizeof(why->text), "there is no firewall preset %s; %s%s%s",
		    notes_quote(text, quoted), meant == NULL ? "" : "did you mean '",
		    meant == NULL ? "write a duration, or one of kaguard --list-firewalls" : meant,
		    meant == NULL ? "" : "'?");
		return -EINVAL;
	}
	choice.timeout_ms = preset->idle_timeout_s * INT64_C(1000);
	choice.shown = (struct slice){preset->name, strlen(preset->name)};
	choice.deaf = preset->counts == FIREWALL_COUNTS_NO ? preset : NULL;
	setting->firewall = choice;
	return 0;
}

static int
parse_address(struct slice text, struct setting *setting, struct why *why)
{
	int error = scalar_endpoint(text, &setting->address.endpoint, why);

	setting->address.text = text;
	return error;
}

static int
parse_text(enum option_type type, struct slice text, struct setting *setting, struct why *why)
{
	int family;

	setting->text = text;
	if (type == OPTION_TYPE_NAME)
		return scalar_name(text, why);
	if (type == OPTION_TYPE_LISTEN)
		return scalar_listen(text, why);
	if (type == OPTION_TYPE_ADDRESS)
		return scalar_address(text, &family, why);
	if (type == OPTION_TYPE_MODE)
		return scalar_mode(text, &setting->number, why);
	if (type == OPTION_TYPE_GROUP)
		return scalar_group(text, why);
	if (type == OPTION_TYPE_DEVICE)
		return scalar_device(text, why);
	return scalar_socket(text, why);
}

int
option_parse(
    const struct option *option, struct slice text, struct setting *setting, struct why *why)
{
	switch (option->type) {
	case OPTION_TYPE_DURATION:
	case OPTION_TYPE_SECONDS:
		return parse_duration(option, text, setting, why);
	case OPTION_TYPE_NUMBER:
		return parse_number(option, text, setting, why);
	case OPTION_TYPE_FACTOR:
		return parse_factor(option, text, setting, why);
	case OPTION_TYPE_WORD:
		return parse_word(option, text, setting, why);
	case OPTION_TYPE_FIREWALL:
		return parse_firewall(option, text, setting, why);
	case OPTION_TYPE_ENDPOINT:
		return parse_address(text, setting, why);
	case OPTION_TYPE_NAME:
	case OPTION_TYPE_LISTEN:
	case OPTION_TYPE_MODE:
	case OPTION_TYPE_GROUP:
	case OPTION_TYPE_ADDRESS:
	case OPTION_TYPE_DEVICE:
	case OPTION_TYPE_SOCKET:
		return parse_text(option->type, text, setting, why);
	case OPTION_TYPE_MAP:
	case OPTION_TYPE_DEFAULTS:
	case OPTION_TYPE_PEERS:
	case OPTION_TYPE_BYTES:
		break;
	}
	return -EINVAL;
}
