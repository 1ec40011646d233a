#!/bin/sh
# What the tests of live video need besides Python: ffmpeg, which plays cameras, and Chromium, which plays viewers.
# Both come from the distribution.  Without them those tests are skipped and say so; with CI=true they fail.
set -eu

missing=""
command -v ffmpeg >/dev/null 2>&1 || missing="ffmpeg"
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
[ -z "$missing" ] && exit 0

if ! command -v apt-get >/dev/null 2>&1 || [ "$(id -u)" -ne 0 ]; then
    echo "wayside: some tests of live video are skipped without:$missing" >&2
    echo "On Debian and Ubuntu: sudo apt-get install --no-install-recommends $missing" >&2
    exit 0
fi
echo "wayside: installing what tests of live video need: $missing"
apt-get update -qq
# shellcheck disable=SC2086 - one word each
DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >/dev/null
