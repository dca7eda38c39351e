/**
 * What a boot environment is made of. The build needs no other knowledge of Debian: a driver, a tool or a firmware
 * package is added here and nowhere else.
 */

/** Packages everything is taken from; apt adds what they depend on. */
export const packageNames: readonly string[] = [
  'linux-image-amd64',
  // Boot loaders.
  'shim-signed',
  'grub-efi-amd64-signed',
  'grub-pc-bin',
  'grub-common',
  // Programs the build itself runs.
  'kmod',
  'lz4',
  'squashfs-tools',
  'zstd',
  'console-setup',
  // Programs of the boot environment.
  'busybox-static',
  'cifs-utils',
  'dash',
  'dosfstools',
  'e2fsprogs',
  'efibootmgr',
  'fdisk',
  'gdisk',
  'kbd',
  'kexec-tools',
  'libc-bin',
  'libgcc-s1',
  'libstdc++6',
  'mount',
  'ntfs-3g',
  'util-linux',
  'wimtools',
  'console-setup-linux',
  'xkb-data',
  'wireless-regdb',
];

/** What one signed program is made with; only taken for boot images with a key for Secure Boot. */
export const lockedPackages: readonly string[] = ['dmsetup', 'sbsigntool', 'systemd-boot-efi'];
export const lockedStub = 'usr/lib/systemd/boot/efi/linuxx64.efi.stub';
export const lockedProgram = 'usr/sbin/dmsetup';
export const lockedModule = 'dm_verity';
export const signingProgram = 'usr/bin/sbsign';

/** Network, Wi-Fi and storage. Graphics, sound and video firmware is 300 MB that nothing here would load. */
export const firmwarePackages: readonly string[] = [
  'firmware-ath9k-htc',
  'firmware-atheros',
  'firmware-bnx2',
  'firmware-bnx2x',
  'firmware-brcm80211',
  'firmware-carl9170',
  'firmware-cavium',
  'firmware-intel-misc',
  'firmware-ipw2x00',
  'firmware-iwlwifi',
  'firmware-libertas',
  'firmware-linux-free',
  'firmware-mediatek',
  'firmware-misc-nonfree',
  'firmware-myricom',
  'firmware-netronome',
  'firmware-netxen',
  'firmware-qlogic',
  'firmware-realtek',
  'firmware-ti-connectivity',
  'firmware-zd1211',
];

/** Bluetooth, video, sound and what belongs to phones and routers inside the packages above. */
export const unwantedFirmware: readonly RegExp[] = [
  /^(qca|rtl_bt|ar3k|qcom|dvb|v4l|cpia2|ess|korg|yamaha|sb16|tas|cirrus|ueagle|keyspan|vicam|emi\d|go7007|meson|imx|cnm|wave5|vpu_)/i,
  /^(matrox|r128|radeon|amdgpu|nvidia|i915|xe|powervr|rockchip|amlogic)\//,
  /^intel\/(ibt|ipu|avs|catpt|vpu|vsc|fw_sst|dsp|ish)/,
  /^mediatek\/(mt8|mt798|sof|vpu|scp)/,
  /(^|\/)BT_/i,
  /^brcm\/BCM/,
  /^ti-connectivity\/TI/,
  /^ti\/(vpe|tas)/,
  /^ath1\dk\/(IPQ|WCN3990|WCN6750|QCA4019)/,
  /^netronome\/(bpf|flower)\//,
];

/** The database of radio rules is chosen by Debian's alternatives system, which an unpacked package has not run. */
export const firmwareLinks: Readonly<Record<string, string>> = {
  'regulatory.db': 'regulatory.db-debian',
  'regulatory.db.p7s': 'regulatory.db.p7s-debian',
};

/** Programs of the root, as paths in Debian's tree. Their libraries follow by themselves; busybox (static) adds the rest. */
export const programs: readonly string[] = [
  'usr/bin/dash',
  'usr/bin/efibootmgr',
  'usr/bin/findmnt',
  'usr/bin/kmod',
  'usr/bin/loadkeys',
  'usr/bin/lsblk',
  'usr/bin/mount',
  'usr/bin/ntfs-3g',
  'usr/bin/ntfsfix',
  'usr/bin/ntfsinfo',
  'usr/bin/partx',
  'usr/bin/umount',
  'usr/bin/wimlib-imagex',
  'usr/sbin/blkdiscard',
  'usr/sbin/blkid',
  'usr/sbin/blockdev',
  'usr/sbin/dumpe2fs',
  'usr/sbin/e2fsck',
  'usr/sbin/e2label',
  'usr/sbin/fatlabel',
  'usr/sbin/fsck.fat',
  'usr/sbin/kexec',
  'usr/sbin/losetup',
  'usr/sbin/mke2fs',
  // For shares an image is captured to; NFS needs no program.
  'usr/sbin/mount.cifs',
  'usr/sbin/mkfs.fat',
  'usr/sbin/mkntfs',
  'usr/sbin/ntfslabel',
  'usr/sbin/ntfsresize',
  'usr/sbin/resize2fs',
  'usr/sbin/sfdisk',
  'usr/sbin/sgdisk',
  'usr/sbin/tune2fs',
  'usr/sbin/wipefs',
];

/** Other names of the programs: link → target beside it. */
export const programLinks: Readonly<Record<string, string>> = {
  // Not busybox's shell: that runs its own mount, losetup or mke2fs whatever else is installed.
  'usr/bin/sh': 'dash',
  'usr/bin/lsmod': 'kmod',
  'usr/sbin/depmod': '../bin/kmod',
  'usr/sbin/insmod': '../bin/kmod',
  'usr/sbin/modinfo': '../bin/kmod',
  'usr/sbin/modprobe': '../bin/kmod',
  'usr/sbin/rmmod': '../bin/kmod',
  'usr/sbin/fsck.ext4': 'e2fsck',
  'usr/sbin/fsck.vfat': 'fsck.fat',
  'usr/sbin/mkfs.ext4': 'mke2fs',
  'usr/sbin/mkfs.vfat': 'mkfs.fat',
  'usr/sbin/mkfs.ntfs': 'mkntfs',
  'usr/sbin/mount.ntfs-3g': '../bin/ntfs-3g',
};

/** Files of packages taken as they are; a folder (with a slash at its end) with all it holds. */
export const plainFiles: readonly string[] = [
  'usr/lib/locale/C.utf8/',
  'etc/mke2fs.conf',
  'usr/share/consolefonts/Uni2-Terminus16.psf.gz',
  'usr/share/consolefonts/Uni2-Terminus32x16.psf.gz',
];

/** Keyboard layouts: our name → XKB layout and variant. The names are what people write in `--keyboard`. */
export const keyboards: Readonly<Record<string, readonly [layout: string, variant?: string]>> = {
  us: ['us'],
  'us-intl': ['us', 'intl'],
  uk: ['gb'],
  de: ['de'],
  'de-nodeadkeys': ['de', 'nodeadkeys'],
  at: ['at'],
  ch: ['ch'],
  'ch-fr': ['ch', 'fr'],
  fr: ['fr', 'oss'],
  be: ['be'],
  nl: ['nl'],
  es: ['es'],
  latam: ['latam'],
  pt: ['pt'],
  br: ['br'],
  it: ['it'],
  se: ['se'],
  dk: ['dk'],
  no: ['no'],
  fi: ['fi'],
  is: ['is'],
  ee: ['ee'],
  lv: ['lv'],
  lt: ['lt'],
  pl: ['pl'],
  cz: ['cz'],
  sk: ['sk'],
  hu: ['hu'],
  si: ['si'],
  hr: ['hr'],
  ro: ['ro'],
  tr: ['tr'],
  gr: ['gr'],
  ca: ['ca'],
  jp: ['jp'],
};

/**
 * GRUB's BIOS image: what starting from CD, stick and hard disk needs, scripts and a menu, and chain-loading the target.
 */
export const biosGrubModules: readonly string[] =
  'biosdisk part_msdos part_gpt iso9660 udf fat exfat ntfs ext2 normal configfile linux chain boot loopback search search_label search_fs_uuid search_fs_file ls cat test true echo regexp probe halt reboot sleep keystatus minicmd all_video video_bochs vbe vga font gfxterm gfxmenu terminal serial read loadenv'.split(
    ' ',
  );
