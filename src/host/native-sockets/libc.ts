import { linux } from './linux.ts';

/**
 * The C library's functions, as the door calls them. This is the only file that hands addresses of memory to native code;
 * what it exports is used by the files of this folder alone, and they check every number before it gets here.
 *
 * Each function returns what C returns, or the negative error number where C says -1.
 */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  bind(descriptor: number, address: Uint8Array, length: number): number;
  getsockname(descriptor: number, address: Uint8Array, length: Uint8Array): number;
  setsockopt(descriptor: number, level: number, name: number, value: Uint8Array, length: number): number;
  getsockopt(descriptor: number, level: number, name: number, value: Uint8Array, length: Uint8Array): number;
  recvmmsg(descriptor: number, messages: Uint8Array, count: number, flags: number): number;
  recvmsg(descriptor: number, message: Uint8Array, flags: number): number;
  sendmmsg(descriptor: number, messages: Uint8Array, count: number, flags: number): number;
  sendmsg(descriptor: number, message: Uint8Array, flags: number): number;
  sendto(
    descriptor: number,
    bytes: Uint8Array,
    length: number,
    flags: number,
    to: Uint8Array,
    toLength: number,
  ): number;
  epollCreate(): number;
  epollControl(epoll: number, operation: number, descriptor: number, event: Uint8Array): number;
  epollWait(epoll: number, events: Uint8Array, count: number, milliseconds: number): number;
  eventDescriptor(): number;
  write(descriptor: number, bytes: Uint8Array, length: number): number;
  close(descriptor: number): number;
  /** Where memory lies. Only of shared memory: it can neither be moved nor be taken away (detached). */
  addressOf(memory: SharedArrayBuffer): bigint;
}

/** `undefined` where the door cannot be opened: another system or machine, or the foreign-function library is not there. */
export async function loadLibc(): Promise<Libc | undefined> {
  if (process.platform !== 'linux' || (process.arch !== 'x64' && process.arch !== 'arm64')) return undefined;
  const koffi = await import('koffi').then(
    ({ default: library }) => library,
    () => undefined,
  );
  if (koffi === undefined) return undefined;
  // Node itself is linked to the C library of this system, glibc or musl: no file name to guess.
  const library = koffi.load(null);
  const declared = <Values extends unknown[]>(signature: string) => {
    const call = library.func(signature) as (...values: Values) => number;
    return (...values: Values): number => {
      const result = call(...values);
      return result === -1 ? -koffi.errno() : result;
    };
  };
  const recvmmsg = declared<[number, Uint8Array, number, number, null]>(
    'int recvmmsg(int, void *, uint32_t, int, void *)',
  );
  const epollCreate = declared<[number]>('int epoll_create1(int)');
  const eventDescriptor = declared<[number, number]>('int eventfd(uint32_t, int)');
  return {
    socket: declared('int socket(int, int, int)'),
    bind: declared('int bind(int, void *, uint32_t)'),
    getsockname: declared('int getsockname(int, void *, void *)'),
    setsockopt: declared('int setsockopt(int, int, int, void *, uint32_t)'),
    getsockopt: declared('int getsockopt(int, int, int, void *, void *)'),
    recvmmsg: (descriptor, messages, count, flags) => recvmmsg(descriptor, messages, count, flags, null),
    recvmsg: declared('long recvmsg(int, void *, int)'),
    sendmmsg: declared('int sendmmsg(int, void *, uint32_t, int)'),
    sendmsg: declared('long sendmsg(int, void *, int)'),
    sendto: declared('long sendto(int, void *, size_t, int, void *, uint32_t)'),
    epollCreate: () => epollCreate(linux.EPOLL_CLOEXEC),
    epollControl: declared('int epoll_ctl(int, int, int, void *)'),
    epollWait: declared('int epoll_wait(int, void *, int, int)'),
    eventDescriptor: () => eventDescriptor(0, linux.EFD_CLOEXEC | linux.EFD_NONBLOCK),
    write: declared('long write(int, void *, size_t)'),
    close: declared('int close(int)'),
    addressOf: (memory) => koffi.address(memory),
  };
}
