"""Whether bytes are a picture we take, by their header alone: nothing is decoded here."""

from common.contracts.picture_call import JPEG, PNG
from common.jpeg import NotAJpeg, read_header
from common.png import SIGNATURE, NotAPng, bare_png


class PictureRefused(Exception):
    """`code` is machine-readable, the text a sentence."""

    def __init__(self, status: int, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.code = code


def checked_picture(data: bytes) -> bytes:
    """The bytes that a decoder may see: a JPEG as it is, a PNG without its extras. Raises PictureRefused."""
    try:
        if data.startswith(SIGNATURE):
            return bare_png(data)
        read_header(data)
    except NotAPng as error:
        raise PictureRefused(422, error.reason, str(error)) from error
    except NotAJpeg as error:
        if error.reason == "not_jpeg":
            sentence = f"This is no picture that can be taken: {JPEG} and {PNG} can."
            raise PictureRefused(415, "not_a_picture", sentence) from error
        raise PictureRefused(422, error.reason, str(error)) from error
    return data
