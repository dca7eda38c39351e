import type { z } from 'zod';
import { readYaml, type YamlSource } from '../formats/yaml.ts';
import type { Problem } from '../model/error.ts';
import { problemsOf } from '../sequence/issues.ts';

/** Reads one YAML file of the site by its schema. The value is absent when anything is wrong with it. */
export function readDocument<T>(
  schema: z.ZodType<T>,
  content: string | Uint8Array,
  file: string,
): { readonly value?: T; readonly problems: readonly Problem[]; readonly locate: YamlSource['place'] } {
  const text = typeof content === 'string' ? content : new TextDecoder().decode(content);
  const source = readYaml(text, file);
  if (source.problems.length > 0) return { problems: source.problems, locate: source.place };
  const result = schema.safeParse(source.value ?? {}, { reportInput: true });
  if (result.success) return { value: result.data, problems: [], locate: source.place };
  const problems = problemsOf(result.error.issues, {
    schema,
    subject: file.replace(/^.*\//, ''),
    codes: { unknownKey: 'BW-SEQUENCE-002', badValue: 'BW-SEQUENCE-003' },
    locate: (path, at) => source.place(path, at),
  });
  return { problems, locate: source.place };
}
