/* SPDX-License-Identifier: ISC */
#include "config/load.h"

#include <stdlib.h>

static const char *
severity_name(enum remark_severity severity)
{
	switch (severity) {
	case REMARK_ERROR:
		return "error";
	case REMARK_WARNING:
		return "warning";
	}
	return "";
}

char *
remark_text(const struct remark *remark, char *buf, size_t size)
{
	const char *severity = severity_name(remark->severity);

	if (remark->line == 0)
		snprintf(buf, size, "%s: %s: %s", remark->file, severity, remark->text);
	else
		snprintf(buf, size, "%s:%u:%u: %s: %s", remark->file, remark->line, remark->column,
		    severity, remark->text);
	return buf;
}

/* Under the source line, as compilers do. Tabs are kept, so that the caret is where it belongs. */
static void
print_caret(const struct remark *remark, FILE *out)
{
	const char *at = remark->source;

	fprintf(out, "%5u | %s\n      | ", remark->line, remark->source);
	for (unsigned i = 1; i < remark->caret && *at != '\0'; i++) {
		fputc(*at == '\t' ? '\t' : ' ', out);
		for (at++; (*at & 0xc0) == 0x80; at++)
			;
	}
	fputs("^\n", out);
}

void
remarks_print(const struct remarks *remarks, FILE *out)
{
	for (size_t i = 0; i < remarks->n; i++) {
		const struct remark *remark = &remarks->list[i];
		const char *severity = severity_name(remark->severity);

		if (remark->line == 0)
			fprintf(out, "%s: %s: %s\n", remark->file, severity, remark->text);
		else
			fprintf(out, "%s:%u:%u: %s: %s\n", remark->file, remark->line,
			    remark->column, severity, remark->text);
		if (remark->source != NULL)
			print_caret(remark, out);
	}
}

void
remarks_clear(struct remarks *remarks)
{
	for (size_t i = 0; i < remarks->n; i++) {
		free(remarks->list[i].file);
		free(remarks->list[i].text);
		free(remarks->list[i].source);
	}
	free(remarks->list);
	*remarks = (struct remarks){0};
}
