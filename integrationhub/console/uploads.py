"""No upload takes more of the disk than the largest file that is read. What is beyond is let go as it arrives."""

from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest

from mappings_app.sheets import BYTES_AT_MOST

_MARK = "hub.upload_too_large"


class BoundedUpload(FileUploadHandler):
    """First of the handlers: passes on what others keep, until it is too much."""

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        if start + len(raw_data) > BYTES_AT_MOST:
            if self.request is not None:
                self.request.META[_MARK] = True
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


def too_large(request: HttpRequest) -> bool:
    """Whether a file of this request was let go."""
    return bool(request.META.get(_MARK))
