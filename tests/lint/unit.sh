#!/bin/sh
# SPDX-License-Identifier: ISC
# The unit is what systemd can read, and as closed as the best of them.
# shellcheck source=tests/lint/lint.sh
. "$KAGUARD_SRCDIR/tests/lint/lint.sh"
skip_without systemd-analyze
systemd_version=$(systemd-analyze --version | awk 'NR == 1 { print $2 }')
if [ "$systemd_version" -lt 250 ]; then
	echo "1..0 # SKIP systemd $systemd_version cannot analyze a unit offline, 250 can"
	exit 0
fi

# Lines that systemd before 253 and 254 does not know, and goes on without.
# The first words differ from version to version.
too_new='Failed to parse service type, ignoring: notify-reload
Unknown key.* .RestartSteps. in section .Service., ignoring
Unknown key.* .RestartMaxDelaySec. in section .Service., ignoring'

# verify TREE: the unit with the program that was built, since the one it names is not installed.
verify()
{
	mkdir -p "$lint_tmp/unit"
	sed "s|=[^ ]*/kaguard\\>|=$KAGUARD|; s|=[^ ]*/kaguardctl\\>|=${KAGUARD}ctl|" "$1/systemd/kaguard.service" \
		>"$lint_tmp/unit/kaguard.service"
	systemd-analyze verify --man=no --recursive-errors=no "$lint_tmp/unit/kaguard.service" 2>&1 |
		grep -v "$too_new" | sort -u
}

# The exposure is at most 1.1, on systemd's scale of 10.
exposure()
{
	systemd-analyze security --no-pager --offline=true --threshold=11 \
		"$1/systemd/kaguard.service" >"$lint_tmp/security" 2>/dev/null ||
		grep 'Overall exposure' "$lint_tmp/security"
}

# systemd takes a remark behind a value for a part of it.
remarks()
{
	grep -nE '^[A-Za-z]+=.*[[:space:]][#;]' "$1/systemd/kaguard.service" |
		sed 's/$/ (a trailing comment)/'
}

# What make put there is whole.
placeholders()
{
	grep -nE '@[a-z]+@|\$[({]' "$1/systemd/kaguard.service" | sed 's/$/ (not replaced)/'
}

lint_tmp=$(mktemp -d)
trap 'rm -rf "$lint_tmp"' EXIT

clean "systemd-analyze verify takes the unit" verify "$KAGUARD_BUILDDIR"
clean "systemd-analyze security scores it 1.1 or less" exposure "$KAGUARD_BUILDDIR"
clean "no remark stands behind a value" remarks "$KAGUARD_BUILDDIR"
clean "nothing is left to be replaced" placeholders "$KAGUARD_BUILDDIR"

catches "'Restrat' in section" systemd/kaguard.service verify <<'END'
[Service]
ExecStart=/usr/sbin/kaguard
Restrat=always
END
catches "Overall exposure level" systemd/kaguard.service exposure <<'END'
[Service]
ExecStart=/usr/sbin/kaguard
END
catches "(a trailing comment)" systemd/kaguard.service remarks <<'END'
[Service]
Restart=always  # never give up
END
catches "(not replaced)" systemd/kaguard.service placeholders <<'END'
ExecStart=@sbindir@/kaguard
END
lint_end
