"""As much of HTTP/2 (RFC 9113) as an awkward gRPC client needs: one that says nothing, or little at a
time."""

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, SETTINGS, PING, WINDOW_UPDATE = 0, 1, 4, 6, 8
END_STREAM, ACK, END_HEADERS = 1, 1, 4
INITIAL_WINDOW_SIZE = 4


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def hello(initial_window: int = 65535) -> bytes:
    return PREFACE + frame(SETTINGS, 0, 0, INITIAL_WINDOW_SIZE.to_bytes(2, "big")
                           + initial_window.to_bytes(4, "big"))


def grpc_headers(stream: int, path: str) -> bytes:
    """HPACK's literals without indexing (RFC 7541, 6.2.2): neither table nor Huffman code."""
    block = b""
    for name, value in ((":method", "POST"), (":scheme", "http"), (":path", path),
                        (":authority", "bench"), ("content-type", "application/grpc"),
                        ("te", "trailers")):
        block += bytes([0, len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
    return frame(HEADERS, END_HEADERS, stream, block)


def grpc_message(message: bytes) -> bytes:
    return b"\0" + len(message).to_bytes(4, "big") + message


def window_update(stream: int, size: int) -> bytes:
    return frame(WINDOW_UPDATE, 0, stream, size.to_bytes(4, "big"))
