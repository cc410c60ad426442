/* SPDX-License-Identifier: ISC */
#include "policy/words.h"

#include <stdio.h>
#include <string.h>

void
words_vadd(char *buf, size_t size, const char *format, va_list args)
{
	size_t used = strlen(buf);

	vsnprintf(buf + used, size - used, format, args);
}

void
words_add(char *buf, size_t size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	words_vadd(buf, size, format, args);
	va_end(args);
}
