"""Whether the server in this container answers: ends with 0 if so, as Docker asks for."""

import os
import sys
import urllib.request

PORT = os.environ.get("STREAMLIT_SERVER_PORT", "8501")  # Streamlit's own default
BASE = os.environ.get("STREAMLIT_SERVER_BASE_URL_PATH", "").strip("/")
TIMEOUT = 2  # seconds; less than what Docker allows, so that the reason is told

if __name__ == "__main__":
    address = f"http://127.0.0.1:{PORT}/{BASE + '/' if BASE else ''}_stcore/health"
    try:
        urllib.request.urlopen(address, timeout=TIMEOUT)  # our own http address  # nosec B310
    except OSError as error:
        sys.exit(f"{address}: {error}")
