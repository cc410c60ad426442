#!/bin/sh
# SPDX-License-Identifier: ISC
# What documents show of programs is what the programs print; `make docs` writes it down.
# shellcheck source=tests/lint/lint.sh
. "$KAGUARD_SRCDIR/tests/lint/lint.sh"
skip_without "$PYTHON"

shown()
{
	"$PYTHON" "$KAGUARD_SRCDIR/tools/shown" "$1"/doc/*.md
}

# generated TREE: what has to come from a program does.
generated()
{
	while read -r document command; do
		[ ! -e "$1/doc/$document" ] ||
			grep -qxF "<!-- shown: $command -->" "$1/doc/$document" ||
			echo "$document does not show: $command"
	done <<'END'
architecture.md fsm
architecture.md fsm --mermaid
firewalls.md firewalls-md
tuning.md plan-steps --lateness
tuning.md kaguard --plan -c examples/tuning.yaml
tuning.md plan-steps 240
tuning.md plan-steps 350
tuning.md plan-steps 900
tuning.md plan-steps 3600
END
}

# presets TREE: each has its row.
presets()
{
	"$KAGUARD" --list-firewalls | awk 'NR > 1 { print $1 }' | while read -r preset; do
		grep -q "^| \`$preset\` |" "$1/doc/firewalls.md" || echo "$preset is not in firewalls.md"
	done
}

# figures TREE: the seconds in the text of tuning.md are ones that a program has printed there, but for
# Linux' own (TCP_KEEPALIVE_INTVL, MAX_TCP_KEEPIDLE, nf_conntrack's 300) and those of plan.c, which
# tests/unit/test_plan.c holds (margin, interval, slack); and 30 for an example.
figures()
{
	page=$1/doc/tuning.md
	awk '/^<!-- shown/ { shown = 1 } shown { print } /^<!-- end/ { shown = 0 }' "$page" |
		grep -oE '[0-9]+(\.[0-9]+)?' >"$lint_tmp/printed"
	printf '%s\n' 75 32767 300 3 60 0.5 30 >>"$lint_tmp/printed"
	awk '/^<!-- shown/ { shown = 1 } !shown { print } /^<!-- end/ { shown = 0 }' "$page" |
		grep -oE '[0-9]+(\.[0-9]+)? s\>' | sed 's/ s$//' | sort -u |
		grep -vxF -f "$lint_tmp/printed" | sed 's/$/ s in tuning.md is printed by no program/'
}

lint_tmp=$(mktemp -d)
trap 'rm -rf "$lint_tmp"' EXIT

clean "documents show what is printed" shown "$KAGUARD_SRCDIR"
clean "tables of documents are made by programs" generated "$KAGUARD_SRCDIR"
clean "doc/firewalls.md has all presets" presets "$KAGUARD_SRCDIR"
clean "figures in doc/tuning.md are printed ones" figures "$KAGUARD_SRCDIR"
catches "+| 10 | 0.64 | 0.26" doc/tuning.md shown <<'END'
<!-- shown: plan-steps --lateness -->
| 10 | 0.65 | 0.26 |
<!-- end -->
END
catches "+idle        start     -> resolving" doc/architecture.md shown <<'END'
<!-- shown: fsm -->
```
idle        start     -> connecting
```
<!-- end -->
END
catches "exit 1" doc/a.md shown <<'END'
<!-- shown: false -->
<!-- end -->
END
catches "1 blocks begin and 0 end" doc/a.md shown <<'END'
<!-- shown: true -->
END
catches "architecture.md does not show: fsm" doc/architecture.md generated <<'END'
# How it is built
END
catches "aws-alb is not in firewalls.md" doc/firewalls.md presets <<'END'
| `aws-nlb` |
END
catches "291 s in tuning.md is printed by no program" doc/tuning.md figures <<'END'
A probe after 291 s.
<!-- shown: plan-steps 350 -->
| 0 | 290.0 |
<!-- end -->
END
lint_end
