import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { uploadFile } from '../../src/machine/linux/upload.ts';
import type { UploadRequest } from '../../src/model/machine.ts';
import { allowUpload } from '../../src/server/allow-upload.ts';
import { type RunningServer, startServer } from '../../src/server/serve.ts';
import { type Serving, withServer } from './serving.ts';

let scratch: string;
/** Three pieces long. */
let wim: string;
let bytes: Buffer;
let sha256: string;

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'captures-'));
  mkdirSync(join(scratch, 'tree'));
  writeFileSync(join(scratch, 'tree/file'), randomBytes(20 * 2 ** 20));
  wim = join(scratch, 'lab.wim');
  execFileSync('wimlib-imagex', ['capture', join(scratch, 'tree'), wim, 'Lab', '--compress=none'], { stdio: 'ignore' });
  bytes = readFileSync(wim);
  sha256 = createHash('sha256').update(bytes).digest('hex');
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const tokenFor = async ({ state }: Serving, name = 'lab', now = new Date()): Promise<string> =>
  (await allowUpload(state, name, 1, now)).token;

const request = async (serving: Serving, changes: Partial<UploadRequest> = {}): Promise<UploadRequest> => ({
  file: wim,
  url: `https://127.0.0.1:${serving.server.port}/v1/captures/lab.wim`,
  token: await tokenFor(serving),
  authorities: readFileSync(join(serving.folder, 'keys/ca.pem'), 'utf8'),
  ...changes,
});

const arrived = ({ folder }: Serving): Buffer => readFileSync(join(folder, 'images/lab.wim'));

describe('an image that is sent to the server', () => {
  it('goes on where an earlier attempt ended, and stands in the site when it is whole', async () => {
    await withServer(async (serving) => {
      const { client, notices, folder } = serving;
      const headers = { authorization: `Bearer ${await tokenFor(serving)}` };
      const ask = (offset: number, body?: Uint8Array) =>
        client.ask(`/v1/captures/lab.wim?offset=${offset}&size=${bytes.length}&sha256=${sha256}`, {
          method: body === undefined ? 'GET' : 'PUT',
          headers,
          ...(body === undefined ? {} : { body }),
        });
      expect((await ask(0)).json).toEqual({ next: 0, complete: false });
      expect((await ask(0, bytes.subarray(0, 5_000_000))).json).toEqual({ next: 5_000_000, complete: false });
      // Sent twice, overlapping, and too far ahead.
      expect((await ask(0, bytes.subarray(0, 5_000_000))).json).toEqual({ next: 5_000_000, complete: false });
      expect((await ask(4_000_000, bytes.subarray(4_000_000, 6_000_000))).json).toEqual({
        next: 6_000_000,
        complete: false,
      });
      expect(await ask(9_000_000, bytes.subarray(9_000_000))).toMatchObject({ status: 409, json: { next: 6_000_000 } });
      expect(existsSync(join(folder, 'images/lab.wim'))).toBe(false);
      const shown: number[] = [];
      await uploadFile(await request(serving, { onProgress: (fraction) => shown.push(fraction) }));
      expect(arrived(serving).equals(bytes)).toBe(true);
      expect(Math.min(...shown.filter((fraction) => fraction > 0))).toBeGreaterThan(6_000_000 / bytes.length);
      expect(notices).toContainEqual(expect.objectContaining({ type: 'image.received' }));
      expect(readdirSync(join(folder, '.bootwright/captures'))).toEqual(['lab.json']);
      // The last answer may have been lost.
      await uploadFile(await request(serving));
    });
  });

  it('never replaces one, comes by its own token only, and has to arrive whole', async () => {
    await withServer(async (serving) => {
      const other = { token: await tokenFor(serving, 'other') };
      await expect(uploadFile(await request(serving, other))).rejects.toMatchObject({
        code: 'BW-STEP-117',
        message: expect.stringContaining('other.wim'),
      });
      const old = { token: await tokenFor(serving, 'lab', new Date('2020-01-01')) };
      await expect(uploadFile(await request(serving, old))).rejects.toThrow(/expired/);
      const made = { token: `lab.${Math.floor(Date.now() / 1000) + 3600}.${'A'.repeat(43)}` };
      await expect(uploadFile(await request(serving, made))).rejects.toThrow(/not made by this server/);
      await expect(
        uploadFile(await request(serving, { url: (await request(serving)).url.replace('lab.wim', '..%2Flab.wim') })),
      ).rejects.toMatchObject({ code: 'BW-STEP-117' });
      const rubbish = join(scratch, 'rubbish');
      writeFileSync(rubbish, randomBytes(5000));
      await expect(uploadFile(await request(serving, { file: rubbish }))).rejects.toThrow(/did not arrive whole/);
      expect(readdirSync(join(serving.folder, '.bootwright/captures'))).toEqual([]);
      mkdirSync(join(serving.folder, 'images'), { recursive: true });
      writeFileSync(join(serving.folder, 'images/lab.wim'), 'somebody needs this');
      await expect(uploadFile(await request(serving))).rejects.toThrow(/has an image lab already/);
      expect(arrived(serving).toString()).toBe('somebody needs this');
    });
  });

  it('waits for a server that goes away in the middle, and sends nothing twice', async () => {
    await withServer(async (serving) => {
      const { folder } = serving;
      const start = (port: number): Promise<RunningServer> =>
        startServer({
          ...{ siteFolder: folder, address: '127.0.0.1', port, names: ['localhost', '127.0.0.1'] },
          ...{ onNotice: () => {}, onCatalogue: () => {} },
        });
      const stopped = AbortSignal.abort();
      const first = await start(0);
      let again: RunningServer | undefined;
      let away: Promise<void> | undefined;
      const waits: string[] = [];
      const sent: number[] = [];
      await uploadFile({
        ...(await request(serving, { url: `https://127.0.0.1:${first.port}/v1/captures/lab.wim` })),
        onProgress: (fraction, text) => {
          if (text.includes('waiting')) waits.push(text);
          else sent.push(fraction);
          if (fraction === 0 || away !== undefined) return;
          away = first.finish(stopped).then(async () => {
            await new Promise((resolve) => setTimeout(resolve, 1500));
            again = await start(first.port);
          });
        },
      });
      await away;
      expect(waits.length).toBeGreaterThan(0);
      expect(sent).toEqual(sent.toSorted((a, b) => a - b));
      expect(arrived(serving).equals(bytes)).toBe(true);
      await again?.finish(stopped);
    });
  });
});
