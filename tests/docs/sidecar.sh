#!/bin/sh
# SPDX-License-Identifier: ISC
# The pod of the examples: kaguard takes its configuration, kaguardctl its probes, and what it mounts is
# what the image has.
# shellcheck source=tests/lint/lint.sh
. "$KAGUARD_SRCDIR/tests/lint/lint.sh"
"$PYTHON" -c 'import yaml' 2>/dev/null || {
	echo "1..0 # SKIP $PYTHON has no yaml"
	exit 0
}

# pod TREE
pod()
{
	"$PYTHON" - "$1/doc/examples/sidecar-pod.yml" \
		"$KAGUARD_SRCDIR/packaging/container/Containerfile" <<'CHECK'
import os, pathlib, subprocess, sys, tempfile
import yaml

def run(*command):
    return subprocess.run(command, text=True, capture_output=True, stdin=subprocess.DEVNULL,
                          env=os.environ | {"KAGUARD_SOCKET": "/nonexistent"})

program = os.environ["KAGUARD"]
image = pathlib.Path(sys.argv[2]).read_text()
configuration, pod = yaml.safe_load_all(pathlib.Path(sys.argv[1]).read_text())
with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
    file.write(configuration["data"]["kaguard.yaml"])
    file.flush()
    if (done := run(program, "--check", "-c", file.name)).returncode:
        print(done.stderr)
[kaguard] = pod["spec"]["initContainers"]
for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
    command = kaguard[probe]["exec"]["command"]
    done = run(program + "ctl", *command[1:])
    # Without a daemon that is the answer; of a wrong command line it is another one.
    if command[0] != "kaguardctl" or done.returncode != 3:
        print(f"{probe}: {command}: exit {done.returncode}: {done.stderr}")
for mount in kaguard["volumeMounts"]:
    if mount["mountPath"] not in image and not mount["mountPath"].startswith("/etc/"):
        print(f"{mount['mountPath']} is not in the image")
    if mount["name"] not in [volume["name"] for volume in pod["spec"]["volumes"]]:
        print(f"{mount['name']} is no volume")
CHECK
}

# catches_when WORDS EDIT: in a pod that is edited so.
catches_when()
{
	sed "$2" "$KAGUARD_SRCDIR/doc/examples/sidecar-pod.yml" >"$lint_tmp/pod"
	catches "$1" doc/examples/sidecar-pod.yml pod <"$lint_tmp/pod"
}

lint_tmp=$(mktemp -d)
trap 'rm -rf "$lint_tmp"' EXIT

clean "the pod is one that kaguard runs in" pod "$KAGUARD_SRCDIR"
catches_when "did you mean 'listen'" "s/listen:/lisen:/"
catches_when "readinessProbe: ['kaguardctl', 'state'" "s/status,/state,/"
catches_when "/run/guard is not in the image" "s,/run/kaguard,/run/guard,"
lint_end
