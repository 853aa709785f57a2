"""AWS on this machine: MiniStack as a process, with the stack of deploy/lambda deployed into it from its template."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import boto3
from botocore.config import Config

from tests.lambda_chain.environment import python_with_ministack
from tests.support.function import expand
from tests.support.servers import ROOT, free_port
from tests.support.waiting import eventually

REGION = "eu-central-1"
SECONDS = 120.0


def built_function(directory: Path) -> Path:
    """Return a folder with all that the function's zip holds, built by the product's own script for this machine."""
    target = directory / "build"
    if not (target / "handler.py").exists():
        build = [sys.executable, ROOT / "deploy" / "lambda" / "build.py", "--here", target]
        done = subprocess.run(build, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return target


def zipped(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return buffer.getvalue()


class MiniStack:
    """The server as a process; everything in it is gone when it ends."""

    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._directory = directory
        self._log = directory / "ministack.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.kill()
        print(self._log.read_text(errors="replace")[-5000:])

    def start(self) -> None:
        python = python_with_ministack()
        environment = {
            "PATH": f"{python.parent}:/usr/bin:/bin",
            "HOME": str(self._directory),
            "TMPDIR": str(self._directory),
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_REGION": REGION,
        }
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [python.parent / "ministack"], env=environment, stdout=log, stderr=log, start_new_session=True
            )
        eventually(self._answers, "an answer of MiniStack", SECONDS)

    def kill(self) -> None:
        """kill -9 the server with the functions that it runs, all at once."""
        if self._process:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, 9)
            self._process.wait()
            self._process = None

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=60),
        )

    def environment(self) -> dict[str, str]:
        """Return the variables by which the product finds it: AWS's own, nothing else."""
        return {
            "AWS_ENDPOINT_URL_SQS": self.url,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }

    def _answers(self) -> bool:
        with suppress(Exception):
            self.client("sqs").list_queues()
            return True
        return False


class Stack:
    """The stack of deploy/lambda/template.yaml, expanded as CloudFormation would and created there."""

    def __init__(self, aws: MiniStack, function: bytes, *, visibility: int, **more: str) -> None:
        self.aws = aws
        template = expand((ROOT / "deploy" / "lambda" / "template.yaml").read_text())
        resources = template["Resources"]
        # Shorter times, so that five tries do not take 45 minutes; nearly all else is as it is delivered.
        resources["Queue"]["Properties"] |= {"VisibilityTimeout": visibility, "QueueName": "devlogs"}
        resources["Tagger"]["Properties"]["Timeout"] = 20
        # MiniStack takes a parameter's number for a text, and then cannot compare it.
        resources["TaggerRecords"]["Properties"]["ScalingConfig"] = {"MaximumConcurrency": 5}
        aws.client("s3").create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
        aws.client("s3").put_object(Bucket="bucket", Key="zip", Body=function)
        formation = aws.client("cloudformation")
        formation.create_stack(
            StackName="devlogs",
            TemplateBody=json.dumps(template),
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in more.items()],
            Capabilities=["CAPABILITY_IAM"],
        )
        eventually(lambda: self._status(formation) == "CREATE_COMPLETE", "the stack", SECONDS)
        (stack,) = formation.describe_stacks(StackName="devlogs")["Stacks"]
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        self.queue_url = self.outputs["QueueUrl"]
        self.dead_letters_url = self.outputs["DeadLettersUrl"]
        self.sqs = aws.client("sqs")

    def counts(self, url: str = "") -> tuple[int, int]:
        """Return how many messages are visible, and how many are lent to somebody."""
        return counts(self.sqs, url or self.queue_url)

    def dead_letters(self) -> list[str]:
        """Return what the dead letters say, up to ten of them, and leave them where they are."""
        ten = self.sqs.receive_message(QueueUrl=self.dead_letters_url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        return [message["Body"] for message in ten.get("Messages", ())]

    def _status(self, formation: Any) -> str:
        (stack,) = formation.describe_stacks(StackName="devlogs")["Stacks"]
        assert stack["StackStatus"] in ("CREATE_IN_PROGRESS", "CREATE_COMPLETE"), stack
        return str(stack["StackStatus"])


def counts(sqs: Any, url: str) -> tuple[int, int]:
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return int(found["ApproximateNumberOfMessages"]), int(found["ApproximateNumberOfMessagesNotVisible"])
