import { BootwrightError } from '../model/error.ts';
import type { VariableAccess } from '../model/step.ts';

/** Who gave a variable its value; the debugger and the saved state show it. `action` values live for one step. */
export type VariableOrigin = 'engine' | 'sequence' | 'policy' | 'prompt' | 'step' | 'action';

export interface Variable {
  /** Spelled as first set; compared without regard to case. */
  readonly name: string;
  readonly value: string;
  readonly hidden: boolean;
  readonly origin: VariableOrigin;
}

const longestName = 256;
/** Passes of `%NAME%` replacement; Configuration Manager names no limit, values that need more are circles. */
const deepestExpansion = 32;
const longestExpansion = 1024 * 1024;

/** The task sequence environment: what every step reads and writes. */
export class VariableEnvironment {
  readonly #variables = new Map<string, Variable>();
  readonly #onHidden: (value: string) => void;

  /** @param onHidden is told every value that must not be shown. */
  constructor(onHidden: (value: string) => void = () => {}) {
    this.#onHidden = onHidden;
  }

  find(name: string): Variable | undefined {
    return this.#variables.get(key(name));
  }

  get(name: string): string | undefined {
    return this.find(name)?.value;
  }

  /** Sets without asking; an empty value deletes. Once hidden, a name stays hidden until it is deleted. */
  put(name: string, value: string, origin: VariableOrigin, hidden = false): void {
    const existing = this.find(name);
    if (value === '') {
      this.#variables.delete(key(name));
      return;
    }
    const staysHidden = hidden || existing?.hidden === true;
    if (staysHidden) this.#onHidden(value);
    this.#variables.set(key(name), { name: existing?.name ?? name.trim(), value, hidden: staysHidden, origin });
  }

  /** Sets on behalf of a step or a person. @throws BW-STEP-004 read-only, BW-STEP-016 not a name */
  set(name: string, value: string, origin: VariableOrigin, hidden = false): void {
    if (isReadOnly(name))
      throw new BootwrightError(
        'BW-STEP-004',
        `The variable ${name.trim()} is read-only: names that begin with an underscore belong to the engine. It keeps its value.`,
      );
    if (!isVariableName(name))
      throw new BootwrightError('BW-STEP-016', `"${name}" is not a variable name. Nothing was set.`);
    this.put(name, value, origin, hidden);
  }

  /** Removes the values a step brought with it, unless the step itself set them anew. */
  removeActionVariables(): void {
    for (const [id, variable] of this.#variables) if (variable.origin === 'action') this.#variables.delete(id);
  }

  /** All variables, sorted by name. */
  list(): readonly Variable[] {
    return [...this.#variables.values()].sort((a, b) => (key(a.name) < key(b.name) ? -1 : 1));
  }

  /** Replaces `%NAME%` again and again; unknown names stay as they are. Values of hidden variables are not expanded. */
  expand(text: string): string {
    return this.#expand(text).text;
  }

  holdsSecret(text: string): boolean {
    return this.#expand(text).secret;
  }

  #expand(text: string): { text: string; secret: boolean } {
    // A password may hold percent signs: hidden values are put back after the last pass.
    const hidden: string[] = [];
    const lookUp = (name: string): string | undefined => {
      const variable = this.find(name);
      if (variable === undefined || !variable.hidden) return variable?.value;
      hidden.push(variable.value);
      return `\uE000${hidden.length - 1}\uE001`;
    };
    let current = text;
    for (let pass = 0; pass < deepestExpansion; pass++) {
      const next = replaceReferences(current, lookUp);
      if (next === current || next.length > longestExpansion) break;
      current = next;
    }
    return {
      text: current.replace(/\uE000(\d+)\uE001/g, (whole, index: string) => hidden[Number(index)] ?? whole),
      secret: hidden.length > 0,
    };
  }
}

export interface StepAccessOptions {
  /** Read-only names that are the step's own to set. */
  readonly outputs?: readonly string[];
  readonly onSet?: (variable: Variable) => void;
  /** Whether a text holds one of the site's secrets literally. */
  readonly isSecret?: (text: string) => boolean;
  /** Whether a value must not be shown although nobody said so, e.g. because a command printed a secret. */
  readonly mustHide?: (value: string) => boolean;
}

/** What a step sees of the environment: read-only names are refused, values it writes outlive it. */
export function accessForStep(environment: VariableEnvironment, options: StepAccessOptions = {}): VariableAccess {
  return {
    get: (name) => environment.get(name),
    set(name, value, { hidden = false } = {}) {
      const hides = hidden || options.mustHide?.(value) === true;
      if (options.outputs?.includes(name)) environment.put(name, value, 'step', hides);
      else environment.set(name, value, 'step', hides);
      options.onSet?.(environment.find(name) ?? { name, value, hidden, origin: 'step' });
    },
    expand: (text) => environment.expand(text),
    holdsSecret: (text) => environment.holdsSecret(text) || options.isSecret?.(environment.expand(text)) === true,
  };
}

export function isVariableName(name: string): boolean {
  const trimmed = name.trim();
  return trimmed.length <= longestName && /^[A-Za-z][\w-]*$/.test(trimmed);
}

/** `_SMSTS…`, `_OSD…`, `_TS_…` and everything else that begins with an underscore. */
export function isReadOnly(name: string): boolean {
  return name.trim().startsWith('_');
}

/** One pass. The closing sign of an unknown name may open the next one: `50%-%NAME%`, `%OSDApp%Index%%`. */
function replaceReferences(text: string, lookUp: (name: string) => string | undefined): string {
  let result = '';
  let position = 0;
  for (;;) {
    const open = text.indexOf('%', position);
    const close = open < 0 ? -1 : text.indexOf('%', open + 1);
    if (close < 0) return result + text.slice(position);
    const name = text.slice(open + 1, close);
    const value = /^[A-Za-z_][\w-]{0,255}$/.test(name) ? lookUp(name) : undefined;
    result += text.slice(position, open) + (value ?? text.slice(open, close));
    position = value === undefined ? close : close + 1;
  }
}

function key(name: string): string {
  return name.trim().toLowerCase();
}
