"""The app for a server: `streamlit run server.py` serves the pages and what programs ask for."""

import os

import streamlit as st
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from model import telemetry
from ui.shield import Shield


def metrics(_: Request) -> Response:
    """The process' figures for Prometheus; a proxy keeps the public away from them."""
    return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


telemetry.log_to(os.environ.get(telemetry.LOG_VARIABLE, "on"))
app = st.App("app.py", routes=[Route("/metrics", metrics)], middleware=[Middleware(Shield)])
