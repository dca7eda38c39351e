import type { ErrorEntry } from './entry.ts';

export const netbootErrors = {
  'BW-NETBOOT-001': {
    title: 'Another program holds the port',
    fix: 'Stop the other TFTP server (dnsmasq, tftpd-hpa, atftpd: `ss -ulpn` names it), or listen on another address.',
    exit: 'refused',
  },
  'BW-NETBOOT-002': {
    title: 'No permission to listen on the port',
    fix: 'Run it as root, or give it the capabilities CAP_NET_BIND_SERVICE and CAP_NET_RAW.',
    exit: 'refused',
  },
  'BW-NETBOOT-003': {
    title: 'There is no such network interface',
    fix: 'Name one that `ip link` lists.',
    exit: 'input',
  },
  'BW-NETBOOT-004': {
    title: 'The address is not one of this machine',
    fix: 'Name an address that `ip address` lists, or give this one to an interface first.',
    exit: 'input',
  },
  'BW-NETBOOT-005': {
    title: 'The folder to serve cannot be read',
    fix: 'Check that it is there and that this user may read it.',
    exit: 'input',
  },
  'BW-NETBOOT-006': {
    title: 'Several addresses need the native sockets',
    fix: 'Name one address of one interface, or run on Linux (x64 or arm64) with the optional library koffi installed.',
    exit: 'missing',
  },
  'BW-NETBOOT-007': {
    title: 'The TFTP service cannot start',
    fix: 'The message says what the system refused.',
    exit: 'failure',
  },
} as const satisfies Record<string, ErrorEntry>;
