import { describe, expect, it } from 'vitest';
import { makeDiskCode, makeKeyText, openByCode } from '../../src/trust/disk-code.ts';
import { seal } from '../../src/trust/seal.ts';

const cheap = { memoryKiB: 8 * 1024, passes: 1, lanes: 1 };
const plain = Buffer.from('a policy');
const sealed = () => seal(plain, ['the password'], cheap);

describe('ways into a prestaged disk', () => {
  it('its code opens it beside the password, and the sealed part stays as it is', async () => {
    const part = await sealed();
    const before = Buffer.from(part);
    const { code, file } = await makeDiskCode(part, 'the password');
    expect(Buffer.from(part).equals(before)).toBe(true);
    expect(Buffer.from(await openByCode(part, code.toLowerCase().replaceAll('-', ' '), file))).toEqual(plain);
    expect(Buffer.from(await openByCode(part, 'the password', file))).toEqual(plain);
  });

  it("another disk's code opens nothing, nor does a code without its file", async () => {
    const part = await sealed();
    const [one, other] = [await makeDiskCode(part, 'the password'), await makeDiskCode(part, 'the password')];
    await expect(openByCode(part, other.code, one.file)).rejects.toMatchObject({ code: 'BW-TRUST-002' });
    await expect(openByCode(part, one.code, undefined)).rejects.toMatchObject({ code: 'BW-TRUST-002' });
  });

  it('a damaged file beside it does not hide that a password was wrong, nor stop the right one', async () => {
    const part = await sealed();
    const damaged = Buffer.from('rubbish');
    await expect(openByCode(part, 'wrong', damaged)).rejects.toMatchObject({ code: 'BW-TRUST-002' });
    expect(Buffer.from(await openByCode(part, 'the password', damaged))).toEqual(plain);
  });

  it('a key stick opens its own medium only', async () => {
    const [part, other] = [await sealed(), await sealed()];
    const key = await makeKeyText(part, 'the password');
    expect(Buffer.from(await openByCode(part, key, undefined))).toEqual(plain);
    await expect(openByCode(other, key, undefined)).rejects.toMatchObject({ code: 'BW-TRUST-003' });
    await expect(openByCode(part, 'bootwright-key:AAAA', undefined)).rejects.toMatchObject({ code: 'BW-TRUST-002' });
  });

  it('nobody makes a code without opening the medium', async () => {
    await expect(makeDiskCode(await sealed(), 'wrong')).rejects.toMatchObject({ code: 'BW-TRUST-002' });
  });
});
