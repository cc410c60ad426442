/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_HOST_STATEFILE_H
#define KAGUARD_HOST_STATEFILE_H

/*
 * A text that outlives the machine, in the directory that the service manager gives for that. It is
 * replaced whole or not at all, whenever the power fails, and its first line has a checksum of the
 * others: a disk that returns something else is found out.
 */

#include <stddef.h>

#define STATEFILE_MAX ((size_t)16 * 1024 * 1024)

/* $STATE_DIRECTORY, of several the first one; NULL where there is none. To be freed. */
char *statefile_directory(void);

/*
 * *ret is the text, with a NUL behind it, to be freed. 0; -ENOENT: there is none; -EBADMSG: it is
 * not what was written; or another negative errno.
 */
int statefile_read(const char *directory, const char *name, char **ret, size_t *ret_size);

/* Blocks until the text is on the disk. 0, or negative errno: the old text is still there. */
int statefile_write(const char *directory, const char *name, const char *text, size_t size);

/* Rename it to NAME.corrupt, for somebody to look at. 0 or negative errno. */
int statefile_set_aside(const char *directory, const char *name);

#endif
