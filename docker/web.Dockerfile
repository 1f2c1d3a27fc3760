# The web app: Flask behind waitress, no TensorFlow, no compiler. docs/deployment.md says how to run it.
#
#   docker build -f docker/web.Dockerfile -t sightline-web .
#
# BASE_IMAGE   any image with Python 3.11 to 3.13; pin it by digest where builds must repeat
# CA_BUNDLE    path, in the building stage, of certificates that pip shall trust (see docker/ca/)
ARG BASE_IMAGE=python:3.11-slim

FROM ${BASE_IMAGE} AS build
ARG CA_BUNDLE=""
COPY docker/ca/ /ca/
COPY requirements/web.txt /requirements.txt
# Without pip in it: what is installed stays as it is. Byte code only of what the web app imports, and no
# sources for compilers: that is a tenth of the size.
RUN export PIP_CERT="${CA_BUNDLE:-$PIP_CERT}" \
    && if [ -z "$PIP_CERT" ]; then unset PIP_CERT; fi \
    && python3 -m venv --without-pip /opt/venv \
    && python3 -m pip --python /opt/venv/bin/python install \
        --no-cache-dir --disable-pip-version-check --only-binary=:all: --require-hashes \
        --no-compile --requirement /requirements.txt \
    && find /opt/venv -depth -type d -name tests -path '*/numpy/*' -exec rm -r {} + \
    && find /opt/venv -type f -regex '.*\.\(a\|c\|h\|pxd\|pyi\|pyx\)' -delete \
    && /opt/venv/bin/python -c 'import alembic.command, flask, grpc, numpy, PIL.Image, psycopg, \
        sqlalchemy.dialects.postgresql, sqlalchemy.dialects.sqlite, sqlalchemy.orm, waitress'

FROM ${BASE_IMAGE}
LABEL org.opencontainers.image.title="sightline-web" \
      org.opencontainers.image.licenses="Apache-2.0"
# The folders exist with their owner, so that named volumes begin with it.
RUN mkdir -p /models /var/lib/sightline/originals /var/lib/sightline/database \
    && chown -R 10001:10001 /var/lib/sightline
COPY --from=build /opt/venv /opt/venv
WORKDIR /opt/sightline
COPY docker/web_healthcheck.py ./
COPY http2/ http2/
COPY protos/ protos/
COPY vision/ vision/
COPY recognition/ recognition/
COPY serving_client/ serving_client/
COPY stress/ stress/
COPY videos/ videos/
COPY webapp/ webapp/
# Byte code now: the root file system is read-only later.
RUN python3 -m compileall -q /opt/sightline
# Uploads wait in TMPDIR while they arrive: /tmp is memory, and too small for videos.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    TMPDIR=/var/lib/sightline/originals \
    SIGHTLINE_WEB_HOST=0.0.0.0 \
    SIGHTLINE_WEB_PORT=5000 \
    SIGHTLINE_MODEL_REPOSITORY=/models \
    SIGHTLINE_ORIGINALS=/var/lib/sightline/originals \
    SIGHTLINE_DATABASE_URL=sqlite:////var/lib/sightline/database/sightline.sqlite3
USER 10001:10001
EXPOSE 5000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "/opt/sightline/web_healthcheck.py"]
CMD ["python", "-m", "webapp"]
