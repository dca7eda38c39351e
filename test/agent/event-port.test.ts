import { describe, expect, it } from 'vitest';
import { eventPortFromFirmware, hostsFromFirmware } from '../../src/agent/event-port.ts';

function structure(type: number, formatted: number[], strings: string[]): Buffer {
  const header = [type, 4 + formatted.length, 0, 0, ...formatted];
  const text = strings.length === 0 ? '\0\0' : `${strings.join('\0')}\0\0`;
  return Buffer.concat([Buffer.from(header), Buffer.from(text, 'latin1')]);
}

const bios = structure(0, [1, 2, 0, 0xe8, 3, 0], ['SeaBIOS', '1.16']);
const system = structure(1, [1, 2], ['QEMU', 'bootwright.events=ttyS3']);
const empty = structure(32, [0, 0, 0], []);
const end = structure(127, [], []);

describe('eventPortFromFirmware', () => {
  it.each<[string, Buffer[], string | undefined]>([
    ['the string of a proof', [bios, empty, structure(11, [1], ['bootwright.events=ttyS1']), end], 'ttyS1'],
    ['among others', [bios, structure(11, [3], ['vendor', 'bootwright.events=ttyS2', 'x']), end], 'ttyS2'],
    [
      'in the second OEM structure',
      [structure(11, [1], ['x']), structure(11, [1], ['bootwright.events=hvc0'])],
      'hvc0',
    ],
    ['a real machine', [bios, system, structure(11, [1], ['Dell System']), end], undefined],
    ['only in strings of other structures', [bios, system, end], undefined],
    ['behind the end of the table', [end, structure(11, [1], ['bootwright.events=ttyS1'])], undefined],
    ['no path out of /dev', [structure(11, [1], ['bootwright.events=../etc/passwd']), end], undefined],
    ['no table', [], undefined],
    ['a structure that is too short', [Buffer.from([11, 2, 0, 0, 0, 0])], undefined],
  ])('%s', (_, parts, expected) => {
    expect(eventPortFromFirmware(Buffer.concat(parts))).toBe(expected);
  });

  it('survives every truncation', () => {
    const table = Buffer.concat([bios, empty, structure(11, [1], ['bootwright.events=ttyS1']), end]);
    for (let length = 0; length < table.length; length += 1)
      expect(() => eventPortFromFirmware(table.subarray(0, length))).not.toThrow();
  });
});

describe('hostsFromFirmware', () => {
  it('reads the names of a proof, and nothing that is no name with an address', () => {
    const strings = [
      'bootwright.host=deploy.example.org=10.0.2.100',
      'bootwright.host=other=10.0.2.101',
      'bootwright.host=../x=10.0.2.102',
      'bootwright.host=x=elsewhere',
    ];
    const table = Buffer.concat([bios, system, structure(11, [4], strings), end]);
    expect([...hostsFromFirmware(table)]).toEqual([
      ['deploy.example.org', '10.0.2.100'],
      ['other', '10.0.2.101'],
    ]);
    expect([...hostsFromFirmware(new Uint8Array(0))]).toEqual([]);
  });
});
