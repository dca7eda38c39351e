/** Writes `docs/errors.md` from the catalogue (`npm run docs`); a test keeps both in step. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ErrorEntry, exitCodes } from '../src/model/errors/entry.ts';
import { errorCatalogue } from '../src/model/errors/index.ts';

const exitMeanings: Record<keyof typeof exitCodes, string> = {
  failure: 'something failed on this machine or in our code',
  input: 'the command line or an authored file is wrong; nothing was written',
  missing: 'a program, key, boot image, content or space is missing',
  refused: 'refused for safety; nothing was written',
  untrusted: 'something is not what its signature, hash or proof says',
  interrupted: 'interrupted by Ctrl-C or a polite kill',
};

/** The page as text. */
export function errorPage(): string {
  const catalogue: Readonly<Record<string, ErrorEntry>> = errorCatalogue;
  const codes = Object.keys(catalogue).sort();
  const areas = Map.groupBy(codes, (code) => code.split('-')[1] ?? '');
  const sections = [...areas].map(([area, members]) => {
    const entries = members.map((code) => {
      const { title, fix, exit } = catalogue[code]!;
      return `### ${code}\n\n${title}. Exit code ${exitCodes[exit]} (${exit}).\n\n**What to do:** ${fix}\n`;
    });
    return `## ${area}\n\n${entries.join('\n')}`;
  });
  const table = Object.entries(exitCodes).map(
    ([name, code]) => `| ${code} | ${name} | ${exitMeanings[name as keyof typeof exitCodes]} |`,
  );
  return `# Errors

Made from the catalogue in \`src/model/errors\` by \`npm run docs\`. The same text: \`bootwright errors [CODE]\`.
A code never changes its meaning and is never used again once removed.

| exit code | name | meaning |
|---|---|---|
| 0 | | done |
${table.join('\n')}

${sections.join('\n')}`;
}

if (import.meta.main) writeFileSync(join(import.meta.dirname, '..', 'docs', 'errors.md'), errorPage());
