#!/bin/sh
# Last changes to the new root ($1): nothing of the building machine stays, nothing slow runs at the first start.
set -eu
root=$1
echo debian > "$root/etc/hostname"
chmod 644 "$root/etc/hostname"
printf '127.0.0.1\tlocalhost\n127.0.1.1\tdebian\n::1\tlocalhost ip6-localhost ip6-loopback\n' > "$root/etc/hosts"
rm -f "$root/etc/resolv.conf"
: > "$root/etc/machine-id"

mkdir -p "$root/etc/systemd/network" "$root/etc/systemd/system/multi-user.target.wants"
printf '[Match]\nName=en* eth*\n\n[Network]\nDHCP=yes\n' > "$root/etc/systemd/network/80-wired.network"
ln -sf /usr/lib/systemd/system/systemd-networkd.service \
  "$root/etc/systemd/system/multi-user.target.wants/systemd-networkd.service"
for unit in e2scrub_reap.service e2scrub_all.timer grub-common.service systemd-networkd-wait-online.service; do
  ln -sf /dev/null "$root/etc/systemd/system/$unit"
done

rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/var/cache/debconf/*-old
rm -f "$root"/var/log/*.log "$root"/var/log/apt/* "$root"/var/lib/dpkg/*-old
# systemd rebuilds its hardware database and the linker's cache when /usr is newer than these.
touch "$root/etc/.updated" "$root/var/.updated"
