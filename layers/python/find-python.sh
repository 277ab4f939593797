#!/bin/sh
# Prints the path of the Python whose libpython the kernel embeds. Reports on stderr which one it chose, or what to install.
# PYTHON=/path/to/python overrides the search. It looks for CPython 3.13, then 3.12, then 3.11, built with a shared libpython:
# first uv's, then pyenv's, then the system's.
set -u

# Whether it is a CPython with a shared libpython that can be linked: libpythonX.Y.so must exist, not only libpythonX.Y.so.1.0.
embeddable() {
    "$1" -I - <<'PY' 2>/dev/null
import os, sys, sysconfig
shared = sysconfig.get_config_var("Py_ENABLE_SHARED")
version = sysconfig.get_config_var("LDVERSION")
folders = filter(None, map(sysconfig.get_config_var, ("LIBDIR", "LIBPL")))
linkable = any(os.path.exists(os.path.join(folder, f"libpython{version}.so")) for folder in folders)
sys.exit(0 if sys.implementation.name == "cpython" and shared and linkable else 1)
PY
}

candidates() {
    version=$1
    ls -d "${UV_PYTHON_INSTALL_DIR:-$HOME/.local/share/uv/python}"/cpython-"$version".*/bin/python"$version" 2>/dev/null
    ls -d "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$version".*/bin/python"$version" 2>/dev/null
    ls -d /usr/local/bin/python"$version" /usr/bin/python"$version" 2>/dev/null
}

if [ -n "${PYTHON:-}" ]; then
    if embeddable "$PYTHON"; then
        echo "embedding $PYTHON (from PYTHON)" >&2
        echo "$PYTHON"
        exit 0
    fi
    echo "PYTHON=$PYTHON is not a CPython with a shared libpython to link against" >&2
    exit 1
fi
find_one() {
    for version in 3.13 3.12 3.11; do
        for python in $(candidates "$version"); do
            if embeddable "$python"; then
                echo "embedding $("$python" --version 2>&1) from $python (set PYTHON to use another)" >&2
                echo "$python"
                exit 0
            fi
        done
    done
}

find_one
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "no CPython with a shared libpython found: installing Debian's python3.11 and libpython3.11-dev" >&2
    (apt-get update && apt-get install -y --no-install-recommends python3.11 libpython3.11-dev python3-pip) >&2 && find_one
fi
cat >&2 <<'TEXT'
No CPython with a shared libpython was found. Install one of these:
  apt-get install libpython3.11-dev python3.11 python3-pip       (Debian 12)
  uv python install 3.13
  PYTHON_CONFIGURE_OPTS=--enable-shared pyenv install 3.13
or pass the path of one: make run PYTHON=/path/to/python3.13
TEXT
exit 1
