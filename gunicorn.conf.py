"""Read by gunicorn from the working directory: one process, threads for the requests, one worker inside."""

import sys

# gunicorn's gthread, but that no thread waits for a client: neither for the rest of a request nor to read its answer.
worker_class = "devlog_project.ops.serving.worker.WholeRequestWorker"
workers = 1
threads = 16
# Clients at a time, most of them idle; one more takes the place of the one that waits longest.
worker_connections = 500
logger_class = "devlog_project.ops.serving.log.Log"
# Not what a request looks for: that may be words of an entry.
access_log_format = '%(h)s "%(m)s %(U)s" %(s)s %(B)s bytes, %(M)s ms'
sendfile = False  # it would wait for the client
bind = "127.0.0.1:8000"
# Longer than the worker's end may take: TAGGING_SHUTDOWN_SECONDS, and 5 s for its last transaction.
graceful_timeout = 30
control_socket_disable = True  # nobody here is to be steered by a file


def post_worker_init(worker):
    """Start with the server, not with the first request: what a killed process left is taken back at once."""
    from devlog_project.ops.starting import look_at_server  # app ready
    from tagging.engine import startup  # app ready

    hosts = [address[0] for address in worker.cfg.address if isinstance(address, tuple)]
    look_at_server(worker.cfg.graceful_timeout, hosts)
    startup.ensure_started()


def worker_exit(server, worker):
    """Finish or return what is in flight before the process goes."""
    # If the application could not be loaded there is nothing to stop, and the first error is the one to read.
    if startup := sys.modules.get("tagging.engine.startup"):
        startup.stop()
