/** What the agent's bundle does when it is started as `content-view`. */
import { serveContentView } from '../../src/agent/content-view.ts';

const [, , , medium = '', view = ''] = process.argv;
await serveContentView(medium, view);
