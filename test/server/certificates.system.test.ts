import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { ownCertificate, siteCertificate } from '../../src/server/certificates.ts';
import { withSite } from '../site/site-folder.ts';
import { withOwnHome } from './serving.ts';

const names = ['deploy.example.org', '192.0.2.10', '2001:db8::1'];
const day = 86_400_000;
const at = new Date('2027-03-01T12:00:00Z');
const withEmptySite = (use: (folder: string) => Promise<void>): Promise<void> => withOwnHome(() => withSite({}, use));

describe('the certificate of the server', () => {
  it('is signed by the authority of the site, for its names and addresses; the keys lie outside of the site', async () => {
    await withEmptySite(async (folder) => {
      const served = await siteCertificate(folder, names, 'Lab', at);
      const authority = new X509Certificate(await readFile(join(folder, 'keys', 'ca.pem')));
      const certificate = new X509Certificate(served.certificate);
      expect(certificate.verify(authority.publicKey)).toBe(true);
      expect(authority.ca).toBe(true);
      expect(certificate.ca).toBe(false);
      expect(certificate.checkHost('deploy.example.org')).toBeDefined();
      expect(certificate.checkIP('192.0.2.10')).toBeDefined();
      expect(certificate.checkIP('2001:db8::1')).toBeDefined();
      expect(certificate.checkHost('other.example.org')).toBeUndefined();
      expect(authority.fingerprint256.replaceAll(':', '').toLowerCase()).toBe(served.fingerprint);
      expect(await readdir(join(folder, 'keys'))).toEqual(['ca.pem']);
      const keys = join(process.env['XDG_CONFIG_HOME']!, 'bootwright', 'keys');
      for (const name of await readdir(keys)) expect((await stat(join(keys, name))).mode & 0o777, name).toBe(0o600);
      // A foreign reader.
      const leaf = join(folder, 'leaf.pem');
      await writeFile(leaf, served.certificate);
      const moment = String(at.getTime() / 1000);
      const args = [
        'verify',
        '-attime',
        moment,
        '-purpose',
        'sslserver',
        '-x509_strict',
        '-CAfile',
        join(folder, 'keys', 'ca.pem'),
        leaf,
      ];
      expect(execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })).toContain('OK');
    });
  });

  it('stays until a third of its time is left or the names change; the authority stays', async () => {
    await withEmptySite(async (folder) => {
      const first = await siteCertificate(folder, names, 'Lab', at);
      expect(await siteCertificate(folder, names, 'Lab', new Date(at.getTime() + 55 * day))).toEqual(first);
      const renewed = await siteCertificate(folder, names, 'Lab', new Date(at.getTime() + 65 * day));
      expect(renewed.certificate).not.toBe(first.certificate);
      expect(renewed.fingerprint).toBe(first.fingerprint);
      const other = await siteCertificate(
        folder,
        [...names, 'x.example.org'],
        'Lab',
        new Date(at.getTime() + 65 * day),
      );
      expect(other.certificate).not.toBe(renewed.certificate);
    });
  });

  it('may be the user’s own, if key and certificate fit', async () => {
    await withEmptySite(async (folder) => {
      const now = new Date();
      const made = await siteCertificate(folder, ['localhost'], 'Lab', now);
      const [certificate, key, stranger] = ['c.pem', 'k.pem', 's.pem'].map((name) => join(folder, name)) as [
        string,
        string,
        string,
      ];
      await writeFile(certificate, made.certificate);
      await writeFile(key, made.key);
      const own = await ownCertificate(certificate, key);
      const server = createServer({ cert: own.certificate, key: own.key }, (socket) => socket.end()).listen(
        0,
        '127.0.0.1',
      );
      await new Promise((resolve) => server.once('listening', resolve));
      const { port } = server.address() as { port: number };
      const ca = await readFile(join(folder, 'keys', 'ca.pem'));
      const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ca });
      await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
      expect(socket.authorized).toBe(true);
      socket.destroy();
      server.close();
      const { key: another } = await siteCertificate(folder, ['other'], 'Lab', now);
      await writeFile(stranger, another);
      await expect(ownCertificate(certificate, stranger)).rejects.toMatchObject({ code: 'BW-SERVER-020' });
      await expect(ownCertificate(key, certificate)).rejects.toMatchObject({ code: 'BW-SERVER-020' });
    });
  });
});
