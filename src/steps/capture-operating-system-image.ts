import type { BootwrightError } from '../model/error.ts';
import type { Machine } from '../model/machine.ts';
import { formatBytes } from '../model/quantity.ts';
import type { StepType } from '../model/step.ts';
import {
  type Destination,
  describeDestination,
  needsNetwork,
  parseDestination,
} from './capture-operating-system-image/destination.ts';
import { captureAndSend } from './capture-operating-system-image/send.ts';
import { type Capture, type CaptureSettings, captureSettings } from './capture-operating-system-image/settings.ts';
import { volumesToCapture } from './capture-operating-system-image/volumes.ts';
import { captureInto } from './capture-operating-system-image/write.ts';
import { InsideRoot } from './inside-root.ts';
import { findReferenceSystem, type ReferenceSystem } from './reference-system/find.ts';
import { refuseDomainMember, refuseUnpreparedWindows } from './reference-system/fitness.ts';
import { present, propertyOf } from './settings.ts';
import { stableName } from './volumes.ts';

export const captureOperatingSystemImage: StepType<CaptureSettings> = {
  type: 'SMS_TaskSequence_CaptureSystemImageAction',
  name: 'capture-operating-system-image',
  aliases: ['capture-os-image', 'capture-image'],
  title: 'Capture Operating System Image',
  summary: 'Writes the volumes of a prepared reference machine into one WIM on a share, a server or another disk.',
  settings: captureSettings,
  variables: {
    ...{ destination: 'OSDCaptureDestination', account: 'OSDCaptureAccount', password: 'OSDCaptureAccountPassword' },
    ...{ imageName: 'OSDImageName', imageDescription: 'OSDImageDescription', imageVersion: 'OSDImageVersion' },
    ...{
      imageCreator: 'OSDImageCreator',
      compression: 'OSDImageCompression',
      volume: 'OSDTargetSystemRoot',
      authorities: 'OSDCaptureAuthorities',
    },
  },
  environments: ['boot'],
  destructive: false,
  repeatable: true,
  fromProperties: (properties) =>
    present({
      destination: propertyOf(properties, 'CaptureDestination'),
      account: propertyOf(properties, 'CaptureUsername'),
      imageDescription: propertyOf(properties, 'ImageDescription'),
      imageVersion: propertyOf(properties, 'ImageVersion'),
      imageCreator: propertyOf(properties, 'ImageCreator'),
    }),
  needs: ({ destination }) => {
    const place = knownDestination(destination);
    return place !== undefined && needsNetwork(place) ? { network: true } : {};
  },
  lint: ({ destination }) => {
    if (destination === undefined || destination.includes('%')) return [];
    try {
      parseDestination(destination, 'image');
      return [];
    } catch (error) {
      const { message } = error as BootwrightError;
      return [{ severity: 'error', code: 'BW-STEP-111', path: 'destination', message }];
    }
  },
  describe: ({ destination, imageName }) => {
    const place = knownDestination(destination);
    const where = place === undefined ? 'the destination named at the start' : describeDestination(place);
    return `captures the system of this machine${imageName === undefined ? '' : ` as "${imageName}"`} to ${where}`;
  },

  async run(step, machine, context) {
    const system = await findReferenceSystem(machine, context, step.volume);
    await refuseUnfit(machine, system);
    const name = step.imageName === undefined || step.imageName === '' ? system.name : step.imageName;
    const destination = parseDestination(step.destination ?? '', name);
    const volumes = await volumesToCapture(machine, system, context.log);
    const capture: Capture = { settings: step, system, volumes, name, machine, context };
    context.log(
      'info',
      `Capturing ${system.name} on ${volumes.map(({ device }) => device).join(', ')} to ${describeDestination(destination)}.`,
    );
    const { bytes, images } =
      destination.kind === 'https'
        ? await captureAndSend(capture, destination)
        : await captureInto(capture, destination);
    return {
      code: 0,
      message: `${describeDestination(destination)} holds ${images} ${images === 1 ? 'image' : 'images'} (${formatBytes(bytes)}); every byte was read back.`,
    };
  },
};

function knownDestination(destination: string | undefined): Destination | undefined {
  if (destination === undefined || destination === '' || destination.includes('%')) return undefined;
  try {
    return parseDestination(destination, 'image');
  } catch {
    return undefined;
  }
}

/** @throws BW-STEP-112 */
async function refuseUnfit(machine: Machine, { volume, isWindows }: ReferenceSystem): Promise<void> {
  if (captureNeedsLook(volume.fileSystem)) {
    const inside = new InsideRoot(machine, await machine.mount(stableName(volume)));
    if (isWindows) await refuseUnpreparedWindows(inside);
    else await refuseDomainMember(inside);
  }
}

function captureNeedsLook(fileSystem: string): boolean {
  return ['ext4', 'xfs', 'ntfs'].includes(fileSystem);
}
