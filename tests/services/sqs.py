"""SQS as a process on this machine: boto3's requests, answered by moto. `python -m tests.services.sqs PORT`

moto has a server too, but it needs Flask, and its queues are lists that two requests at a time may spoil.
"""

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import moto
from botocore import xform_name
from botocore.exceptions import ClientError

REGION = "eu-central-1"
# How often a long poll looks again.
LOOK_SECONDS = 0.05


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # else each header is a packet, and waits 40 ms for the one before
    sqs: Any
    one_at_a_time = threading.Lock()

    def do_POST(self) -> None:
        operation = self.headers["X-Amz-Target"].rpartition(".")[2]
        parameters = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            status, answer = 200, self.call(operation, parameters)
        except ClientError as error:
            fault = error.response["Error"]
            status, answer = 400, {"__type": fault["Code"], "message": fault["Message"]}
        print(operation, status, flush=True)
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def call(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """Do it; wait for messages without keeping others waiting."""
        until = time.monotonic() + parameters.pop("WaitTimeSeconds", 0)
        while True:
            with self.one_at_a_time:
                answer = getattr(self.sqs, xform_name(operation))(**parameters)
            if operation != "ReceiveMessage" or "Messages" in answer or time.monotonic() >= until:
                return {key: value for key, value in answer.items() if key != "ResponseMetadata"}
            time.sleep(LOOK_SECONDS)

    def log_message(self, *args: Any) -> None:
        pass


def main() -> None:
    with moto.mock_aws(), ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler) as server:
        Handler.sqs = boto3.client("sqs", region_name=REGION)
        Handler.sqs.create_queue(QueueName="devlogs")
        print("SQS is up", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
