# DigitPad's image: the pages, the endpoint for programs and the trained network; no TensorFlow.
#   docker build -t digitpad . && docker run --rm -p 8501:8501 --read-only --tmpfs /tmp digitpad
# .dockerignore names the files that are copied.

# The full version, so that a build next month gives the same image.
FROM python:3.11.16-slim-trixie AS python

FROM python AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends binutils \
    && rm -rf /var/lib/apt/lists/*
COPY requirements-serve.lock /build/
# Without pip in the environment, nothing can be installed in a running container. With hashes, no
# other file than those that were tested.
RUN python -m venv --without-pip /venv \
    && pip --python /venv/bin/python install --no-cache-dir --no-compile --only-binary :all: \
        --require-hashes -r /build/requirements-serve.lock
# Removes 190 MB that serving never reads: notebook widgets, libraries for C programs, Arrow's clients
# of databases and cloud storage, SQLAlchemy's object mapper and other databases, charts and diagrams
# that no page draws, tests, headers, debug symbols.
# Only these libraries are stripped: those in the folders "*.libs" no longer load when stripped.
WORKDIR /venv/lib/python3.11/site-packages
# An image that scores archives in S3, or keeps corrections in PostgreSQL, is built with
# "--build-arg LEAVE_OUT=" and is 30 MB larger.
ARG LEAVE_OUT="pyarrow/*_s3* psycopg psycopg_binary psycopg_binary.libs"
RUN rm -r /venv/share/jupyter pydeck/nbextension \
        onnxruntime/capi/libonnxruntime.so.* onnxruntime/tools onnxruntime/transformers \
        onnxruntime/quantization numpy/f2py numpy/distutils \
        pyarrow/include pyarrow/src pyarrow/*flight* $LEAVE_OUT \
        pyarrow/libarrow_python.so pyarrow/libarrow_python.so.*.* \
        streamlit/static/static/js/DeckGlJsonChart.* streamlit/static/static/js/EChartsChart.* \
        streamlit/static/static/js/GraphVizChart.* streamlit/static/static/js/PlotlyChart.* \
        streamlit/static/static/js/*Diagram-* streamlit/static/static/js/elk-* \
        streamlit/static/static/js/cytoscape.esm.* streamlit/.agents \
        sqlalchemy/orm sqlalchemy/ext sqlalchemy/testing \
        sqlalchemy/dialects/mssql sqlalchemy/dialects/mysql sqlalchemy/dialects/oracle \
    && find . -type d -name tests -prune -exec rm -r {} + \
    && find . -type f -regex '.*\.\(pyi\|pxd\|pyx\|pxi\|h\|hpp\|a\)' -delete \
    && strip --strip-unneeded pyarrow/*.so* PIL/*.so sqlalchemy/*/*.so
COPY . /app/
# Compiles all modules now, since the running container can't write; the import shows that nothing
# is missing.
WORKDIR /app
RUN python -m compileall -q -j 0 --invalidation-mode unchecked-hash /venv/lib /app \
    && /venv/bin/python -c "import server, predict, ops.corrections" \
    && mkdir /data

FROM python
LABEL org.opencontainers.image.title="DigitPad" \
    org.opencontainers.image.description="Reads handwritten digits in the browser" \
    org.opencontainers.image.licenses="MIT"
COPY --from=build /venv /venv
COPY --from=build /app /app
# The only folder that is written to: visitors' corrections, and MNIST once it was downloaded.
COPY --from=build --chown=10001:10001 /data /data
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    MALLOC_ARENA_MAX=1 \
    KERAS_HOME=/data/keras \
    DIGITPAD_CORRECTIONS=/data/corrections.sqlite3 \
    STREAMLIT_SERVER_HEADLESS=true \
    STREAMLIT_SERVER_ADDRESS=0.0.0.0 \
    STREAMLIT_SERVER_PORT=8501 \
    STREAMLIT_SERVER_FILE_WATCHER_TYPE=none
VOLUME /data
WORKDIR /app
# A number, so that an orchestrator can see that it is not root.
USER 10001:10001
EXPOSE 8501
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "/app/deploy/healthcheck.py"]
CMD ["streamlit", "run", "server.py"]
