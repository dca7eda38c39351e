#!/bin/sh
# Captures the machine this system runs on: asks what there is to ask here, restarts once into the boot environment of
# this medium, and captures there. Run as root, with the medium left where it is: sh capture.sh
set -eu
PATH=$PATH:/usr/sbin:/sbin

fail() {
	echo "$1" >&2
	exit 1
}

if [ "${1:-}" != inside ]; then
	medium=$(cd "$(dirname "$0")" && pwd -P)
	[ "$(id -u)" = 0 ] || fail "Only root can capture a machine. Run: sudo sh $0"
	[ ! -e /run/bootwright/settled ] || fail 'This is the boot environment, not a running system.'
	[ -d /run/systemd/system ] || fail 'This system is not run by systemd. Start the machine from the medium instead.'
	# Everything mounted from here on is gone when this ends, however it ends.
	exec unshare --mount --propagation private sh "$0" inside "$medium"
fi

medium=$2
root=/run/bootwright-capture
mkdir -p "$root"
mount -t squashfs -o ro,loop "$medium/boot/root.squashfs" "$root" ||
	fail 'This system cannot read the medium (squashfs). Start the machine from the medium instead.'
for folder in dev proc sys; do mount --rbind "/$folder" "$root/$folder"; done
for folder in run tmp; do mount -t tmpfs -o mode=0700 "$folder" "$root/$folder"; done
mkdir -p "$root/run/bootwright/medium" "$root/run/bootwright/etc"
mount --bind "$medium" "$root/run/bootwright/medium"
chroot "$root" /usr/bin/busybox sh -c 'cd /tmp && cpio -i -d </run/bootwright/medium/boot/medium.cpio 2>/dev/null && cp -R etc/bootwright/. /run/bootwright/etc/' ||
	fail 'The medium is damaged: boot/medium.cpio cannot be read.'
# 3: somebody decided otherwise.
code=0
chroot "$root" /usr/bin/env -i PATH=/usr/bin:/usr/sbin HOME=/root LANG=C.UTF-8 TERM="${TERM:-linux}" \
	node /usr/lib/bootwright/agent/agent.mjs capture || code=$?
[ "$code" = 0 ] || exit "$code"
# The next kernel is in memory already: services end, file systems are unmounted, and it starts.
exec systemctl kexec
