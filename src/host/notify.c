/* SPDX-License-Identifier: ISC */
#include "host/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "host/courier.h"
#include "host/text.h"

/*
 * sd_notify(3) reads the environment at each call, which a thread must not do while another may
 * change it, and opens a socket each time. So the datagrams are sent from here.
 */

/* A notification waits as a kind and a number; the queue cannot fill with what is coalesced. */
#define NOTIFY_QUEUE ((size_t)64 * 1024)

/* The service manager drops a longer datagram whole (NOTIFY_BUFFER_MAX in its manager.c). */
#define NOTIFY_DATAGRAM ((size_t)4096)

/* Of STATUS=; the rest is for what goes with it. */
#define NOTIFY_STATUS ((size_t)4000)

/* Where the kernel lacks memory for one: without READY=1 a start fails. */
#define SEND_TRIES    50
#define SEND_PAUSE_MS 20

enum note_kind {
	NOTE_STATUS,
	NOTE_READY,
	NOTE_RELOADING,
	NOTE_STOPPING,
	NOTE_ERRNO,
	NOTE_WATCHDOG,
	NOTE_FAULT,
	NOTE_EXTEND,
	NOTE_STORE,
	NOTE_FORGET,
	NOTE_KINDS
};

struct note {
	enum note_kind kind;
	int64_t value;
	int fd;			/* NOTE_STORE: goes with it, and is closed then */
	char name[NOTIFY_NAME]; /* of what is stored */
	char old[NOTIFY_NAME];	/* of what is forgotten, "" for nothing */
};

struct notify {
	struct carrier carrier;
	struct courier *courier; /* NULL: there is no service manager to tell */
	int64_t watchdog_ms;
	int fd;
	struct sockaddr_un manager;
	socklen_t manager_length;
	pthread_mutex_t lock;	    /* guards the rest; held for a copy at most */
	char status[NOTIFY_STATUS]; /* the latest: goes with whatever has a status */
	bool waiting[NOTE_KINDS];   /* one of that kind is queued; asked for those sent once only */
};

/* What the datagram says, in front of the number, and of the status. */
static const char *const note_words[] = {
    [NOTE_STATUS] = "",
    [NOTE_READY] = "READY=1\n",
    [NOTE_RELOADING] = "RELOADING=1\nMONOTONIC_USEC=",
    [NOTE_STOPPING] = "STOPPING=1\n",
    [NOTE_ERRNO] = "ERRNO=",
    [NOTE_WATCHDOG] = "WATCHDOG=1",
    [NOTE_FAULT] = "WATCHDOG=trigger",
    [NOTE_EXTEND] = "EXTEND_TIMEOUT_USEC=",
    [NOTE_STORE] = "FDSTORE=1\nFDPOLL=0\nFDNAME=",
    [NOTE_FORGET] = "FDSTOREREMOVE=1\nFDNAME=",
};

_Static_assert(sizeof(note_words) / sizeof(note_words[0]) == NOTE_KINDS, "a kind has no words");

static bool
has_status(enum note_kind kind)
{
	return kind == NOTE_STATUS || kind == NOTE_READY || kind == NOTE_STOPPING;
}

static bool
has_number(enum note_kind kind)
{
	return kind == NOTE_RELOADING || kind == NOTE_ERRNO || kind == NOTE_EXTEND;
}

/* Said a second time while the first still waits, these would say nothing new. */
static bool
is_coalesced(enum note_kind kind)
{
	return kind == NOTE_STATUS || kind == NOTE_WATCHDOG || kind == NOTE_FAULT ||
	       kind == NOTE_EXTEND;
}

static bool
is_of_the_store(enum note_kind kind)
{
	return kind == NOTE_STORE || kind == NOTE_FORGET;
}

static size_t
compose(struct notify *notify, const struct note *note, char *to, size_t size)
{
	int length;

	pthread_mutex_lock(&notify->lock);
	notify->waiting[note->kind] = false;
	if (has_status(note->kind))
		length = snprintf(to, size, "%sSTATUS=%s", note_words[note->kind], notify->status);
	else if (has_number(note->kind))
		length = snprintf(to, size, "%s%" PRId64, note_words[note->kind], note->value);
	else
		length = snprintf(to, size, "%s", note_words[note->kind]);
	pthread_mutex_unlock(&notify->lock);
	return (size_t)length;
}

static int
send_datagram(struct notify *notify, const char *text, size_t size, int fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec iov = {.iov_base = (char *)(uintptr_t)text, .iov_len = size};
	struct msghdr message = {.msg_name = &notify->manager,
	    .msg_namelen = notify->manager_length,
	    .msg_iov = &iov,
	    .msg_iovlen = 1};
	const struct timespec pause = {.tv_nsec = SEND_PAUSE_MS * 1000000};

	if (fd >= 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.align), &fd, sizeof(fd));
	}
	for (int tries = 0; tries < SEND_TRIES; tries++) {
		if (sendmsg(notify->fd, &message, MSG_NOSIGNAL) >= 0)
			return 0;
		if (errno == EINTR)
			continue;
		if (errno != ENOBUFS && errno != ENOMEM && errno != ETOOMANYREFS)
			break;
		(void)nanosleep(&pause, NULL);
	}
	return -errno;
}

/* What takes the place of the old is stored before that is forgotten: one of them is always there.
 */
static int
carry_store(struct notify *notify, const struct note *note)
{
	char text[sizeof("FDSTOREREMOVE=1\nFDPOLL=0\nFDNAME=") + NOTIFY_NAME];
	int length, r = 0;

	if (note->kind == NOTE_STORE) {
		length = snprintf(text, sizeof(text), "%s%s", note_words[NOTE_STORE], note->name);
		r = send_datagram(notify, text, (size_t)length, note->fd);
		close(note->fd);
	}
	if (r < 0 || note->old[0] == '\0')
		return r;
	length = snprintf(text, sizeof(text), "%s%s", note_words[NOTE_FORGET], note->old);
	return send_datagram(notify, text, (size_t)length, -1);
}

static int
carry(struct carrier *carrier, const void *record, size_t size)
{
	struct notify *notify =
	    (struct notify *)(void *)((char *)carrier - offsetof(struct notify, carrier));
	char datagram[NOTIFY_DATAGRAM];
	struct note note;

	memcpy(&note, record, size);
	if (is_of_the_store(note.kind))
		return carry_store(notify, &note);
	size = compose(notify, &note, datagram, sizeof(datagram));
	return send_datagram(notify, datagram, size, -1);
}

static void
post(struct notify *notify, enum note_kind kind, int64_t value, const char *status)
{
	struct note note = {.kind = kind, .value = value, .fd = -1};

	if (notify->courier == NULL)
		return;
	pthread_mutex_lock(&notify->lock);
	if (status != NULL)
		text_line(notify->status, sizeof(notify->status), status, strlen(status));
	if (!is_coalesced(kind) || !notify->waiting[kind])
		notify->waiting[kind] = courier_post(notify->courier, &note, sizeof(note)) == 0;
	pthread_mutex_unlock(&notify->lock);
}

/* "/path", or "@name" for the abstract namespace (sd_notify(3)). */
static int
parse_address(const char *text, struct sockaddr_un *ret, socklen_t *ret_length)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = strlen(text);

	if ((text[0] != '/' && text[0] != '@') || length < 2)
		return -EAFNOSUPPORT;
	if (length >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, text, length);
	if (text[0] == '@')
		address.sun_path[0] = '\0';
	else
		length++; /* a path has its NUL behind it; an abstract name has none */
	*ret = address;
	*ret_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	return 0;
}

static void
notify_free(struct notify *notify)
{
	if (notify->fd >= 0)
		close(notify->fd);
	pthread_mutex_destroy(&notify->lock);
	free(notify);
}

/* With a service manager at that address. */
static int
start(struct notify *notify, const char *address)
{
	uint64_t watchdog_us = 0;
	int r = parse_address(address, &notify->manager, &notify->manager_length);

	if (r < 0)
		return r;
	notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (notify->fd < 0)
		return -errno;
	r = sd_watchdog_enabled(0, &watchdog_us);
	if (r < 0)
		return r;
	if (r > 0)
		notify->watchdog_ms = (int64_t)(watchdog_us / 1000);
	notify->carrier.carry = carry;
	return courier_open("kg-notify", NOTIFY_QUEUE, &notify->carrier, &notify->courier);
}

int
notify_open(struct notify **ret)
{
	const char *address = getenv("NOTIFY_SOCKET");
	struct notify *notify = calloc(1, sizeof(*notify));

	if (notify == NULL)
		return -ENOMEM;
	notify->fd = -1;
	pthread_mutex_init(&notify->lock, NULL);
	if (address != NULL) {
		int r = start(notify, address);

		if (r < 0) {
			notify_free(notify);
			return r;
		}
	}
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	*ret = notify;
	return 0;
}

void
notify_ready(struct notify *notify, const char *status)
{
	post(notify, NOTE_READY, 0, status);
}

void
notify_status(struct notify *notify, const char *status)
{
	post(notify, NOTE_STATUS, 0, status);
}

void
notify_reloading(struct notify *notify)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	post(notify, NOTE_RELOADING, (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000, NULL);
}

void
notify_stopping(struct notify *notify, const char *status)
{
	post(notify, NOTE_STOPPING, 0, status);
}

void
notify_errno(struct notify *notify, int error)
{
	post(notify, NOTE_ERRNO, error < 0 ? -(int64_t)error : error, NULL);
}

void
notify_watchdog(struct notify *notify)
{
	post(notify, NOTE_WATCHDOG, 0, NULL);
}

void
notify_extend(struct notify *notify, int64_t timeout_ms)
{
	post(notify, NOTE_EXTEND, timeout_ms * 1000, NULL);
}

void
notify_fault(struct notify *notify)
{
	post(notify, NOTE_FAULT, 0, NULL);
}

bool
notify_present(const struct notify *notify)
{
	return notify->courier != NULL;
}

int
notify_store(struct notify *notify, int fd, const char *name, const char *old)
{
	struct note note = {.kind = NOTE_STORE};
	int r;

	if (notify->courier == NULL)
		return -ENOTCONN;
	note.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (note.fd < 0)
		return -errno;
	snprintf(note.name, sizeof(note.name), "%s", name);
	snprintf(note.old, sizeof(note.old), "%s", old != NULL ? old : "");
	r = courier_post(notify->courier, &note, sizeof(note));
	if (r < 0)
		close(note.fd);
	return r;
}

int
notify_forget(struct notify *notify, const char *name)
{
	struct note note = {.kind = NOTE_FORGET, .fd = -1};

	if (notify->courier == NULL)
		return -ENOTCONN;
	snprintf(note.old, sizeof(note.old), "%s", name);
	return courier_post(notify->courier, &note, sizeof(note));
}

void
notify_await(struct notify *notify, int wait_ms)
{
	if (notify->courier != NULL)
		(void)courier_await(notify->courier, wait_ms);
}

int64_t
notify_watchdog_ms(const struct notify *notify)
{
	return notify->watchdog_ms;
}

void
notify_close(struct notify *notify, int wait_ms)
{
	if (notify == NULL)
		return;
	/* A thread that hangs goes on using the rest until the process is gone. */
	if (notify->courier == NULL || courier_close(notify->courier, wait_ms))
		notify_free(notify);
}
