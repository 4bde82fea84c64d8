#!/bin/bash
# Builds and tests the last commit in chroots, each a folder that debootstrap or mmdebstrap has made
# (`mmdebstrap trixie /srv/trixie`, as root). One line a system at the end; logs in build/matrix-*.
#
#     tests/matrix.sh /srv/bookworm /srv/trixie /srv/sid
#
# TARGETS: what `make` does there, "demo test" by default. Nothing of this machine is seen in there but
# its commit, /proc, /dev, /sys, names of hosts, certificates and pip's settings (the file, and what of
# PIP_* is no folder of this machine). The chroot is left as it was, with the clone in /root/torchbridge.
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
  mkdir -p "$1/dev/shm" "$1/etc/ssl/certs" # shm: PyTorch's workers share memory there
  for file in /etc/resolv.conf /etc/hosts /etc/pip.conf /etc/ssl/certs/ca-certificates.crt; do
    [ ! -f "$file" ] || cp "$file" "$1$file"
  done
}

# NAME=value of pip's settings that hold in a chroot, too.
settings=()
while IFS='=' read -r name value; do
  case $name=$value in
    PIP_*=/etc/*) settings+=("$name=$value") ;;
    PIP_*=*/*) [ "${value#*://}" = "$value" ] || settings+=("$name=$value") ;;
    PIP_*) settings+=("$name=$value") ;;
  esac
done < <(env)

failed=0
rows=()
for chroot in "$@"; do
  clone=$chroot/root/torchbridge
  mount_in "$chroot"
  rm -rf "$clone"
  git clone -q --no-hardlinks "$here" "$clone" || exit 1
  inside() { # COMMAND
    chroot "$chroot" env -i HOME=/root LC_ALL=C.UTF-8 "${settings[@]}" \
      PATH="/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin" bash -c "$1"
  }
  inside "command -v make git python3 >/dev/null || { apt-get update -q && apt-get install -q -y make git python3-venv; }" || exit 1
  row="$chroot:"
  for target in $targets; do
    log=$here/build/matrix-$(basename "$chroot")-$target.log
    mkdir -p "$here/build"
    if inside "cd /root/torchbridge && make $target" >"$log" 2>&1; then said=passed; else said=FAILED; failed=1; fi
    counts=$(sed -n 's/^torchbridge: \(.* passed.*\)/ (\1)/p' "$log" | tail -1)
    row="$row $target $said$counts,"
  done
  rows+=("$row $(inside "R --version | head -1; python3 -V" | paste -sd ' ')")
done
printf '%s\n' "${rows[@]}"
exit $failed
