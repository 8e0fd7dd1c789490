"""The first file of a multipart form as a stream: nothing of it is held in memory or written beside it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from yunque.surfaces.http.problem import Problem, ProblemError

_MOST_HEADER = 16 * 1024


@dataclass(kw_only=True)
class _Form:
    """What the parser has seen."""

    name: bytearray = field(default_factory=bytearray)
    value: bytearray = field(default_factory=bytearray)
    headers: dict[bytes, bytes] = field(default_factory=dict)
    file_name: str | None = None
    is_file: bool = False
    is_over: bool = False
    chunks: list[bytes] = field(default_factory=list)

    def on_part_begin(self) -> None:
        self.headers.clear()
        self.is_file = False

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self.name += data[start:end]
        _bound(self.name)

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self.value += data[start:end]
        _bound(self.value)

    def on_header_end(self) -> None:
        self.headers[bytes(self.name).lower()] = bytes(self.value)
        self.name.clear()
        self.value.clear()

    def on_headers_finished(self) -> None:
        _, options = parse_options_header(self.headers.get(b"content-disposition", b""))
        name = options.get(b"filename")
        if name is not None and self.file_name is None:
            self.file_name = name.decode("utf-8", "replace")
            self.is_file = True

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self.is_file:
            self.chunks.append(data[start:end])

    def on_end(self) -> None:
        self.is_over = True

    def take(self) -> list[bytes]:
        """Give the file's bytes seen since the last call."""
        chunks, self.chunks = self.chunks, []
        return chunks


class FormFile:
    """One file in a form."""

    def __init__(self, content_type: str, stream: AsyncIterator[bytes]) -> None:
        """Prepare to read.

        Raises:
            ProblemError: 415, the body is no multipart form.
        """
        kind, options = parse_options_header(content_type.encode())
        boundary = options.get(b"boundary", b"")
        if kind != b"multipart/form-data" or not boundary:
            raise ProblemError(NO_FORM)
        self._form = _Form()
        names = (
            "on_part_begin",
            "on_header_field",
            "on_header_value",
            "on_header_end",
            "on_headers_finished",
            "on_part_data",
            "on_end",
        )
        callbacks: Any = {name: getattr(self._form, name) for name in names}
        self._parser = MultipartParser(boundary, callbacks)
        self._stream = stream

    async def open(self) -> str:
        """Read as far as the file's beginning and give the name it was sent under.

        Raises:
            ProblemError: 400, the form has no file or is broken.
        """
        async for chunk in self._stream:
            self._write(chunk)
            if self._form.file_name is not None:
                return self._form.file_name or "upload"
        raise ProblemError(NO_FILE)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Give the rest of the file; the form must be whole.

        Raises:
            ProblemError: 400, the form is broken or ends too early.
        """
        for piece in self._form.take():
            yield piece
        async for chunk in self._stream:
            self._write(chunk)
            for piece in self._form.take():
                yield piece
        if not self._form.is_over:
            raise ProblemError(CUT)

    def _write(self, chunk: bytes) -> None:
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise ProblemError(BROKEN) from error


def _bound(text: bytearray) -> None:
    if len(text) > _MOST_HEADER:
        raise ProblemError(BROKEN)


NO_FORM = Problem(
    status=415,
    code="media_type",
    detail="This address takes a form with a file (multipart/form-data).",
    hint="With curl: -F file=@table.csv. For the bare bytes use PUT /api/v1/uploads/NAME.",
)
NO_FILE = Problem(
    status=400, code="no_file", detail="The form holds no file.", hint="With curl: -F file=@table.csv"
)
BROKEN = Problem(status=400, code="malformed_form", detail="The form cannot be read.")
CUT = Problem(status=400, code="malformed_form", detail="The form ended before its file did.")
