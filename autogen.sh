#!/bin/sh
# SPDX-License-Identifier: ISC
# Make ./configure from a git checkout.
set -e
cd "$(dirname "$0")"
exec autoreconf --install --force "$@"
