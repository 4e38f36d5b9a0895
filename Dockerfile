# DigitPad's image: the app, the endpoint for programs and the trained network; no TensorFlow.
#   docker build -t digitpad . && docker run --rm -p 8501:8501 --read-only --tmpfs /tmp digitpad

# The Python that the tests run with; the whole version, so that a build next month is the same.
FROM python:3.11.16-slim-trixie AS python

FROM python AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends binutils \
    && rm -rf /var/lib/apt/lists/*
COPY requirements-serve.txt requirements.lock /build/
# No pip in the environment: nothing is installed in a running container.
RUN python -m venv --without-pip /venv \
    && pip --python /venv/bin/python install --no-cache-dir --no-compile --only-binary :all: \
        -r /build/requirements-serve.txt -c /build/requirements.lock
COPY deploy/slim.py /build/
RUN python /build/slim.py /venv
WORKDIR /app
COPY LICENSE app.py server.py predict.py /app/
COPY .streamlit /app/.streamlit/
COPY app_pages /app/app_pages/
COPY ui /app/ui/
COPY ops /app/ops/
COPY model /app/model/
COPY deploy/healthcheck.py /app/deploy/
COPY deploy/try_pages.py /build/
RUN /venv/bin/python /build/try_pages.py

FROM python
LABEL org.opencontainers.image.title="DigitPad" \
    org.opencontainers.image.description="Reads handwritten digits in the browser" \
    org.opencontainers.image.licenses="MIT"
COPY --from=build /venv /venv
COPY --from=build /app /app
# What is kept: visitors' corrections, and MNIST once it was fetched. All else is read-only.
RUN install -d -o 10001 -g 10001 /data
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
# A number, not a name: an orchestrator that refuses root can tell.
USER 10001:10001
EXPOSE 8501
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "/app/deploy/healthcheck.py"]
CMD ["streamlit", "run", "server.py"]
