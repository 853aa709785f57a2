"""A stand-in for SQS, as quick as a queue can be: what is measured is our transport, and not moto or AWS.

Four operations in SQS's own JSON. A message that was lent is lent for ever, as no lease runs out in a benchmark.
`python -m tests.load.benchmarks.sqs` prints its port.
"""

import json
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

waiting: deque[dict[str, str]] = deque()
arrival = threading.Condition()
numbers = count(1)


def send_message_batch(request: dict[str, Any]) -> dict[str, Any]:
    sent = []
    with arrival:
        for entry in request["Entries"]:
            number = str(next(numbers))
            waiting.append({"MessageId": number, "ReceiptHandle": number, "Body": entry["MessageBody"]})
            sent.append({"Id": entry["Id"], "MessageId": number})
        arrival.notify_all()
    return {"Successful": sent, "Failed": []}


def receive_message(request: dict[str, Any]) -> dict[str, Any]:
    with arrival:
        arrival.wait_for(lambda: waiting, request["WaitTimeSeconds"])
        return {"Messages": [waiting.popleft() for _ in range(min(len(waiting), request["MaxNumberOfMessages"]))]}


def agree(request: dict[str, Any]) -> dict[str, Any]:
    return {"Successful": [{"Id": entry["Id"]} for entry in request["Entries"]], "Failed": []}


OPERATIONS = {
    "AmazonSQS.SendMessageBatch": send_message_batch,
    "AmazonSQS.ReceiveMessage": receive_message,
    "AmazonSQS.DeleteMessageBatch": agree,
    "AmazonSQS.ChangeMessageVisibilityBatch": agree,
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else a small answer waits up to 40 ms

    def log_message(self, *args: Any) -> None:
        pass

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = json.dumps(OPERATIONS[self.headers["X-Amz-Target"]](request)).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: {len(answer)}\r\n\r\n"
        self.wfile.write(head.encode() + answer)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *args: Any) -> None:
        """A client that is killed is no news here."""


if __name__ == "__main__":
    server = Server(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()
