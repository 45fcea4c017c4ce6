#!/bin/sh
# Install the Debian packages that the demo and the tests need and pip cannot give: OpenGL and a virtual screen for the
# till's window, a real browser, a real PostgreSQL. Does nothing where all are there; asks for no password.
set -eu

have() { command -v "$1" >/dev/null 2>&1; }
library() { ldconfig -p 2>/dev/null | grep -q "$1"; }

# ldconfig lives in sbin, which is not on everybody's path.
PATH="$PATH:/usr/sbin:/sbin"
missing=""
need() { missing="$missing $1"; }

library libGL.so.1 || need libgl1
library libEGL.so.1 || need libegl1
library libmtdev.so.1 || need libmtdev1
# The browser driver's own node wants it.
library libatomic.so.1 || need libatomic1
have Xvfb || need xvfb
have xdotool || need xdotool
have chromium || need chromium
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || need postgresql
ls /usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf >/dev/null 2>&1 || need fonts-dejavu-core
"${PYTHON:-python3}" -c 'import ensurepip, venv' >/dev/null 2>&1 || need python3-venv

[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ]; then as_root=""; elif have sudo && sudo -n true 2>/dev/null; then as_root="sudo"; else
    echo "These Debian packages are missing and may not be installed by this user:$missing" >&2
    echo "Install them once with: sudo apt-get install --no-install-recommends$missing" >&2
    exit 1
fi
if ! have apt-get; then
    echo "This is no Debian; please install what these Debian packages hold:$missing" >&2
    exit 1
fi
echo "Installing Debian packages:$missing"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq
# shellcheck disable=SC2086 # a list of names
$as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
