import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { randomNumbers } from './fuzz.ts';

/** A line that loses, repeats and mixes up datagrams between clients and a TFTP server on 127.0.0.1. */
export async function lossyProxy(server: number, perMille: { loss: number; duplicates: number; reordering: number }) {
  const random = randomNumbers(42);
  const chance = (share: number): boolean => random(1000) < share;
  const sockets: Socket[] = [];
  const bound = async (): Promise<Socket> => {
    const socket = createSocket('udp4');
    sockets.push(socket);
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return socket;
  };
  const pass = (from: Socket, bytes: Uint8Array, port: number): void => {
    for (let copies = chance(perMille.duplicates) ? 2 : 1; copies > 0; copies -= 1) {
      if (chance(perMille.loss)) continue;
      const send = (): void => from.send(bytes, port, '127.0.0.1', () => {});
      if (chance(perMille.reordering)) setTimeout(send, 2);
      else send();
    }
  };
  const front = await bound();
  const known = new Map<number, Promise<{ receive: (bytes: Uint8Array) => void }>>();

  /** One client: its requests leave from a socket of its own, the answers reach it from another. */
  const connect = async (client: number) => {
    const [toServer, toClient] = [await bound(), await bound()];
    let transferPort = server;
    toServer.on('message', (bytes, { port }) => {
      transferPort = port;
      pass(toClient, bytes, client);
    });
    toClient.on('message', (bytes) => pass(toServer, bytes, transferPort));
    return { receive: (bytes: Uint8Array): void => pass(toServer, bytes, server) };
  };
  front.on('message', (bytes, { port }) => {
    const entry = known.get(port) ?? connect(port);
    known.set(port, entry);
    void entry.then(({ receive }) => receive(bytes));
  });
  return {
    port: front.address().port,
    close: (): void => {
      for (const socket of sockets) socket.close();
    },
  };
}
