import { describe, expect, it } from 'vitest';
import { askAboutAddress } from '../../src/agent/capture/prepare.ts';
import { askAboutCapture } from '../../src/agent/capture/questions.ts';
import type { Policy } from '../../src/model/policy.ts';
import type { SequenceVariable } from '../../src/model/sequence.ts';
import { step } from '../engine/harness.ts';
import { type Act, enter, escapeKey, scripted } from './scripted.ts';

const policyWith = (
  variables: SequenceVariable[],
  changes: Partial<Policy> = {},
  settings: Record<string, string> = {},
): Policy =>
  ({
    ...{ mediaKind: 'capture', unattended: false, variables },
    sequence: {
      ...{ id: 'capture', name: 'Capture', variables: [] },
      items: [step('Capture', { type: 'SMS_TaskSequence_CaptureSystemImageAction', settings })],
    },
    ...changes,
  }) as unknown as Policy;

async function ask(acts: readonly Act[], policy: Policy = policyWith([])) {
  const person = scripted(acts);
  return { ...person, answers: await askAboutCapture(person.context, policy, 'us') };
}

const clear: Act = { kind: 'clear-line' };

describe('what a capture medium asks', () => {
  it('for a share: account, password, and what the image is called', async () => {
    const { answers, pages, events, context } = await ask([
      ...['//files/images/lab.wim', enter, 'LAB\\imaging', enter, 'pa ss,wörd ', enter],
      ...['Lab', enter, 'For the lab', enter, '7', enter],
    ]);
    expect(answers).toEqual([
      { name: 'OSDCaptureDestination', value: '//files/images/lab.wim' },
      { name: 'OSDCaptureAccount', value: 'LAB\\imaging' },
      { name: 'OSDCaptureAccountPassword', value: 'pa ss,wörd ', hidden: true },
      { name: 'OSDImageName', value: 'Lab' },
      { name: 'OSDImageDescription', value: 'For the lab' },
      { name: 'OSDImageVersion', value: '7' },
    ]);
    expect(JSON.stringify([pages, events])).not.toContain('pa ss');
    expect(context.mask.text('pa ss,wörd ')).not.toContain('pa ss');
  });

  it('for a disk: no account; and says what is wrong with a destination', async () => {
    const { answers, pages } = await ask([
      ...['C:\\x.wim', enter, clear, 'LABEL=IMAGES/lab.wim', enter],
      ...[enter, enter, enter],
    ]);
    expect(answers).toEqual([{ name: 'OSDCaptureDestination', value: 'LABEL=IMAGES/lab.wim' }]);
    expect(JSON.stringify(pages)).toContain('none of the known forms');
  });

  it('a server wants a token', async () => {
    const { answers } = await ask(['https://s/v1/captures/x.wim', enter, enter, 'token', enter, enter, enter, enter]);
    expect(answers.map(({ name, value }) => [name, value])).toEqual([
      ['OSDCaptureDestination', 'https://s/v1/captures/x.wim'],
      ['OSDCaptureAccountPassword', 'token'],
    ]);
  });

  it('Esc goes back, and what was typed still stands there; another kind of place forgets the account', async () => {
    const { answers } = await ask([
      ...['//files/images/x.wim', enter, 'anna', enter, escapeKey, escapeKey],
      ...[clear, 'LABEL=X/x.wim', enter, 'Name', enter, escapeKey, enter, enter, enter],
    ]);
    expect(answers).toEqual([
      { name: 'OSDCaptureDestination', value: 'LABEL=X/x.wim' },
      { name: 'OSDImageName', value: 'Name' },
    ]);
  });

  it.each<[string, Policy]>([
    [
      'variables',
      policyWith([
        { name: 'osdcapturedestination', value: 'LABEL=X/x.wim' },
        ...['OSDImageName', 'OSDImageDescription', 'OSDImageVersion'].map((name) => ({ name, value: '' })),
      ]),
    ],
    [
      'the step itself',
      policyWith([], {}, { destination: 'LABEL=X/x.wim', imageName: 'X', imageDescription: 'x', imageVersion: '1' }),
    ],
    ['being unattended', policyWith([{ name: 'OSDCaptureDestination', value: '//s/x/x.wim' }], { unattended: true })],
  ])('nothing is asked that %s answered', async (_, policy) => {
    const { answers, pages } = await ask([], policy);
    expect({ answers, pages }).toEqual({ answers: [], pages: [] });
  });

  it('unattended without a destination is refused', async () => {
    await expect(ask([], policyWith([], { unattended: true }))).rejects.toMatchObject({ code: 'BW-AGENT-110' });
  });
});

describe('the address, before the network is touched', () => {
  it.each<[string, readonly Act[], object]>([
    ['is asked for by DHCP after Enter', [enter], {}],
    ['is asked for by DHCP after Esc', ['192.0.2.', escapeKey], {}],
    [
      'is the typed one, once it is one',
      ['192.0.2.10', enter, '/24 192.0.2.1', enter],
      { fixed: { address: '192.0.2.10/24', gateway: '192.0.2.1', nameServer: '' } },
    ],
  ])('%s', async (_, acts, settings) => {
    const { context, events } = scripted(acts);
    expect(await askAboutAddress(context)).toEqual(settings);
    expect(events.map(({ type }) => type)).toEqual(['prompt.shown', 'prompt.answered']);
  });
});

describe('letters that come in two pieces', () => {
  it('reach a server as everybody else writes them', async () => {
    const { answers } = await ask([
      '//files/images/x.wim',
      enter,
      'anna',
      enter,
      'pa\u0308ss',
      enter,
      enter,
      enter,
      enter,
    ]);
    expect(answers.find(({ hidden }) => hidden)?.value).toBe('p\u00e4ss');
  });
});
