"""POST -> SQS -> Lambda as a process -> the live server's endpoint -> tags, and what becomes of it when parts die."""

import time
from collections import Counter

import pytest

from tests.support.site import Site
from tests.support.waiting import eventually
from tests.support.wire import FakeOpenAI

SECONDS = 120.0
TOKEN = "a-token-of-thirty-two-characters"


@pytest.fixture
def model():
    with FakeOpenAI() as server:
        yield server


def lambda_site(new_site, aws, url: str) -> Site:
    return new_site(
        TAGGING_TRANSPORT="sqs",
        TAGGING_SQS_CONSUMER="lambda",
        TAGGING_SQS_QUEUE_URL=url,
        TAGGING_RESULTS_TOKEN=TOKEN,
        TAGGING_EXTRACTOR="openai",
        OPENAI_BASE_URL="http://127.0.0.1:9/never-called-from-here",
        **aws.environment(),
    )


def stack_for(aws, function, model: FakeOpenAI, port: int, visibility: int = 60):
    from tests.lambda_chain.stack import Stack, zipped

    return Stack(
        aws,
        zipped(function),
        visibility=visibility,
        ResultsUrl=f"http://127.0.0.1:{port}/api/v1",
        ResultsToken=TOKEN,
        OpenAIApiKey="sk-fake",
        OpenAIBaseUrl=model.base_url,
    )


@pytest.fixture
def chain(request, new_site, aws, function, model):
    """The whole chain, with a visibility timeout that may be given: return the site, its server and the stack."""
    site = lambda_site(new_site, aws, f"{aws.url}/000000000000/devlogs")
    server = site.serve("gunicorn").wait_until_it_answers()
    return site, server, stack_for(aws, function, model, server.port, getattr(request, "param", 60))


def test_posted_dev_logs_are_tagged_by_lambda_each_once(chain, model):
    site, server, stack = chain
    began = time.monotonic()

    devlogs = [server.post(f"Wrote Django and Redis, no. {number}.") for number in range(50)]
    posted = time.monotonic()
    eventually(lambda: Counter(site.states()) == {"done": 50}, "all jobs done", SECONDS)
    done = time.monotonic()

    print(f"50 posted in {posted - began:.2f} s, tagged after {done - began:.2f} s")
    assert site.tags() == {devlog: ["Django", "Redis"] for devlog in devlogs}
    assert set(site.jobs().values()) == {("done", 1)}
    assert len(model.requests) == 50
    eventually(lambda: stack.counts() == (0, 0), "an empty queue", SECONDS)
    assert stack.counts(stack.dead_letters_url) == (0, 0)


@pytest.mark.parametrize("chain", [2], indirect=True)
def test_a_poison_message_ends_among_the_dead_letters_and_others_are_tagged(chain):
    site, server, stack = chain

    stack.sqs.send_message(QueueUrl=stack.queue_url, MessageBody="no json")
    devlog = server.post("Wrote a Django app.")

    eventually(lambda: site.tags() == {devlog: ["Django"]}, "the dev-log tagged", SECONDS)
    began = time.monotonic()
    # Lent for two seconds only, a good message may end there too while the function is slow to start.
    eventually(lambda: "no json" in stack.dead_letters(), "the dead letter", SECONDS)
    print(f"dead after {time.monotonic() - began:.1f} s more")
    eventually(lambda: stack.counts() == (0, 0), "an empty queue", SECONDS)


def test_what_the_model_refuses_for_now_is_tagged_later(chain, model):
    site, server, _ = chain
    model.faults.extend(["rate_limit_ms", "server_error"])

    devlogs = [server.post(f"Wrote Django, no. {number}.") for number in range(3)]

    eventually(lambda: site.tags() == {devlog: ["Django"] for devlog in devlogs}, "all tagged", SECONDS)


def test_an_entry_edited_while_lambda_reads_it_gets_the_new_texts_tags_only(chain, model):
    site, server, stack = chain
    model.latency_seconds = 2.0
    devlog = server.post("Wrote a Django app.")
    eventually(lambda: model.requests, "a call", SECONDS)

    assert server.request("PATCH", f"/api/v1/devlogs/{devlog}/", {"entry": "Wrote Redis."}).status == 200

    eventually(lambda: site.tags() == {devlog: ["Redis"]}, "the new text tagged", SECONDS)
    eventually(lambda: stack.counts() == (0, 0), "both messages gone", SECONDS)
    assert site.tags() == {devlog: ["Redis"]}


def test_an_sqs_that_is_down_slows_no_post_and_what_was_posted_is_tagged_when_it_is_back(chain, aws, function, model):
    site, server, _ = chain
    server.post("Wrote a Django app.")
    eventually(lambda: site.states() == ["done"], "the first tagged", SECONDS)

    aws.kill()
    slowest = 0.0
    for number in range(20):
        began = time.monotonic()
        server.post(f"Wrote Django, no. {number}.")
        slowest = max(slowest, time.monotonic() - began)
    print(f"slowest of 20 POSTs: {1000 * slowest:.0f} ms")
    aws.start()
    stack_for(aws, function, model, server.port)

    eventually(lambda: Counter(site.states()) == {"done": 21}, "all jobs done", SECONDS)
    assert site.tags() == {devlog: ["Django"] for devlog in range(1, 22)}
    assert server.log().count("by the sweep) failed") <= 2
