import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { capture } from '../../media/capture/kind.ts';
import { planText } from '../../src/build/order/plan-text.ts';
import { prepareMedium } from '../../src/build/order/prepare.ts';
import type { StandaloneRequest } from '../../src/build/order/request.ts';
import { silentProgress } from '../../src/model/progress.ts';
import { type MediumSite, mediumSite, request } from './medium-site.ts';

let site: MediumSite;
beforeAll(async () => {
  site = await mediumSite();
});
afterAll(() => site.remove());

const prepare = (changes: Partial<StandaloneRequest> = {}) =>
  prepareMedium(
    request(site, { kind: capture, sequenceId: 'capture', output: join(site.root, 'capture.iso'), ...changes }),
    silentProgress,
  );

describe('a capture medium', () => {
  it('needs no sequence in the site, and says what it changes and what it asks', async () => {
    const { plan } = await prepare();
    expect(plan).toMatchObject({
      kind: 'capture',
      sequence: { id: 'capture' },
      content: [],
      warnings: expect.anything(),
    });
    const text = planText(plan);
    expect(text).toMatch(/^Capture medium for "Capture"/);
    expect(text).toMatch(/CHANGES: Prepare the system: removes the machine's identity/);
    expect(text).toMatch(/Asks for: where the image goes; the account of a share; its password; name/);
    expect(text).not.toContain('ERASES');
  });

  it('asks nothing when it is unattended, and then has to know where the image goes', async () => {
    await expect(prepare({ unattended: true })).rejects.toMatchObject({ code: 'BW-MEDIA-110' });
    const { plan } = await prepare({
      unattended: true,
      variables: { OSDCaptureDestination: '//files/images/lab.wim' },
    });
    expect(plan.asks).toEqual([]);
  });

  it.each([
    ['C:\\images\\x.wim', /none of the known forms/],
    ['https://files.example.org', /authority/],
  ])('is not made for %s', async (destination, message) => {
    const making = prepare({ variables: { OSDCaptureDestination: destination } });
    await expect(making).rejects.toMatchObject({ code: 'BW-MEDIA-111', message: expect.stringMatching(message) });
  });

  it('holds the password of a share only under a password of its own', async () => {
    const variables = { OSDCaptureAccount: 'imaging', OSDCaptureAccountPassword: 'hunter2' };
    await expect(prepare({ variables })).rejects.toMatchObject({ code: 'BW-MEDIA-001' });
    const { plan } = await prepare({ variables, password: 'open sesame' });
    expect(plan.variables).toContainEqual({ name: 'OSDCaptureAccountPassword', hidden: true });
    expect(JSON.stringify(plan) + planText(plan)).not.toMatch(/hunter2/);
  });

  it("takes the site's own sequence where it has one, and only sequences that capture", async () => {
    await expect(prepare({ sequenceId: 'bulk' })).rejects.toMatchObject({ code: 'BW-MEDIA-002' });
    await site.write(
      'sequences/capture.yaml',
      'name: Ours\nsteps:\n  - step: capture-operating-system-image\n    destination: //files/images/lab.wim\n',
    );
    const { plan } = await prepare({ unattended: true });
    expect(plan.sequence?.name).toBe('Ours');
  });
});
