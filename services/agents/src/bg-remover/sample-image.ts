/** A PNG of 640 x 480 to try the agent with, where there is no photo at hand and no network: a cactus before a linen wall. */
export async function sampleImage(): Promise<Buffer> {
  // Needed once in the life of a data folder: whoever hosts agents in threads need not hold it.
  const { default: sharp } = await import('sharp');
  return sharp(Buffer.from(DRAWING)).flatten().png({ compressionLevel: 9 }).toBuffer();
}

const rib = (x: number, top: number, bottom: number): string =>
  `<path d="M${x} ${top} Q${x + 3} ${(top + bottom) / 2} ${x} ${bottom}" stroke="#2f6b46" stroke-width="4" fill="none"/>`;

const DRAWING = `<svg xmlns="http://www.w3.org/2000/svg" width="640" height="480">
  <defs>
    <linearGradient id="wall" x1="0" y1="0" x2="1" y2="1">
      <stop offset="0" stop-color="#c9d6e8"/><stop offset="1" stop-color="#9fb4d0"/>
    </linearGradient>
    <pattern id="linen" width="12" height="12" patternUnits="userSpaceOnUse">
      <rect width="12" height="3" fill="#ffffff" opacity="0.22"/>
      <rect width="3" height="12" fill="#40597c" opacity="0.16"/>
    </pattern>
    <linearGradient id="green" x1="0" y1="0" x2="1" y2="0">
      <stop offset="0" stop-color="#5fae6e"/><stop offset="1" stop-color="#37784d"/>
    </linearGradient>
    <linearGradient id="clay" x1="0" y1="0" x2="1" y2="0">
      <stop offset="0" stop-color="#e08a58"/><stop offset="1" stop-color="#a9532c"/>
    </linearGradient>
  </defs>
  <rect width="640" height="480" fill="url(#wall)"/>
  <rect width="640" height="480" fill="url(#linen)"/>
  <g stroke="url(#green)" stroke-width="44" stroke-linecap="round" stroke-linejoin="round" fill="none">
    <path d="M300 250 H226 V176"/>
    <path d="M340 216 H416 V136"/>
  </g>
  <rect x="272" y="70" width="96" height="270" rx="48" fill="url(#green)"/>
  ${rib(296, 104, 330)}${rib(320, 90, 330)}${rib(344, 104, 330)}${rib(226, 176, 236)}${rib(416, 136, 202)}
  <g fill="#e8488a">
    <circle cx="304" cy="66" r="15"/><circle cx="336" cy="66" r="15"/><circle cx="320" cy="50" r="16"/>
    <circle cx="416" cy="112" r="13"/>
  </g>
  <circle cx="320" cy="63" r="8" fill="#ffd34d"/>
  <path d="M244 336 H396 L376 440 Q374 448 366 448 H274 Q266 448 264 440 Z" fill="url(#clay)"/>
  <rect x="232" y="314" width="176" height="38" rx="8" fill="url(#clay)"/>
  <rect x="240" y="350" width="160" height="6" fill="#7d3a1d" opacity="0.5"/>
</svg>`;
