"""A request that is answered with an error, and one that takes more than a poll."""

from thecal_fw.link.error_codes import ERROR_IN_PROGRESS


class RequestRefusedError(Exception):
    """code: of ``link.error_codes``. detail: what that says of it. tail: what more there is to say of it."""

    def __init__(self, code: int, detail: int = 0, tail: bytes = b"") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.tail = tail


class RequestGoesOnError(Exception):
    """Part of a request is done: it is to be carried out once more in the next poll, and answered then."""


def in_progress(done: int, whole: int) -> RequestRefusedError:
    """Return the refusal of a request that is being worked out, and has to be made again."""
    return RequestRefusedError(ERROR_IN_PROGRESS, done << 16 | whole)
