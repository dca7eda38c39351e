import { addContent } from '../../../src/content/library/add.ts';
import { sourceOf } from './library-folder-files.ts';

/** Adds content that never stays the same, without end: the process is killed in the middle of it. */
const [library = '', folder = ''] = process.argv.slice(2);
for (let round = 0; ; round += 1) {
  const files = Object.fromEntries(
    Array.from({ length: 6 }, (_, index) => [`file-${index}`, Buffer.alloc(700_000, `${round} ${index} `)]),
  );
  await addContent(library, await sourceOf(folder, 'tools', files));
  process.stdout.write('added\n');
}
