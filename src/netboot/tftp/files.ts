import { JailedFolder } from '../../host/jailed-folder.ts';
import type { Contents } from './content.ts';
import type { Found } from './engine-parts.ts';
import type { TftpAnswer, TftpRequest } from './protocol.ts';
import type { Local, Peer } from './session.ts';
import type { TftpSettings } from './settings.ts';

/** Finds what a name means: asks whoever makes virtual files, then looks into the root. */
export class Files {
  readonly #folder: JailedFolder | undefined;
  readonly #contents: Contents;
  readonly #ask: ((id: number, request: TftpRequest) => void) | undefined;
  readonly #waiting = new Map<number, { readonly path: string; readonly answer: (found: Found) => void }>();
  #lastId = 0;

  /** @throws an error of the file system when the root is not there */
  constructor(settings: TftpSettings, contents: Contents, ask: (id: number, request: TftpRequest) => void) {
    this.#folder = settings.root === undefined ? undefined : new JailedFolder(settings.root, settings.extraRoots);
    this.#contents = contents;
    this.#ask = settings.asks ? ask : undefined;
  }

  lookUp(path: string, client: Peer, local: Local, answer: (found: Found) => void): void {
    if (this.#ask === undefined) {
      answer(this.#fromRoot(path));
      return;
    }
    this.#lastId += 1;
    this.#waiting.set(this.#lastId, { path, answer });
    const { address, interfaceIndex } = local;
    this.#ask(this.#lastId, { path, client: client.address, local: address, interfaceIndex });
  }

  answered(id: number, answer: TftpAnswer): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    waiting.answer(this.#found(waiting.path, answer));
  }

  #found(path: string, answer: TftpAnswer): Found {
    if (answer === undefined) return this.#fromRoot(path);
    if ('refused' in answer) return answer;
    if ('bytes' in answer) return { content: this.#contents.ofBytes(answer.bytes) };
    return this.#fromRoot(answer.file);
  }

  #fromRoot(path: string): Found {
    if (path === '') return { refused: 'not-found' };
    const file = this.#folder?.open(path) ?? 'missing';
    if (file === 'missing') return { refused: 'not-found' };
    return file === 'refused' ? { refused: 'denied' } : { content: this.#contents.ofFile(file) };
  }
}
