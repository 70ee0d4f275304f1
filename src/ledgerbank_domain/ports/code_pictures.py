"""Pictures of texts that phones read: QR codes."""

from abc import abstractmethod
from typing import Protocol


class CodePictures(Protocol):
    """Draws QR codes (ISO/IEC 18004). Safe to share between threads."""

    @abstractmethod
    def svg(self, text: str) -> str:
        """The code of this text as a whole SVG document that loads nothing."""
