/**
 * Headers as other clients put them on the wire: AMQP 0-9-1 field tables, byte by byte. A table is its length in four bytes, then fields: the length of a
 * name in one byte, the name, the letter of a type, the value. Written by hand from that grammar (https://www.rabbitmq.com/amqp-0-9-1-errata), with the letters
 * that each client's own source chooses: pika `data.py`, the Java client's `ValueWriter`, .NET's `WireFormatting`, amqp091-go's `write.go`.
 */
export interface HeaderVector {
  readonly client: string;
  /** Hex; blanks and line ends mean nothing. */
  readonly bytes: string;
  /** What of it counts for us; undefined: nothing. */
  readonly traceparent: string | undefined;
  readonly tracestate?: string;
  readonly tenantId?: string;
  readonly attempt?: number;
  readonly publishedAtMs?: number;
}

export const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
export const PUBLISHED_AT_MS = 1_795_251_600_123;

/** The 55 bytes of TRACEPARENT. */
const PARENT =
  '30302d30616637363531393136636434336464383434386562323131633830333139632d623761643662373136393230333333312d3031';

export const HEADER_VECTORS: readonly HeaderVector[] = [
  {
    // str is S, an int that fits 32 bits is I, a longer one l.
    client: 'Python, pika, texts',
    bytes: `000000ba
      0b 7472616365706172656e74             53 00000037 ${PARENT}
      0a 74726163657374617465               53 00000008 76656e646f723d31
      0b 782d74656e616e742d6964             53 00000007 64656661756c74
      12 782d656e76656c6f70652d76657273696f6e 49 00000001
      11 782d7075626c69736865642d61742d6d73 6c 000001a1fd557afb
      09 782d617474656d7074                 49 00000002`,
    traceparent: TRACEPARENT,
    tracestate: 'vendor=1',
    tenantId: 'default',
    attempt: 2,
    publishedAtMs: PUBLISHED_AT_MS,
  },
  {
    client: 'Python, pika, bytes (x)',
    bytes: `00000048 0b 7472616365706172656e74 78 00000037 ${PARENT}`,
    traceparent: TRACEPARENT,
  },
  {
    // String and LongString are S, Integer I, Long l, Short s.
    client: 'Java',
    bytes: `00000088
      0b 7472616365706172656e74             53 00000037 ${PARENT}
      12 782d656e76656c6f70652d76657273696f6e 49 00000001
      11 782d7075626c69736865642d61742d6d73 6c 000001a1fd557afb
      09 782d617474656d7074                 73 0002`,
    traceparent: TRACEPARENT,
    attempt: 2,
    publishedAtMs: PUBLISHED_AT_MS,
  },
  {
    // string and byte[] are both S; byte is the unsigned B.
    client: '.NET, RabbitMQ.Client',
    bytes: `00000084
      0b 7472616365706172656e74             53 00000037 ${PARENT}
      0a 74726163657374617465               53 00000008 76656e646f723d31
      12 782d656e76656c6f70652d76657273696f6e 49 00000001
      09 782d617474656d7074                 42 02`,
    traceparent: TRACEPARENT,
    tracestate: 'vendor=1',
    attempt: 2,
  },
  {
    client: '.NET, a BinaryTableValue (x)',
    bytes: `00000048 0b 7472616365706172656e74 78 00000037 ${PARENT}`,
    traceparent: TRACEPARENT,
  },
  {
    client: '.NET, MassTransit: no traceparent, the activity under a name of its own',
    bytes: `0000006d
      0c 436f6e74656e742d54797065     53 00000010 6170706c69636174696f6e2f6a736f6e
      0e 4d542d41637469766974792d4964 53 00000037 ${PARENT}`,
    traceparent: TRACEPARENT,
  },
  {
    // A map: in any order. string is S, int and int32 I, int64 l, byte the signed b.
    client: 'Go, amqp091-go',
    bytes: `00000087
      11 782d7075626c69736865642d61742d6d73 6c 000001a1fd557afb
      0b 7472616365706172656e74             53 00000037 ${PARENT}
      09 782d617474656d7074                 62 02
      12 782d656e76656c6f70652d76657273696f6e 49 00000001`,
    traceparent: TRACEPARENT,
    attempt: 2,
    publishedAtMs: PUBLISHED_AT_MS,
  },
  {
    client: 'Go, a carrier of http.Header kind: an array (A) of texts',
    bytes: `00000058
      0b 7472616365706172656e74 41 00000047 53 00000037 ${PARENT} 53 00000006 7365636f6e64`,
    traceparent: TRACEPARENT,
  },
  {
    client: 'any, the name in other letters',
    bytes: `00000048 0b 5472616365506172656e74 53 00000037 ${PARENT}`,
    traceparent: TRACEPARENT,
  },
  {
    client: 'RabbitMQ itself, x-death before the rest: an array of a table with a time (T)',
    bytes: `000000a3
      07 782d6465617468 41 0000004e 46 00000049
        05 636f756e74   6c 0000000000000001
        06 726561736f6e 53 00000008 72656a6563746564
        05 7175657565   53 0000000d 6167656e742e77656174686572
        04 74696d65     54 000000006b015d90
      0b 7472616365706172656e74 53 00000037 ${PARENT}`,
    traceparent: TRACEPARENT,
  },
  {
    client: 'any, nonsense: a table (F) for a text, bytes that are no text, a time for a number',
    bytes: `0000007d
      0b 7472616365706172656e74 46 00000042 05 76616c7565 53 00000037 ${PARENT}
      07 62616767616765 78 00000002 fffe
      11 782d7075626c69736865642d61742d6d73 54 000000006b015d90`,
    traceparent: undefined,
  },
];

/** Ours, for everybody else: text is S and nothing but S (.NET's own extractor passes over x), small numbers b, times l. */
export const OUR_HEADERS = `000000a8
  0b 7472616365706172656e74             53 00000037 ${PARENT}
  0a 74726163657374617465               53 00000008 76656e646f723d31
  0b 782d74656e616e742d6964             53 00000007 64656661756c74
  12 782d656e76656c6f70652d76657273696f6e 62 01
  11 782d7075626c69736865642d61742d6d73 6c 000001a1fd557afb`;

export function bytesOf(hex: string): Buffer {
  return Buffer.from(hex.replace(/\s/g, ''), 'hex');
}
