import type { Command } from '@oclif/core';
import { vi } from 'vitest';
import { commandOf, root, words } from './command-line.ts';

export interface Printed {
  /** Standard output. */
  readonly out: string;
  readonly err: string;
  /** Both, as they would stand on a terminal. */
  readonly text: string;
  readonly code: number;
}

/**
 * Types a command line, without `bootwright`, in this process: what it prints and how it ends. Quotes are understood in
 * a line; a list of words is taken as it is.
 */
export async function typed(line: string | readonly string[]): Promise<Printed> {
  const found = commandOf(typeof line === 'string' ? words(line) : line);
  if (found === undefined) throw new Error(`no such command: ${line}`);
  let [out, err, text] = ['', '', ''];
  const keepOut = (piece: unknown): boolean => {
    out += String(piece);
    text += String(piece);
    return true;
  };
  const keepErr = (piece: unknown): boolean => {
    err += String(piece);
    text += String(piece);
    return true;
  };
  const listeners = process.getMaxListeners();
  const { exitCode } = process;
  // Every command watches for Ctrl-C until its process ends; here all are one process.
  process.setMaxListeners(0);
  process.exitCode = undefined;
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(keepOut),
    vi.spyOn(process.stderr, 'write').mockImplementation(keepErr),
    vi.spyOn(console, 'log').mockImplementation((piece: unknown) => void keepOut(`${piece}\n`)),
  ];
  try {
    // oclif keeps the base class abstract; what is registered never is.
    const command = found.command as unknown as {
      run(argv: readonly string[], root: string): Promise<unknown>;
    } & typeof Command;
    await command.run(found.rest, root);
    return { out, err, text, code: Number(process.exitCode ?? 0) };
  } finally {
    for (const spy of spies) spy.mockRestore();
    process.setMaxListeners(listeners);
    process.exitCode = exitCode;
  }
}
