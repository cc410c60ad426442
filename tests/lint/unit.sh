#!/bin/sh
# SPDX-License-Identifier: ISC
# The units are what systemd can read, and as closed as the best of them.
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
Unknown key.* .RestartMaxDelaySec. in section .Service., ignoring
Unknown key.* .FileDescriptorStorePreserve. in section .Service., ignoring'

# verify TREE: the units with the programs that were built, since those they name are not installed.
verify()
{
	rm -rf "$lint_tmp/unit" && mkdir -p "$lint_tmp/unit"
	for unit in "$1"/systemd/*.service "$1"/systemd/*.socket; do
		[ -e "$unit" ] || continue
		sed "s|=[^ ]*/kaguard\\>|=$KAGUARD|; s|=[^ ]*/kaguardctl\\>|=${KAGUARD}ctl|" "$unit" \
			>"$lint_tmp/unit/${unit##*/}"
	done
	for unit in "$lint_tmp"/unit/*; do
		systemd-analyze verify --man=no --recursive-errors=no "$unit" 2>&1
	done | grep -v "$too_new" | sort -u
}

# The exposure is at most 1.1, on systemd's scale of 10.
exposure()
{
	for unit in "$1"/systemd/*.service; do
		systemd-analyze security --no-pager --offline=true --threshold=11 "$unit" \
			>"$lint_tmp/security" 2>/dev/null ||
			grep 'Overall exposure' "$lint_tmp/security"
	done
}

# systemd takes a remark behind a value for a part of it.
remarks()
{
	grep -rnE '^[A-Za-z]+=.*[[:space:]][#;]' "$1/systemd" | sed 's/$/ (a trailing comment)/'
}

# What make put there is whole.
placeholders()
{
	grep -nE '@[a-z]+@|\$[({]' "$1"/systemd/*.service | sed 's/$/ (not replaced)/'
}

lint_tmp=$(mktemp -d)
trap 'rm -rf "$lint_tmp"' EXIT

# What is installed: services are made, sockets are as they are.
mkdir -p "$lint_tmp/tree/systemd"
cp "$KAGUARD_BUILDDIR"/systemd/*.service "$KAGUARD_SRCDIR"/systemd/*.socket "$lint_tmp/tree/systemd"

clean "systemd-analyze verify takes the units" verify "$lint_tmp/tree"
clean "systemd-analyze security scores them 1.1 or less" exposure "$lint_tmp/tree"
clean "no remark stands behind a value" remarks "$lint_tmp/tree"
clean "nothing is left to be replaced" placeholders "$lint_tmp/tree"

catches "'Restrat' in section" systemd/kaguard.service verify <<'END'
[Service]
ExecStart=/usr/sbin/kaguard
Restrat=always
END
catches "MaxConnection" systemd/kaguard.socket verify <<'END'
[Socket]
ListenStream=/run/kaguard
MaxConnection=16
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
