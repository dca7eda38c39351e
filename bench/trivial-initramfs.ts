import { writeCpio } from '../src/formats/cpio.ts';

/** What the trivial initramfs writes to the console. */
export const firstLine = 'bench: first line of user space';

/** An initramfs whose only program writes one line and waits: the least that any boot environment could do. */
export function trivialInitramfs(): Uint8Array {
  return writeCpio([{ path: 'init', kind: 'file', mode: 0o755, data: initProgram() }]);
}

/** A static x86-64 ELF of two system calls, so that no library and no shell is part of what is measured. */
function initProgram(): Uint8Array {
  const text = new TextEncoder().encode(`${firstLine}\n`);
  const header = 64 + 56;
  const code = Buffer.from([
    ...[0xb8, 1, 0, 0, 0], // mov eax, 1 (write)
    ...[0xbf, 1, 0, 0, 0], // mov edi, 1: the kernel opens /dev/console for init
    ...[0x48, 0x8d, 0x35, 16, 0, 0, 0], // lea rsi, [rip + 16]: the text behind the code
    ...[0xba, text.length, 0, 0, 0], // mov edx, length
    ...[0x0f, 0x05], // syscall
    ...[0xb8, 34, 0, 0, 0], // mov eax, 34 (pause)
    ...[0x0f, 0x05], // syscall
    ...[0xeb, 0xf7], // jmp to the pause: a kernel whose init ends panics
  ]);
  const size = header + code.length + text.length;
  const elf = Buffer.alloc(size);
  elf.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1], 0);
  elf.writeUInt16LE(2, 16); // executable
  elf.writeUInt16LE(62, 18); // x86-64
  elf.writeUInt32LE(1, 20);
  elf.writeBigUInt64LE(0x400000n + BigInt(header), 24); // entry
  elf.writeBigUInt64LE(64n, 32); // program headers
  elf.writeUInt16LE(64, 52);
  elf.writeUInt16LE(56, 54);
  elf.writeUInt16LE(1, 56);
  elf.writeUInt32LE(1, 64); // loadable
  elf.writeUInt32LE(5, 68); // read, execute
  elf.writeBigUInt64LE(0x400000n, 64 + 16);
  elf.writeBigUInt64LE(0x400000n, 64 + 24);
  elf.writeBigUInt64LE(BigInt(size), 64 + 32);
  elf.writeBigUInt64LE(BigInt(size), 64 + 40);
  elf.writeBigUInt64LE(0x1000n, 64 + 48);
  elf.set(code, header);
  elf.set(text, header + code.length);
  return elf;
}
