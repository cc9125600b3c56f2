"""What a video is encoded with, in one word, from what each kind of file calls it.

The registered sample entries of ISO/IEC 14496-12 (mp4ra.org), Matroska's codec ids (RFC 9559), the FOURCCs of AVI.
"""

from collections.abc import Mapping

RECORDED = "h264"
"""What our own recorder writes."""
_BY_FOURCC: Mapping[str, str] = {
    "avc1": "h264",
    "avc3": "h264",
    "h264": "h264",
    "x264": "h264",
    "hev1": "hevc",
    "hvc1": "hevc",
    "hevc": "hevc",
    "av01": "av1",
    "vp08": "vp8",
    "vp80": "vp8",
    "vp09": "vp9",
    "vp90": "vp9",
    "mp4v": "mpeg4",
    "fmp4": "mpeg4",
    "xvid": "mpeg4",
    "divx": "mpeg4",
    "dx50": "mpeg4",
    "mjpg": "mjpeg",
    "mjpa": "mjpeg",
    "mjpb": "mjpeg",
    "jpeg": "mjpeg",
}
_BY_MATROSKA: Mapping[str, str] = {
    "V_MPEG4/ISO/AVC": "h264",
    "V_MPEGH/ISO/HEVC": "hevc",
    "V_AV1": "av1",
    "V_VP8": "vp8",
    "V_VP9": "vp9",
    "V_MPEG4/ISO/ASP": "mpeg4",
    "V_MJPEG": "mjpeg",
}


def of_fourcc(code: bytes) -> str | None:
    """Of four characters; themselves where they are no common ones, None where they are no letters and digits."""
    text = code.decode("latin-1").strip().lower()
    return _BY_FOURCC.get(text, text if text.isascii() and text.isalnum() else None)


def of_matroska(codec_id: bytes) -> str | None:
    """Of a codec id as `V_VP9`; the last part of one that is not common."""
    text = codec_id.rstrip(b"\x00").decode("latin-1")
    last = text.removeprefix("V_").rsplit("/", 1)[-1].lower()
    return _BY_MATROSKA.get(text, last if last.isascii() and last.isalnum() and len(last) <= 16 else None)
