import { connect } from 'node:net';

/**
 * A program of its own: standard input and output become one connection to a TCP port of this machine. The emulator
 * starts it for each connection a guest makes; that it ends is how the guest learns that the server closed.
 */
const socket = connect({ host: '127.0.0.1', port: Number(process.argv[2]), noDelay: true });
const end = (): never => process.exit();
socket.on('error', end);
socket.on('close', end);
process.stdin.on('error', end);
process.stdout.on('error', end);
process.stdin.pipe(socket);
socket.pipe(process.stdout);
