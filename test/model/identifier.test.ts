import { BlockList, isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isInside } from '../../src/deployment/rule-index.ts';
import { readAddress, readGuid, readMac, readOui, readSubnet } from '../../src/model/identifier.ts';

describe('identifiers', () => {
  it('MAC addresses are read in the spellings people and programs use', () => {
    for (const text of ['aa:bb:cc:0d:ee:ff', 'AA-BB-CC-0D-EE-FF', 'aabb.cc0d.eeff', 'AABBCC0DEEFF']) {
      expect(readMac(text)).toBe('AA:BB:CC:0D:EE:FF');
    }
    for (const text of ['', 'AA:BB:CC:0D:EE', 'AA:BB:CC:0D:EE:FG', 'AA:BB-CC:0D:EE:FF', 'AA:BB:CC:0D:EE:FF:00']) {
      expect(readMac(text), text).toBeUndefined();
    }
    expect(readOui('aa-bb-cc')).toBe('AA:BB:CC');
    expect(readOui('aa:bb:cc:dd')).toBeUndefined();
  });

  it('GUIDs are read with or without dashes and braces', () => {
    const guid = '4C4C4544-0042-4D10-8053-B7C04F4E4D32';
    for (const text of [guid, guid.toLowerCase(), `{${guid}}`, guid.replaceAll('-', '')])
      expect(readGuid(text)).toBe(guid);
    for (const text of ['', guid.slice(1), `${guid}0`, guid.replace('-', '')])
      expect(readGuid(text), text).toBeUndefined();
  });

  it('addresses are those Node knows as such', () => {
    const address = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.string({ unit: fc.constantFrom('0', '1', '9', 'f', ':', '.', '::', '255', '256', 'ffff'), maxLength: 12 }),
    );
    fc.assert(
      fc.property(address, (text) => {
        expect(readAddress(text) !== undefined, text).toBe(isIPv4(text) || isIPv6(text));
      }),
      { numRuns: 5000 },
    );
  });

  it('an address lies in a subnet when Node says so', () => {
    const pair = (address: fc.Arbitrary<string>, bits: number, family: 'ipv4' | 'ipv6') =>
      fc.record({
        network: address,
        other: address,
        prefix: fc.integer({ min: 0, max: bits }),
        near: fc.boolean(),
        family: fc.constant(family),
      });
    fc.assert(
      fc.property(fc.oneof(pair(fc.ipV4(), 32, 'ipv4'), pair(fc.ipV6(), 128, 'ipv6')), (drawn) => {
        const { network, prefix, family, near } = drawn;
        // Two random addresses share hardly a prefix.
        const other = near ? network.replace(/[0-9a-f](?=[^0-9a-f]*$)/i, '1') : drawn.other;
        fc.pre(readAddress(other) !== undefined);
        const list = new BlockList();
        list.addSubnet(network, prefix, family);
        // Node takes IPv4 in IPv6 for IPv4 on one side only.
        fc.pre(
          readAddress(network)!.bits === (family === 'ipv4' ? 32 : 128) &&
            readAddress(other)!.bits === readAddress(network)!.bits,
        );
        expect(isInside(other, readSubnet(`${network}/${prefix}`))).toBe(list.check(other, family));
      }),
      { numRuns: 3000 },
    );
  });

  it('subnets need a prefix that fits', () => {
    for (const text of ['10.0.0.0', '10.0.0.0/33', 'fd00::/129', '10.0.0.0/', '/8', '10.0.0/8', '::ffff:10.0.0.0/95']) {
      expect(readSubnet(text), text).toBeUndefined();
    }
    expect(readSubnet('::ffff:10.1.0.0/112')).toEqual(readSubnet('10.1.0.0/16'));
    expect(readSubnet('10.1.2.3/16')).toEqual(readSubnet('10.1.0.0/16'));
  });
});
