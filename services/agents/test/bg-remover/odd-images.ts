import { crc32, deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';

const RED = { r: 200, g: 40, b: 40 };
const GREEN = { r: 60, g: 140, b: 80 };

/** A red square, left of the middle, on a green ground that is not quite even. */
export function redOnGreen(width = 160, height = 120): Sharp {
  const pixels = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const inside = x > width * 0.2 && x < width * 0.5 && y > height * 0.25 && y < height * 0.75;
      const { r, g, b } = inside ? RED : GREEN;
      const grain = ((x * 7 + y * 13) % 11) - 5;
      pixels.set([r + grain, g + grain, b + grain], 3 * (y * width + x));
    }
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

/** 30,000 x 30,000 black pixels in about 110 KB: unpacked as colour they are 3.6 GB. */
export function bombPng(side = 30_000): Buffer {
  const row = 1 + Math.ceil(side / 8);
  return png(side, side, { bitDepth: 1, colourType: 0 }, Buffer.alloc(row * side));
}

/** A header that promises 64 x 64 pixels before data for a hundred million. */
export function lyingPng(): Buffer {
  return png(64, 64, { bitDepth: 8, colourType: 0 }, Buffer.alloc(100_000_000));
}

/** A small PNG whose colour profile unpacks to 200 MB. */
export function profileBombPng(): Buffer {
  const profile = Buffer.concat([Buffer.from('p\0\0', 'latin1'), deflateSync(Buffer.alloc(200_000_000))]);
  return png(64, 64, { bitDepth: 8, colourType: 0 }, Buffer.alloc(65 * 64), [['iCCP', profile]]);
}

/** The PNG as an animation of two frames, the second one being all transparent. */
export function animatedPng(still: Buffer): Buffer {
  const { width, height } = { width: still.readUInt32BE(16), height: still.readUInt32BE(20) };
  const control = Buffer.alloc(26);
  control.writeUInt32BE(width, 4);
  control.writeUInt32BE(height, 8);
  control.writeUInt16BE(1, 20);
  control.writeUInt16BE(10, 22);
  const second = Buffer.from(control);
  second.writeUInt32BE(1, 0);
  const frame = deflateSync(Buffer.alloc((1 + width * 4) * height));
  const headerEnd = 8 + 25;
  const end = still.length - 12;
  return Buffer.concat([
    still.subarray(0, headerEnd),
    chunk('acTL', Buffer.from([0, 0, 0, 2, 0, 0, 0, 0])),
    chunk('fcTL', control),
    still.subarray(headerEnd, end),
    chunk('fcTL', second),
    chunk('fdAT', Buffer.concat([Buffer.from([0, 0, 0, 2]), frame])),
    still.subarray(end),
  ]);
}

interface PixelKind {
  readonly bitDepth: number;
  readonly colourType: number;
}

function png(
  width: number,
  height: number,
  { bitDepth, colourType }: PixelKind,
  rows: Buffer,
  extra: readonly (readonly [string, Buffer])[] = [],
): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = bitDepth;
  header[9] = colourType;
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    ...extra.map(([name, data]) => chunk(name, data)),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}
