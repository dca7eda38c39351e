import { expect, it } from 'vitest';
import { secretIn } from '../../src/trust/public-text.ts';

it.each([
  'curl -H "Authorization: Bearer eyJhbGciOi" https://example.org',
  'wget https://user:hunter2@example.org/x',
  'net use Z: \\\\server\\share hunter2 /user:lab\\joiner',
  'mount -t cifs //server/share /mnt -o username=joiner,password=hunter2',
  'PASSWORD=hunter2 ./run.sh',
  'JOIN_PASSWORD="hunter2"',
  './run.sh --token hunter2',
  './run.sh -password hunter2',
  'echo "apikey: 123"',
  'age --decrypt <<< AGE-SECRET-KEY-1QQQQ',
  'cat <<E\n-----BEGIN OPENSSH PRIVATE KEY-----',
])('finds the secret in: %s', (text) => {
  expect(secretIn(text)).toBeTypeOf('string');
});

it.each([
  '/usr/lib/bootwright/prestart.sh',
  'logger "the password is asked later"',
  './run.sh --password-file /run/medium/x',
  'curl https://example.org:8443/path@2',
  './run.sh --token "$TOKEN"',
  'PASSWORD=%Password% ./run.sh',
  'compass=north ./run.sh',
  'sleep 5',
])('lets pass: %s', (text) => {
  expect(secretIn(text)).toBeUndefined();
});
