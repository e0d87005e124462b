# The image is Node, the libraries that Node links to, and the bundle: no shell, no package manager.
# BUILD.md says why each part is as it is.

ARG NODE_IMAGE=node:26-trixie-slim

# The bundle is the same for every platform: it is built once, on the platform of the machine that builds.
FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS bundle
WORKDIR /source
COPY package.json package-lock.json ./
COPY .ci/install.mjs .ci/
# For a registry or certificates of your own: --secret id=npmrc,src=... and, named there as
# cafile=/run/secrets/ca.pem, --secret id=ca.pem,src=...
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc --mount=type=secret,id=ca.pem \
    node .ci/install.mjs
COPY .ci/ .ci/
COPY src/ src/
RUN npm run build && node dist/main.cjs --version

FROM ${NODE_IMAGE} AS node
COPY .ci/rootfs.sh /
RUN sh /rootfs.sh /rootfs

FROM scratch
ARG VERSION
ARG REVISION
ARG SOURCE
LABEL org.opencontainers.image.title="Node termination handler" \
      org.opencontainers.image.description="Moves the pods off a Kubernetes node before AWS takes it away" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}"
COPY --from=node /rootfs/ /
COPY --from=bundle /source/dist/*.cjs /source/dist/THIRD-PARTY-LICENSES.txt /app/dist/
COPY LICENSE /app/
ENV PATH=/usr/local/bin \
    NODE_ENV=production \
    MALLOC_ARENA_MAX=1
USER 1000:1000
ENTRYPOINT ["node", "--no-opt", "--no-maglev", "--no-sparkplug", "--optimize-for-size", "--max-semi-space-size=1", "--no-parallel-scavenge", "/app/dist/main.cjs"]
