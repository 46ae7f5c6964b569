import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './install.mjs';

/** The Node that was installed from packages; where there is none for this machine, the machine's own if it will do. */
export function findNode() {
  const system = `${process.platform}-${process.arch}`;
  for (const name of [`node-${system}`, `node-bin-${system}`]) {
    const node = join(root, 'node_modules', name, 'bin', 'node');
    if (existsSync(node)) return node;
  }
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 18)) return process.execPath;
  console.error(
    `Node ${process.versions.node} is too old and no package brings a newer one for ${system}: install Node 24.`,
  );
  process.exit(1);
}
