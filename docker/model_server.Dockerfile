# The embedded model server, for machines without a GPU. It takes the place of `tensorflow/serving`:
# same entry point, variables, ports and flags. docs/deployment.md says how to run it.
#
#   docker build -f docker/model_server.Dockerfile -t sightline-model-server .
#
# BASE_IMAGE   any image with Python 3.11 to 3.13; pin it by digest where builds must repeat
# CA_BUNDLE    path, in the building stage, of certificates that pip shall trust (see docker/ca/)
ARG BASE_IMAGE=python:3.11-slim

FROM ${BASE_IMAGE} AS build
ARG CA_BUNDLE=""
COPY docker/ca/ /ca/
COPY requirements/server.txt /requirements.txt
# `tensorflow-serving-api` asks for the `tensorflow` of 570 MB, which is locked out; so no resolving.
# Headers and static libraries are for compiling against TensorFlow, which nobody does here.
RUN export PIP_CERT="${CA_BUNDLE:-$PIP_CERT}" \
    && if [ -z "$PIP_CERT" ]; then unset PIP_CERT; fi \
    && python3 -m venv --without-pip /opt/venv \
    && python3 -m pip --python /opt/venv/bin/python install \
        --no-cache-dir --disable-pip-version-check --only-binary=:all: --require-hashes \
        --no-deps --no-compile --requirement /requirements.txt \
    && rm -rf /opt/venv/lib/python3*/site-packages/tensorflow/include

FROM ${BASE_IMAGE}
LABEL org.opencontainers.image.title="sightline-model-server" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN mkdir -p /models
COPY --from=build /opt/venv /opt/venv
COPY docker/model_server/tf_serving_entrypoint.sh docker/model_server/tensorflow_model_server /usr/bin/
COPY docker/serving/healthcheck.sh /etc/sightline/healthcheck.sh
WORKDIR /opt/sightline
COPY http2/ http2/
COPY model_server/ model_server/
RUN python3 -m compileall -q /opt/sightline
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MODEL_BASE_PATH=/models \
    MODEL_NAME=model
USER 10001:10001
EXPOSE 8500 8501
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=3 \
    CMD ["bash", "/etc/sightline/healthcheck.sh"]
ENTRYPOINT ["/usr/bin/tf_serving_entrypoint.sh"]
