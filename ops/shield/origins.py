"""Which names a server answers to, and which sites' pages may connect to it.

A page of another site must not act through a visitor's browser. An attacker's name that leads to
this server ("DNS rebinding") would make that page one of our own, so names are checked too.
"""

from urllib.parse import urlsplit

from streamlit import config
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

LOOPBACK = {"localhost", "127.0.0.1", "::1"}  # no other computer can have these names
PORTS = {"http": 80, "https": 443}
SCHEMES = {"ws": "http", "wss": "https"}


def is_known_host(headers: dict[str, str]) -> bool:
    """Whether a request names a host of `server.allowedHosts`, or this computer itself.

    Args:
        headers: By name in lower case.
    """
    host = headers.get("host")
    return is_host_allowed(host) or (_parts(f"http://{host}") or ("", ""))[1] in LOOPBACK


def is_foreign(headers: dict[str, str], scheme: str) -> bool:
    """Whether a page of another site connects; programs that are no browsers send no origin.

    Scheme, host and port must be those that the page itself was loaded from, or one of
    `server.corsAllowedOrigins`.

    Args:
        headers: By name in lower case.
        scheme: Of the connection: "http", "https", "ws" or "wss". A proxy that speaks HTTPS for
            this server says so in the header X-Forwarded-Proto, which no page can set.
    """
    if "origin" not in headers or not config.get_option("server.enableCORS"):
        return False
    scheme = headers.get("x-forwarded-proto", SCHEMES.get(scheme, scheme))
    own = f"{scheme}://{headers.get('host', '')}"
    allowed = {_parts(each) for each in (own, *config.get_option("server.corsAllowedOrigins"))}
    return (_parts(headers["origin"]) or "none") not in allowed


def _parts(address: str) -> tuple[str, str, int] | None:
    """Scheme, host and port of an address; `None` if it has none."""
    try:
        parts = urlsplit(address)
        port = parts.port or PORTS.get(parts.scheme)
    except ValueError:
        return None
    if not parts.hostname or port is None:
        return None
    return parts.scheme, parts.hostname.rstrip("."), port
