# Lamplight in a container: docs/operations.md, "In a container". `cargo xtask test --only tidy` checks this file.

FROM node:22-slim AS web
WORKDIR /build
COPY . .
WORKDIR /build/web
RUN --mount=type=cache,target=/npm npm ci --cache /npm && npm run build

FROM rust:1.95-slim-trixie AS build
WORKDIR /build
COPY . .
COPY --from=web /build/web/dist web/dist
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/build/target \
    cargo build --release --locked --package lamplight \
    && strip --strip-debug -o /lamplight target/release/lamplight \
    && mkdir /state

# The C library, certificates of public CAs, and no shell. Debian as in the stage before.
FROM gcr.io/distroless/cc-debian13:nonroot
COPY --from=build /lamplight /usr/bin/lamplight
COPY --from=build --chown=65532:65532 /state /var/lib/lamplight
COPY LICENSE-APACHE LICENSE-MIT /usr/share/doc/lamplight/
# Within the container, loopback would be reachable for nobody. Which ports the outside sees is said by `--publish`.
ENV LAMPLIGHT_DATA_DIR=/var/lib/lamplight/data \
    LAMPLIGHT_HTTP_LISTEN=0.0.0.0:7401 \
    LAMPLIGHT_HEALTH_LISTEN=0.0.0.0:7402
# Clients; console, server API and pages; health and metrics.
EXPOSE 7400 7401 7402
VOLUME /var/lib/lamplight
# By number, so that Kubernetes can see that it is not root.
USER 65532:65532
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["/usr/bin/lamplight", "doctor", "--only-server"]
ENTRYPOINT ["/usr/bin/lamplight"]
CMD ["serve"]
