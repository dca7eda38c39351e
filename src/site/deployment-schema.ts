import * as z from 'zod';
import { architectures, availabilities, rerunBehaviours, weekdays } from '../model/deployment.ts';
import { readAddress, readGuid, readMac, readOui, readSubnet } from '../model/identifier.ts';
import { variableValueSchema } from '../sequence/yaml-schema.ts';

// The patterns are for editors; what they let through is read exactly.
const mac = identifier(
  /^[0-9A-Fa-f][0-9A-Fa-f.:-]{10,15}[0-9A-Fa-f]$/,
  readMac,
  'write a MAC address as 00:50:56:01:02:03',
);
const oui = identifier(/^[0-9A-Fa-f][0-9A-Fa-f:-]{4,6}[0-9A-Fa-f]$/, readOui, 'write three bytes as 00:50:56');
const guid = identifier(
  /^\{?[0-9A-Fa-f]{8}-?([0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12}\}?$/,
  readGuid,
  'write a GUID as 4C4C4544-0042-4D10-8053-B7C04F4E4D32',
);
const subnet = identifier(
  /^[0-9A-Fa-f:.]{2,45}\/[0-9]{1,3}$/,
  (text) => (readSubnet(text) === undefined ? undefined : text),
  'write a subnet as 10.1.2.0/24 or fd00:1::/64',
);
const address = identifier(
  /^[0-9A-Fa-f:.]{2,45}$/,
  (text) => (readAddress(text) === undefined ? undefined : text),
  'write an IPv4 or IPv6 address',
);
// With milliseconds: `boot-image list --json` says so when an image was built.
const time = identifier(
  /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/,
  (text) => (Number.isNaN(Date.parse(text)) ? undefined : new Date(text).toISOString().replace('.000Z', 'Z')),
  'write a time as 2027-01-31T18:00:00Z',
);

function identifier(pattern: RegExp, read: (text: string) => string | undefined, advice: string) {
  return z
    .string()
    .regex(pattern, advice)
    .refine((text) => !pattern.test(text) || read(text) !== undefined, advice)
    .transform((text) => read(text) ?? text);
}

const name = z.string().min(1).max(100);
const variables = z.record(z.string(), variableValueSchema).default({}).describe('set before the sequence starts');
const description = z.string().max(255).default('');
const architecture = z.enum(architectures).describe('of the processor');

/** `devices/<NAME>.yaml`. */
export const deviceSchema = z.strictObject({
  description,
  macs: z.array(mac).default([]).describe('any one of them makes the machine this device'),
  guid: guid.optional().describe('SMBIOS UUID; counts more than MAC addresses'),
  architecture: architecture.optional(),
  manufacturer: name.optional(),
  model: name.optional(),
  address: address.optional(),
  variables: variables.describe('they win over those of collections'),
});

const rule = z
  .strictObject({
    mac: mac.optional(),
    oui: oui.optional().describe('first three bytes of a MAC address'),
    guid: guid.optional(),
    manufacturer: name.optional().describe('may hold * and ?'),
    model: name.optional().describe('may hold * and ?'),
    subnet: subnet.optional(),
    architecture: architecture.optional(),
  })
  .refine((keys) => Object.keys(keys).length > 0, {
    error: 'say what a machine has to be: an empty rule fits none',
    // A misspelled key was meant to say something.
    when: ({ issues }) => issues.length === 0,
  });

const maintenanceWindow = z.strictObject({
  days: z.array(z.enum(weekdays)).default([]).describe('on which it begins; without: every day'),
  start: z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'write a time of day as 22:00')
    .describe('by the clock and time zone of the machine'),
  hours: z.number().min(0.5).max(24).describe('the agent looks every 15 minutes, so half an hour is the least'),
});

/** `collections/<NAME>.yaml`. */
export const collectionSchema = z.strictObject({
  description,
  members: z.array(name).default([]).describe('devices, or x86, x64 or arm64 Unknown Computer'),
  rules: z.array(rule).default([]).describe('a machine that fits one of them is a member'),
  include: z.array(name).default([]).describe('collections whose members are members here too'),
  exclude: z.array(name).default([]).describe('collections whose members are none here, whatever else is said'),
  variables,
  priority: z.int().min(1).max(9).default(1).describe('of two collections with one variable, the higher number wins'),
  maintenanceWindows: z
    .array(maintenanceWindow)
    .default([])
    .describe('when required deployments may begin on running systems; a machine has those of all its collections'),
});

const scope = z.strictObject({
  subnets: z.array(subnet).default([]),
  ouis: z.array(oui).default([]),
  interfaces: z.array(z.string().min(1).max(15)).default([]).describe('of the server'),
  machines: z.int().min(1).optional().describe('how many unknown machines may get it'),
});

const schedule = z.strictObject({
  available: time.optional(),
  expires: time.optional(),
  assignments: z
    .array(z.union([z.enum(['asSoonAsPossible', 'logOn', 'logOff']), time]))
    .default([])
    .describe('when a required one is due'),
});

/** `deployments/<ID>.yaml`. */
export const deploymentSchema = z.strictObject({
  sequence: name.describe('ID of a task sequence'),
  collection: name,
  purpose: z.enum(['available', 'required']).describe('available: somebody chooses; required: it starts by itself'),
  availableTo: z.enum(availabilities).default('clientsMediaAndPxe'),
  disabled: z.boolean().default(false),
  comment: z.string().max(1000).default(''),
  scope: scope.prefault({}).describe('narrows it; every list that is given has to fit'),
  schedule: schedule
    .prefault({})
    .describe('looked at by running systems only, not after a start from media or network'),
  rerun: z.enum(rerunBehaviours).default('always').describe('of a required one, on running systems'),
  wake: z.boolean().default(false).describe('send wake-up packets when it is due'),
  tpmRelease: z
    .boolean()
    .default(false)
    .describe('known machines whose TPM was enrolled at an earlier approval or password need nobody any more'),
  userExperience: z
    .strictObject({
      showProgress: z.boolean().default(true),
      installOutsideWindow: z.boolean().default(false),
      restartOutsideWindow: z.boolean().default(false),
      allowRefusal: z
        .boolean()
        .default(true)
        .describe('a required one counts down on the screen; false: it cannot be refused there'),
    })
    .prefault({}),
  content: z
    .strictObject({ download: z.enum(['whenNeeded', 'allFirst', 'direct']).default('whenNeeded') })
    .prefault({}),
});

/** `deployments:` in `site.yaml`. */
export const deploymentSettingsSchema = z.strictObject({
  unknownComputers: z
    .enum(['ask', 'allow', 'refuse'])
    .default('ask')
    .describe('machines nobody has entered; ask: they wait for `bootwright device approve`'),
  waitSeconds: z.int().min(0).max(86400).default(60).describe('then an unknown machine starts its disk'),
  exclude: z.array(mac).default([]).describe('MAC addresses that are never answered'),
  duplicateIdentifiers: z
    .strictObject({ macs: z.array(mac).default([]), guids: z.array(guid).default([]) })
    .prefault({})
    .describe('shared network adapters and faulty boards: no device is looked up by them'),
  sizeLimits: z
    .strictObject({
      warn: z.int().min(0).default(100),
      maximum: z.int().min(0).default(0).describe('0: none'),
    })
    .prefault({})
    .describe('members of a collection for a required deployment that erases machines'),
  bootImages: z
    .strictObject({
      notBefore: time.optional().describe('machines started from an image built earlier take the one of the site'),
      revoked: z
        .array(z.string().regex(/^[0-9a-f]{64}$/, 'write the id as `bootwright boot-image list --json` shows it'))
        .default([]),
    })
    .prefault({})
    .describe('boot images that machines are not to be deployed from any more'),
});
