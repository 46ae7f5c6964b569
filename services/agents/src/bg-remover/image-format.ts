import { type Refused, refused } from './outcome.ts';

const READ: readonly string[] = ['PNG', 'JPEG', 'WebP'];

/** Null when the bytes begin like a PNG, JPEG or WebP; else why not. Names and content types are not asked: they lie. */
export function checkFormat(content: Buffer): Refused | null {
  if (content.length === 0) return refused('invalid_image', 'The image is empty: there are no bytes to read.');
  const format = formatOf(content);
  if (format === null) return refused('invalid_image', 'These bytes are not an image. PNG, JPEG and WebP are read.');
  if (READ.includes(format)) return null;
  return refused('unsupported_image', `The image is ${format}; PNG, JPEG and WebP are read.`);
}

function formatOf(content: Buffer): string | null {
  const begins = (...bytes: number[]): boolean => bytes.every((byte, i) => content[i] === byte);
  const text = (start: number, length: number): string => content.toString('latin1', start, start + length);
  if (begins(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return 'PNG';
  if (begins(0xff, 0xd8, 0xff)) return 'JPEG';
  if (text(0, 4) === 'RIFF' && text(8, 4) === 'WEBP') return 'WebP';
  if (text(0, 4) === 'GIF8') return 'GIF';
  if (text(0, 5) === '%PDF-') return 'PDF';
  if (text(0, 2) === 'BM') return 'BMP';
  if (begins(0x49, 0x49, 0x2a, 0) || begins(0x4d, 0x4d, 0, 0x2a)) return 'TIFF';
  if (text(4, 4) === 'ftyp') return text(8, 4) === 'avif' ? 'AVIF' : 'HEIF';
  if (
    /^\ufeff?\s*(<\?xml[^>]*>\s*)?(<!--[\s\S]*?-->\s*)?(<!DOCTYPE svg[^>]*>\s*)?<svg[\s>]/i.test(
      content.toString('utf8', 0, 1024),
    )
  ) {
    return 'SVG';
  }
  return null;
}
