import { expect, it } from 'vitest';
import { contentToken, sessionOfToken } from '../../src/server/token.ts';

const secret = Buffer.alloc(32, 7).toString('base64');
const session = 'ab'.repeat(32);
const at = new Date('2027-01-01T00:00:00Z');

it('a content token names its session for eight hours', () => {
  const { token, expiresAt } = contentToken(secret, session, at);
  expect(expiresAt).toEqual(new Date('2027-01-01T08:00:00Z'));
  expect(sessionOfToken(secret, token, new Date(expiresAt.getTime() - 1))).toBe(session);
  expect(() => sessionOfToken(secret, token, expiresAt)).toThrow('expired');
  expect(() => sessionOfToken(Buffer.alloc(32).toString('base64'), token, at)).toThrow('not made by this server');
});

it.each(['', 'x', `${session}.9999999999.`, `${session}.9999999999.${'A'.repeat(43)}`])('%j is no token', (token) => {
  expect(() => sessionOfToken(secret, token, at)).toThrow(expect.objectContaining({ code: 'BW-SERVER-008' }));
});
