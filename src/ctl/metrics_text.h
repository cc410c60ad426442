/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_CTL_METRICS_TEXT_H
#define KAGUARD_CTL_METRICS_TEXT_H

/* What Metrics answers, as the text that Prometheus reads (its exposition format, 0.0.4). */

#include <stdio.h>

struct json_t;

#define METRICS_TEXT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* 0, or -EIO where it cannot be written. */
int metrics_text(const struct json_t *document, FILE *out);

#endif
