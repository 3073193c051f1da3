# syntax=docker/dockerfile:1.7
#
#   docker build --build-arg VERSION=0.1.0 --build-arg REVISION=$(git rev-parse HEAD) -t yespo-bridge:0.1.0 .
#
# The base is named by its exact version, the one that all tests run on. For the same files bit by bit,
# add its digest: --build-arg PYTHON=3.11.14-slim-bookworm@sha256:... Compiled modules carry the hash of
# their source instead of its time, so that two builds of one commit have the same files; for the same
# layers, build with SOURCE_DATE_EPOCH and an engine that rewrites timestamps.
ARG PYTHON=3.11.14-slim-bookworm

FROM python:${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 SOURCE_DATE_EPOCH=315532800
WORKDIR /src
# What changes seldom comes first: these layers are reused until a lock changes.
COPY requirements.lock requirements-build.lock ./
RUN python -m venv /opt/build \
    && /opt/build/bin/pip install --require-hashes --only-binary :all: -r requirements-build.lock \
    && python -m venv --without-pip /opt/yespo-bridge/venv \
    && /opt/build/bin/pip --python /opt/yespo-bridge/venv/bin/python install --no-compile \
        --require-hashes --only-binary :all: -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY avro avro
COPY mappings mappings
COPY consumer consumer
# Schemas and mappings also where mappings of one's own find them.
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --no-index --wheel-dir /dist . \
    && /opt/build/bin/pip --python /opt/yespo-bridge/venv/bin/python install --no-compile \
        --no-deps --no-index /dist/*.whl \
    && PYTHONHASHSEED=0 /opt/yespo-bridge/venv/bin/python -m compileall -q \
        --invalidation-mode unchecked-hash /opt/yespo-bridge/venv/lib \
    && cp -R avro mappings LICENSE /opt/yespo-bridge/

FROM python:${PYTHON}
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="yespo-bridge" \
      org.opencontainers.image.description="A shop's clickstream from Kafka (Avro) into the Yespo CDP" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# The root file system may be read-only: everything is compiled already.
ENV PATH=/opt/yespo-bridge/venv/bin:${PATH} PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
COPY --from=build /opt/yespo-bridge /opt/yespo-bridge
WORKDIR /opt/yespo-bridge
# A number, so that Kubernetes can see that it is not root.
USER 10001:10001
EXPOSE 9108
STOPSIGNAL SIGTERM
# No shell in between: signals reach the program.
ENTRYPOINT ["/opt/yespo-bridge/venv/bin/yespo-bridge"]
CMD ["--help"]
