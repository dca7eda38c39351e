import {
  decodeControl,
  encodeControl,
  packetInformation,
  reportedError,
  segmentsOf,
  sendFrom,
} from '../../../src/host/native-sockets/control.ts';
import type { DatagramSocket } from '../../../src/host/native-sockets/datagram-socket.ts';
import type { Door } from '../../../src/host/native-sockets/door.ts';
import { decodeSocketAddress, encodeSocketAddress } from '../../../src/host/native-sockets/socket-address.ts';
import { randomNumbers } from '../../netboot/tftp/fuzz.ts';

/**
 * Calls the door with what nobody should give it: bad lengths and offsets, control messages that lie, sockets that are
 * closed. Each call has to return or to throw a JavaScript error; anything else ends the process, and with it the test.
 */
export function fuzzDoor(door: Door, rounds: number, seed: number): { calls: number; refused: number } {
  const random = randomNumbers(seed);
  const weird = [
    -1,
    -0.5,
    0.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    2 ** 31,
    2 ** 32,
    2 ** 53,
    -(2 ** 31),
    0,
    1,
    3,
    64,
    65,
    4095,
    4096,
    65_508,
  ];
  const number = (): number => (random(3) === 0 ? random(70_000) : weird[random(weird.length)]!);
  const bytes = (most: number): Uint8Array => Uint8Array.from({ length: random(most) }, () => random(256));
  const local = { address: '127.0.0.1', port: 0 };
  const sockets: DatagramSocket[] = [0, 1, 2].map(() => door.datagramSocket({ local, packetInformation: true }));
  sockets[2]!.close();
  const target = encodeSocketAddress(sockets[1]!.local);
  const memory = door.memory(4096);
  const [batch, received, poller] = [door.sendBatch(), door.receiveBatch(8, 512), door.poller()];
  const control = (): Uint8Array => {
    const kind = random(5);
    if (kind === 0) return bytes(160);
    if (kind === 1) return encodeControl([segmentsOf(random(65_536))]).subarray(0, random(30));
    if (kind === 2)
      return encodeControl([segmentsOf(random(65_536)), sendFrom({ address: '127.0.0.1', interfaceIndex: random(9) })]);
    return new Uint8Array(0);
  };
  const calls: (() => unknown)[] = [
    () => batch.clear(),
    () => batch.begin(),
    () => batch.word(number()),
    () => batch.piece(memory, number(), number()),
    () => batch.piece(memory, random(2000), random(2000)),
    () => sockets[random(3)]!.sendSegmented(batch, random(4) === 0 ? bytes(40) : target, control()),
    () => sockets[random(3)]!.sendEach(batch, random(4) === 0 ? bytes(40) : target, control()),
    () => sockets[random(3)]!.receive(received),
    () => sockets[random(3)]!.reports(received),
    () => received.bytes(random(2) === 0 ? random(8) : number()),
    () => received.control(random(2) === 0 ? random(8) : number()),
    () => received.rawFrom(random(2) === 0 ? random(8) : number()),
    () => received.to(random(8)),
    () => received.isFrom(random(8), bytes(30)),
    () => door.memory(random(2) === 0 ? -1 : random(9000)),
    () => door.receiveBatch(number(), number()),
    () =>
      door
        .datagramSocket({
          local: { address: ['x', '::', '999.1.1.1', '127.0.0.1%lo', ''][random(5)]!, port: number() },
        })
        .close(),
    () => door.datagramSocket({ local, interface: ['', '\0', 'a'.repeat(20), '../lo', 'no-such'][random(5)]! }).close(),
    () => poller.add(sockets[random(3)]!, number()),
    () => poller.wait(Math.min(number(), 0), () => undefined),
    () => sockets[2]!.local,
    () => decodeControl(bytes(128)).map((message) => [packetInformation([message]), reportedError([message])]),
    () => decodeSocketAddress(bytes(40)),
    () => structuredClone(memory.bytes, { transfer: [memory.bytes.buffer as unknown as ArrayBuffer] }),
  ];
  let refused = 0;
  for (let round = 0; round < rounds; round += 1) {
    try {
      calls[random(calls.length)]!();
    } catch {
      refused += 1;
    }
  }
  for (const socket of sockets) socket.close();
  poller.close();
  return { calls: rounds, refused };
}
