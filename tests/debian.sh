#!/bin/sh
# Installs what tests need besides what `make test` brings: newuidmap, to run a server with subordinate ids. For Debian; needs root.
# Elsewhere, install the same by hand, or the test that needs it is skipped.
set -eu
command -v newuidmap >/dev/null && exit 0
apt-get update -q -q
apt-get install -y -q --no-install-recommends uidmap
