import { readFileSync } from 'node:fs';

export const interfaceIndexOf = (name: string): number =>
  Number(readFileSync(`/sys/class/net/${name}/ifindex`, 'utf8'));
