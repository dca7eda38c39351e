import type { Command } from '@oclif/core';

/** The command line's table of contents: id → class. */
export const COMMANDS: Record<string, typeof Command> = {};
