"""Secrets in files, as orchestrators mount them and people keep them out of command lines."""

import os
import stat

MAX_BYTES = 65_536
# A pipe without a writer must not hold up the start; a link is what orchestrators mount secrets as.
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC


class SecretFileError(Exception):
    """The message completes the sentence "X names a file that ..." and never holds a part of the secret."""


def read_secret_file(path: str) -> str:
    """The text of a file without the newlines at its end. Raises SecretFileError."""
    try:
        with os.fdopen(os.open(path, _FLAGS), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise SecretFileError("is no ordinary file")
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "no path"
        raise SecretFileError(f"cannot be read ({reason})") from None
    if len(content) > MAX_BYTES:
        raise SecretFileError(f"has more than {MAX_BYTES} bytes")
    return secret_text(content)


def secret_text(content: bytes) -> str:
    """What a file or a pipe holds, without the newlines at its end. Raises SecretFileError."""
    try:
        text = content.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise SecretFileError("is not UTF-8 text") from None
    if not text.strip():
        raise SecretFileError("is empty")
    return text
