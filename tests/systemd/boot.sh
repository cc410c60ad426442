#!/bin/sh
# SPDX-License-Identifier: ISC
# Boot a copy of the system in ROOT that leaves no trace: all that it writes is kept in memory.
#	boot.sh NAME DIRECTORY ROOT TREE NSPAWN-ARGUMENT...
# NAME is for its cgroup, DIRECTORY an empty one, TREE what is to be there on top of ROOT.
# Run it in a mount namespace of its own, which takes all mounts with it when it ends.
set -eu

name=$1 directory=$2 root=$3 tree=$4
shift 4

# Containers that share a cgroup stop each other's services. With cgroups of version 1 and 2 the
# second is below "unified", and the service manager wants its own hierarchy too.
for hierarchy in . unified systemd; do
	cgroup=/sys/fs/cgroup/$hierarchy/$name
	[ -e "/sys/fs/cgroup/$hierarchy/cgroup.procs" ] || continue
	mkdir "$cgroup"
	echo $$ >"$cgroup/cgroup.procs"
done
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1

mount -t tmpfs tmpfs "$directory"
mkdir "$directory/changes" "$directory/work" "$directory/root"
mount -t overlay overlay -o "lowerdir=$root,upperdir=$directory/changes,workdir=$directory/work" \
	"$directory/root"
cd "$directory/root"

# What this machine runs is no concern of the test: no service but those of systemd itself.
rm -rf etc/systemd/system/*.wants etc/systemd/system/*.requires etc/rc?.d etc/fstab var/log/journal
# Without an id of its own it would enable everything, as at the first boot ever.
tr -d - </proc/sys/kernel/random/uuid >etc/machine-id
# One journal from the first line to the last; otherwise it moves to the disk as the boot ends.
mkdir -p etc/systemd/journald.conf.d
printf '[Journal]\nStorage=volatile\n' >etc/systemd/journald.conf.d/check.conf
tar -C "$tree" -cf - . | tar --keep-directory-symlink --no-overwrite-dir -xf -
cd /

# Whoever started this may be killed; then the container ends, too.
exec setpriv --pdeathsig TERM systemd-nspawn --quiet --directory="$directory/root" --register=no --keep-unit \
	--resolv-conf=off --timezone=off --console=pipe "$@"
