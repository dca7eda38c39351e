import { expect, it } from 'vitest';
import { readListenAddress } from '../../src/server/listen-address.ts';

it.each([
  ['0.0.0.0:8443', '0.0.0.0', 8443],
  ['[2001:db8::1]:443', '2001:db8::1', 443],
  ['8443', '0.0.0.0', 8443],
  ['deploy.example.org:8443', 'deploy.example.org', 8443],
])('%s is address and port', (text, address, port) => {
  expect(readListenAddress(text)).toEqual({ address, port });
});

it.each(['', '0.0.0.0', '0.0.0.0:', '1:2:3', '[::]', '0.0.0.0:65536', '0.0.0.0:-1'])('%j is refused', (text) => {
  expect(() => readListenAddress(text)).toThrow(/address and port/);
});
