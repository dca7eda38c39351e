import * as z from 'zod';
import { BootwrightError } from '../model/error.ts';
import type { NetworkFolder } from '../model/machine.ts';
import type { StepType } from '../model/step.ts';
import { present, propertyOf, secretText, text, toText } from './settings.ts';

const settings = z.strictObject({
  path: text.optional().describe('//server/share/folder or nfs://server/exported/folder; without a port its own.'),
  account: text.optional().describe('name, DOMAIN\\name or name@domain; a guest when absent.'),
  password: secretText.optional().describe('The password of the account.'),
  variable: text
    .regex(/^[A-Za-z][\w-]{0,255}$/)
    .default('NetworkFolder')
    .describe('Variable that gets the place where the folder can be read and written.'),
});

export const connectToNetworkFolder: StepType<z.infer<typeof settings>> = {
  type: 'SMS_TaskSequence_ConnectNetworkFolderAction',
  name: 'connect-to-network-folder',
  aliases: ['connect-network-folder'],
  title: 'Connect To Network Folder',
  summary:
    'Makes a share (SMB) or an export (NFS) readable and writable for the steps that follow, until the next restart.',
  settings,
  variables: {
    path: 'SMSConnectNetworkFolderPath',
    account: 'SMSConnectNetworkFolderAccount',
    password: 'SMSConnectNetworkFolderPassword',
  },
  environments: ['boot'],
  destructive: false,
  repeatable: true,
  fromProperties: (properties) =>
    present({ path: propertyOf(properties, 'Path'), account: propertyOf(properties, 'Username') }),
  needs: () => ({ network: true }),
  describe: ({ path }) => `connects ${path ?? 'a network folder'}`,

  async run({ path, account, password, variable }, machine, { variables }) {
    const folder = networkFolder(path ?? '');
    const place = await machine.connectFolder({
      ...folder,
      ...(account === undefined || account === '' ? {} : { account }),
      ...(password === undefined ? {} : { password: toText(password, 'password') }),
    });
    // Asks the server: a share that was mounted and cannot be looked into is of no use to the steps that follow.
    const { freeBytes } = await machine.space(place);
    variables.set(variable, place);
    return {
      code: 0,
      message: `${path} is connected at ${place} (%${variable}%); it has ${Math.floor(freeBytes / 2 ** 20)} MiB free.`,
    };
  },
};

/** Reads `\\server\share`, `//server:port/share/folder` and `nfs://server/folder`. @throws BW-STEP-002 */
function networkFolder(path: string): Pick<NetworkFolder, 'protocol' | 'server' | 'port' | 'path'> {
  const address = path.trim().replaceAll('\\', '/');
  const match = /^(?:(smb|nfs):)?\/\/([^/:[\]]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?(\/[^/].*?)\/*$/i.exec(address);
  if (match === null || address.split('/').includes('..'))
    throw new BootwrightError('BW-STEP-002', `"${path}" is no network folder: //server/share is expected.`);
  const [, scheme = 'smb', server = '', port, folder = ''] = match;
  return {
    protocol: scheme.toLowerCase() === 'nfs' ? 'nfs' : 'smb',
    ...{ server, path: folder },
    ...(port === undefined ? {} : { port: Number(port) }),
  };
}
