#!/bin/sh
# SPDX-License-Identifier: ISC
# What is said of the figures is so: by the manual page, the dashboard and the alert rules.
# shellcheck source=tests/lint/lint.sh
. "$KAGUARD_SRCDIR/tests/lint/lint.sh"

lint_tmp=$(mktemp -d)
daemon=
trap '[ -z "$daemon" ] || kill "$daemon"; rm -rf "$lint_tmp"' EXIT

# The names of all metrics, from the program: it says what each is even where there is none of it.
start()
{
	printf "peers: []\ncontrol: {socket: '%s/control'}\n" "$lint_tmp" >"$lint_tmp/kaguard.yaml"
	mkfifo "$lint_tmp/says"
	"$KAGUARD" -c "$lint_tmp/kaguard.yaml" 2>"$lint_tmp/says" </dev/null &
	daemon=$!
	exec 8<"$lint_tmp/says"
	while read -r line <&8; do
		case $line in *started*) break ;; esac
	done
	"${KAGUARD}ctl" -S "$lint_tmp/control" metrics >"$lint_tmp/metrics"
	sed -n 's/^# TYPE \([^ ]*\) .*/\1/p' "$lint_tmp/metrics" | sort >"$lint_tmp/names"
}

# Names in the text on standard input, one a line.
names()
{
	grep -oE 'kaguard_[a-z_]+' | sort -u
}

# documented TREE: the manual page has each, and no other.
documented()
{
	[ -s "$lint_tmp/names" ] || echo "kaguardctl metrics prints nothing"
	names <"$1/doc/kaguardctl.1" >"$lint_tmp/page"
	comm -23 "$lint_tmp/names" "$lint_tmp/page" | sed 's/$/ is not in kaguardctl.1/'
	comm -13 "$lint_tmp/names" "$lint_tmp/page" | sed 's/$/ is in kaguardctl.1 only/'
}

# used TREE: what the dashboard, the rules and the guide speak of exists.
used()
{
	for file in kaguard-dashboard.json kaguard-alerts.yaml monitoring.md; do
		[ -e "$1/doc/$file" ] || continue
		names <"$1/doc/$file" | comm -13 "$lint_tmp/names" - | sed "s/\$/ in $file is no metric/"
	done
}

# shown TREE: the dashboard shows each, but for what says nothing by itself.
shown()
{
	names <"$1/doc/kaguard-dashboard.json" | comm -23 "$lint_tmp/names" - |
		grep -vxE 'kaguard_peers|kaguard_config_last_reload_success_timestamp_seconds' |
		sed 's/$/ is on no panel/'
}

# custom: names are as Prometheus has it (prometheus.io/docs/practices/naming).
custom()
{
	sed -n 's/^# TYPE //p' "$1/metrics" | awk '
		$2 == "counter" && $1 !~ /_total$/ { print $1 " is a counter without _total" }
		$2 == "gauge" && $1 ~ /_total$/ { print $1 " is no counter" }
		$1 ~ /_(ms|us|minutes|kb|percent)(_|$)/ { print $1 " is in no base unit" }
		seen[$1]++ { print $1 " is there twice" }'
	[ "$(grep -c '^# HELP ' "$1/metrics")" -eq "$(grep -c '^# TYPE ' "$1/metrics")" ] ||
		echo "not each has HELP and TYPE"
}

# rules TREE: Prometheus takes the rules.
rules()
{
	promtool check rules "$1/doc/kaguard-alerts.yaml" >"$lint_tmp/rules" 2>&1 || cat "$lint_tmp/rules"
}

# fires: each fires where it should, and each is tried.
fires()
{
	promtool test rules "$1/tests/monitoring/alerts.test.yaml" >"$lint_tmp/fires" 2>&1 ||
		cat "$lint_tmp/fires"
	sed -n 's/^ *- alert: //p' "$1/doc/kaguard-alerts.yaml" | while read -r alert; do
		grep -A 3 "alertname: $alert\$" "$1/tests/monitoring/alerts.test.yaml" | grep -q exp_alerts ||
			echo "no test has $alert fire"
	done
}

# queries TREE: Prometheus takes what the dashboard asks, as the expressions of rules.
queries()
{
	"$PYTHON" - "$1/doc/kaguard-dashboard.json" >"$lint_tmp/queries.yaml" <<'END' || return
import json, sys

def queries(part):
    if isinstance(part, dict):
        if isinstance(part.get("expr"), str):
            yield part["expr"]
        part = list(part.values())
    for inner in part if isinstance(part, list) else []:
        yield from queries(inner)

found = [query.replace("$__rate_interval", "5m") for query in queries(json.load(open(sys.argv[1])))]
rules = [{"record": f"q{n}", "expr": query} for n, query in enumerate(found)]
print(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
END
	grep -q '"expr"' "$lint_tmp/queries.yaml" || echo "the dashboard asks nothing"
	promtool check rules "$lint_tmp/queries.yaml" >"$lint_tmp/out" 2>&1 || cat "$lint_tmp/out"
}

start
clean "names are as Prometheus has it" custom "$lint_tmp"
clean "kaguardctl.1 has all metrics" documented "$KAGUARD_SRCDIR"
clean "dashboard, rules and guide use existing metrics" used "$KAGUARD_SRCDIR"
clean "the dashboard shows all metrics" shown "$KAGUARD_SRCDIR"
catches "kaguard_sessions is not in kaguardctl.1" doc/kaguardctl.1 documented <<'END'
.It Ic kaguard_session
END
catches "kaguard_session in kaguard-alerts.yaml is no metric" doc/kaguard-alerts.yaml used <<'END'
expr: kaguard_session > 0
END
catches "kaguard_rtt_seconds is on no panel" doc/kaguard-dashboard.json shown <<'END'
{"panels": []}
END
catches "kaguard_x is a counter without _total" metrics custom <<'END'
# HELP kaguard_x X
# TYPE kaguard_x counter
END
if command -v promtool >/dev/null; then
	clean "promtool takes the rules" rules "$KAGUARD_SRCDIR"
	clean "each alert fires where it should" fires "$KAGUARD_SRCDIR"
	clean "promtool takes the dashboard's queries" queries "$KAGUARD_SRCDIR"
	catches "could not parse expression" doc/kaguard-dashboard.json queries <<'END'
{"panels": [{"targets": [{"expr": "sum(kaguard_sessions"}]}]}
END
else
	skipped "promtool takes the rules" "no promtool: tools/install-needs monitoring"
	skipped "each alert fires where it should" "no promtool: tools/install-needs monitoring"
	skipped "promtool takes the dashboard's queries" "no promtool: tools/install-needs monitoring"
fi
lint_end
