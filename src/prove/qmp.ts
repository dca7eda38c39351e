import { connectLocal } from '../host/sockets.ts';
import { BootwrightError } from '../model/error.ts';

/** QEMU's machine protocol (docs/interop/qmp-spec): JSON lines over a local socket. */
export interface Qmp {
  execute(command: string, parameters?: Readonly<Record<string, unknown>>): Promise<unknown>;
  close(): void;
}

/** `RESET`, `SHUTDOWN`, `POWERDOWN`, `GUEST_PANICKED`, … */
export interface QmpEvent {
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>>;
}

interface QmpMessage {
  readonly QMP?: unknown;
  readonly event?: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly id?: number;
  readonly return?: unknown;
  readonly error?: { readonly class: string; readonly desc: string };
}

/** @throws BW-HOST-003 when QEMU does not open the socket in time, BW-PROVE-007 when it ends or refuses a command */
export async function connectQmp(path: string, onEvent: (event: QmpEvent) => void, signal?: AbortSignal): Promise<Qmp> {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  const greeting = Promise.withResolvers<void>();
  let nextId = 1;
  let rest = '';
  const decoder = new TextDecoder();

  const receive = (message: QmpMessage): void => {
    if (message.QMP !== undefined) greeting.resolve();
    else if (message.event !== undefined) onEvent({ name: message.event, data: message.data ?? {} });
    else if (message.id !== undefined) {
      const call = waiting.get(message.id);
      waiting.delete(message.id);
      if (message.error === undefined) call?.resolve(message.return);
      else call?.reject(new BootwrightError('BW-PROVE-007', `QEMU refused a command: ${message.error.desc}.`));
    }
  };

  const socket = await connectLocal(
    path,
    (bytes) => {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.trim() !== '') receive(JSON.parse(line) as QmpMessage);
    },
    signal === undefined ? {} : { signal },
  );
  void socket.closed.then(() => {
    const gone = new BootwrightError('BW-PROVE-007', 'QEMU ended while a command was on its way.');
    greeting.reject(gone);
    for (const call of waiting.values()) call.reject(gone);
    waiting.clear();
  });

  const execute: Qmp['execute'] = async (command, parameters = {}) => {
    const id = nextId++;
    const call = Promise.withResolvers<unknown>();
    waiting.set(id, call);
    try {
      await socket.send(`${JSON.stringify({ execute: command, arguments: parameters, id })}\n`);
    } catch (cause) {
      waiting.delete(id);
      throw new BootwrightError('BW-PROVE-007', 'QEMU has ended and takes no more commands.', { cause });
    }
    return await call.promise;
  };

  await greeting.promise;
  await execute('qmp_capabilities');
  return { execute, close: () => socket.close() };
}
