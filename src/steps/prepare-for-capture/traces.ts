/** Something that tells one machine from another, or tells what was done on it. */
export interface Trace {
  readonly what: string;
  /** Patterns of what is removed, folders with all they hold. */
  readonly remove: readonly string[];
  /** Names directly below the folders of `remove` that stay. */
  readonly keep?: readonly string[];
}

/** Made anew, or not missed, at the next start of the system. */
export const traces: readonly Trace[] = [
  {
    what: 'SSH host keys',
    remove: ['/etc/ssh/ssh_host_*_key', '/etc/ssh/ssh_host_*_key.pub', '/etc/ssh/ssh_host_*_key-cert.pub'],
  },
  {
    what: 'DHCP leases and identifiers',
    remove: [
      ...['/var/lib/dhcp/*', '/var/lib/dhclient/*', '/var/lib/dhcpcd/*', '/var/lib/dhcpcd5/*', '/etc/dhcpcd.duid'],
      ...[
        '/var/lib/NetworkManager/*.lease',
        '/var/lib/NetworkManager/secret_key',
        '/var/lib/NetworkManager/timestamps',
      ],
      ...['/var/lib/NetworkManager/seen-bssids', '/var/lib/systemd/network/*', '/var/lib/wicked/*'],
    ],
  },
  {
    what: 'persistent names of network adapters and drives',
    remove: [
      '/etc/udev/rules.d/*-persistent-net.rules',
      '/etc/udev/rules.d/*-persistent-cd.rules',
      '/etc/udev/rules.d/*-persistent-storage.rules',
      '/etc/iftab',
    ],
  },
  {
    what: 'random seeds and host keys of systemd',
    remove: [
      ...['/var/lib/systemd/random-seed', '/var/lib/systemd/credential.secret', '/var/lib/urandom/random-seed'],
      ...['/var/lib/random-seed', '/var/lib/misc/random-seed'],
    ],
  },
  {
    what: 'identities of storage and Bluetooth adapters',
    remove: ['/etc/nvme/hostid', '/etc/nvme/hostnqn', '/var/lib/bluetooth/*'],
  },
  { what: 'what cloud-init remembers', remove: ['/var/lib/cloud/*'], keep: ['seed'] },
  {
    what: 'crash reports and logins',
    remove: [
      ...['/var/crash/*', '/var/lib/systemd/coredump/*', '/var/lib/systemd/pstore/*'],
      ...['/var/lib/wtmpdb/*', '/var/lib/lastlog/*'],
    ],
  },
  { what: 'journals', remove: ['/var/log/journal/*', '/var/log/bootwright'] },
  {
    what: "Bootwright's own agent",
    remove: [
      '/etc/systemd/system/bootwright-agent.service',
      '/etc/systemd/system/multi-user.target.wants/bootwright-agent.service',
    ],
  },
];

/** In every home folder. */
export const histories: readonly string[] = [
  '.*_history',
  '.lesshst',
  '.viminfo',
  '.wget-hsts',
  '.local/share/nvim/shada/*',
];

/** Records of logins have owners and modes that programs insist on: they are emptied. */
export const emptiedLogs: ReadonlySet<string> = new Set(['wtmp', 'btmp', 'lastlog', 'faillog', 'tallylog']);
