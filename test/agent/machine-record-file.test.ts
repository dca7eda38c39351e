import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { confirm } from '../../src/agent/confirm.ts';
import type { AgentMachine } from '../../src/agent/context.ts';
import { takeMachineRecord } from '../../src/agent/machine-record-file.ts';
import { recordThisMachine } from '../../src/agent/record-this-machine.ts';
import type { MachineFacts } from '../../src/model/machine.ts';
import type { MachineRecordFile } from '../../src/model/protocol.ts';
import { disk } from './online/online-run.ts';
import { enter, scripted, wait } from './scripted.ts';

const facts = { make: 'Dell', model: 'OptiPlex', uuid: '', serialNumber: '', firmware: 'uefi' } as MachineFacts;
const machine = { facts: async () => facts, disks: async () => [disk] } as unknown as AgentMachine;

describe('the record of a machine', () => {
  it('names what only root could read, instead of calling a disk empty', async () => {
    const { context } = scripted([], { machine });
    const asUser = await takeMachineRecord(context, false);
    expect(asUser.unread).toEqual(['the SMBIOS GUID', 'the serial number', 'what is on the disks']);
    expect(asUser.record.disks).toEqual([{ ...disk, contents: 'not read' }]);
    const asRoot = await takeMachineRecord(context, true);
    expect(asRoot).toMatchObject({ unread: [], record: { disks: [disk], recordedAt: '2026-06-01T12:00:00.000Z' } });
  });

  it('of this machine is written once, and not over another file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'record-'));
    const file = join(folder, 'machine.json');
    try {
      const { text } = await recordThisMachine(file, false);
      expect(readFileSync(file, 'utf8')).toBe(text);
      const record = JSON.parse(text) as MachineRecordFile;
      expect(record).toMatchObject({
        format: 'bootwright-machine-record/1',
        facts: { memoryBytes: expect.any(Number) },
      });
      expect(record.facts.memoryBytes).toBeGreaterThan(0);
      await expect(recordThisMachine(file, false)).rejects.toMatchObject({ code: 'BW-HOST-005' });
      await expect(recordThisMachine(file, true)).resolves.toBeDefined();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('is asked for by M before anything is erased; whatever becomes of it, nothing starts by itself any more', async () => {
    const undertaking = { sequence: 'Debian', facts, targets: [], actions: [] };
    const { context, pages } = scripted(['m', wait(600), enter], { machine });
    await expect(confirm(context, undertaking)).resolves.toBe(true);
    // No stick is here: the page says why, and waits.
    expect(pages.map(({ id }) => id)).toEqual(['confirm', 'saving', 'confirm-stopped']);
    expect(pages.at(-1)?.blocks).toContainEqual(
      expect.objectContaining({ text: expect.stringMatching(/not saved|lsblk/) }),
    );
  });
});
