import { BootwrightError } from '../model/error.ts';

/** A piece of an upload begins behind what is there: `next` is where to go on. */
export class UploadGap extends BootwrightError {
  readonly next: number;

  constructor(next: number) {
    super('BW-SERVER-114', `The server has the image up to byte ${next}: send from there.`);
    this.next = next;
  }
}
