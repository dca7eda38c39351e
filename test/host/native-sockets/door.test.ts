import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { decodeControl, encodeControl, segmentsOf } from '../../../src/host/native-sockets/control.ts';
import type { DatagramSocket, DatagramSocketOptions } from '../../../src/host/native-sockets/datagram-socket.ts';
import { Door } from '../../../src/host/native-sockets/door.ts';
import { errno } from '../../../src/host/native-sockets/linux.ts';
import {
  addressBytes,
  addressText,
  decodeSocketAddress,
  encodeSocketAddress,
} from '../../../src/host/native-sockets/socket-address.ts';
import { fuzzDoor } from './fuzz-door.ts';

let door: Door;
beforeAll(async () => {
  const opened = await Door.open();
  if (opened === undefined) throw new Error('the door is closed on this machine');
  door = opened;
});

const open: DatagramSocket[] = [];
afterEach(() => {
  for (const socket of open.splice(0)) socket.close();
});
function socket(options: Partial<DatagramSocketOptions> = {}): DatagramSocket {
  const made = door.datagramSocket({ local: { address: '127.0.0.1', port: 0 }, ...options });
  open.push(made);
  return made;
}

describe('the native door', () => {
  it.each(['127.0.0.1', '::1'])(
    'TFTP-66 sends a window in one call that arrives as single datagrams, on %s',
    (address) => {
      const from = socket({ local: { address, port: 0 } });
      const to = socket({ local: { address, port: 0 }, packetInformation: true, receiveBuffer: 1 << 20 });
      const memory = door.memory(4096);
      memory.bytes.set(Uint8Array.from({ length: 4096 }, (_, index) => index % 251));
      const batch = door.sendBatch();
      for (let index = 0; index < 10; index += 1)
        batch
          .begin()
          .word(index)
          .piece(memory, index * 100, index === 9 ? 50 : 100);
      const target = encodeSocketAddress(to.local);
      expect(from.sendSegmented(batch, target, encodeControl([segmentsOf(104)]))).toBe(10);
      const received = door.receiveBatch(16, 512);
      expect(to.receive(received)).toBe(10);
      for (let index = 0; index < 10; index += 1) {
        expect(received.bytes(index).length).toBe(index === 9 ? 54 : 104);
        expect(received.bytes(index)[3]).toBe(index);
        expect(
          Buffer.compare(
            received.bytes(index).subarray(4),
            memory.bytes.subarray(index * 100, index * 100 + (index === 9 ? 50 : 100)),
          ),
        ).toBe(0);
        expect(received.from(index)).toEqual(from.local);
        expect(received.to(index)).toMatchObject({ address });
        expect(received.isFrom(index, encodeSocketAddress(from.local))).toBe(true);
      }
      expect(to.receive(received)).toBe(0);
      expect(from.sendEach(batch, target)).toBe(10);
      expect(to.receive(received)).toBe(10);
    },
  );

  it('TFTP-65 TFTP-67 TFTP-68 TIM-06 sockets may be fragmented, carry their code point, and have room', () => {
    for (const address of ['127.0.0.1', '::1']) {
      const made = socket({ local: { address, port: 0 }, codePoint: 34, receiveBuffer: 4 << 20 });
      expect(made.forbidsFragments).toBe(false);
      expect(made.codePoint).toBe(34);
      // Who is not root gets what the system allows everybody.
      expect(made.receiveBuffer).toBeGreaterThanOrEqual(process.getuid?.() === 0 ? 8 << 20 : 212_992);
    }
  });

  it('TFTP-15 says that nobody listens any more, and at whose port', () => {
    const from = socket();
    const gone = socket();
    const target = encodeSocketAddress(gone.local);
    gone.close();
    const batch = door.sendBatch().begin().word(1);
    expect(from.sendEach(batch, target)).toBe(1);
    const reports = from.reports(door.receiveBatch(4, 512));
    expect(reports).toMatchObject([{ error: errno.ECONNREFUSED }]);
    expect(decodeSocketAddress(reports[0]!.rawTo)?.port).toBe(decodeSocketAddress(target)?.port);
  });

  it('waits for many sockets and can be woken up', () => {
    const [a, b] = [socket(), socket()];
    const [poller, wakeUp] = [door.poller(), door.wakeUp()];
    const ready: number[] = [];
    const wait = () => poller.wait(0, (token) => ready.push(token));
    poller.add(a, 1);
    poller.add(b, 2);
    poller.addWakeUp(wakeUp.descriptor);
    expect(wait()).toBe(false);
    a.sendEach(door.sendBatch().begin().word(1), encodeSocketAddress(b.local));
    wakeUp.wake();
    expect(wait()).toBe(true);
    expect(ready).toEqual([2]);
    expect(wait()).toBe(false);
    poller.close();
    wakeUp.close();
  });

  it('a closed socket only says so', () => {
    const closed = socket();
    closed.close();
    const batch = door.sendBatch().begin().word(1);
    expect(closed.sendEach(batch, new Uint8Array(16))).toBe(-errno.EBADF);
    expect(closed.receive(door.receiveBatch(1, 64))).toBe(-errno.EBADF);
    expect(() => closed.local).toThrow('error 9');
  });

  it('says that an address is in use or not of this machine', () => {
    const { port } = socket().local;
    expect(() => socket({ local: { address: '127.0.0.1', port } })).toThrow('error 98');
    expect(() => socket({ local: { address: '192.0.2.77', port: 0 } })).toThrow('error 99');
  });

  it('refuses segments the kernel would cut elsewhere', () => {
    const memory = door.memory(300);
    const batch = door.sendBatch().begin().piece(memory, 0, 100).begin().piece(memory, 0, 200);
    expect(() => socket().sendSegmented(batch, new Uint8Array(16), encodeControl([segmentsOf(100)]))).toThrow(
      RangeError,
    );
  });

  it('20,000 calls with bad lengths, lying control messages and closed sockets end no process', () => {
    const { calls, refused } = fuzzDoor(door, 20_000, 5);
    expect(refused).toBeGreaterThan(calls / 10);
    expect(refused).toBeLessThan(calls);
  });
});

describe('addresses', () => {
  it('are read back as they were written', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
    );
    const sparse = fc
      .array(fc.constantFrom(0, 0, 0, 1, 255), { minLength: 16, maxLength: 16 })
      .map((list) => Uint8Array.from(list));
    fc.assert(
      fc.property(fc.oneof(bytes, sparse), fc.nat(65_535), (ip, port) => {
        const address = addressText(ip);
        expect(addressBytes(address)).toEqual(ip);
        expect(decodeSocketAddress(encodeSocketAddress({ address, port }))).toEqual({ address, port });
      }),
    );
    expect(addressText(addressBytes('2001:db8::ffff:192.0.2.1'))).toBe('2001:db8::ffff:c000:201');
    expect(addressText(addressBytes('::'))).toBe('::');
  });

  it('control messages that are cut off or lie end the list', () => {
    const whole = encodeControl([segmentsOf(1468), segmentsOf(512)]);
    expect(decodeControl(whole)).toHaveLength(2);
    fc.assert(fc.property(fc.nat(whole.length), (cut) => decodeControl(whole.subarray(0, cut)).length <= 2));
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => Array.isArray(decodeControl(bytes))));
  });
});
