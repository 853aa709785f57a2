"""Tests against real servers, each opted into by the variable that says where it is (`make test-services`).

    TEST_RABBITMQ_URL=amqp://guest:guest@127.0.0.1:5672//  TEST_REDIS_URL=redis://127.0.0.1:6379/15
    TEST_DATABASE_URL=postgres://postgres@127.0.0.1:5432/postgres

What they make there (queues, databases) has names of its own and is removed again. Brokers that are killed or frozen
are processes of the test's own, from the redis-server and rabbitmq-server that are installed.
"""
