# SPDX-License-Identifier: ISC
"""Hold the schema on stdin against the corpus in the directory given. Prints TAP."""

import glob
import json
import os
import re
import sys

import jsonschema
import yaml


class Loader(yaml.CBaseLoader):
    """Scalars as YAML 1.2's core schema has them, which is what editors use."""


Loader.yaml_implicit_resolvers = {}
for tag, pattern, first in (
    ("tag:yaml.org,2002:null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("tag:yaml.org,2002:bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("tag:yaml.org,2002:int", r"^[-+]?[0-9]+$", list("-+0123456789")),
    (
        "tag:yaml.org,2002:float",
        r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$",
        list("-+.0123456789"),
    ),
):
    Loader.add_implicit_resolver(tag, re.compile(pattern), first)
Loader.add_constructor("tag:yaml.org,2002:null", lambda loader, node: None)
Loader.add_constructor("tag:yaml.org,2002:bool", lambda loader, node: node.value[0] in "tT")
Loader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(node.value))
Loader.add_constructor("tag:yaml.org,2002:float", lambda loader, node: float(node.value))
# A list has no key, so one that stands for it is as good as any: it is refused all the same.
Loader.add_constructor(
    "tag:yaml.org,2002:map",
    lambda loader, node: {
        str(loader.construct_object(k, deep=True)): loader.construct_object(v, deep=True)
        for k, v in node.value
    },
)


def main(corpus):
    schema = json.load(sys.stdin)
    count = 0

    def ok(good, words):
        nonlocal count
        count += 1
        print(f"{'ok' if good else 'not ok'} {count} - {words}")

    try:
        jsonschema.Draft7Validator.check_schema(schema)
        ok(schema["$schema"].startswith("http://json-schema.org/draft-07"), "is draft-07")
    except jsonschema.SchemaError as error:
        print("#", error.message)
        ok(False, "is a schema")
    validator = jsonschema.Draft7Validator(schema)

    def faults(path):
        with open(path, "rb") as file:
            document = yaml.load(file.read(), Loader)
        return [e.message.replace("\n", " ") for e in validator.iter_errors(document)]

    for path in sorted(glob.glob(os.path.join(corpus, "good", "**", "*.yaml"), recursive=True)):
        if os.path.basename(path).startswith("."):
            continue
        found = faults(path)
        for fault in found:
            print("#", fault)
        ok(not found, f"takes good/{os.path.relpath(path, os.path.join(corpus, 'good'))}")
    for path in sorted(glob.glob(os.path.join(corpus, "bad", "*.yaml"))):
        with open(path, "rb") as file:
            marked = file.read().startswith(b"# schema: refuses\n")
        if marked:
            ok(faults(path), f"refuses bad/{os.path.basename(path)}")
    print(f"1..{count}")


main(sys.argv[1])
