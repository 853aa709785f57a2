"""deploy/lambda: the handler against a model's and our own server, and the template as CloudFormation sees it.

tests/lambda_chain has both behind a real queue.
"""

import ast
import importlib.util
import json
import logging
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from devlogs.models import DevLog
from tagging.models import Attempt, Job
from tagging.remote import records as remote
from tests.support.entries import FOUNDING
from tests.support.function import FOLDER, REGION, Service, event, expand, record
from tests.support.replies import Reply, completion
from tests.support.servers import free_port
from tests.support.wire import FakeOpenAI

TOKEN = "a-token-of-thirty-two-characters"


def loaded(name: str):
    """Return a module of deploy/lambda, fresh: it keeps one client for its life."""
    spec = importlib.util.spec_from_file_location(f"deploy_lambda_{name}", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def model():
    with FakeOpenAI() as server:
        yield server


@pytest.fixture
def handler(monkeypatch, model):
    root_level = logging.getLogger().level
    handler = loaded("handler")
    handler.PAUSES_SECONDS = (0.0, 0.0)
    monkeypatch.setenv("OPENAI_BASE_URL", model.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-fake")
    monkeypatch.setenv("RESULTS_TOKEN", TOKEN)
    yield handler
    handler.extractor().close()
    logging.getLogger().setLevel(root_level)


def context(seconds: float = 90.0):
    return SimpleNamespace(get_remaining_time_in_millis=lambda: seconds * 1000)


def failures(answer: dict) -> list[str]:
    return [item["itemIdentifier"] for item in answer["batchItemFailures"]]


# -- the handler -------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_record_becomes_tags_on_its_dev_log(handler, live_server, make_devlog, monkeypatch, settings, model):
    settings.TAGGING_RESULTS_TOKEN = TOKEN
    monkeypatch.setenv("RESULTS_URL", f"{live_server.url}/api/v1")
    make_devlog(FOUNDING)
    (job,) = Job.objects.claim(1, owner="sqs", lease_seconds=60)

    answers = [handler.handle(event(remote.record_of(job)), context()) for _ in range(2)]

    assert answers == [{"batchItemFailures": []}] * 2
    assert [str(tag) for tag in DevLog.objects.get().tags.all()] == [
        *("Django", "Elasticsearch", "ImaginaryNoneExistence Cloud")
    ]
    attempt = Attempt.objects.get()
    assert (attempt.extractor, attempt.model, attempt.prompt_version) == ("openai", "gpt-6-luna", 1)
    assert (attempt.input_tokens, attempt.output_tokens) == (120, 30)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "fault, state, code, waiting_for",
    [
        ("rate_limit", "pending", "rate_limited", "rate_limit"),
        ("unauthorized", "pending", "provider_refused", "provider"),
        ("server_error", "pending", "server_error", "retry"),
        ("context_length", "pending", "entry_too_long", "retry"),
    ],
)
def test_what_goes_wrong_with_the_model_is_settled_as_in_the_worker(
    handler, live_server, make_devlog, monkeypatch, settings, model, fault, state, code, waiting_for
):
    settings.TAGGING_RESULTS_TOKEN = TOKEN
    monkeypatch.setenv("RESULTS_URL", f"{live_server.url}/api/v1")
    make_devlog(FOUNDING)
    (job,) = Job.objects.claim(1, owner="sqs", lease_seconds=60)
    model.faults.append(fault)

    answer = handler.handle(event(remote.record_of(job)), context())

    assert answer == {"batchItemFailures": []}  # the row has it now; SQS need not bring it again
    job = Job.objects.get()
    assert (job.state, job.error_code, job.waiting_for) == (state, code, waiting_for)


def test_of_a_batch_only_what_failed_is_brought_again(handler, monkeypatch):
    with Service(200) as service:
        monkeypatch.setenv("RESULTS_URL", service.url)
        answer = handler.handle(event(record(1), "no json", record(2), "[]", {"id": 3}), context())

    assert failures(answer) == ["message-1", "message-3", "message-4"]
    assert sorted(path for path, _, _ in service.requests) == ["/api/v1/devlogs/1/tags/", "/api/v1/devlogs/2/tags/"]


def test_a_batch_that_fails_altogether_does_not_fail_the_function(handler, monkeypatch):
    monkeypatch.setenv("RESULTS_URL", f"http://127.0.0.1:{free_port()}/api/v1")

    assert failures(handler.handle(event(record(1), record(2)), context())) == ["message-0", "message-1"]


@pytest.mark.parametrize(
    "status, is_gone",
    [(200, True), (204, True), (409, True), (400, False), (401, False), (404, False), (500, False), (503, False)],
)
def test_a_message_goes_when_its_result_was_taken_or_is_wanted_no_more(handler, monkeypatch, status, is_gone):
    with Service(status) as service:
        monkeypatch.setenv("RESULTS_URL", service.url)
        answer = handler.handle(event(record()), context())

    assert failures(answer) == ([] if is_gone else ["message-0"])
    assert len(service.requests) == (2 if status >= 500 else 1)  # a paid answer is posted again


def test_a_redirect_gets_neither_token_nor_result(handler, monkeypatch):
    with Service(200) as elsewhere, Service(307, Location=f"{elsewhere.url}/x") as service:
        monkeypatch.setenv("RESULTS_URL", service.url)
        answer = handler.handle(event(record()), context())

    assert failures(answer) == ["message-0"]
    assert elsewhere.requests == []


def test_what_is_not_done_when_the_time_is_over_is_named_and_what_is_done_is_not(handler, monkeypatch, model):
    model.faults.append("hang")
    with Service(200) as service:
        monkeypatch.setenv("RESULTS_URL", service.url)
        pool = ThreadPoolExecutor(1)  # one after the other: the first hangs
        monkeypatch.setattr(handler, "ThreadPoolExecutor", lambda size: pool)
        answer = handler.handle(event(record(1), record(2)), context(handler.MARGIN_SECONDS + 0.5))
        model.released.set()
        pool.shutdown()

    assert failures(answer) == ["message-0", "message-1"]


def test_the_answer_carries_the_token_the_usage_and_no_more_than_the_service_takes(handler, monkeypatch, model):
    odd = {"technologies": [{"name": "Djan go", "evidence": "x" * 1000}] * 600}
    model.faults.append(Reply(200, completion(json.dumps(odd))))
    with Service(200) as service:
        monkeypatch.setenv("RESULTS_URL", service.url)
        handler.handle(event(record()), context())

    ((_, authorization, body),) = service.requests
    assert authorization == f"Bearer {TOKEN}"
    assert body["usage"] == {"input_tokens": 120, "output_tokens": 30}
    assert body["technologies"] == [{"name": "Djan go", "evidence": "x" * 200}] * 200


def test_neither_entry_nor_secrets_are_logged(handler, monkeypatch, caplog, model):
    model.faults.extend(["bad_request", "unauthorized"])
    with Service(500) as service:
        monkeypatch.setenv("RESULTS_URL", service.url)
        with caplog.at_level(logging.DEBUG, logger="root"):
            handler.handle(event(record(1), record(2), record(3), '{"id": 1, "entry": "Django"}'), context())

    said = "\n".join(record.getMessage() for record in caplog.records if record.name == "root")
    assert "devlog=1" in said
    assert not any(word in said for word in ("Django", "Elasticsearch", TOKEN, "sk-fake"))


# -- what is in the zip ------------------------------------------------------------------------------------------


def test_the_zip_holds_the_extractor_and_no_django(tmp_path):
    build = loaded("build")

    build.copy_code(tmp_path)

    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.py")}
    assert {"handler.py", "tagging/extraction/redaction/searches.py", "tagging/extraction/openai/client.py"} <= files
    assert (tmp_path / "tagging/extraction/redaction/words.txt").exists()
    assert not files & {"tagging/models/job.py", "tagging/apps.py"}
    for path in tmp_path.rglob("*.py"):
        names = {name for node in ast.walk(ast.parse(path.read_text())) for name in imported(node)}
        assert not {name for name in names if name.split(".")[0] in ("django", "rest_framework", "boto3")}


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [str(node.module)] if isinstance(node, ast.ImportFrom) else []


def test_the_handler_starts_where_there_is_no_django(tmp_path):
    loaded("build").copy_code(tmp_path)
    code = "import sys; sys.modules['django'] = None; import handler as h; print(h.extractor().name, h.__file__)"

    started = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )

    assert (started.stderr, started.stdout) == ("", f"openai {tmp_path / 'handler.py'}\n")


# -- the template ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def expanded(tmp_path_factory) -> dict:
    """The template as CloudFormation gets it: what SAM lets pass may still be wrong there."""
    return expand((FOLDER / "template.yaml").read_text())


def only(expanded: dict, kind: str, name: str = "") -> dict:
    (found,) = [
        resource["Properties"]
        for key, resource in expanded["Resources"].items()
        if resource["Type"] == kind and key.startswith(name)
    ]
    return found


def lint(template: dict, path: Path) -> str:
    """Return what cfn-lint has to say of a template, empty if nothing."""
    pytest.importorskip("cfnlint", reason="needs cfn-lint, from requirements/dev.txt")
    path.write_text(json.dumps(template))
    command = [sys.executable, "-c", "from cfnlint.runner import main; main()", "--regions", REGION, "--", str(path)]
    linted = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    return linted.stdout + linted.stderr


def test_a_message_is_lent_for_six_times_the_functions_time_and_tried_five_times(expanded):
    from tagging.models.transitions import LONGEST_LEASE_SECONDS as LEASE_SECONDS

    queue, function = only(expanded, "AWS::SQS::Queue", "Queue"), only(expanded, "AWS::Lambda::Function")

    assert queue["VisibilityTimeout"] >= 6 * function["Timeout"]
    assert queue["RedrivePolicy"]["maxReceiveCount"] >= 5
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": ["DeadLetters", "Arn"]}
    # A job's claim outlives all that SQS tries with its message, and then it is tried anew.
    assert queue["RedrivePolicy"]["maxReceiveCount"] * queue["VisibilityTimeout"] < LEASE_SECONDS
    assert queue["MessageRetentionPeriod"] > LEASE_SECONDS


def test_dead_letters_set_off_an_alarm(expanded):
    alarm = only(expanded, "AWS::CloudWatch::Alarm")

    assert alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": ["DeadLetters", "QueueName"]}}]
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")


def test_the_source_reports_single_failures_and_is_braked(expanded):
    source = only(expanded, "AWS::Lambda::EventSourceMapping")

    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["ScalingConfig"] == {"MaximumConcurrency": {"Ref": "MaximumConcurrency"}}
    assert source["BatchSize"] == 10


def test_the_function_is_small_and_has_no_network_of_its_own(expanded):
    function = only(expanded, "AWS::Lambda::Function")

    assert (function["Architectures"], function["Runtime"]) == (["arm64"], "python3.13")
    assert "VpcConfig" not in function
    assert function["Handler"] == "handler.handle"
    handler = loaded("handler")
    # Two calls and the posting fit into its time.
    assert function["Timeout"] >= 2 * 30 + handler.POST_SECONDS + handler.MARGIN_SECONDS


def test_secrets_are_parameters_that_are_not_shown(expanded):
    for name in ("OpenAIApiKey", "ResultsToken"):
        assert expanded["Parameters"][name]["NoEcho"] is True
        assert "Default" not in expanded["Parameters"][name]


@pytest.mark.long
def test_the_expanded_template_has_no_fault_that_cfn_lint_knows(expanded, tmp_path):
    assert lint(expanded, tmp_path / "template.json") == ""


def test_a_wrong_value_that_sam_lets_pass_is_found_after_the_expansion(tmp_path):
    wrong = (FOLDER / "template.yaml").read_text().replace("[arm64]", "[arm65]")

    assert "arm65" in lint(expand(wrong), tmp_path / "template.json")
