# SPDX-License-Identifier: ISC
# Who may include what. Prints FILE:LINE: what is wrong.

BEGIN {
	# The arrows point down, from a larger number to a smaller one.
	rank["policy"] = 0
	rank["config"] = rank["net"] = rank["host"] = 1
	rank["daemon"] = rank["ctl"] = 2

	# A foreign interface, and the files that own it.
	owner["^event2/"] = "^net/loop\\.c$"
	owner["^yaml\\.h$"] = "^config/document\\.c$"
	owner["^systemd/"] = "^host/[a-z_]+\\.c$"
	owner["^jansson\\.h$"] = "^config/schema\\.c$|^host/(jsontext|varlink)\\.c$|^ctl/[a-z_]+\\.c$" \
	    "|^daemon/(lore|metrics|planview|query[a-z_]*|show|view)\\.c$"
	owner["^libmnl/"] = "^net/rtnl(_parse)?\\.c$"

	# kaguardctl knows of the daemon what the socket tells. What both have is words, tables and a clock.
	ctl_knows = "^(policy/[a-z_]+|host/(cli|monotonic|plantable|table|text))\\.h$"

	# But measure asks no daemon: it has a network and an address of its own.
	measure_knows = "^(net/(clock|measure|resolve)|config/scalar)\\.h$"

	# All that pure policy may know of the world: no clock, no descriptor, no log.
	pure = "^(assert|ctype|errno|inttypes|limits|math|stdarg|stdbool|stddef|stdint|stdio|stdlib" \
	    "|string)\\.h$"
}

function remark(text) {
	print FILENAME ":" FNR ": " text
}

FNR == 1 {
	file = FILENAME
	sub(/^.*src\//, "", file)
	layer = file
	sub(/\/.*/, "", layer)
	if (!(layer in rank))
		remark("layer \"" layer "\" has no place in the order")
}

/^[ \t]*#[ \t]*include[ \t]*[<"]/ {
	foreign = /</
	header = $0
	sub(/^[^<"]*[<"]/, "", header)
	sub(/[>"].*/, "", header)
	if (foreign)
		check_foreign()
	else
		check_own()
}

function check_foreign(    interface) {
	for (interface in owner)
		if (header ~ interface && file !~ owner[interface])
			remark("<" header "> belongs to other files")
	if (layer == "policy" && header !~ pure)
		remark("<" header "> in pure policy")
}

function check_own(    target) {
	target = header
	if (sub(/\/.*/, "", target) == 0) {
		if (header != "config.h")
			remark("\"" header "\" lacks its directory")
	} else if (!(target in rank))
		remark("\"" header "\" is in no layer")
	else if (layer == "ctl" && target != "ctl" && header !~ ctl_knows &&
	    !(file == "ctl/measure.c" && header ~ measure_knows))
		remark("\"" header "\" is not for kaguardctl")
	else if (target != layer && rank[target] >= rank[layer])
		remark("\"" header "\" is not below " layer)
}
