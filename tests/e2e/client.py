#!/usr/bin/env python3
"""A client of showd in nothing but Python's standard library. See docs/PROTOCOL.md.

    client.py SOCKET status
    client.py SOCKET jobs '{"states": ["failed"]}'
    client.py SOCKET follow '{"from": 1}' 20        # the answer and the next 20 pushes
"""

import json
import socket
import struct
import sys


class Declined(Exception):
    """The daemon refused, or failed while it tried. `kind` is "refused" or "failed"."""

    def __init__(self, kind, body):
        super().__init__(body["text"])
        self.kind, self.body = kind, body


class Client:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(path)
        self.last = 0
        self.pushed = []
        self.send({"protocol": "showd", "versions": [1], "encodings": ["json"], "client": "client.py"})
        hello = self.receive()
        if "refused" in hello:
            raise Declined("refused", hello["refused"])
        self.welcome = hello["welcome"]

    def send(self, message):
        payload = json.dumps(message).encode()
        self.socket.sendall(struct.pack(">I", len(payload)) + payload)

    def receive(self):
        (length,) = struct.unpack(">I", self.exactly(4))
        return json.loads(self.exactly(length))

    def exactly(self, length):
        parts = b""
        while len(parts) < length:
            part = self.socket.recv(length - len(parts))
            if not part:
                raise ConnectionError("showd closed the connection")
            parts += part
        return parts

    def begin(self, name, **fields):
        """Sends a request without waiting and returns its number: many may be under way at once."""
        self.last += 1
        self.send({"id": self.last, "body": {name: fields}})
        return self.last

    def answer(self, number):
        """The answer to the request of this number: its name and its view. Pushes that come before it are kept."""
        while True:
            message = self.receive()
            (kind, body), = message["body"].items()
            if message["id"] == 0 and "closing" in body:
                raise ConnectionError(body["closing"]["why"])
            if kind == "push":
                self.pushed.append((message["id"], body))
            elif message["id"] != number:
                raise RuntimeError("this simple client takes answers in the order of its questions")
            elif kind == "answer":
                (name, view), = body.items()
                return name, view
            else:
                raise Declined(kind, body)

    def ask(self, name, **fields):
        """One question, one view."""
        return self.answer(self.begin(name, **fields))[1]

    def pushes(self):
        """What is pushed: the number of the request that began it, what it is, and its body. Ends with `over`."""
        while True:
            if self.pushed:
                number, body = self.pushed.pop(0)
            else:
                message = self.receive()
                number, body = message["id"], message["body"]["push"]
            (kind, inside), = body.items()
            yield number, kind, inside
            if kind in ("over", "closing"):
                return


def main(path, name, fields="{}", pushes="0"):
    client = Client(path)
    try:
        print(json.dumps(client.ask(name, **json.loads(fields))))
        for _, (_, kind, body) in zip(range(int(pushes)), client.pushes()):
            print(json.dumps({kind: body}))
    except Declined as no:
        print(json.dumps({no.kind: no.body}))
        return 4
    except ConnectionError as gone:
        print(json.dumps({"closing": str(gone)}))
        return 3
    return 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
