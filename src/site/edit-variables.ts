import { isScalar, type YAMLMap } from 'yaml';
import { BootwrightError } from '../model/error.ts';
import type { SecretReference } from '../model/sequence.ts';
import { didYouMean } from '../sequence/did-you-mean.ts';
import type { Site } from './site.ts';
import { findRecord, mapAt, prepareEdit, variableNode, writeRecords } from './write-records.ts';

interface VariableOwner {
  readonly folder: 'devices' | 'collections';
  readonly name: string;
}

/**
 * Gives a device or collection a variable; answers the file.
 *
 * @throws BW-DEPLOY-006 it has one of that name and `replace` is not set; BW-DEPLOY-007, BW-SITE-006, BW-SITE-008,
 * BW-SEQUENCE-010
 */
export async function setVariable(
  site: Site,
  { folder, name }: VariableOwner,
  variable: { readonly name: string; readonly value: string | SecretReference },
  replace: boolean,
): Promise<string> {
  const owner = findRecord(site, folder, name);
  const existing = owner.variables.find((one) => sameName(one.name, variable.name));
  if (existing !== undefined && !replace) {
    throw new BootwrightError('BW-DEPLOY-006', `${name} has a variable ${existing.name} already.`, {
      fix: 'Give --force to replace its value.',
      place: { file: owner.place.file },
    });
  }
  const prepared = await prepareEdit(site, folder, name, (document) => {
    // The name as it stands in the file: comments belong to it.
    mapAt(document, 'variables').set(existing?.name ?? variable.name, variableNode(variable.value));
  });
  await writeRecords(site, [prepared]);
  return prepared.file;
}

/** Takes a variable away; answers the file. @throws BW-DEPLOY-007 */
export async function removeVariable(site: Site, { folder, name }: VariableOwner, variable: string): Promise<string> {
  const owner = findRecord(site, folder, name);
  const known = owner.variables.map((one) => one.name);
  if (!known.some((one) => sameName(one, variable))) {
    throw new BootwrightError('BW-DEPLOY-007', `${name} has no variable "${variable}".`, {
      fix: didYouMean(variable, known, known.length === 0 ? 'It has none at all.' : `Known: ${known.join(', ')}.`),
    });
  }
  const prepared = await prepareEdit(site, folder, name, (document) => {
    const variables: YAMLMap = mapAt(document, 'variables');
    for (const { key } of [...variables.items]) {
      if (isScalar(key) && sameName(String(key.value), variable)) variables.delete(key);
    }
    if (variables.items.length === 0) document.delete('variables');
  });
  await writeRecords(site, [prepared]);
  return prepared.file;
}

function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
