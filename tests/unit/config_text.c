/* SPDX-License-Identifier: ISC */
#include "config_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

int
config_text_load(
    const char *text, size_t len, struct config **ret_config, struct remarks *ret_remarks)
{
	static int fd = -1;
	char path[32];

	if (fd < 0)
		fd = memfd_create("config", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(pwrite(fd, text, len, 0), (ssize_t)len);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return config_load(path, ret_config, ret_remarks);
}
