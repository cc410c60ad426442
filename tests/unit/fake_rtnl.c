/* SPDX-License-Identifier: ISC */
#include "fake_rtnl.h"

#include <errno.h>
#include <stddef.h>
#include <sys/eventfd.h>

struct fake_rtnl kernel;

int
rtnl_subscribe(struct mnl_socket **ret)
{
	*ret = NULL;
	return kernel.denied ? -EPERM : 0;
}

void
rtnl_close(struct mnl_socket *socket)
{
	(void)socket;
}

int
rtnl_fd(const struct mnl_socket *socket)
{
	(void)socket;
	return kernel.fd;
}

int
rtnl_receive(struct mnl_socket *socket, struct rtnl_reader *reader)
{
	eventfd_t count;

	(void)socket;
	eventfd_read(kernel.fd, &count);
	for (unsigned i = 0; i < kernel.n_told; i++)
		if (!reader->take(reader, &kernel.told[i]))
			break;
	kernel.n_told = 0;
	return kernel.told_error;
}

static bool
is_of(const struct rtnl_message *m, int family)
{
	sa_family_t own = m->address.any.sa_family;

	return own == AF_UNSPEC || family == AF_UNSPEC || own == family;
}

int
rtnl_dump(enum rtnl_kind kind, int family, struct rtnl_reader *reader)
{
	kernel.dumps++;
	for (unsigned i = 0; i < kernel.n_there; i++) {
		const struct rtnl_message *m = &kernel.there[i];

		if (m->kind == kind && is_of(m, family) && !reader->take(reader, m))
			break;
	}
	if (kernel.changing > 0) {
		kernel.changing--;
		return -EINTR;
	}
	return kernel.dump_error;
}

int
rtnl_next_hop(const union address *from, const union address *to, int index, struct rtnl_hop *ret)
{
	(void)from;
	(void)to;
	(void)index;
	(void)ret;
	return -ENETUNREACH;
}
