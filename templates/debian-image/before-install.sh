#!/bin/sh
# Runs before packages are configured, so that the initramfs is built once and small. $1: the new root.
set -eu
folder=$(dirname "$0")
mkdir -p "$1/etc/initramfs-tools/conf.d"
cp "$folder/initramfs-modules" "$1/etc/initramfs-tools/modules"
printf 'MODULES=list\nFRAMEBUFFER=n\nKEYMAP=n\nCOMPRESS=zstd\n' > "$1/etc/initramfs-tools/conf.d/image"
