"""Ends with status 0 if the server in this container answers, and prints the reason if not."""

import os
import sys
import urllib.request

PORT = os.environ.get("STREAMLIT_SERVER_PORT", "8501")  # Streamlit's own default
BASE = os.environ.get("STREAMLIT_SERVER_BASE_URL_PATH", "").strip("/")
TIMEOUT = 2  # seconds; less than the Dockerfile allows, so that the reason is printed

if __name__ == "__main__":
    address = f"http://127.0.0.1:{PORT}/{BASE + '/' if BASE else ''}_stcore/health"
    try:
        urllib.request.urlopen(address, timeout=TIMEOUT)  # our own http address  # nosec B310
    except OSError as error:
        sys.exit(f"{address}: {error}")
