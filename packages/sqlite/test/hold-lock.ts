import { lockFolder } from '../src/index.ts';

// A process that holds the folder until it is killed; it says so with one line.
const [folder = ''] = process.argv.slice(2);
await lockFolder(folder);
console.log('locked');
setInterval(() => {}, 60_000);
