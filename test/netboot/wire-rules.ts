/**
 * The rules of the wire that the services hold, by the ids tests name them with. M: must, S: should. A rule that is not held
 * says why instead of pretending.
 */
export interface WireRule {
  readonly id: string;
  readonly grade: 'M' | 'S' | 'O';
  readonly about: string;
  readonly notHeld?: string;
}

type Row = readonly [id: string, grade: WireRule['grade'], about: string, notHeld?: string];

const tftp: readonly Row[] = [
  ['TFTP-01', 'M', 'requests'],
  ['TFTP-02', 'M', 'data, acknowledgements, errors, options'],
  ['TFTP-03', 'M', 'option names echoed as spelled, in order'],
  ['TFTP-04', 'M', 'junk behind options; unterminated names'],
  ['TFTP-05', 'M', 'numbers of options'],
  ['TFTP-06', 'M', 'long requests, repeated options'],
  ['TFTP-07', 'M', 'octet, netascii, mail'],
  ['TFTP-08', 'M', 'strangers and errors get no answer'],
  ['TFTP-09', 'M', 'long acknowledgements'],
  ['TFTP-10', 'M', 'fresh port, from the address that was asked'],
  ['TFTP-11', 'M', 'strangers at a transfer’s port'],
  ['TFTP-12', 'S', 'range of ports'],
  ['TFTP-13', 'S', 'single port'],
  ['TFTP-14', 'M', 'repeated requests'],
  ['TFTP-15', 'S', 'clients that went away'],
  ['TFTP-20', 'M', 'answer to options'],
  ['TFTP-21', 'M', 'nothing before block 0'],
  ['TFTP-22', 'M', 'size probes'],
  ['TFTP-23', 'M', 'never error 8'],
  ['TFTP-24', 'M', 'block size'],
  ['TFTP-25', 'S', 'block size and MTU'],
  ['TFTP-26', 'M', 'size'],
  ['TFTP-27', 'M', 'timeout'],
  ['TFTP-28', 'M', 'window size'],
  ['TFTP-29', 'O', 'multicast left out'],
  ['TFTP-30', 'O', 'rollover'],
  ['TFTP-31', 'M', 'unknown options'],
  ['TFTP-35', 'M', 'blocks'],
  ['TFTP-36', 'M', 'block numbers go round'],
  ['TFTP-37', 'M', 'lock step: no Sorcerer’s Apprentice'],
  ['TFTP-38', 'M', 'windows'],
  ['TFTP-39', 'M', 'repeated acknowledgements in windows'],
  ['TFTP-40', 'M', 'retransmission'],
  ['TFTP-41', 'M', 'both timers together'],
  ['TFTP-42', 'M', 'lost last acknowledgement'],
  ['TFTP-43', 'S', 'bursts'],
  ['TFTP-44', 'S', 'changed files'],
  ['TFTP-45', 'O', 'variable windows left out'],
  ['TFTP-46', 'S', 'shared read-ahead'],
  ['TFTP-48', 'M', 'errors once'],
  ['TFTP-49', 'M', 'rates'],
  ['TFTP-50', 'M', 'nothing outside the root'],
  ['TFTP-51', 'M', 'names in any case'],
  ['TFTP-52', 'S', 'drives, addresses, junk behind names'],
  ['TFTP-53', 'S', 'virtual names'],
  ['TFTP-54', 'S', 'suffixes by rules'],
  ['TFTP-55', 'S', 'noise of missing files'],
  ['TFTP-60', 'M', 'uploads refused'],
  ['TFTP-61', 'S', 'uploads', 'the service is read-only'],
  ['TFTP-65', 'M', 'fragments allowed'],
  ['TFTP-66', 'S', 'IPv6'],
  ['TFTP-67', 'S', 'code point'],
  ['TFTP-68', 'M', 'checksums'],
  ['TIM-02', 'M', 'TFTP timer'],
  ['TIM-03', 'M', 'silent clients'],
  ['TIM-04', 'M', 'number of transfers'],
  ['TIM-05', 'M', 'requests per source'],
  ['TIM-06', 'M', 'receive buffer'],
  ['CLI-11', 'M', 'curl, tftp-hpa, atftp, busybox'],
];

export const wireRules: readonly WireRule[] = [...tftp].map(([id, grade, about, notHeld]) => ({
  ...{ id, grade, about },
  ...(notHeld === undefined ? {} : { notHeld }),
}));
