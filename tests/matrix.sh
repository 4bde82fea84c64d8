#!/bin/bash
# Builds and tests the last commit in chroots, each a folder that debootstrap or mmdebstrap has made
# (README of neither is needed: `mmdebstrap trixie /srv/trixie`, as root). One line a system at the end.
#
#     tests/matrix.sh /srv/bookworm /srv/trixie /srv/sid
#
# TARGETS: what `make` does there, "demo test" by default. Nothing of this machine but its commit and
# its /proc, /dev, /sys, pip's and apt's settings is seen in there.
set -u
if [ $# -eq 0 ] || [ "$(id -u)" != 0 ]; then
  echo "As root: make check-matrix DEBIAN=\"/srv/trixie /srv/sid\"; mmdebstrap trixie /srv/trixie makes one." >&2
  exit 2
fi
here=$(cd "$(dirname "$0")/.." && pwd)
targets=${TARGETS:-demo test}
mounted=()
trap 'for place in "${mounted[@]}"; do umount "$place"; done' EXIT

mount_in() { # CHROOT: what a process there needs
  for place in proc dev sys; do
    mkdir -p "$1/$place"
    if ! mountpoint -q "$1/$place"; then
      mount --bind "/$place" "$1/$place" && mounted=("$1/$place" "${mounted[@]}")
    fi
  done
  cp /etc/resolv.conf /etc/hosts "$1/etc/"
  [ ! -f /etc/pip.conf ] || cp /etc/pip.conf "$1/etc/"
}

failed=0
rows=()
for chroot in "$@"; do
  clone=$chroot/root/torchbridge
  mount_in "$chroot"
  rm -rf "$clone"
  git clone -q --no-hardlinks "$here" "$clone" || exit 1
  inside() { chroot "$chroot" env -i HOME=/root LC_ALL=C.UTF-8 PATH="/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin" bash -c "$1"; }
  inside "command -v make git python3 >/dev/null || { apt-get update -q && apt-get install -q -y make git python3-venv; }" || exit 1
  row="$chroot:"
  for target in $targets; do
    log=$here/build/matrix-$(basename "$chroot")-$target.log
    mkdir -p "$here/build"
    if inside "cd /root/torchbridge && make $target" >"$log" 2>&1; then said=passed; else said=FAILED; failed=1; fi
    row="$row $target $said ($(grep '^torchbridge: .* passed' "$log" | tail -1 | sed 's/^torchbridge: //'))"
  done
  rows+=("$row; $(inside "R --version | head -1; python3 -V" | tr '\n' ' ')")
done
printf '%s\n' "${rows[@]}"
exit $failed
