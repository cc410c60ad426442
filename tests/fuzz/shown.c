/* SPDX-License-Identifier: ISC */
#include "shown.h"

#include <assert.h>
#include <locale.h>
#include <wchar.h>

size_t
shown_line(const char *text, size_t size)
{
	static locale_t utf8;
	locale_t before;
	size_t n = 0, taken;
	wchar_t c;

	if (utf8 == NULL)
		utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
	assert(utf8 != NULL);
	before = uselocale(utf8);
	for (; size > 0; text += taken, size -= taken, n++) {
		taken = mbrtowc(&c, text, size, &(mbstate_t){0});
		assert(taken > 0 && taken <= size);
		assert(c >= 0x20 || c == '\t');
		assert((c < 0x7f || c > 0x9f) && c != 0x2028 && c != 0x2029);
	}
	uselocale(before);
	return n;
}
