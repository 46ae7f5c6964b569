# The four services in one image; the folder it is started in says which one runs (docker-compose.yml).
# There is no build step: Node runs the TypeScript as it stands.

ARG NODE_IMAGE=node:24-slim

# Everything that decides what is installed, and nothing else: a change in the sources leaves the next stage as it was.
FROM ${NODE_IMAGE} AS manifests
WORKDIR /app
COPY . .
RUN find . -type f ! -name package.json ! -name pnpm-lock.yaml ! -name pnpm-workspace.yaml -delete \
 && find . -type d -empty -delete

FROM ${NODE_IMAGE} AS modules
WORKDIR /app
COPY --from=manifests /app ./
# `...` takes along what a service stands on, `-prod` leaves out what only its tests need. The workspace's own Node, for machines
# that have an older one, comes in any case and is not needed here: 130 MB.
RUN --mount=type=cache,target=/pnpm-store \
    npx --yes pnpm@12.21.0 install --prod --frozen-lockfile --store-dir=/pnpm-store --package-import-method=copy \
      --filter-prod "@tracepost/gateway..." --filter-prod "@tracepost/agents..." \
      --filter-prod "@tracepost/recorder..." --filter-prod "@tracepost/analyst..." \
 && rm -rf node_modules/node-* node_modules/.pnpm/node-linux-* node_modules/.pnpm/node-bin-*

FROM ${NODE_IMAGE}
WORKDIR /app
COPY --from=modules /app ./
COPY packages ./packages
COPY services ./services
COPY deploy/is-ready.sh ./deploy/
# A new volume takes its owner from here.
RUN install -d -o node -g node /data/artifacts /data/outbox
# Root owns the code, so the services cannot change it.
USER node
ENV NODE_ENV=production
WORKDIR /app/services/gateway
CMD ["node", "--import", "@tracepost/telemetry/start", "src/main.ts"]
