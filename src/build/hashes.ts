/** SHA-256 (hex) of every file of a layout, by path. */
export type Hashes = ReadonlyMap<string, string>;
