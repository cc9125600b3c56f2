import http.client
import urllib.parse

from camera_client.preview import Preview


def test_preview_page_shows_the_newest_picture() -> None:
    preview = Preview()
    try:
        preview.show(b"first")
        parts = urllib.parse.urlsplit(preview.address)
        assert parts.hostname == "127.0.0.1"
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
        connection.request("GET", "/")
        response = connection.getresponse()
        assert response.getheader("Content-Type") == "multipart/x-mixed-replace; boundary=frame"
        assert b"first" in response.read(len(b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 5\r\n\r\nfirst"))
        connection.close()
    finally:
        preview.close()
