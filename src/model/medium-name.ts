const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/**
 * What people call a medium: `BW-7Q4K-22MD`, the first 40 bits of its id in letters that are not mistaken for each
 * other. It stands on labels and in lists; programs compare the whole id.
 */
export function mediumName(id: string): string {
  const bits = BigInt(`0x${id.slice(0, 10)}`);
  const letters = Array.from({ length: 8 }, (_, index) => alphabet[Number((bits >> BigInt(35 - 5 * index)) & 31n)]);
  return `BW-${letters.slice(0, 4).join('')}-${letters.slice(4).join('')}`;
}

/** As people type it: case, hyphens and `BW` do not matter, `O` is `0`, `I` and `L` are `1`. */
export function typedMediumName(text: string): string {
  const typed = text.toUpperCase().replace(/[\s-]/g, '');
  // A name may itself begin with these letters.
  const letters = (typed.length === 10 ? typed.replace(/^BW/, '') : typed).replaceAll('O', '0').replace(/[IL]/g, '1');
  return `BW-${letters.slice(0, 4)}-${letters.slice(4)}`;
}
