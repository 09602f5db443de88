# slapmaster as a container: one static binary, no shell, no root.
#
#     docker build -t slapmaster .
#     docker run --rm -p 5000:5000 slapmaster
#
# Fixtures in a directory mounted at /fixtures are loaded at the start; the world is kept in /data.

FROM rust:1.95-bookworm AS build
WORKDIR /build
COPY . .
# glibc is linked statically; that needs --target, without which procedural macros fail to build.
# On x86-64 the linker is lld, which keeps code that is there many times over only once.
RUN target=$(rustc -vV | sed -n 's/^host: //p') \
    && case $target in x86_64-*) folded="-C link-arg=-Wl,--icf=all" ;; *) folded= ;; esac \
    && RUSTFLAGS="-C target-feature=+crt-static" SQLX_OFFLINE=true \
        cargo rustc --release --locked --bin slapmaster --target "$target" -- -C strip=symbols $folded \
    && mkdir -p /image/fixtures /image/licenses \
    && mkdir -m 1777 /image/data \
    && cp "target/$target/release/slapmaster" /image/slapmaster \
    && cp -r fixtures /image/examples \
    && cp LICENSE-* /image/licenses/

FROM scratch
COPY --from=build /image/ /
USER 65532:65532
# Each can be overridden with -e; an empty value unsets it. TMPDIR serves a world without a file.
ENV SLAPMASTER_LISTEN="http://0.0.0.0:5000 http://[::]:5000" \
    SLAPMASTER_DATABASE=/data/slapmaster.db \
    SLAPMASTER_FIXTURE_DIR=/fixtures \
    TMPDIR=/data
VOLUME /data
EXPOSE 5000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=3 \
    CMD ["/slapmaster", "healthcheck"]
ENTRYPOINT ["/slapmaster"]
CMD ["serve"]
