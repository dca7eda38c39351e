import type { Hook } from '@oclif/core';
import { exitCodes } from '../src/model/errors/entry.ts';

/**
 * Runs before every command, so it loads nothing until something is wrong. oclif alone answers `media creat` with the
 * help of `media` and exit code 0, which a script takes for success.
 */
const unknownCommand: Hook.Init = async function ({ id, argv, config }) {
  if (id === undefined || id.startsWith('-') || config.findCommand(id) !== undefined) return;
  const rest = argv.slice(0, argv.findIndex((word) => word.startsWith('-')) >>> 0);
  const isTopic = config.findTopic(id) !== undefined;
  if (isTopic && (rest.length === 0 || argv.includes('--help'))) return;
  const typed = [...id.split(':'), ...rest];
  const { nearest } = await import('../src/sequence/did-you-mean.ts');
  const commands = config.commandIDs.map((name) => name.split(':'));
  // `media creat` is compared with `media create`, `media creat standalone` with `media create standalone`.
  const candidates = commands.map((words) => words.slice(0, typed.length).join(' '));
  const found = nearest(typed.join(' '), candidates);
  const hint = found === undefined ? 'See bootwright --help.' : `Did you mean "${config.bin} ${found}"?`;
  this.error(`${config.bin} ${typed.join(' ')} is not a command. ${hint}`, { exit: exitCodes.input });
};

export default unknownCommand;
