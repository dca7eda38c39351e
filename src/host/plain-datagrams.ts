import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';

/** A UDP socket of `node:dgram`: for systems where the native door is closed. */
export interface PlainSocket {
  /** Rejects with an error of the system when the address is in use or not of this machine; resolves with the port. */
  readonly listening: Promise<number>;
  /** What is sent before the socket is ready waits; what cannot be sent counts as lost on the way. */
  send(bytes: Uint8Array, port: number, address: string): void;
  close(): void;
}

/** @param onDatagram its bytes are its own */
export function openPlainSocket(
  address: string,
  port: number,
  onDatagram: (bytes: Uint8Array, from: { readonly address: string; readonly port: number }) => void,
  receiveBuffer?: number,
): PlainSocket {
  const socket = createSocket({
    type: isIPv6(address) ? 'udp6' : 'udp4',
    ...(receiveBuffer === undefined ? {} : { recvBufferSize: receiveBuffer }),
  });
  let isOpen = true;
  const listening = once(socket, 'listening').then(() => socket.address().port);
  listening.catch(() => {});
  socket.on('message', onDatagram);
  socket.on('error', () => {});
  socket.bind(port, address);
  return {
    listening,
    send: (bytes, toPort, to) => {
      if (isOpen) socket.send(bytes, toPort, to, () => {});
    },
    close: () => {
      if (isOpen) socket.close();
      isOpen = false;
    },
  };
}
