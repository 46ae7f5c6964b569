import type { ChannelModel } from 'amqplib';

/** As the library has it inside; its types leave it out. */
interface Connection {
  /** What has been received and not been read, from the beginning of a frame. */
  readonly rest: Buffer;
  recvFrame(): unknown;
}

const FRAME_HEADER = 2;
const BASIC_PROPERTIES = 60;

/**
 * The library reads tables within tables with a call for each: some thousands of them are more than the stack holds, the
 * connection would be lost, and the same message come again, for ever where nothing limits its deliveries. Here such a message
 * arrives with one header that says so, instead of all its properties, and is kept aside like any other that cannot be read.
 */
export function surviveDeepHeaders(model: ChannelModel): void {
  const connection = model.connection as unknown as Connection;
  const recvFrame = connection.recvFrame.bind(connection);
  // The library calls it again by itself when it has received more, so that `rest` is always where the frame began.
  connection.recvFrame = () => {
    const { rest } = connection;
    try {
      return recvFrame();
    } catch (error) {
      if (!(error instanceof RangeError) || rest[0] !== FRAME_HEADER) throw error;
      return {
        id: BASIC_PROPERTIES,
        channel: rest.readUInt16BE(1),
        size: Number(rest.readBigUInt64BE(11)),
        fields: { headers: { 'x-envelope-version': 'unreadable: the headers are too deep' } },
      };
    }
  };
}
