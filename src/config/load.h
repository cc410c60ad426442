/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_CONFIG_LOAD_H
#define KAGUARD_CONFIG_LOAD_H

/* From FILE.yaml and the drop-ins in FILE.d to a struct config, or to all errors in them at once.
 */

#include <stddef.h>
#include <stdio.h>

struct config;

enum remark_severity {
	REMARK_ERROR,
	REMARK_WARNING
};

/* Something to say about the files. */
struct remark {
	enum remark_severity severity;
	char *file;
	unsigned line, column; /* from 1, columns in characters; 0: the file as a whole */
	char *text;	       /* what is wrong, and what is allowed */
	char *source;	       /* the source line, or the part of a long one around it; or NULL */
	unsigned caret;	       /* which character of `source`, from 1 */
	unsigned order;	       /* of the file: the main file is 0 */
};

struct remarks {
	struct remark *list; /* by file, line, column; at most REMARKS_MAX and one more */
	size_t n;
	size_t n_errors; /* all of them */
};

#define REMARKS_MAX 1000

/*
 * Load and validate. 0 with *ret_config, which the caller frees; or -EINVAL where the files have
 * errors, or another negative errno where they could not be read at all. *ret_remarks is filled in
 * every case (warnings come with success too) and cleared by the caller; it always has at least one
 * error where the result is not 0, save that the list may be empty for -ENOMEM.
 */
int config_load(const char *path, struct config **ret_config, struct remarks *ret_remarks);

/* FILE:LINE:COLUMN: error: text, then the source line and a caret. */
void remarks_print(const struct remarks *remarks, FILE *out);

/* One remark as `FILE:LINE:COLUMN: error: text`, without the source line. Returns buf. */
char *remark_text(const struct remark *remark, char *buf, size_t size);

void remarks_clear(struct remarks *remarks);

/* A word that log.level takes, as a syslog priority; or -EINVAL. */
int config_log_level(const char *word);

/* JSON Schema (draft-07) of the configuration, from the same table as the parser. 0 or -errno. */
int config_schema_print(FILE *out);

#endif
