import { openSound } from '../src/index.ts';

// A process that rescues a file, and says so with one line when it has.
const [path = '', schema = ''] = process.argv.slice(2);
const onRescued = (): void => console.log('rescued');
await (await openSound({ path, synchronous: 'NORMAL', schema: [schema], onRescued })).close();
