import type { InstrumentationScope } from '@opentelemetry/core';
import type { Resource } from '@opentelemetry/resources';
import { ByteWriter, LENGTH, VARINT } from './byte-writer.ts';
import { writeAttributes } from './write-attributes.ts';

interface Scoped {
  readonly resource: Resource;
  readonly instrumentationScope: InstrumentationScope;
}

/**
 * Builds one request of spans or log records while they come in: each is written as bytes at once. So none of them is kept as an object until
 * its batch leaves, which costs the garbage collector more than all of the writing.
 */
export class RequestEncoder<T extends Scoped> {
  readonly #write: (writer: ByteWriter, record: T) => void;
  readonly #resources = new Map<Resource, Map<InstrumentationScope, ByteWriter>>();
  #bytes = 0;

  constructor(write: (writer: ByteWriter, record: T) => void) {
    this.#write = write;
  }

  get byteLength(): number {
    return this.#bytes;
  }

  /** Gives the bytes that the record takes; with more than `maxBytes` it is not kept. Throws what reading it throws, and keeps nothing of it. */
  add(record: T, maxBytes: number): number {
    const records = this.#scope(record);
    const start = records.position;
    try {
      records.tag(2, LENGTH);
      this.#write(records, record);
    } catch (error) {
      records.position = start;
      throw error;
    }
    const bytes = records.position - start;
    if (bytes > maxBytes) records.position = start;
    else this.#bytes += bytes;
    return bytes;
  }

  /** The whole request; the encoder is empty then. Resources and scopes stay known, as they stay the same. */
  take(): Uint8Array {
    // With room for all of it, and for the headers around.
    const request = new ByteWriter(this.#bytes + 65_536);
    for (const [resource, scopes] of this.#resources) {
      const filled = [...scopes].filter(([, records]) => records.position > 0);
      if (filled.length === 0) continue;
      request.tag(1, LENGTH);
      const ofResource = request.open();
      writeResource(request, resource);
      for (const [scope, records] of filled) {
        request.tag(2, LENGTH);
        const ofScope = request.open();
        writeScope(request, scope);
        request.raw(records.written);
        records.position = 0;
        request.close(ofScope);
      }
      request.close(ofResource);
    }
    this.#bytes = 0;
    return request.written;
  }

  #scope({ resource, instrumentationScope }: Scoped): ByteWriter {
    const scopes = this.#resources.get(resource) ?? new Map<InstrumentationScope, ByteWriter>();
    this.#resources.set(resource, scopes);
    const records = scopes.get(instrumentationScope) ?? new ByteWriter();
    scopes.set(instrumentationScope, records);
    return records;
  }
}

function writeResource(writer: ByteWriter, { attributes }: Resource): void {
  writer.tag(1, LENGTH);
  const message = writer.open();
  writeAttributes(writer, 1, attributes);
  writer.tag(2, VARINT);
  writer.varint(0);
  writer.close(message);
}

function writeScope(writer: ByteWriter, { name, version }: InstrumentationScope): void {
  writer.tag(1, LENGTH);
  const message = writer.open();
  writer.tag(1, LENGTH);
  writer.string(name);
  if (version) {
    writer.tag(2, LENGTH);
    writer.string(version);
  }
  writer.close(message);
}
