/* SPDX-License-Identifier: ISC */
#ifndef KAGUARD_DAEMON_INTERFACE_H
#define KAGUARD_DAEMON_INTERFACE_H

/* The descriptions of the interfaces, as they are installed; made from the .varlink files. */

#define INTERFACE_NAME "io.kaguard"

extern const char interface_kaguard[], interface_service[];

#endif
