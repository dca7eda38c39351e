import { join } from 'node:path';
import { readPackage } from '../content/package.ts';
import { exists } from '../host/files.ts';
import type { Problem } from '../model/error.ts';
import { didYouMean } from '../sequence/did-you-mean.ts';
import { idOf } from '../sequence/read-yaml.ts';
import { applicationSchema } from './content-schemas.ts';
import { acceptId, entriesOf, stray } from './load-content.ts';
import { readDocument } from './read-document.ts';
import { readSiteFile } from './read-file.ts';
import { findById, type SiteApplication } from './site.ts';

/** Every `applications/<ID>.yaml` with its folder `applications/<ID>/`. `taken`: IDs of other content → its file. */
export async function loadApplications(
  root: string,
  taken: ReadonlyMap<string, string>,
  problems: Problem[],
): Promise<Map<string, SiteApplication>> {
  const applications = new Map<string, SiteApplication>();
  const entries = await entriesOf(root, 'applications');
  const described = entries.filter((entry) => entry.isFile() && /\.ya?ml$/i.test(entry.name));
  for (const { name } of described) {
    const file = `applications/${name}`;
    const id = idOf(name);
    const own = [...applications.values()].map((known) => [known.id, known.file] as const);
    if (!acceptId(id, file, new Map([...taken, ...own]), problems)) continue;
    applications.set(id, await loadApplication(root, id, file, problems));
  }
  for (const { name } of entries) {
    if (described.some((entry) => entry.name === name) || /^(readme.*|\..*)$/i.test(name)) continue;
    if (applications.get(name)?.folder === undefined)
      problems.push(stray(`applications/${name}`, `Applications are files applications/ID.yaml with a folder ID/.`));
  }
  problems.push(...unknownDependencies(applications), ...dependencyCycles(applications));
  return applications;
}

async function loadApplication(root: string, id: string, file: string, problems: Problem[]): Promise<SiteApplication> {
  const folder = join(root, 'applications', id);
  const hasFolder = await exists(folder);
  if (hasFolder) {
    const { problems: found } = await readPackage(folder);
    problems.push(...found.map((problem) => ({ ...problem, file: `applications/${id}/${problem.file}` })));
  }
  const bytes = await readSiteFile(root, file, problems);
  const read = bytes === undefined ? undefined : readDocument(applicationSchema, bytes, file);
  problems.push(...(read?.problems ?? []));
  return {
    id,
    file,
    ...(hasFolder ? { folder } : {}),
    ...(read?.value === undefined ? {} : { definition: read.value }),
    dependencies: (read?.value?.dependencies ?? []).map((dependency, index) => ({
      id: dependency,
      place: read?.locate(['dependencies', index]) ?? { file },
    })),
  };
}

function unknownDependencies(applications: ReadonlyMap<string, SiteApplication>): Problem[] {
  return [...applications.values()].flatMap(({ dependencies }) =>
    dependencies
      .filter(({ id }) => findById(applications, id) === undefined)
      .map(({ id, place }) => ({
        severity: 'error' as const,
        code: 'BW-CONTENT-036' as const,
        message: `The site has no application "${id}".`,
        fix: didYouMean(id, applications.keys(), 'Write applications/ID.yaml, or take it out of the dependencies.'),
        ...place,
      })),
  );
}

/** Each cycle once, at the dependency that closes it. */
function dependencyCycles(applications: ReadonlyMap<string, SiteApplication>): Problem[] {
  const problems: Problem[] = [];
  const done = new Set<string>();
  const visit = (application: SiteApplication, trail: readonly string[]): void => {
    if (done.has(application.id)) return;
    const path = [...trail, application.id];
    for (const { id, place } of application.dependencies) {
      const next = findById(applications, id);
      if (next === undefined) continue;
      if (!path.includes(next.id)) visit(next, path);
      else {
        const cycle = [...path.slice(path.indexOf(next.id)), next.id].join(' → ');
        const message = `These applications depend on each other: ${cycle}. None of them could be installed first.`;
        problems.push({ severity: 'error', code: 'BW-CONTENT-037', message, ...place });
      }
    }
    done.add(application.id);
  };
  for (const application of applications.values()) visit(application, []);
  return problems;
}

/** An application behind all it depends on, in the order of installation. The site has no cycles: they are errors. */
export function installationOrder(
  applications: ReadonlyMap<string, SiteApplication>,
  id: string,
): readonly SiteApplication[] {
  const order = new Set<SiteApplication>();
  const begun = new Set<SiteApplication>();
  const visit = (wanted: string): void => {
    const application = findById(applications, wanted);
    if (application === undefined || begun.has(application)) return;
    begun.add(application);
    for (const dependency of application.dependencies) visit(dependency.id);
    order.add(application);
  };
  visit(id);
  return [...order];
}
