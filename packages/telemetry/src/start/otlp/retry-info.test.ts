import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { expect, it } from 'vitest';
import { retryInfoMs } from './retry-info.ts';

const bytes = (field: number) => (field << 3) | 2;
const number = (field: number) => field << 3;

function status(type: string, seconds: number, nanos: number): Uint8Array {
  const delay = new BinaryWriter().uint32(number(1)).int64(seconds).uint32(number(2)).int32(nanos).finish();
  const info = new BinaryWriter().uint32(bytes(1)).bytes(delay).finish();
  const any = new BinaryWriter().uint32(bytes(1)).string(type).uint32(bytes(2)).bytes(info).finish();
  return new BinaryWriter()
    .uint32(number(1))
    .int32(8)
    .uint32(bytes(2))
    .string('full')
    .uint32(bytes(3))
    .bytes(any)
    .finish();
}

it('reads how long to wait', () => {
  expect(retryInfoMs(status('type.googleapis.com/google.rpc.RetryInfo', 30, 0))).toBe(30_000);
  expect(retryInfoMs(status('type.googleapis.com/google.rpc.RetryInfo', 1, 500_000_000))).toBe(1_500);
});

it('says nothing when nothing is said, or nothing that can be read', () => {
  expect(retryInfoMs(status('type.googleapis.com/google.rpc.ErrorInfo', 30, 0))).toBeNull();
  expect(retryInfoMs(new Uint8Array())).toBeNull();
  const whole = status('type.googleapis.com/google.rpc.RetryInfo', 30, 0);
  for (let end = 1; end < whole.length; end += 1) expect(() => retryInfoMs(whole.subarray(0, end))).not.toThrow();
  expect(retryInfoMs(Buffer.alloc(50, 0xff))).toBeNull();
});
