"""Request bodies of forms with a file (RFC 7578), read from memory within strict limits.

Bodies are bounded before they come here, so nothing is put on disk.
"""

from collections.abc import Mapping

from attrs import Factory, define, frozen
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers

from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason

FORM_MEDIA_TYPE = "multipart/form-data"
MAX_FIELDS = 8
MAX_FIELD_BYTES = 8192
MAX_HEADERS_BYTES = 4096
MAX_BOUNDARY_LENGTH = 200


@frozen
class UploadedFile:
    """What was sent as a file. Its name is not looked at: it says nothing that the content does not."""

    content: bytes


@define
class _Part:
    headers: dict[bytes, bytes] = Factory(dict)
    name: str | None = None
    is_file: bool = False
    content: bytearray = Factory(bytearray)


def parse_form_body(body: bytes, headers: Headers) -> Mapping[str, str | UploadedFile]:
    """The fields of a form, by name; an empty body has none, whatever its type.

    A text that was left empty is not given: browsers send every field that a form has.

    Raises ``unsupported_media_type``, and ``invalid_form`` for what is no such form, is cut off, has more
    than one file or more fields than anybody needs, or two of one name.
    """
    if not body:
        return {}
    media_type, options = parse_options_header(headers.get("content-type", ""))
    if media_type.decode("latin-1").lower() != FORM_MEDIA_TYPE:
        raise DomainError(Reason.UNSUPPORTED_MEDIA_TYPE)
    boundary = options.get(b"boundary", b"")
    if not 1 <= len(boundary) <= MAX_BOUNDARY_LENGTH:
        raise _invalid("The boundary is missing.")
    reading = _FormReading()
    try:
        parser = MultipartParser(boundary, reading.callbacks())  # type: ignore[arg-type]
        parser.write(body)
        parser.finalize()
    except FormParserError:
        raise _invalid("It is not divided as its header says.") from None
    return reading.fields()


class _FormReading:
    """What a parser finds, part by part."""

    def __init__(self) -> None:
        self._parts: list[_Part] = []
        self._header_name = bytearray()
        self._header_value = bytearray()
        self._is_whole = False

    def callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._name_header,
            "on_header_value": self._read_header,
            "on_header_end": self._end_header,
            "on_headers_finished": self._understand,
            "on_part_data": self._read,
            "on_end": self._end,
        }

    def fields(self) -> Mapping[str, str | UploadedFile]:
        if not self._is_whole:
            raise _invalid("Its end is missing.")
        found: dict[str, str | UploadedFile] = {}
        for part in self._parts:
            if part.name is None or part.name in found:
                raise _invalid("A field is given twice, or has no name.")
            found[part.name] = UploadedFile(bytes(part.content)) if part.is_file else _text(part)
        return {name: value for name, value in found.items() if value != ""}

    def _begin(self) -> None:
        if len(self._parts) == MAX_FIELDS:
            raise _invalid(f"It has more than {MAX_FIELDS} fields.")
        self._parts.append(_Part())

    def _name_header(self, data: bytes, start: int, end: int) -> None:
        self._header_name += self._bounded(data[start:end])

    def _read_header(self, data: bytes, start: int, end: int) -> None:
        self._header_value += self._bounded(data[start:end])

    def _bounded(self, piece: bytes) -> bytes:
        held = sum(len(name) + len(value) for name, value in self._parts[-1].headers.items())
        if held + len(self._header_name) + len(self._header_value) + len(piece) > MAX_HEADERS_BYTES:
            raise _invalid("The headers of a field are too long.")
        return piece

    def _end_header(self) -> None:
        self._parts[-1].headers[bytes(self._header_name).lower()] = bytes(self._header_value)
        self._header_name.clear()
        self._header_value.clear()

    def _understand(self) -> None:
        part = self._parts[-1]
        _, options = parse_options_header(part.headers.get(b"content-disposition", b""))
        name = options.get(b"name")
        part.name = None if name is None else name.decode("utf-8", "replace")
        part.is_file = b"filename" in options
        if part.is_file and sum(each.is_file for each in self._parts) > 1:
            raise _invalid("It has more than one file.")

    def _read(self, data: bytes, start: int, end: int) -> None:
        part = self._parts[-1]
        part.content += memoryview(data)[start:end]
        if not part.is_file and len(part.content) > MAX_FIELD_BYTES:
            raise _invalid("A field is too long.")

    def _end(self) -> None:
        self._is_whole = True


def _text(part: _Part) -> str:
    try:
        return part.content.decode("utf-8")
    except UnicodeDecodeError:
        raise DomainError(Reason.INVALID_FORM, field=part.name, message="A field is not UTF-8.") from None


def _invalid(message: str) -> DomainError:
    return DomainError(Reason.INVALID_FORM, message=message)
