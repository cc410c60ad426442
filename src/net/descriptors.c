/* SPDX-License-Identifier: ISC */
#include "net/descriptors.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/resource.h>
#include <unistd.h>

int
descriptors_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return INT_MAX;
	if (limit.rlim_cur < limit.rlim_max) {
		/* What fails here is met again as EMFILE. */
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
		getrlimit(RLIMIT_NOFILE, &limit);
	}
	return limit.rlim_cur < INT_MAX ? (int)limit.rlim_cur : INT_MAX;
}

void
descriptors_expect(int n)
{
	int limit = descriptors_limit();
	int any = open("/", O_PATH | O_CLOEXEC), high;

	if (any < 0)
		return;
	high = fcntl(any, F_DUPFD_CLOEXEC, n < limit ? n : limit - 1);
	if (high >= 0)
		close(high);
	close(any);
}
