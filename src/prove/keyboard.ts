import { BootwrightError } from '../model/error.ts';

/** Keys by QEMU's names for positions on a US keyboard (`qcode`), which is what a keyboard really sends. */
export interface Stroke {
  /** Modifiers that stay down meanwhile. */
  readonly hold: readonly string[];
  /** Pressed and released one after the other. */
  readonly keys: readonly string[];
}

export const keyboardLayouts = ['us', 'de'] as const;
export type KeyboardLayout = (typeof keyboardLayouts)[number];

const digits = '1234567890';
const positions = [
  ...['grave_accent', ...digits, 'minus', 'equal'],
  ...[...'qwertyuiop', 'bracket_left', 'bracket_right'],
  ...[...'asdfghjkl', 'semicolon', 'apostrophe', 'backslash'],
  ...['less', ...'zxcvbnm', 'comma', 'dot', 'slash'],
];

/**
 * What the positions give alone, with Shift and with AltGr. A blank means nothing, or a dead key, which is in
 * `deadKeys`. Rows as on the keyboard.
 */
const tables: Readonly<Record<KeyboardLayout, { plain: string; shift: string; altgr: string }>> = {
  us: {
    plain: "`1234567890-=qwertyuiop[]asdfghjkl;'\\ zxcvbnm,./",
    shift: '~!@#$%^&*()_+QWERTYUIOP{}ASDFGHJKL:"| ZXCVBNM<>?',
    altgr: '',
  },
  de: {
    plain: ' 1234567890ß qwertzuiopü+asdfghjklöä#<yxcvbnm,.-',
    shift: '°!"§$%&/()=? QWERTZUIOPÜ*ASDFGHJKLÖÄ\'>YXCVBNM;:_',
    altgr: '  ²³   {[]}\\ @ €        ~            |      µ   ',
  },
};

/** Combining character → the dead key that types it before the letter (before a blank: the accent itself). */
const deadKeys: Readonly<Record<KeyboardLayout, Readonly<Record<string, Stroke>>>> = {
  us: {},
  de: {
    '\u0301': press('equal'),
    '\u0300': press('equal', 'shift'),
    '\u0302': press('grave_accent'),
  },
};
/** Not `´`: the Linux console composes dead acute and blank to an apostrophe. */
const accentsAlone: Readonly<Record<string, string>> = { '`': '\u0300', '^': '\u0302' };

const controls: Readonly<Record<string, Stroke>> = {
  ' ': press('spc'),
  '\n': press('ret'),
  '\t': press('tab'),
  '\u001B': press('esc'),
};

/**
 * Turns text into the strokes a person makes on that keyboard: keys of the layout, else a dead key and a letter, else
 * Alt and the character's number on the keypad, which the Linux console takes in any layout.
 *
 * @throws BW-PROVE-009 for control characters and characters above U+FFFF
 */
export function strokesFor(text: string, layout: KeyboardLayout): Stroke[] {
  return [...text.normalize('NFC')].flatMap((character) => {
    const single = controls[character] ?? onLayout(character, layout);
    if (single !== undefined) return [single];
    return withDeadKey(character, layout) ?? [byNumber(character)];
  });
}

function onLayout(character: string, layout: KeyboardLayout): Stroke | undefined {
  const table = tables[layout];
  const plain = table.plain.indexOf(character);
  if (plain >= 0) return press(positions[plain]!);
  const shift = table.shift.indexOf(character);
  if (shift >= 0) return press(positions[shift]!, 'shift');
  const altgr = table.altgr.indexOf(character);
  return altgr >= 0 ? press(positions[altgr]!, 'alt_r') : undefined;
}

function withDeadKey(character: string, layout: KeyboardLayout): Stroke[] | undefined {
  const alone = accentsAlone[character];
  if (alone !== undefined) {
    const dead = deadKeys[layout][alone];
    return dead === undefined ? undefined : [dead, press('spc')];
  }
  const [base = '', mark = '', ...more] = [...character.normalize('NFD')];
  const dead = deadKeys[layout][mark];
  const letter = onLayout(base, layout);
  return dead === undefined || letter === undefined || more.length > 0 ? undefined : [dead, letter];
}

function byNumber(character: string): Stroke {
  const point = character.codePointAt(0) ?? 0;
  if (point < 0x20 || (point >= 0x7f && point < 0xa0) || point > 0xffff) {
    throw new BootwrightError(
      'BW-PROVE-009',
      `The character U+${point.toString(16).toUpperCase().padStart(4, '0')} cannot be typed on a keyboard.`,
    );
  }
  return { hold: ['alt'], keys: [...String(point)].map((digit) => `kp_${digit}`) };
}

function press(key: string, ...hold: readonly string[]): Stroke {
  return { hold, keys: [key] };
}
