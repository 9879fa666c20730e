#!/usr/bin/env python3
"""Connections that a server of gRPC has to bear: idle ones, and slow ones, of which every other one
sends a Predict a few bytes at a time and the others read the answer to theirs so, and then begin again.

    awkward_connections.py --port 8600 --idle 1000 --slow 100 --image cat.jpg --stubs STUBS

Prints a line once all are open and under way, holds them until its input ends, and then prints how many
were closed by the server meanwhile.
"""

import argparse
import asyncio
import itertools
import pathlib
import sys

import http2

PREDICT = "/graft.v1.PredictionService/Predict"


class Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self.reader, self.writer = reader, writer
        self.closed = False
        self.answered: set[int] = set()  # streams

    async def listen(self) -> None:
        """Answers settings and pings, and notes the end of the connection or of the stream."""
        try:
            while True:
                head = await self.reader.readexactly(9)
                kind, flags, stream = head[3], head[4], int.from_bytes(head[5:], "big")
                payload = await self.reader.readexactly(int.from_bytes(head[:3], "big"))
                if kind in (http2.SETTINGS, http2.PING) and not flags & http2.ACK:
                    self.writer.write(http2.frame(kind, http2.ACK, 0,
                                                  payload if kind == http2.PING else b""))
                if kind in (http2.DATA, http2.HEADERS) and flags & http2.END_STREAM:
                    self.answered.add(stream)
        except (OSError, asyncio.IncompleteReadError):
            self.closed = True


async def connect(port: int, initial_window: int = 65535) -> tuple[Connection, asyncio.Task]:
    connection = Connection(*await asyncio.open_connection("127.0.0.1", port))
    connection.writer.write(http2.hello(initial_window))
    await connection.writer.drain()
    return connection, asyncio.create_task(connection.listen())


def request_parts(stream: int, message: bytes, size: int) -> list[bytes]:
    return [http2.frame(http2.DATA, http2.END_STREAM if at + size >= len(message) else 0, stream,
                        message[at:at + size]) for at in range(0, len(message), size)]


async def send_slowly(connection: Connection, message: bytes, arguments) -> None:
    for stream in itertools.count(1, 2):
        connection.writer.write(http2.grpc_headers(stream, PREDICT))
        for part in request_parts(stream, message, arguments.bytes):
            connection.writer.write(part)
            await asyncio.sleep(arguments.every)


async def read_slowly(connection: Connection, message: bytes, arguments) -> None:
    for stream in itertools.count(1, 2):
        connection.writer.write(http2.grpc_headers(stream, PREDICT))
        for part in request_parts(stream, message, 16384):
            connection.writer.write(part)
        while stream not in connection.answered:
            await asyncio.sleep(arguments.every)
            connection.writer.write(http2.window_update(stream, 1))


async def until_input_ends() -> None:
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


async def run(arguments) -> None:
    sys.path.insert(0, str(arguments.stubs))
    from graft.v1 import prediction_pb2
    request = prediction_pb2.PredictRequest(model=arguments.model)
    request.inputs.add(image=arguments.image.read_bytes())
    message = http2.grpc_message(request.SerializeToString())
    connections, listeners = [], []

    async def opened(initial_window: int = 65535) -> Connection:
        connection, listener = await connect(arguments.port, initial_window)
        connections.append(connection)
        listeners.append(listener)
        return connection

    for _ in range(arguments.idle):
        await opened()
    slow = []
    for number in range(arguments.slow):
        if number % 2 == 0:
            slow.append(asyncio.create_task(send_slowly(await opened(), message, arguments)))
        else:
            slow.append(asyncio.create_task(read_slowly(await opened(0), message, arguments)))
    await asyncio.sleep(1)
    print("open", flush=True)
    await until_input_ends()
    print(sum(connection.closed for connection in connections), "closed,",
          sum(len(connection.answered) for connection in connections), "answered", flush=True)
    for task in slow + listeners:
        task.cancel()
    for connection in connections:
        connection.writer.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--idle", type=int, default=1000)
    parser.add_argument("--slow", type=int, default=100)
    parser.add_argument("--bytes", type=int, default=16, help="that a slow one sends at a time")
    parser.add_argument("--every", type=float, default=0.25, help="seconds between a slow one's")
    parser.add_argument("--model", default="bench")
    parser.add_argument("--image", type=pathlib.Path, required=True)
    parser.add_argument("--stubs", type=pathlib.Path, required=True)
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
