import { parseConfigMgrSealed } from '../../formats/configmgr-sealed.ts';
import { exists, listFiles, readBytes, stat } from '../../host/files.ts';
import { BootwrightError } from '../../model/error.ts';
import type { MediumReader } from '../medium/files.ts';

/** What a medium of Configuration Manager holds that says something about its protection. */
export interface ConfigMgrFiles {
  /** `variables.dat` or `*.boot.var`, as it lies there. */
  readonly variables: Uint8Array;
  /** The policies of stand-alone media. */
  readonly policy?: Uint8Array;
  /** `TsmBootstrap.ini`. */
  readonly bootstrap?: string;
}

const largest = 64 * 1024 * 1024;
const wanted = {
  variables: 'sms/data/variables.dat',
  policy: 'sms/data/policy.xml',
  bootstrap: 'sms/data/tsmbootstrap.ini',
};

/** Of an image; `undefined` when it is no medium of Configuration Manager. */
export async function configMgrFilesOfIso(iso: MediumReader): Promise<ConfigMgrFiles | undefined> {
  const read = async (name: string): Promise<Uint8Array | undefined> => {
    const file = iso.files.find(({ path, size }) => path.toLowerCase() === name && size <= largest);
    return file === undefined ? undefined : iso.bytes(file);
  };
  return filesOf(read);
}

/** Of a folder (a mounted medium) or a single sealed file. @throws BW-MEDIA-011 */
export async function configMgrFilesAt(path: string): Promise<ConfigMgrFiles> {
  if (!(await exists(path))) throw new BootwrightError('BW-HOST-007', `${path} cannot be read: there is no such file.`);
  if ((await stat(path)).isDirectory()) {
    const names = await listFiles(path);
    const found = await filesOf(async (name) => {
      const real = names.find((each) => each.toLowerCase() === name);
      return real === undefined ? undefined : readBytes(`${path}/${real}`);
    });
    if (found !== undefined) return found;
  } else if ((await stat(path)).size <= largest) {
    const variables = await readBytes(path);
    if (parseConfigMgrSealed(variables) !== undefined) return { variables };
  }
  throw new BootwrightError(
    'BW-MEDIA-011',
    `${path} is neither a medium of Bootwright nor one of Configuration Manager.`,
    {
      fix: 'Name an ISO, a mounted medium (its folder), or a variables.dat.',
    },
  );
}

async function filesOf(read: (name: string) => Promise<Uint8Array | undefined>): Promise<ConfigMgrFiles | undefined> {
  const variables = await read(wanted.variables);
  if (variables === undefined) return undefined;
  const policy = await read(wanted.policy);
  const bootstrap = await read(wanted.bootstrap);
  return {
    variables,
    ...(policy === undefined ? {} : { policy }),
    ...(bootstrap === undefined ? {} : { bootstrap: Buffer.from(bootstrap).toString('latin1') }),
  };
}
