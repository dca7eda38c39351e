import { describe, expect, it } from 'vitest';
import { describeHealth, readHealth } from '../../src/staging/smart.ts';

const ata = {
  smart_status: { passed: true },
  power_on_time: { hours: 21_345 },
  temperature: { current: 31 },
  ata_smart_attributes: {
    table: [
      { id: 5, name: 'Reallocated_Sector_Ct', raw: { value: 8, string: '8' } },
      { id: 197, name: 'Current_Pending_Sector', raw: { value: 0, string: '0' } },
    ],
  },
};

describe('what smartctl says', () => {
  it('is read for ATA, NVMe and SAS', () => {
    expect(readHealth(JSON.stringify(ata))).toEqual({
      ...{ verdict: 'passed', hours: 21_345, temperature: 31, reallocated: 8, pending: 0 },
    });
    const nvme = {
      smart_status: { passed: false },
      nvme_smart_health_information_log: { percentage_used: 104, media_errors: 3 },
    };
    expect(readHealth(JSON.stringify(nvme))).toEqual({ verdict: 'failing', used: 104, mediaErrors: 3 });
    expect(readHealth('{"smart_status":{"passed":true},"scsi_grown_defect_list":2}')).toEqual({
      verdict: 'passed',
      reallocated: 2,
    });
    expect(describeHealth(readHealth(JSON.stringify(ata)))).toBe('healthy, 21345 h, 31 °C, 8 sectors replaced');
  });

  it('may be nothing, and that is said', () => {
    const none = {
      smartctl: { messages: [{ string: '/dev/sdb: Unknown USB bridge [0x0781:0x5583 (0x100)]', severity: 'error' }] },
    };
    expect(describeHealth(readHealth(JSON.stringify(none)))).toBe(
      'SMART unknown (Unknown USB bridge [0x0781:0x5583 (0x100)])',
    );
    expect(readHealth('Segmentation fault')).toMatchObject({ verdict: 'unknown' });
    expect(readHealth('{}')).toEqual({ verdict: 'unknown', reason: 'it does not say' });
  });
});
