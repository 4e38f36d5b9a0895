"""Bounds uploads: only files that a page asked to upload, and not too many bytes.

Streamlit accepts any file for any visit, under any name, until memory is full.
"""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.runtime import Runtime

from ops.shield.arrivals import Arrivals
from ops.shield.bounds import Bounds

FULL = "The server holds as many files as it may: try again in some minutes."
SLOW = "The file took too long to arrive: try again, with a smaller file or a faster network."
UNKNOWN = "This server has no such upload: reload the page and choose the file again."


class Uploads:
    """Checks uploads and their deletion, and removes a visit's oldest files over its bounds.

    Args:
        bounds: How many files and bytes.
    """

    def __init__(self, bounds: Bounds):
        self._bounds = bounds
        self._files: dict[str, dict[str, int]] = {}  # bytes by visit and file, the oldest first
        self._arrivals = Arrivals(
            *(bounds.arriving, bounds.arriving_bytes),
            *(bounds.seconds_to_first_byte, bounds.seconds_to_arrive),
        )
        self._runtime: Runtime | None = None

    def watch(self, runtime: Runtime) -> None:
        """Notes the ids that Streamlit gives to files from now on; further calls do nothing."""
        if self._runtime is runtime:
            return
        self._runtime = runtime
        manager = runtime.uploaded_file_mgr
        get_upload_urls = manager.get_upload_urls

        def get_and_note(visit, names):
            self._files = {
                name: files
                for name, files in self._files.items()
                if runtime.is_active_session(name)
            }
            places = get_upload_urls(visit, names)
            files = self._files.setdefault(visit, {})
            files.update({place.file_id: 0 for place in places})
            self._remove_oldest(visit, files)
            return places

        manager.get_upload_urls = get_and_note

    async def pass_on(
        self, app: ASGIApp, scope: Scope, receive: Receive, send: Send, visit: str, file: str
    ) -> None:
        """Passes an upload (PUT) or its deletion on.

        Args:
            app: What stores it.
            scope: The request's.
            receive: The request's.
            send: The request's.
            visit: The id of the visit.
            file: The id of the file.

        Raises:
            HTTPException: If it is not accepted; 404, 408 or 503.
        """
        files = self._files.get(visit, {})
        if file not in files:
            raise HTTPException(404, UNKNOWN)
        size = status = 0

        async def send_and_note_status(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            async with self._arrivals.bounded(receive) as receive_bounded:

                async def receive_and_count() -> Message:
                    nonlocal size
                    message = await receive_bounded()
                    size += len(message.get("body", b""))
                    # A complete body is no longer counted as arriving.
                    complete = 0 if message.get("more_body") else size
                    total = self._held() + self._arrivals.num_bytes + complete
                    if total > self._bounds.bytes_of_all_visits:
                        raise HTTPException(503, FULL)
                    return message

                await app(scope, receive_and_count, send_and_note_status)
        except TimeoutError:
            raise HTTPException(408, SLOW, {"Connection": "close"}) from None
        if 200 <= status < 300:
            files.pop(file, None)
            files[file] = size if scope["method"] == "PUT" else 0
            self._remove_oldest(visit, files)

    def _held(self) -> int:
        stats = self._runtime.uploaded_file_mgr.get_stats()
        return sum(each.byte_length for family in stats.values() for each in family)

    def _remove_oldest(self, visit: str, files: dict[str, int]) -> None:
        while (
            len(files) > self._bounds.files_of_visit
            or sum(files.values()) > self._bounds.bytes_of_visit
        ):
            oldest = next(iter(files))
            del files[oldest]
            self._runtime.uploaded_file_mgr.remove_file(visit, oldest)
