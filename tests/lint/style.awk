# SPDX-License-Identifier: ISC
# The limits of the house style on C files. Prints FILE:LINE: what is wrong.
#
# Relies on the layout that the format lint enforces: a function's name, its opening and its closing
# brace each stand in the first column.

BEGIN {
	max_file = 400
	max_function = 40
	max_parameters = 5
}

function remark(line, text) {
	print FILENAME ":" line ": " text
}

function check_signature(    list, n, i, count, adjacent) {
	list = signature
	sub(/^[^(]*\(/, "", list)
	sub(/\)[^)]*$/, "", list)
	# A parameter that is itself a function has commas of its own.
	while (gsub(/\([^()]*\)/, "", list))
		;
	n = split(list, parameter, /,/)
	for (i = 1; i <= n; i++) {
		count += parameter[i] !~ /^[ \t]*(\.\.\.|void)[ \t]*$/
		if (parameter[i] ~ /^[ \t]*bool / && adjacent++)
			remark(head, "two adjacent bools")
		else if (parameter[i] !~ /^[ \t]*bool /)
			adjacent = 0
	}
	if (count > max_parameters)
		remark(head, "a function with " count " parameters")
}

FNR == 1 {
	body = head = first_include = 0
	if ($0 != "/* SPDX-License-Identifier: ISC */")
		remark(1, "the first line is not the licence")
	header = FILENAME
	own = sub(/\.c$/, ".h", header) && (getline dummy <header) >= 0
	close(header)
	# Beside src, where -I points, headers are named without their directory.
	if (!sub(/^.*\/src\//, "", header))
		sub(/^.*\//, "", header)
}

FNR == max_file + 1 {
	remark(FNR, "a file of more than " max_file " lines")
}

own && !first_include && /^#include/ {
	first_include = 1
	if ($0 != "#include \"" header "\"")
		remark(FNR, "the first include is not \"" header "\"")
}

/^typedef[ \t]+(struct|union|enum)/ {
	remark(FNR, "a typedef for a " $2)
}

/^[a-z_][a-z0-9_]*\(/ {
	head = FNR
	signature = ""
}

head && !body {
	signature = signature $0
	if (/;[ \t]*$/)
		head = 0
}

/^{/ && head {
	body = FNR
	check_signature()
}

/^}/ && body {
	if (FNR - body - 1 >= max_function)
		remark(head, "a function of " (FNR - body - 1) " lines")
	body = head = 0
}
