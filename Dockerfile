# One image for both deployments: `biometry` (everything in one process) and each service's own binary.
FROM node:22-bookworm-slim AS web
WORKDIR /src
COPY setup/web_build.sh setup/web_sdk.sh setup/dashboard.sh setup/
COPY sdk/web sdk/web
COPY dashboard dashboard
RUN setup/web_sdk.sh && setup/dashboard.sh

FROM rust:1.95-slim-bookworm AS build
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
WORKDIR /src
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends nodejs npm python3 python3-pip python3-venv make \
 && rm -rf /var/lib/apt/lists/*
COPY setup setup
COPY training/weights training/weights
RUN setup/all.sh --no-fixtures
COPY . .
COPY --from=web /src/sdk/web/dist sdk/web/dist
COPY --from=web /src/dashboard/dist dashboard/dist
RUN cargo build --release --locked --workspace --bins \
 && mkdir -p /out/bin \
 && cp target/release/{biometry,gateway,svc-sessions,svc-consent,svc-ml,svc-docauth,svc-transactions,svc-projects,svc-journeys} /out/bin/

FROM debian:bookworm-slim
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libavcodec59 libavformat59 libavutil57 libswscale6 libswresample4 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --create-home --home-dir /var/lib/biometry --uid 10001 biometry
COPY --from=build /out/bin/ /usr/local/bin/
COPY --from=build /src/models/ /usr/local/share/biometry/models/
USER 10001
WORKDIR /var/lib/biometry
VOLUME /var/lib/biometry
ENV BIOMETRY_DATA_DIR=/var/lib/biometry/data
EXPOSE 8080
CMD ["biometry", "serve", "--listen", "0.0.0.0:8080"]
