#!/bin/sh
# SPDX-License-Identifier: ISC
# The examples are configurations without a fault, and Prometheus takes its own.
# shellcheck source=tests/lint/lint.sh
. "$KAGUARD_SRCDIR/tests/lint/lint.sh"

# loads TREE: each has no error and no warning, somebody to connect to, and words for who reads it.
loads()
{
	for example in "$1"/doc/examples/*.yaml; do
		name=${example##*/}
		"$KAGUARD" --check -c "$example" 2>&1 || echo "$name: exit $?"
		"$KAGUARD" --plan -c "$example" 2>&1 | grep -q '^PEER ' || echo "$name: no peer has a plan"
		[ "$(sed '/^#/!Q' "$example" | wc -l)" -ge 5 ] || echo "$name: it does not say what it is for"
	done
}

# schema TREE: they are what editors are told of.
schema()
{
	"$KAGUARD" --schema >"$lint_tmp/schema.json"
	for example in "$1"/doc/examples/*.yaml; do
		"$PYTHON" - "$lint_tmp/schema.json" "$example" <<'CHECK'
import json, sys
import jsonschema, yaml
with open(sys.argv[1]) as schema, open(sys.argv[2]) as example:
    validator = jsonschema.Draft202012Validator(json.load(schema))
    for error in validator.iter_errors(yaml.safe_load(example)):
        print(f"{sys.argv[2]}: {error.message}")
CHECK
	done
}

prometheus()
{
	promtool check config "$1/doc/examples/prometheus.yml" >"$lint_tmp/promtool" 2>&1 ||
		cat "$lint_tmp/promtool"
}

lint_tmp=$(mktemp -d)
trap 'rm -rf "$lint_tmp"' EXIT

clean "the examples load" loads "$KAGUARD_SRCDIR"
catches "unknown key 'sesions'" doc/examples/a.yaml loads <<'END'
peers:
  - {address: "a.example.com:1", sesions: 2}
END
catches "a.yaml: no peer has a plan" doc/examples/a.yaml loads <<'END'
peers: []
END
catches "a.yaml: it does not say what it is for" doc/examples/a.yaml loads <<'END'
# An example.
peers: ["a.example.com:1"]
END
if "$PYTHON" -c 'import jsonschema, yaml; jsonschema.Draft202012Validator' 2>"$lint_tmp/why"; then
	clean "the examples are what the schema says" schema "$KAGUARD_SRCDIR"
	catches "'x' is not" doc/examples/a.yaml schema <<'END'
peers: x
END
else
	skipped "the examples are what the schema says" "$PYTHON has no jsonschema or no yaml"
fi
if command -v promtool >/dev/null; then
	clean "promtool takes prometheus.yml, and the rules that it names" prometheus "$KAGUARD_SRCDIR"
	catches "FAILED" doc/examples/prometheus.yml prometheus <<'END'
scrape_configs:
  - job: kaguard
END
else
	skipped "promtool takes prometheus.yml" "no promtool: tools/install-needs monitoring"
fi
lint_end
