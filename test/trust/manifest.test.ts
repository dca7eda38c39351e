import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BootwrightError } from '../../src/model/error.ts';
import type { Manifest, ManifestFile } from '../../src/model/medium.ts';
import type { Policy } from '../../src/model/policy.ts';
import {
  checkFile,
  checkFiles,
  checkManifestBelongsToPolicy,
  checkMedium,
  filesDigest,
  manifestBytes,
  signManifest,
  verifyManifest,
} from '../../src/trust/manifest.ts';
import { type KeyStatus, type PublicKey, publicKey, rawPublicKey } from '../../src/trust/public-key.ts';

interface Signer {
  readonly privateKey: KeyObject;
  readonly publicKey: PublicKey;
}

function signer(status: KeyStatus = 'active'): Signer {
  const { privateKey } = generateKeyPairSync('ed25519');
  return { privateKey, publicKey: publicKey('signing', rawPublicKey(privateKey), '2026-01-01T00:00:00Z', status) };
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex');
const file = (path: string, content = path): ManifestFile => ({ path, size: content.length, sha256: hash(content) });
const owner = signer();
const manifest: Manifest = {
  format: 'bootwright-manifest/1',
  mediumId: 'a'.repeat(64),
  key: owner.publicKey.fingerprint,
  files: [
    file('EFI/BOOT/BOOTX64.EFI'),
    file('boot/vmlinuz'),
    file('bootwright/content/image/Grüße "1".wim'),
    file('bootwright/medium.json'),
    file('bootwright/policy.sealed'),
  ],
};
const bytes = manifestBytes(manifest);
const signature = signManifest(bytes, owner.privateKey);
const own = ['bootwright/manifest.json', 'bootwright/manifest.sig'];

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof BootwrightError) return error.code;
    throw error;
  }
  return 'accepted';
}

/** What verification says about any text validly signed: the parser alone stands between. */
function codeOfSigned(text: string): string {
  const signed = Buffer.from(text);
  return codeOf(() => verifyManifest(signed, signManifest(signed, owner.privateKey), [owner.publicKey]));
}

describe('a signed manifest', () => {
  it('comes back as it was written', () => {
    expect(verifyManifest(bytes, signature, [signer().publicKey, owner.publicKey])).toEqual(manifest);
  });

  it('is a line per file', () => {
    expect(Buffer.from(bytes).toString().split('\n')).toHaveLength(manifest.files.length + 3);
    expect(Buffer.from(bytes).toString()).toContain(`\n${JSON.stringify(manifest.files[1])},\n`);
  });

  it('is still trusted after its key was retired, not after it was revoked', () => {
    expect(verifyManifest(bytes, signature, [{ ...owner.publicKey, status: 'retired' }])).toEqual(manifest);
    const revoked = { ...owner.publicKey, status: 'revoked' } as const;
    expect(codeOf(() => verifyManifest(bytes, signature, [revoked]))).toBe('BW-TRUST-009');
  });

  it('is refused when another key signed it', () => {
    expect(codeOf(() => verifyManifest(bytes, signature, [signer().publicKey]))).toBe('BW-TRUST-007');
    expect(codeOf(() => verifyManifest(bytes, signature, []))).toBe('BW-TRUST-007');
    const other = signer();
    expect(codeOf(() => verifyManifest(bytes, signManifest(bytes, other.privateKey), [other.publicKey]))).toBe(
      'BW-TRUST-007',
    );
  });

  it('is refused whatever byte of it or of its signature is changed', () => {
    fc.assert(
      fc.property(fc.nat(bytes.length + signature.length - 1), fc.integer({ min: 1, max: 255 }), (position, mask) => {
        const changed = Buffer.concat([bytes, signature]);
        changed[position]! ^= mask;
        const code = codeOf(() =>
          verifyManifest(changed.subarray(0, bytes.length), changed.subarray(bytes.length), [owner.publicKey]),
        );
        expect(['BW-TRUST-007', 'BW-TRUST-008']).toContain(code);
      }),
      { numRuns: 500 },
    );
    for (const length of [0, 1, 63, 65])
      expect(codeOf(() => verifyManifest(bytes, Buffer.alloc(length), [owner.publicKey]))).toBe('BW-TRUST-008');
  });
});

describe('reading a manifest', () => {
  const text = Buffer.from(bytes).toString();

  it.each([
    ['a path that leads out', 'boot/vmlinuz', 'boot/../x'],
    ['a dot', 'boot/vmlinuz', 'boot/./x'],
    ['an absolute path', '"boot/vmlinuz', '"/boot/vmlinuz'],
    ['an empty part', 'boot/vmlinuz', 'boot//vmlinuz'],
    ['a folder', 'boot/vmlinuz', 'boot/vmlinuz/'],
    ['a backslash', 'boot/vmlinuz', 'boot\\\\vmlinuz'],
    ['a control character', 'boot/vmlinuz', 'boot/\\u0000'],
    ['half a character', 'boot/vmlinuz', 'boot/\\ud800'],
    ['an empty path', '"path":"boot/vmlinuz"', '"path":""'],
    ['a path that is no text', '"path":"boot/vmlinuz"', '"path":1'],
    ['a file twice', 'boot/vmlinuz', 'EFI/BOOT/BOOTX64.EFI'],
    ['files out of order', 'boot/vmlinuz', 'A'],
    ['itself', 'boot/vmlinuz', 'bootwright/manifest.json'],
    ['a negative size', '"size":12', '"size":-12'],
    ['a fraction of a byte', '"size":12', '"size":12.5'],
    ['a size beyond counting', '"size":12', '"size":90071992547409930'],
    ['a size in another notation', '"size":12', '"size":1.2e1'],
    ['a size that is text', '"size":12', '"size":"12"'],
    ['a short hash', /"sha256":"./, '"sha256":"'],
    ['a hash in capitals', /"sha256":"\w{64}"/, `"sha256":"${'A'.repeat(64)}"`],
    ['a further field', '"size":12', '"size":12,"mode":1'],
    ['a field twice', '"size":12', '"size":13,"size":12'],
    ['white space', '"size":12', '"size": 12'],
    ['an escape that was not needed', 'boot/vmlinuz', 'boot/vmlinu\\u007a'],
    ['another format', 'manifest/1', 'manifest/2'],
    ['a medium id that is none', 'a'.repeat(64), 'no id'],
    ['no files', /"files":\[.*\]/s, '"files":null'],
    ['a file that is nothing', /"files":\[.*\]/s, '"files":[null]'],
    ['nothing', /.*/s, 'null'],
    ['no JSON', '}\n', ''],
    ['a mark in front', '', '\ufeff'],
  ])('refuses %s', (_what, from, to) => {
    const changed = text.replace(from, () => to);
    expect(changed).not.toBe(text);
    expect(codeOfSigned(changed)).toBe('BW-TRUST-006');
  });

  it('refuses bytes that are not UTF-8', () => {
    const wrong = Buffer.from(text.replace('vmlinuz', 'vmlinu\u00ff'), 'latin1');
    expect(codeOf(() => verifyManifest(wrong, signManifest(wrong, owner.privateKey), [owner.publicKey]))).toBe(
      'BW-TRUST-006',
    );
  });

  it('takes any list of proper paths, written and read back', () => {
    const part = fc
      .string({ minLength: 1, maxLength: 12, unit: 'grapheme' })
      .map((value) => `p${value.replace(/[/\\\p{Cc}]/gu, '')}`);
    const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
    fc.assert(
      fc.property(fc.uniqueArray(path, { maxLength: 20 }), (paths) => {
        const files = paths.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))).map((name) => file(name));
        const written = manifestBytes({ ...manifest, files });
        expect(verifyManifest(written, signManifest(written, owner.privateKey), [owner.publicKey]).files).toEqual(
          files,
        );
      }),
    );
  });

  it('writes nothing it would not read', () => {
    expect(codeOf(() => manifestBytes({ ...manifest, files: [...manifest.files].reverse() }))).toBe('BW-TRUST-006');
    expect(codeOf(() => manifestBytes({ ...manifest, files: [file('../x')] }))).toBe('BW-TRUST-006');
  });
});

describe('comparing a medium with its manifest', () => {
  const found = [...manifest.files.map((entry) => entry.path), ...own];

  it('accepts exactly the listed files', () => {
    expect(codeOf(() => checkFiles(manifest, found))).toBe('accepted');
  });

  it('overlooks what Windows, macOS and stick writers leave behind', () => {
    const left = [
      'bootwright-logs-2026-11-20/smsts.log',
      'System Volume Information/WPSettings.dat',
      'autorun.inf',
      '._boot',
      '.fseventsd/fseventsd-uuid',
    ];
    expect(codeOf(() => checkFiles(manifest, [...found, ...left]))).toBe('accepted');
  });

  it.each([
    'boot/extra',
    'bootwright/content/image/autorun.inf',
    'bootwright/policy.json',
    'x/System Volume Information/y',
    'BOOT/VMLINUZ',
  ])('names an unlisted file: %s', (path) => {
    expect(codeOf(() => checkFiles(manifest, [...found, path]))).toBe('BW-TRUST-011');
    expect(() => checkFiles(manifest, [...found, path])).toThrow(path);
  });

  it('names a missing file, the signature included', () => {
    for (const path of found) {
      expect(
        codeOf(() =>
          checkFiles(
            manifest,
            found.filter((other) => other !== path),
          ),
        ),
      ).toBe('BW-TRUST-012');
    }
  });

  it('names a changed file', () => {
    const [expected] = manifest.files;
    expect(codeOf(() => checkFile(expected!, expected!))).toBe('accepted');
    expect(codeOf(() => checkFile(expected!, { ...expected!, size: 1 }))).toBe('BW-TRUST-013');
    expect(codeOf(() => checkFile(expected!, { ...expected!, sha256: hash('other') }))).toBe('BW-TRUST-013');
  });

  it('tells another medium', () => {
    expect(codeOf(() => checkMedium(manifest, manifest.mediumId))).toBe('accepted');
    expect(codeOf(() => checkMedium(manifest, 'b'.repeat(64)))).toBe('BW-TRUST-010');
  });
});

describe('manifest and policy', () => {
  const policy = {
    mediumId: manifest.mediumId,
    signingKey: Buffer.from(owner.publicKey.raw).toString('base64'),
    filesDigest: filesDigest(manifest.files),
  } as Policy;
  const changedFiles = (path: string): Manifest => ({
    ...manifest,
    files: manifest.files.map((entry) => (entry.path === path ? { ...entry, sha256: hash('older') } : entry)),
  });

  it('belong together whatever the policy itself hashes to', () => {
    expect(codeOf(() => checkManifestBelongsToPolicy(manifest, policy))).toBe('accepted');
    expect(codeOf(() => checkManifestBelongsToPolicy(changedFiles('bootwright/policy.sealed'), policy))).toBe(
      'accepted',
    );
  });

  it('do not when any other file differs, as with an older manifest of the same key', () => {
    for (const { path } of manifest.files.filter((entry) => !entry.path.includes('policy')))
      expect(codeOf(() => checkManifestBelongsToPolicy(changedFiles(path), policy))).toBe('BW-TRUST-014');
  });

  it('do not when the key or the medium is another', () => {
    const { publicKey: other } = signer();
    expect(codeOf(() => checkManifestBelongsToPolicy({ ...manifest, key: other.fingerprint }, policy))).toBe(
      'BW-TRUST-014',
    );
    expect(codeOf(() => checkManifestBelongsToPolicy({ ...manifest, mediumId: 'c'.repeat(16) }, policy))).toBe(
      'BW-TRUST-010',
    );
  });

  it('digest does not depend on the order of the files', () => {
    expect(filesDigest([...manifest.files].reverse())).toBe(policy.filesDigest);
  });
});
