/** Wakes one machine: MAC SUBNET…. Prints the broadcast addresses, or the error's code. */
import { wakeDevices } from '../../src/server/wake.ts';

const [mac = '', ...subnets] = process.argv.slice(2);
const device = { name: 'lab-01', description: '', macs: [mac], variables: [], place: { file: '' } };
try {
  process.stdout.write(JSON.stringify((await wakeDevices([device], [], subnets)).broadcasts));
} catch (error) {
  process.stdout.write((error as { code: string }).code);
}
