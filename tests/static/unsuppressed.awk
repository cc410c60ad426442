# SPDX-License-Identifier: ISC
# Reads suppressions and then what an analyzer says; prints the findings that nothing suppresses, or, with
# what=stale, the suppressions that there is no finding for. A finding is known by analyzer, check, file
# and a part of the line's text, so that it stays known where lines above it come or go.

# The line of a file, which is read from its beginning: findings are few.
function line_of(file, number,    text, n)
{
	while (n < number && (getline text < file) > 0)
		n++
	close(file)
	return n == number ? text : ""
}

function is_suppressed(file, text, checks,    names, n, i, j)
{
	n = split(checks, names, ",")
	for (i = 1; i <= n_known; i++)
		for (j = 1; j <= n; j++)
			if (names[j] == check[i] && file == known_file[i] && index(text, part[i])) {
				is_met[i] = 1
				return 1
			}
	return 0
}

!suppressions && /^#/ {
	has_reason = 1
	next
}

!suppressions && /^$/ {
	has_reason = 0
	next
}

!suppressions {
	if (!has_reason || NF < 4 || $3 !~ /:$/)
		print "suppressions:" FNR ": neither a reason above nor ANALYZER CHECK FILE: TEXT"
	if ($1 != analyzer)
		next
	check[++n_known] = $2
	known_file[n_known] = substr($3, 1, length($3) - 1)
	part[n_known] = substr($0, index($0, $3) + length($3) + 1)
	next
}

# Headers are told of once for each file that includes them.
/^[^ ]*:[0-9]+:[0-9]+: (warning|error|fatal error): .*\[[^][]*\]$/ && !seen[$0]++ {
	split($0, place, ":")
	file = place[1]
	if (index(file, tree) == 1)
		file = substr(file, length(tree) + 1)
	checks = $0
	sub(/\]$/, "", checks)
	sub(/.*\[/, "", checks)
	if (!is_suppressed(file, line_of(place[1], place[2]), checks) && what == "new")
		print file substr($0, length(place[1]) + 1)
}

END {
	for (i = 1; i <= n_known; i++)
		if (what == "stale" && !is_met[i])
			print analyzer " does not find: " check[i] " " known_file[i] ": " part[i]
}
